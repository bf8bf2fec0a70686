"""From a density to a textured mesh."""

from __future__ import annotations

from sds3d.mesh.bake import textured
from sds3d.mesh.fit import fit_geometry
from sds3d.mesh.fit_texture import fit_texture
from sds3d.mesh.implicit import ImplicitSurface, filled, surface_level
from sds3d.mesh.isosurface import isosurface
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.unwrap import unwrap
from sds3d.views.cameras import Cameras, rings

FIT_RINGS = ((6, 0.0), (6, 35.0), (3, 70.0), (4, -15.0))  # (views, elevation in degrees)
SILHOUETTE_SIZE = 96  # px: what scenes are trained at; thin splats look thinner in larger images
PICTURE_SIZE = 192


def extract(
    surface: ImplicitSurface, *, texture_size: int, faces: int, fitted: bool = False
) -> Mesh:
    """The mesh of a surface, unwrapped, with its colours as a square texture of `texture_size` px.

    The surface is the density's isosurface at `surface_level`, closed, at most `faces` triangles.
    fitted: the vertices are then fitted to the silhouettes (`mesh.fit`), and where the surface has `pictures`
    the texture is made from them (`mesh.fit_texture`), not from `color_at`.
    Raises ExportError where there is none.
    """
    level, _ = surface_level(surface)
    mesh = isosurface(filled(surface, level), level, faces=faces)
    if not fitted:
        return textured(mesh, surface.color_at, texture_size=texture_size)
    cameras = _cameras(SILHOUETTE_SIZE)
    alpha, _ = surface.look(cameras)
    mesh = fit_geometry(mesh, cameras, alpha.cpu())
    if surface.pictures is None:
        return textured(mesh, surface.color_at, texture_size=texture_size)
    pictures = surface.pictures(_cameras(PICTURE_SIZE))
    return fit_texture(unwrap(mesh, texture_size), pictures, texture_size=texture_size)


def _cameras(size: int) -> Cameras:
    return rings(FIT_RINGS, size)
