"""The built-in objects: parametric meshes written in code, upright, front +Z."""
