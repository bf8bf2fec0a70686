"""Normals of a triangle mesh, differentiable in its vertices."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sds3d.mesh.rows import rows


def face_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """Normals (F, 3) as long as twice the area, towards the side that sees the corners counter-clockwise.

    vertices: (V, 3).  faces: (F, 3).
    """
    a, b, c = rows(vertices, faces).unbind(1)
    return torch.linalg.cross(b - a, c - a)


def vertex_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """Unit normals (V, 3): the mean of the faces around each vertex by area; 0 for a vertex of no face."""
    normals = face_normals(vertices, faces)
    sums = torch.zeros_like(vertices)
    for corner in range(3):
        sums = sums.index_add(0, faces[:, corner].long(), normals)
    return F.normalize(sums, dim=1)
