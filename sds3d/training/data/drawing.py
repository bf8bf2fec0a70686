"""Unlit renderings of textured triangles: albedo with coverage, normals, depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sds3d.kernels.rasterize import draw_skinned
from sds3d.kernels.textures import Skin, pool
from sds3d.mesh.shape import Shape
from sds3d.views.cameras import Cameras


@dataclass(frozen=True)
class DrawnViews:
    """V views, uint8: albedo (V, H, W, 4), straight sRGB and coverage; normals (V, H, W, 3); depth (V, H, W).

    normals: 127.5 (n + 1) with n in the object's frame, facing the camera; 128 outside.  depth: 255 (z -
    NEAREST) / (FARTHEST - NEAREST) with z along the camera's axis; 0 outside.
    """

    albedo: np.ndarray
    normals: np.ndarray
    depth: np.ndarray


NEAREST = 1.9  # z of the unit ball from the distances of the recipes' cameras
FARTHEST = 4.1


def draw(shape: Shape, cameras: Cameras, supersample: int = 2) -> DrawnViews:
    """The shape as the cameras see it, with supersample^2 samples per pixel."""
    parts = (shape.vertices, shape.faces, shape.normals, shape.colors)
    return _bytes(draw_skinned(*parts, shape.skin or _bare(shape), cameras, supersample))


def _bare(shape: Shape) -> Skin:
    """The skin of a shape without textures."""
    count = len(shape.vertices)
    uv, tint = np.zeros((count, 2), np.float32), np.ones((count, 3), np.float32)
    return Skin(uv, tint, np.full(len(shape.faces), -1, np.int32), pool(()))


def _bytes(out: np.ndarray) -> DrawnViews:
    coverage = out[..., 3:4]
    seen = np.maximum(coverage, 1e-6)
    albedo = np.concatenate([out[..., :3] / seen, coverage], -1)
    total = out[..., 4:7]
    normals = total / np.maximum(np.linalg.norm(total, axis=-1, keepdims=True), 1e-6)
    depth = (out[..., 7] / seen[..., 0] - NEAREST) / (FARTHEST - NEAREST)
    depth = np.where(coverage[..., 0] > 0, depth.clip(1 / 255, 1), 0)
    return DrawnViews(
        (albedo.clip(0, 1) * 255 + 0.5).astype(np.uint8),
        (normals * 127.5 + 128).clip(0, 255).astype(np.uint8),
        (depth * 255 + 0.5).astype(np.uint8),
    )
