"""Scores of 3D objects and images, each with its definition."""
