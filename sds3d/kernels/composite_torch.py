"""Ray marching and compositing in vectorised torch: the fallback on devices without a kernel."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK_BYTES = 1 << 28  # working memory of a march, about
BYTES = 120  # of working memory for each place on a ray where a sample may lie


def march(
    density_floor: Tensor,
    origin: Tensor,
    direction: Tensor,
    jitter: Tensor,
    step: float,
    max_optical_depth: float,
) -> tuple[Tensor, Tensor]:
    """(samples (N, 4), offsets (R + 1,)); see `composite.march`.

    Rays are marched in blocks, because every place on a ray is looked at, also those in empty cells.
    """
    rays = max(1, int(BLOCK_BYTES / (BYTES * (2 / step + 1))))
    split = zip(origin.split(rays), direction.split(rays), jitter.split(rays), strict=True)
    blocks = [_march(density_floor, o, d, j, step, max_optical_depth) for o, d, j in split]
    offsets = torch.zeros(len(origin) + 1, dtype=torch.long, device=origin.device)
    offsets[1:] = torch.cat([count for _, count in blocks]).cumsum(0)
    return torch.cat([samples for samples, _ in blocks]), offsets


def _march(
    density_floor: Tensor,
    origin: Tensor,
    direction: Tensor,
    jitter: Tensor,
    step: float,
    max_optical_depth: float,
) -> tuple[Tensor, Tensor]:
    """(samples (N, 4), the number of samples (R,) of each ray)."""
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
    return torch.cat([point, distance[..., None]], -1)[kept], kept.sum(1)


def composite(
    density: Tensor,
    rgb: Tensor,
    dist: Tensor,
    delta: Tensor,
    offsets: Tensor,
    min_transmittance: float,
) -> Tensor:
    """(R, 5): rgb, alpha, depth; autograd gives the gradients.

    A ray's values do not depend on the other rays, in the last bit either (on the CPU): transmittances are
    summed in a table with a row for each ray.
    """
    rays = len(offsets) - 1
    count = offsets.diff()
    ray = torch.repeat_interleave(torch.arange(rays, device=density.device), count)
    place = torch.arange(len(density), device=density.device) - offsets[:-1][ray]
    optical_depth = density.double() * delta.double()
    table = optical_depth.new_zeros(rays, int(count.max()) if rays else 0)
    through = table.index_put((ray, place), optical_depth).cumsum(1)[ray, place]
    transmittance = torch.exp(optical_depth - through)  # in front of the sample
    weight = transmittance * -torch.expm1(-optical_depth)
    weight = (weight * (transmittance >= min_transmittance)).to(density.dtype)
    values = torch.cat([rgb, torch.ones_like(dist)[:, None], dist[:, None]], -1)
    out = torch.zeros(rays, 5, dtype=density.dtype, device=density.device)
    return out.index_add(0, ray, weight[:, None] * values)
