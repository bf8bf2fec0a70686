"""From colours on a surface to a texture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from scipy import ndimage

from sds3d.errors import ExportError
from sds3d.kernels.rasterize import rasterize
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.unwrap import unwrap

ColorAt = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Points (N, 3) on a surface and its unit normals there (N, 3) -> sRGB (N, 3) in [0, 1]."""

CHUNK = 1 << 17  # texels whose colours are evaluated at once


def textured(mesh: Mesh, color_at: ColorAt, *, texture_size: int) -> Mesh:
    """The mesh unwrapped, with the colours of its surface as a square texture of `texture_size` px."""
    return bake(unwrap(mesh, texture_size), color_at, texture_size=texture_size)


def bake(mesh: Mesh, color_at: ColorAt, *, texture_size: int) -> Mesh:
    """The mesh with the colours of its surface as a square texture of `texture_size` px.

    Raises ExportError for a mesh without texture coordinates or normals.
    """
    points, normals, inside = texel_points(mesh, texture_size)
    chunks = [slice(i, i + CHUNK) for i in range(0, len(points), CHUNK)]
    texture = np.zeros((texture_size, texture_size, 3), np.float32)
    texture[inside] = np.concatenate([color_at(points[c], normals[c]) for c in chunks])
    return replace(mesh, base_color=_bytes(fill(texture, inside)))


def delight(mesh: Mesh, shade: Callable[[np.ndarray], np.ndarray]) -> Mesh:
    """The mesh with a known light divided out of its texture: colour / shade(normal), at most 1.

    shade: unit normals (N, 3) -> factors (N,), all > 0.  A mesh without a texture is returned as it is.
    """
    if mesh.base_color is None:
        return mesh
    _, normals, inside = texel_points(mesh, mesh.base_color.shape[0])
    texture = mesh.base_color.astype(np.float32) / 255
    texture[inside] /= shade(normals)[:, None]
    return replace(mesh, base_color=_bytes(fill(texture, inside)))


def texel_points(mesh: Mesh, texture_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(points (N, 3), unit normals (N, 3), inside (S, S) bool) of the N texels that a triangle covers.

    Texels are ordered row by row; row 0 of the texture is v = 0.
    """
    points, normals, face = texel_faces(mesh, texture_size)
    return points, normals, face >= 0


def texel_faces(mesh: Mesh, texture_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(points (N, 3), unit normals (N, 3), face (S, S)): as `texel_points`, with the index of the triangle
    that covers each texel, -1 for none.

    Raises ExportError for a mesh without texture coordinates or normals.
    """
    if mesh.uv is None or mesh.normals is None:
        missing = "texture coordinates" if mesh.uv is None else "normals"
        raise ExportError(f"the mesh has no {missing}", "unwrap a mesh with normals first")
    screen = np.ones((1, len(mesh.uv), 3), np.float32)
    screen[0, :, :2] = mesh.uv * texture_size
    attributes = np.concatenate([mesh.vertices, mesh.normals], 1)
    values, face, _ = rasterize(
        torch.from_numpy(screen),
        torch.from_numpy(mesh.faces),
        torch.from_numpy(attributes),
        texture_size,
        texture_size,
        closed=True,  # a texel on the far edge of a chart belongs to nothing else
    )
    face = face[0].numpy()
    texels = values[0].numpy()[face >= 0]
    normals = texels[:, 3:]
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return texels[:, :3].copy(), normals / np.maximum(length, 1e-8), face


def fill(texture: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The texture (S, S, C) whose texels outside every chart have the nearest inside colour.

    Bilinear filtering and mipmaps then find no seam.  inside: (S, S) bool.
    """
    if not inside.any():
        return texture
    nearest = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    row, column = np.asarray(nearest)
    return texture[row, column]


def _bytes(texture: np.ndarray) -> np.ndarray:
    return np.rint(texture.clip(0, 1) * 255).astype(np.uint8)
