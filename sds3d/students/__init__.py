"""Denoisers trained on the renders of the scene."""
