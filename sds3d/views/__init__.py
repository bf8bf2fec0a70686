"""Cameras, and what is said about the side that they see."""
