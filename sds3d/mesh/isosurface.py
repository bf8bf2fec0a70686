"""A mesh from a volume of densities."""

from __future__ import annotations

import fast_simplification
import numpy as np
import trimesh
from scipy import ndimage
from skimage.measure import marching_cubes

from sds3d.errors import ExportError
from sds3d.mesh.mesh import Mesh

SMALLEST_PIECE = 0.02  # of the largest piece's voxels: smaller ones are floaters
SMOOTHING_ROUNDS = 6


def isosurface(volume: np.ndarray, level: float, *, bound: float = 1.0, faces: int) -> Mesh:
    """The surface where `volume` crosses `level`, at most `faces` triangles, smooth outward normals.

    volume: (R, R, R) indexed [x, y, z], at the points of a grid over [-bound, bound]^3; inside is above the
    level.  Floating pieces are dropped, steps of the grid are smoothed (Taubin 1995, which keeps the volume).
    Raises ExportError when nothing crosses the level.
    """
    solid = _without_floaters(volume, level)
    # A border below every value closes the surface where the object touches the end of the grid.
    padded = np.pad(solid, 1, constant_values=min(float(volume.min()), 0.0))
    if not padded.min() < level < padded.max():
        raise ExportError(
            f"no surface at density {level:.3g}: densities run from {volume.min():.3g} to {volume.max():.3g}",
            "the scene is empty or was stopped too early: run more --steps",
        )
    spacing = 2 * bound / (volume.shape[0] - 1)
    vertices, triangles, _, _ = marching_cubes(padded, level, gradient_direction="ascent")
    vertices = ((vertices - 1) * spacing - bound).astype(np.float64)
    mesh = trimesh.Trimesh(vertices, triangles, process=False)
    if mesh.volume < 0:
        mesh.invert()
    trimesh.smoothing.filter_taubin(mesh, lamb=0.5, nu=0.53, iterations=SMOOTHING_ROUNDS)
    points, triangles = np.float32(mesh.vertices), np.int32(mesh.faces)
    if len(triangles) > faces:
        points, triangles = fast_simplification.simplify(
            points, triangles, target_count=faces, agg=5
        )
    mesh = trimesh.Trimesh(points, triangles, process=False)
    mesh.update_faces(mesh.nondegenerate_faces())
    mesh.remove_unreferenced_vertices()
    return Mesh(np.float32(mesh.vertices), np.int32(mesh.faces), np.float32(mesh.vertex_normals))


def _without_floaters(volume: np.ndarray, level: float) -> np.ndarray:
    """The volume with its small separate pieces emptied."""
    pieces, count = ndimage.label(volume > level, structure=np.ones((3, 3, 3)))
    if count <= 1:
        return volume
    sizes = np.bincount(pieces.ravel())[1:]
    small = np.flatnonzero(sizes < SMALLEST_PIECE * sizes.max()) + 1
    return np.where(np.isin(pieces, small), np.minimum(volume, 0), volume)
