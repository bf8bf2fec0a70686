"""Runs: jobs, folders, and what they leave."""
