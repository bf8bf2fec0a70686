"""From a density to a textured mesh."""

from __future__ import annotations

from sds3d.mesh.bake import textured
from sds3d.mesh.implicit import ImplicitSurface, filled, surface_level
from sds3d.mesh.isosurface import isosurface
from sds3d.mesh.mesh import Mesh


def extract(surface: ImplicitSurface, *, texture_size: int, faces: int) -> Mesh:
    """The mesh of a surface, unwrapped, with its colours as a square texture of `texture_size` px.

    The surface is the density's isosurface at `surface_level`, closed, at most `faces` triangles.
    Raises ExportError where there is none.
    """
    level, _ = surface_level(surface)
    mesh = isosurface(filled(surface, level), level, faces=faces)
    return textured(mesh, surface.color_at, texture_size=texture_size)
