"""The built-in objects, one family in each file."""
