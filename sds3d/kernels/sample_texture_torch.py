"""The texture lookup in torch: the fallback on CUDA."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sds3d.kernels.textures import CLAMP, REPEAT


def pyramid(texture: Tensor, places: np.ndarray) -> Tensor:
    """All levels of a texture (H, W, C), one after the other, (P, C); each the means of 2 x 2 of the last."""
    levels = [texture]
    for _, height, width in places[1:].tolist():
        fine = levels[-1]
        rows, cols = min(2, fine.shape[0]), min(2, fine.shape[1])
        blocks = fine[: height * rows, : width * cols].reshape(height, rows, width, cols, -1)
        levels.append(blocks.mean((1, 3)))
    return torch.cat([level.reshape(-1, texture.shape[2]) for level in levels])


def sample(
    texture: Tensor, uv: Tensor, level: Tensor, places: np.ndarray, wrap: tuple[int, int]
) -> Tensor:
    """The texture (H, W, C) at uv (N, 2) and level (N,) in [0, L - 1], (N, C)."""
    pool = pyramid(texture, places)
    table = torch.as_tensor(places, device=texture.device)
    fine = level.long()
    share = (level - fine)[:, None]
    coarse = (fine + 1).clamp_max(len(places) - 1)
    return (1 - share) * _bilinear(pool, table[fine], uv, wrap) + share * _bilinear(
        pool, table[coarse], uv, wrap
    )


def _bilinear(pool: Tensor, place: Tensor, uv: Tensor, wrap: tuple[int, int]) -> Tensor:
    """Samples (N, C) of one level each: place (N, 3)."""
    first, height, width = place.unbind(1)
    x = uv[:, 0] * width - 0.5
    y = uv[:, 1] * height - 0.5
    left, top = x.detach().floor(), y.detach().floor()
    out = pool.new_zeros(len(uv), pool.shape[1])
    for i in range(2):
        row = _wrapped(top.long() + i, height, wrap[1])
        for j in range(2):
            col = _wrapped(left.long() + j, width, wrap[0])
            share = (1 - (y - top - i).abs()) * (1 - (x - left - j).abs())
            out = out + share[:, None] * pool[first + row * width + col]
    return out


def _wrapped(i: Tensor, size: Tensor, mode: int) -> Tensor:
    if mode == REPEAT:
        return i % size
    if mode == CLAMP:
        return torch.minimum(i.clamp_min(0), size - 1)
    i = i % (2 * size)
    return torch.where(i >= size, 2 * size - 1 - i, i)
