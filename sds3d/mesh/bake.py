"""From colours and materials on a surface to textures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import ndimage

from sds3d.errors import ExportError
from sds3d.kernels.rasterize import rasterize
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.tangents import frames, tangents
from sds3d.mesh.unwrap import unwrap

ColorAt = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Points (N, 3) on a surface and its unit normals there (N, 3) -> sRGB (N, 3) in [0, 1]."""


@dataclass(frozen=True)
class Channels:
    """The material of N points of a surface.

    color: (N, 3) sRGB in [0, 1].  metallic, roughness, occlusion: (N,) in [0, 1]; no occlusion is 1 everywhere.
    normals: (N, 3), unit, in the mesh's frame, where they differ from the mesh's own; or None.
    """

    color: np.ndarray
    metallic: np.ndarray
    roughness: np.ndarray
    occlusion: np.ndarray | None = None
    normals: np.ndarray | None = None


ChannelsAt = Callable[[np.ndarray, np.ndarray], Channels]
"""Points (N, 3) on a surface and its unit normals there (N, 3) -> their material."""

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


def bake_channels(mesh: Mesh, channels_at: ChannelsAt, *, texture_size: int) -> Mesh:
    """The mesh with base colour, `surface` and, where normals are given, a normal map of `texture_size` px.

    The three come from one evaluation of `channels_at` per texel.  Raises ExportError for a mesh without
    texture coordinates or normals.
    """
    points, normals, face = texel_faces(mesh, texture_size)
    inside = face >= 0
    color, surface = (np.zeros((texture_size, texture_size, 3), np.float32) for _ in range(2))
    rows, bent = [], []
    for first in range(0, len(points), CHUNK):
        part = slice(first, first + CHUNK)
        channels = channels_at(points[part], normals[part])
        occlusion = channels.occlusion
        open_sky = np.ones(len(channels.color)) if occlusion is None else occlusion
        ours = np.stack([open_sky, channels.roughness, channels.metallic], 1)
        rows.append(np.concatenate([channels.color, ours], 1))
        bent += [] if channels.normals is None else [channels.normals]
    values = np.concatenate(rows) if rows else np.zeros((0, 6))
    color[inside], surface[inside] = values[:, :3], values[:, 3:]
    textured = replace(
        mesh, base_color=_bytes(fill(color, inside)), surface=_bytes(fill(surface, inside))
    )
    if not bent:
        return replace(textured, normal_map=None)
    return replace(textured, normal_map=_normal_map(mesh, np.concatenate(bent), normals, inside))


def _normal_map(
    mesh: Mesh, bent: np.ndarray, normals: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """The map (S, S, 3) uint8 of the unit normals `bent` (N, 3) of the texels `inside`; flat elsewhere."""
    local = tangent_space(bent, normals, _texel_tangents(mesh, inside.shape[0]))
    image = np.zeros((*inside.shape, 3), np.float32)
    image[..., 2] = 1
    image[inside] = local
    return _bytes(fill(image, inside) / 2 + 0.5)


def tangent_space(bent: np.ndarray, normals: np.ndarray, tangent: np.ndarray) -> np.ndarray:
    """Unit normals `bent` (N, 3) in the frames of the surface's normals (N, 3) and tangents (N, 4)."""
    local = np.einsum("nij,ni->nj", frames(normals, tangent), bent)
    return local / np.maximum(np.linalg.norm(local, axis=1, keepdims=True), 1e-12)


def _texel_tangents(mesh: Mesh, texture_size: int) -> np.ndarray:
    """The tangents (N, 4) of `texel_points`, interpolated."""
    values, _ = texel_values(mesh, tangents(mesh), texture_size)
    return values


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
    texels, face = texel_values(
        mesh, np.concatenate([mesh.vertices, mesh.normals], 1), texture_size
    )
    normals = texels[:, 3:]
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return texels[:, :3].copy(), normals / np.maximum(length, 1e-8), face


def texel_values(
    mesh: Mesh, attributes: np.ndarray, texture_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """(attributes (N, C) of the covered texels, interpolated from those of the vertices; face (S, S))."""
    assert mesh.uv is not None  # checked by the callers
    screen = np.ones((1, len(mesh.uv), 3), np.float32)
    screen[0, :, :2] = mesh.uv * texture_size
    values, face, _ = rasterize(
        torch.from_numpy(screen),
        torch.from_numpy(mesh.faces),
        torch.from_numpy(attributes),
        texture_size,
        texture_size,
        closed=True,  # a texel on the far edge of a chart belongs to nothing else
    )
    face = face[0].numpy()
    return values[0].numpy()[face >= 0], face


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
