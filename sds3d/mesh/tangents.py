"""Tangent frames of a mesh with texture coordinates, in which normal maps are given."""

from __future__ import annotations

import numpy as np

from sds3d.errors import MeshError
from sds3d.mesh.mesh import Mesh


def tangents(mesh: Mesh) -> np.ndarray:
    """(V, 4) float32: the unit tangent of each vertex, along u, and the sign s of the bitangent.

    A tangent-space normal (x, y, z) is x T + y B + z N with B = s N x T, which points against v (upwards in the
    image).  T is the mean over the corners at the vertex of their faces' dp/du, orthogonal to N and of unit
    length, weighted by the corner's angle; s is the sign of the faces' area in the texture.  Where no face has
    any, T is some direction orthogonal to N.

    Source: Mikkelsen 2008, "Simulation of Wrinkled Surfaces Revisited", as glTF 2.0 (section 3.7.2.1) asks for.
    Raises MeshError for a mesh without texture coordinates or normals.
    """
    if mesh.uv is None or mesh.normals is None:
        missing = "texture coordinates" if mesh.uv is None else "normals"
        raise MeshError(f"the mesh has no {missing}", "unwrap a mesh with normals first")
    count = len(mesh.vertices)
    points = mesh.vertices.astype(np.float64)[mesh.faces]
    uv = mesh.uv.astype(np.float64)[mesh.faces] * [1, -1]  # the second axis upwards
    (du1, dv1), (du2, dv2) = ((uv[:, k] - uv[:, 0]).T for k in (1, 2))
    area = du1 * dv2 - du2 * dv1
    along = dv2[:, None] * (points[:, 1] - points[:, 0]) - dv1[:, None] * (
        points[:, 2] - points[:, 0]
    )
    along *= np.sign(area)[:, None]

    normals = _unit(mesh.normals.astype(np.float64))
    total = np.zeros((count, 3))
    orientation = np.zeros(count)
    for k in range(3):
        vertex = mesh.faces[:, k]
        normal = normals[vertex]
        ahead, behind = (
            _unit(_flat(points[:, j % 3] - points[:, k], normal)) for j in (k + 1, k + 2)
        )
        angle = np.arccos((ahead * behind).sum(1).clip(-1, 1))
        tangent = angle[:, None] * _unit(_flat(along, normal))
        for axis in range(3):
            total[:, axis] += np.bincount(vertex, tangent[:, axis], count)
        orientation += np.bincount(vertex, angle * np.sign(area), count)
    axis = np.eye(3)[np.abs(normals).argmin(1)]
    any_direction = _unit(np.cross(normals, axis))
    known = np.linalg.norm(total, axis=1, keepdims=True) > 1e-9
    tangent = np.where(known, _unit(total), any_direction)
    sign = np.where(orientation < 0, -1.0, 1.0)
    return np.concatenate([tangent, sign[:, None]], 1).astype(np.float32)


def frames(normals: np.ndarray, tangents: np.ndarray) -> np.ndarray:
    """(N, 3, 3): the columns T, B, N at points with the interpolated normals (N, 3) and tangents (N, 4)."""
    normal = _unit(normals.astype(np.float64))
    tangent = _unit(_flat(tangents[:, :3].astype(np.float64), normal))
    bitangent = np.sign(tangents[:, 3:]) * np.cross(normal, tangent)
    return np.stack([tangent, bitangent, normal], -1)


def _flat(vectors: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """The part of the vectors that is orthogonal to the unit normals."""
    return vectors - (vectors * normals).sum(1, keepdims=True) * normals


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30)
