"""The loops that optimise."""
