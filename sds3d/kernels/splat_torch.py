"""The splat rasteriser in torch, one image at a time, all pixels at once: the fallback on CUDA."""

from __future__ import annotations

import torch
from torch import Tensor

from sds3d.kernels.splat_numba import MAX_ALPHA, MIN_ALPHA, MIN_TRANSMITTANCE


def rasterize(
    center: Tensor,
    conic: Tensor,
    opacity: Tensor,
    feature: Tensor,
    order: Tensor,
    size: tuple[int, int],
) -> Tensor:
    """sum_i T_i a_i feature_i at each pixel, (B, H, W, K).

    order: (B, N) the Gaussians from near to far; the other arguments as in `splat.blend`.
    """
    height, width = size
    to = {"dtype": center.dtype, "device": center.device}
    y, x = torch.meshgrid(
        torch.arange(height, **to) + 0.5, torch.arange(width, **to) + 0.5, indexing="ij"
    )
    images = []
    for b in range(len(center)):
        row = order[b]
        dx = x.flatten() - center[b, row, 0, None]
        dy = y.flatten() - center[b, row, 1, None]
        xx, xy, yy = conic[b, row, :, None].unbind(1)
        alpha = opacity[b, row, None] * torch.exp(-(xx * dx**2 + yy * dy**2) / 2 - xy * dx * dy)
        alpha = torch.where(alpha < MIN_ALPHA, 0.0, alpha.clamp(max=MAX_ALPHA))
        after = torch.cumprod(1 - alpha, 0)
        transmittance = torch.cat([torch.ones_like(after[:1]), after[:-1]])
        weight = alpha * transmittance * (transmittance >= MIN_TRANSMITTANCE)
        images.append((weight.T @ feature[b, row]).view(height, width, -1))
    return torch.stack(images)
