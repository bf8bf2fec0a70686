"""What the built-in objects are made of."""
