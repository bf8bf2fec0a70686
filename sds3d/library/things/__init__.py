"""The built-in objects, a family a file."""
