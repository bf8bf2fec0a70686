"""The exact prior: a closed-form posterior over a library of meshes."""
