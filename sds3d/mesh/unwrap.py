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

from sds3d.errors import MeshError
from sds3d.mesh.mesh import Mesh

PADDING = 4  # texels between charts
CPU_SECONDS = 60.0  # 20,000 faces take 2 to 4 s on 2 cores; sponges of 40,000 do not end in 150 s


def unwrap(mesh: Mesh, texture_size: int, cpu_seconds: float = CPU_SECONDS) -> Mesh:
    """The mesh with texture coordinates; vertices are duplicated along the seams.

    The charts are xatlas's.  When it fails or needs more than `cpu_seconds` of processor time, every face gets
    its own half of a square.  The limit is not on elapsed time, so the result does not depend on what else
    the machine is doing.  Raises MeshError when the mesh has no normals.
    """
    if mesh.normals is None:
        raise MeshError("the mesh has no normals", "give it normals before it is unwrapped")
    charts = _xatlas(mesh, texture_size, cpu_seconds) if cpu_seconds > 0 else None
    origin, faces, uv = charts or face_by_face(mesh.faces, texture_size)
    return replace(
        mesh,
        vertices=mesh.vertices[origin],
        normals=mesh.normals[origin],
        colors=None if mesh.colors is None else mesh.colors[origin],
        faces=faces.astype(np.int32),
        uv=np.float32(uv.clip(0, 1)),
    )


def _xatlas(
    mesh: Mesh, texture_size: int, cpu_seconds: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """(origin, faces, uv), or None when xatlas failed or ran out of time."""
    request = io.BytesIO()
    np.savez(
        request,
        vertices=np.float32(mesh.vertices),
        faces=mesh.faces.astype(np.uint32),
        normals=np.float32(mesh.normals),
        size=texture_size,
        padding=PADDING,
    )
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
