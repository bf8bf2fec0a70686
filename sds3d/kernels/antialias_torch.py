"""The blending of known silhouettes in torch: the fallback on CUDA."""

from __future__ import annotations

import torch
from torch import Tensor


def blend(image: Tensor, screen: Tensor, faces: Tensor, edges: Tensor) -> Tensor:
    """The image (B, H, W, C) blended across `edges` (B, H, W, 2), as `antialias._silhouettes` returns them."""
    _, height, width, channels = image.shape
    flat = image.reshape(-1, channels)
    out = flat
    for axis in range(2):
        b, row, col = (edges[..., axis] >= 0).nonzero().unbind(1)
        edge = edges[b, row, col, axis].long()
        corner = torch.stack([edge + 1, edge + 2], -1) % 3
        ends = screen[b[:, None], faces.long()[(edge // 3)[:, None], corner]]
        (u_0, u_1), (v_0, v_1) = ends[..., axis].unbind(1), ends[..., 1 - axis].unbind(1)
        u, v = (row, col) if axis else (col, row)
        crossing = u_0 + (v + 0.5 - v_0) / (v_1 - v_0) * (u_1 - u_0)
        w = (crossing - (u + 1.0)).clamp(-0.5, 0.5)
        p = (b * height + row) * width + col
        q = p + (width if axis else 1)
        difference = w[:, None] * (flat[p] - flat[q])
        out = out.index_add(0, torch.where(w > 0, q, p), difference)
    return out.view_as(image)
