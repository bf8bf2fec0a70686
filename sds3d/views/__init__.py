"""Cameras, the light, and the words for the side that a camera sees."""
