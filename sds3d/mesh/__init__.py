"""Meshes: from a scene to triangles, and from triangles to files."""
