"""From a colour function on a surface to a texture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from scipy import ndimage

from sds3d.kernels.rasterize import rasterize
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.unwrap import unwrap

ColorAt = Callable[[np.ndarray, np.ndarray], np.ndarray]
CHUNK = 1 << 17


def textured(mesh: Mesh, color_at: ColorAt, *, texture_size: int) -> Mesh:
    """The mesh unwrapped, with the colours of its surface as a texture.

    color_at: points (N, 3) on the surface and unit normals (N, 3) -> sRGB (N, 3) in [0, 1].
    """
    return bake(unwrap(mesh, texture_size), color_at, texture_size=texture_size)


def bake(mesh: Mesh, color_at: ColorAt, *, texture_size: int) -> Mesh:
    """The mesh, which has texture coordinates and normals, with the colours of its surface as a texture."""
    points, normals, inside = texel_points(mesh, texture_size)
    colors = np.concatenate(
        [
            color_at(points[i : i + CHUNK], normals[i : i + CHUNK])
            for i in range(0, len(points), CHUNK)
        ]
    )
    texture = np.zeros((texture_size, texture_size, 3), np.float32)
    texture[inside] = colors
    return replace(mesh, base_color=np.uint8(np.rint(fill(texture, inside).clip(0, 1) * 255)))


def delight(mesh: Mesh, shade: Callable[[np.ndarray], np.ndarray]) -> Mesh:
    """The mesh with a known light divided out of its texture: colour / shade(normal), at most 1.

    shade: unit normals (N, 3) -> factors (N,).
    """
    if mesh.base_color is None:
        return mesh
    _, normals, inside = texel_points(mesh, mesh.base_color.shape[0])
    texture = np.float32(mesh.base_color) / 255
    texture[inside] /= shade(normals)[:, None]
    return replace(mesh, base_color=np.uint8(np.rint(fill(texture, inside).clip(0, 1) * 255)))


def texel_points(mesh: Mesh, texture_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(points (N, 3), unit normals (N, 3), inside (S, S) bool) of the texels that a triangle covers.

    Row 0 of the texture is v = 0.
    """
    points, normals, face = texel_faces(mesh, texture_size)
    return points, normals, face >= 0


def texel_faces(mesh: Mesh, texture_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `texel_points`, but with the triangle that covers each texel, (S, S), -1 for none."""
    screen = np.ones((1, len(mesh.uv), 3), np.float32)
    screen[0, :, :2] = mesh.uv * texture_size
    attributes = torch.from_numpy(np.concatenate([mesh.vertices, mesh.normals], 1))
    values, face, _ = rasterize(
        torch.from_numpy(screen),
        torch.from_numpy(mesh.faces),
        attributes,
        texture_size,
        texture_size,
    )
    face = face[0].numpy()
    texels = values[0].numpy()[face >= 0]
    normals = texels[:, 3:]
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return texels[:, :3].copy(), normals / np.maximum(length, 1e-8), face


def fill(texture: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Texels outside every chart take the nearest inside colour, so that filtering finds no seam."""
    if not inside.any():
        return texture
    row, col = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return texture[row, col]
