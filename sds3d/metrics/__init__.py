"""Scores, each with its definition."""
