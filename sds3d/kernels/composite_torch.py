"""Ray marching and compositing in vectorised torch: the fallback on devices without a kernel."""

from __future__ import annotations

import torch
from torch import Tensor


def march(
    density_floor: Tensor,
    origin: Tensor,
    direction: Tensor,
    jitter: Tensor,
    step: float,
    max_optical_depth: float,
) -> tuple[Tensor, Tensor]:
    """(samples (N, 4), offsets (R + 1,)); see `composite.march`."""
    side = density_floor.shape[0]
    middle = -(origin * direction).sum(-1)
    inside = 1 - origin.square().sum(-1) + middle.square()
    half = inside.clamp_min(0).sqrt()
    near = (middle - half).clamp_min(0)
    steps = ((middle + half - near) / step).long()
    k = torch.arange(int(2 / step) + 1, device=origin.device)
    distance = near[:, None] + (k + jitter[:, None]) * step
    point = origin[:, None] + distance[..., None] * direction[:, None]
    cell = ((point + 1) * (0.5 * side)).long().clamp(0, side - 1)
    floor = density_floor[cell.unbind(-1)]
    kept = (k < steps[:, None]) & (floor >= 0)
    optical_depth = torch.where(kept, floor * step, 0).cumsum(1)  # at the end of each sample
    kept &= optical_depth - floor.clamp_min(0) * step <= max_optical_depth
    offsets = torch.zeros(len(origin) + 1, dtype=torch.long, device=origin.device)
    offsets[1:] = kept.sum(1).cumsum(0)
    return torch.cat([point, distance[..., None]], -1)[kept], offsets


def composite(density: Tensor, rgb: Tensor, dist: Tensor, delta: Tensor, offsets: Tensor) -> Tensor:
    """(R, 5): rgb, alpha, depth; autograd gives the gradients."""
    rays = len(offsets) - 1
    ray = torch.repeat_interleave(torch.arange(rays, device=density.device), offsets.diff())
    optical_depth = density.double() * delta.double()
    # One cumulative sum over all rays, in double precision because each ray's start is subtracted again.
    before = torch.cat([optical_depth.new_zeros(1), optical_depth.cumsum(0)])
    transmittance = torch.exp(before[offsets[:-1]][ray] - before[:-1])
    weight = (transmittance * -torch.expm1(-optical_depth)).to(density.dtype)
    values = torch.cat([rgb, torch.ones_like(dist)[:, None], dist[:, None]], -1)
    out = torch.zeros(rays, 5, dtype=density.dtype, device=density.device)
    return out.index_add(0, ray, weight[:, None] * values)
