"""The neural prior that is trained on the library."""
