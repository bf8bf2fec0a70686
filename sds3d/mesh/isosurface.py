"""A mesh from a grid of densities."""

from __future__ import annotations

import fast_simplification
import numpy as np
import trimesh
from scipy import ndimage
from skimage.measure import marching_cubes

from sds3d.errors import ExportError
from sds3d.mesh.mesh import Mesh

SMALLEST_PIECE = 0.02  # of the largest piece's grid points: smaller pieces are floaters
SMOOTHING_ROUNDS = 6


def isosurface(volume: np.ndarray, level: float, *, bound: float = 1.0, faces: int) -> Mesh:
    """The surface where `volume` crosses `level`: closed, at most `faces` triangles, smooth outward normals.

    volume: (R, R, R) indexed [x, y, z], at the points of a grid over [-bound, bound]^3; inside is above the
    level.  Small separate pieces are dropped, and the grid's steps are smoothed (Taubin 1995, which keeps the
    volume).  Raises ExportError when nothing crosses the level.
    """
    # A border below every value closes the surface where the object touches the end of the grid.
    border = min(float(volume.min()), 0.0)
    padded = np.pad(_without_floaters(volume, level), 1, constant_values=border)
    if not padded.min() < level < padded.max():
        raise ExportError(
            f"no surface at density {level:.3g}: densities run from {volume.min():.3g} to {volume.max():.3g}",
            "the scene is empty or was stopped too early: run more --steps",
        )
    spacing = 2 * bound / (volume.shape[0] - 1)
    corners, triangles, _, _ = marching_cubes(padded, level, gradient_direction="ascent")
    corners = ((corners - 1) * spacing - bound).astype(np.float64)
    mesh = trimesh.Trimesh(corners, triangles, process=False)
    if mesh.volume < 0:
        mesh.invert()
    trimesh.smoothing.filter_taubin(mesh, lamb=0.5, nu=0.53, iterations=SMOOTHING_ROUNDS)
    mesh = _simplified(mesh, faces)
    mesh.update_faces(mesh.nondegenerate_faces())
    mesh.remove_unreferenced_vertices()
    return Mesh(
        np.asarray(mesh.vertices, np.float32),
        np.asarray(mesh.faces, np.int32),
        np.asarray(mesh.vertex_normals, np.float32),
    )


def tidied(vertices: np.ndarray, triangles: np.ndarray, *, faces: int) -> Mesh:
    """A closed surface without its small separate pieces, at most `faces` triangles, smooth outward normals.

    vertices: (V, 3).  triangles: (F, 3).  Pieces of less than SMALLEST_PIECE of the largest one's volume are
    dropped, and those that are turned inside out: cavities, which nobody sees.  Raises ExportError where
    nothing is left.
    """
    whole = trimesh.Trimesh(vertices, triangles, process=False)
    pieces = whole.split(only_watertight=False)
    volumes = [piece.volume for piece in pieces]
    kept = [p for p, v in zip(pieces, volumes, strict=True) if v > SMALLEST_PIECE * max(volumes)]
    if not kept:
        raise ExportError("the surface encloses nothing", "run more --steps")
    starts = np.cumsum([0] + [len(piece.vertices) for piece in kept[:-1]])
    corners = np.concatenate([piece.vertices for piece in kept])
    rows = [piece.faces + start for piece, start in zip(kept, starts, strict=True)]
    mesh = _simplified(trimesh.Trimesh(corners, np.concatenate(rows), process=False), faces)
    mesh.update_faces(mesh.nondegenerate_faces())
    mesh.remove_unreferenced_vertices()
    return Mesh(
        np.asarray(mesh.vertices, np.float32),
        np.asarray(mesh.faces, np.int32),
        np.asarray(mesh.vertex_normals, np.float32),
    )


def _simplified(mesh: trimesh.Trimesh, faces: int) -> trimesh.Trimesh:
    """The mesh in single precision, with at most `faces` triangles (quadric error metrics)."""
    points = np.asarray(mesh.vertices, np.float32)
    triangles = np.asarray(mesh.faces, np.int32)
    if len(triangles) > faces:
        points, triangles, *_ = fast_simplification.simplify(
            points,  # pyright: ignore[reportArgumentType] single precision is accepted
            triangles,
            target_count=faces,
            agg=5,
        )
    return trimesh.Trimesh(points, triangles, process=False)


def _without_floaters(volume: np.ndarray, level: float) -> np.ndarray:
    """The volume with its small separate pieces emptied."""
    pieces, count = ndimage.label(volume > level, structure=np.ones((3, 3, 3)))  # pyright: ignore[reportGeneralTypeIssues] the count alone is returned for output=... only
    if count <= 1:
        return volume
    sizes = np.bincount(pieces.ravel())[1:]
    small = np.flatnonzero(sizes < SMALLEST_PIECE * sizes.max()) + 1
    return np.where(np.isin(pieces, small), np.minimum(volume, 0), volume)
