"""The splat rasteriser in torch, one picture at a time over all pixels at once: CUDA's fallback."""

from __future__ import annotations

import torch
from torch import Tensor

from sds3d.kernels.splat_numba import DENSEST, FAINTEST, LEAST


def rasterize(
    center: Tensor, conic: Tensor, opacity: Tensor, feature: Tensor, order: Tensor, size: tuple
) -> Tensor:
    """(B, H, W, K) of sorted Gaussians; arguments as in splat.blend."""
    height, width = size
    to = {"dtype": center.dtype, "device": center.device}
    y, x = torch.meshgrid(
        torch.arange(height, **to) + 0.5, torch.arange(width, **to) + 0.5, indexing="ij"
    )
    pictures = []
    for b in range(len(center)):
        row = order[b]
        dx = x.flatten() - center[b, row, 0, None]
        dy = y.flatten() - center[b, row, 1, None]
        a, c, d = conic[b, row, :, None].unbind(1)
        alpha = opacity[b, row, None] * torch.exp(-(a * dx**2 + d * dy**2) / 2 - c * dx * dy)
        alpha = torch.where(alpha < FAINTEST, 0.0, alpha.clamp(max=DENSEST))
        passed = torch.cumprod(1 - alpha, 0)
        light = torch.cat([torch.ones_like(passed[:1]), passed[:-1]])
        weight = alpha * light * (light >= LEAST)
        pictures.append((weight.T @ feature[b, row]).view(height, width, -1))
    return torch.stack(pictures)
