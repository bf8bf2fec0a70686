"""Barycentrics and depth of pixels whose faces are known, in torch: the fallback on CUDA."""

from __future__ import annotations

import torch
from torch import Tensor


def corners(values: Tensor, faces: Tensor, face: Tensor) -> Tensor:
    """The values at the three corners of each pixel's face, (B, H, W, 3, C); of some face where there is none.

    values: (V, C) or (B, V, C).  faces: (F, 3).  face: (B, H, W).
    """
    faces = faces.long() if len(faces) else faces.new_zeros(1, 3, dtype=torch.long)
    index = faces[face.long().clamp_min(0)]
    if values.dim() == 2:
        return values[index]
    image = torch.arange(len(face), device=face.device)[:, None, None, None]
    return values[image, index]


def barycentrics(screen: Tensor, faces: Tensor, face: Tensor) -> tuple[Tensor, Tensor]:
    """(barycentrics (B, H, W, 3), depth (B, H, W)), perspective-correct; 0 where `face` (B, H, W) is -1."""
    _, height, width = face.shape
    to = {"dtype": screen.dtype, "device": screen.device}
    py, px = torch.meshgrid(
        torch.arange(height, **to) + 0.5, torch.arange(width, **to) + 0.5, indexing="ij"
    )
    seen = (face >= 0)[..., None]
    x, y, z = corners(screen, faces, face).unbind(-1)
    x = x - px[..., None]
    y = y - py[..., None]
    edges = x.roll(-1, -1) * y.roll(-2, -1) - x.roll(-2, -1) * y.roll(-1, -1)
    area = edges.sum(-1, keepdim=True)
    q = edges / torch.where(seen, area * z, torch.ones_like(z))
    total = torch.where(seen, q.sum(-1, keepdim=True), torch.ones_like(area))
    return torch.where(seen, q / total, 0.0), torch.where(seen, 1 / total, 0.0)[..., 0]
