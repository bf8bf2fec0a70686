"""Unlit views of textured triangles: albedo and coverage, normals, depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sds3d.kernels.threads import parallel_for
from sds3d.training.data.soup import Soup
from sds3d.views.cameras import Cameras

LEVELS = 9  # of a texture of up to 256 texels


@dataclass(frozen=True)
class Views:
    """V views, uint8: albedo (V, H, W, 4) straight sRGB and coverage, normals (V, H, W, 3), depth (V, H, W).

    normals: n of the object's frame as 127.5 (n + 1), turned to the camera; 128 outside.  depth: z along the
    camera's axis as 255 (z - NEAREST) / (FARTHEST - NEAREST), 0 outside.
    """

    albedo: np.ndarray
    normals: np.ndarray
    depth: np.ndarray


NEAREST, FARTHEST = 1.9, 4.1  # the unit ball from the recipes' distances


def draw(soup: Soup, cameras: Cameras, supersample: int = 2) -> Views:
    """What the cameras see of the triangles, supersample^2 samples a pixel."""
    from sds3d.kernels import textured_numba as kernels

    pool, places, holes = _pool(soup.textures)
    cutout = (soup.texture >= 0) & holes[soup.texture]
    out = np.zeros((len(cameras), cameras.height, cameras.width, 8), np.float32)
    w2c, K = (np.ascontiguousarray(v.cpu().numpy(), np.float64) for v in (cameras.w2c, cameras.K))
    parallel_for(
        kernels.draw,
        len(cameras),
        *(np.ascontiguousarray(x, np.float32) for x in (soup.points, soup.normals)),
        *(np.ascontiguousarray(x, np.float32) for x in (soup.colors, soup.uv)),
        soup.texture.astype(np.int32),
        cutout,
        pool,
        places,
        w2c,
        K,
        supersample,
        out,
    )
    return _bytes(out)


def _bytes(out: np.ndarray) -> Views:
    coverage = out[..., 3:4]
    seen = np.maximum(coverage, 1e-6)
    albedo = np.concatenate([out[..., :3] / seen, coverage], -1)
    total = out[..., 4:7]
    normals = total / np.maximum(np.linalg.norm(total, axis=-1, keepdims=True), 1e-6)
    depth = (out[..., 7] / seen[..., 0] - NEAREST) / (FARTHEST - NEAREST)
    depth = np.where(coverage[..., 0] > 0, depth.clip(1 / 255, 1), 0)
    return Views(
        np.uint8(albedo.clip(0, 1) * 255 + 0.5),
        np.uint8((normals * 127.5 + 128).clip(0, 255)),
        np.uint8(depth * 255 + 0.5),
    )


def _pool(textures: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(texels (P, 4), places (T, LEVELS, 3), has holes (T,)) of the textures and their halved copies."""
    texels, places = [np.zeros((1, 4), np.uint8)], np.zeros((max(len(textures), 1), LEVELS, 3), int)
    holes, used = np.zeros(len(places), bool), 1
    for t, image in enumerate(textures):
        holes[t] = image[..., 3].min() < 128
        level = image.astype(np.float32)
        for n in range(LEVELS):
            height, width = level.shape[:2]
            places[t, n] = used, height, width
            texels.append(np.uint8(level.reshape(-1, 4) + 0.5))
            used += height * width
            if height == width == 1:
                break
            level = _halved(level)
    return np.concatenate(texels), places, holes


def _halved(image: np.ndarray) -> np.ndarray:
    """The image at half its size; colours weighed by coverage."""
    height, width = (max(1, n // 2) for n in image.shape[:2])
    rows, cols = min(2, image.shape[0]), min(2, image.shape[1])
    blocks = image[: height * rows, : width * cols].reshape(height, rows, width, cols, 4)
    alpha = blocks[..., 3:].mean((1, 3))
    color = (blocks[..., :3] * blocks[..., 3:]).mean((1, 3)) / np.maximum(alpha, 1e-6)
    return np.concatenate([color, alpha], -1)
