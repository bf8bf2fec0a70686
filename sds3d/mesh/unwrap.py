"""Texture coordinates for a mesh."""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import coo_matrix

from sds3d.errors import MeshError
from sds3d.mesh.flatten import flattened, islands, signed_areas
from sds3d.mesh.join import joined
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.normals import vertex_normals

PADDING = 3  # texels between charts: no bilinear sample of the first two mip levels reads two
SMOOTHING_ROUNDS = 3  # the yellow school bus: 52 islands instead of 345, 38 when joined
FARTHEST = 0.01
# For charts and packing each: 20,000 faces take 2 to 4 s on 2 cores; sponges of 40,000 do not end in 150 s.
CPU_SECONDS = 60.0


def unwrap(mesh: Mesh, texture_size: int, cpu_seconds: float = CPU_SECONDS) -> Mesh:
    """The mesh with texture coordinates; vertices are duplicated along the seams.

    The charts are xatlas's of the smoothed surface; tiny ones are joined to their neighbours, all are flattened
    again as rigidly as the real surface allows and packed at one scale, `PADDING` texels apart.  When xatlas
    fails or needs more than `cpu_seconds` of processor time, every face gets its own half of a square.  The
    limit is not on elapsed time, so the result does not depend on what else the machine is doing.  Raises
    MeshError when the mesh has no normals.
    """
    if mesh.normals is None:
        raise MeshError("the mesh has no normals", "give it normals before it is unwrapped")
    charts = _charts(mesh, texture_size, cpu_seconds) if cpu_seconds > 0 else None
    origin, faces, uv = charts or face_by_face(mesh.faces, texture_size)
    return replace(
        mesh,
        vertices=mesh.vertices[origin],
        normals=mesh.normals[origin],
        colors=None if mesh.colors is None else mesh.colors[origin],
        faces=faces.astype(np.int32),
        uv=np.float32(uv.clip(0, 1)),
    )


def _charts(
    mesh: Mesh, texture_size: int, cpu_seconds: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """(origin, faces, uv), or None when xatlas failed or ran out of time."""
    smooth, normals = _smoothed(mesh)
    found = _xatlas(
        cpu_seconds,
        vertices=smooth.astype(np.float32),
        faces=mesh.faces.astype(np.uint32),
        normals=normals.astype(np.float32),
        size=texture_size,
        padding=PADDING,
    )
    if found is None:
        return None
    points = mesh.vertices.astype(np.float64)
    origin, corners, uv = found
    origin, faces, uv = joined(points, origin, corners.astype(np.int64), uv)
    flat = flattened(points[origin], faces, uv)
    repacked = _xatlas(
        cpu_seconds,
        flat=flat.astype(np.float32),
        faces=faces.astype(np.uint32),
        islands=islands(faces).astype(np.uint32)[:, None],
        area=np.abs(signed_areas(flat, faces)).sum() / 2,
        size=texture_size,
        padding=PADDING,
    )
    if repacked is None:
        return found
    again, faces, uv = repacked
    return origin[again], faces, uv


def _smoothed(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """(vertices (V, 3), unit normals (V, 3)) of the surface without its grain, on which charts are found.

    Each vertex goes `SMOOTHING_ROUNDS` times halfway to the mean of its neighbours, but no farther than
    `FARTHEST` of the bounding box's diagonal.  Vertices at one point stay at one point.
    """
    points, place = np.unique(mesh.vertices.astype(np.float64), axis=0, return_inverse=True)
    place = place.reshape(-1)
    faces = place[mesh.faces]
    rows, columns = faces.ravel(), np.roll(faces, -1, 1).ravel()
    rows, columns = np.r_[rows, columns], np.r_[columns, rows]
    links = coo_matrix((np.ones(len(rows)), (rows, columns)), (len(points), len(points))).tocsr()
    degree = np.maximum(np.asarray(links.sum(1)), 1)
    moved = points
    for _ in range(SMOOTHING_ROUNDS):
        moved = (moved + links @ moved / degree) / 2
    step = moved - points
    length = np.linalg.norm(step, axis=1, keepdims=True)
    farthest = FARTHEST * np.linalg.norm(np.ptp(points, axis=0))
    moved = points + step * np.minimum(1, farthest / np.maximum(length, 1e-20))
    normals = vertex_normals(torch.from_numpy(moved), torch.from_numpy(faces)).numpy()
    return moved[place], normals[place]


def _xatlas(
    cpu_seconds: float, **arrays: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """(origin, faces, uv) of `xatlas_process`, or None when it failed or ran out of time."""
    request = io.BytesIO()
    np.savez(request, **arrays)  # pyright: ignore[reportArgumentType] numbers are arrays of no dimension
    script = str(Path(__file__).with_name("xatlas_process.py"))
    # -P: this folder's file names must not hide other modules.
    command = [sys.executable, "-P", script, str(os.getpid()), str(cpu_seconds)]
    try:
        process = subprocess.run(
            command,
            input=request.getvalue(),
            capture_output=True,
            start_new_session=True,  # Ctrl-C is for us; a killed atlas would be another atlas
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    answer = np.load(io.BytesIO(process.stdout))
    return answer["origin"], answer["faces"], answer["uv"]


def face_by_face(faces: np.ndarray, texture_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(origin (3F,), faces (F, 3), uv (3F, 2)): two faces share a square, a texel away from each other.

    The squares are n x n with n = ceil(sqrt(ceil(F / 2))), as whole texels where there are enough.
    """
    count = len(faces)
    n = math.ceil(math.sqrt((count + 1) // 2))
    square = texture_size / n
    square = math.floor(square) if square >= 8 else square
    # Half a texel from the sides and more than one between the two faces: no bilinear sample mixes them.
    near = min(0.5, 0.1 * square)
    far = square - 3 * near
    lower = np.array([[near, near], [far, near], [near, far]])
    upper = square - lower
    index = np.arange(count)
    corner = np.stack([index // 2 % n, index // 2 // n], -1) * square
    local = np.where((index % 2 == 0)[:, None, None], lower, upper)
    uv = ((corner[:, None] + local) / texture_size).reshape(-1, 2)
    return faces.reshape(-1), np.arange(3 * count).reshape(-1, 3), uv
