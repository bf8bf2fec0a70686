"""Textures as the CPU kernels sample them: all images and their smaller copies in one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

REPEAT, CLAMP, MIRROR = 0, 1, 2  # how coordinates outside [0, 1] are read
DECODED = np.where(  # linear light of the 256 sRGB values
    np.arange(256) <= 10,
    np.arange(256) / 255 / 12.92,
    ((np.arange(256) / 255 + 0.055) / 1.055) ** 2.4,
).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Texture:
    """An image: pixels (H, W, 4) uint8, straight RGBA; wrap: of u and of v; nearest: not interpolated."""

    pixels: np.ndarray
    wrap: tuple[int, int] = (REPEAT, REPEAT)
    nearest: bool = False


@dataclass(frozen=True, eq=False)
class Pool:
    """T textures in sRGB with their halved copies.

    texels (P, 4) uint8.  places (T, L, 3) int64: first texel, height and width of each level; height 0: no
    such level.  modes (T, 3) int64: wrap of u and v, and 1 for nearest.  holes (T,): whether it has any.
    """

    texels: np.ndarray
    places: np.ndarray
    modes: np.ndarray
    holes: np.ndarray


@dataclass(frozen=True, eq=False)
class Skin:
    """What the textured faces of a mesh with V vertices and F faces show.

    Colour = sRGB(linear(texel) tint), multiplied with the colour of the vertices.  uv (V, 2), origin top left;
    tint (V, 3), linear light; texture (F,) int32: the face's row in `pool`, -1 for none.
    """

    uv: np.ndarray
    tint: np.ndarray
    texture: np.ndarray
    pool: Pool


def pool(textures: Sequence[Texture]) -> Pool:
    """The textures with smaller copies down to one texel, averaged in linear light."""
    longest = max([max(t.pixels.shape[:2]) for t in textures], default=1)
    levels = int(longest).bit_length()
    places = np.zeros((max(len(textures), 1), levels, 3), np.int64)
    modes = np.zeros((len(places), 3), np.int64)
    holes = np.zeros(len(places), bool)
    texels = [np.zeros((1, 4), np.uint8)]
    used = 1
    for t, texture in enumerate(textures):
        modes[t] = (*texture.wrap, texture.nearest)
        holes[t] = texture.pixels[..., 3].min() < 128
        level = texture.pixels
        for n in range(levels):
            height, width = level.shape[:2]
            places[t, n] = used, height, width
            texels.append(level.reshape(-1, 4))
            used += height * width
            if height == width == 1:
                break
            level = halved(level)
    return Pool(np.ascontiguousarray(np.concatenate(texels)), places, modes, holes)


def halved(image: np.ndarray) -> np.ndarray:
    """An RGBA image (H, W, 4) uint8 at half its size: means of linear light, weighed by coverage."""
    height, width = (max(1, n // 2) for n in image.shape[:2])
    rows, cols = min(2, image.shape[0]), min(2, image.shape[1])
    cut = image[: height * rows, : width * cols]
    blocks = cut.reshape(height, rows, width, cols, 4)
    coverage = blocks[..., 3:].astype(np.float32) / 255
    alpha = coverage.mean((1, 3))
    light = (DECODED[blocks[..., :3]] * coverage).mean((1, 3)) / np.maximum(alpha, 1e-6)
    srgb = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (np.concatenate([srgb, alpha], -1).clip(0, 1) * 255 + 0.5).astype(np.uint8)
