"""Noise that the surface of an object carries, so that all views and steps see the same."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from sds3d.views.cameras import Cameras

SIDE = 128  # cells along a side of a shell
SHELLS = (
    4  # of equal thickness in the unit ball, so that a surface behind another has noise of its own
)
SAMPLES = 4  # points along a side of a pixel
COVERED = 0.5  # alpha from which a point belongs to the object


def carried(rng: torch.Generator, channels: int) -> Tensor:
    """The noise of all cells, (SHELLS SIDE^2, channels), standard normal."""
    return torch.randn(SHELLS * SIDE**2, channels, generator=rng)


def on_surface(
    noise: Tensor, cells: Tensor, depth: Tensor, alpha: Tensor, cameras: Cameras
) -> Tensor:
    """`noise` (B, C, h, w) where nothing is seen, elsewhere the noise that the surface carries, N(0, 1).

    A pixel has  sum_k xi_k / sqrt(n)  over the n cells that it sees: the values xi of `cells` (`carried`) in
    the directions of its surface points from the world's origin.  A cell that several pixels see belongs to
    the first, so the pixels of an image stay independent, exactly.  A pixel left without a cell keeps `noise`.

    depth, alpha: (B, H, W) as rendered at `cameras`, whose images may be larger than the noise.

    Yan et al. 2025, Consistent Flow Distillation, https://arxiv.org/abs/2501.05445, who rasterise the cells.
    """
    views, channels, height, width = noise.shape
    point, covered = _samples(depth, alpha, cameras, height, width)
    cell = cell_of(point)
    row = torch.arange(SAMPLES * height, device=noise.device)[:, None] // SAMPLES
    column = torch.arange(SAMPLES * width, device=noise.device) // SAMPLES
    pixel = (row * width + column).expand(views, -1, -1)
    nobody = height * width
    owner = torch.full((views, len(cells)), nobody, device=noise.device)
    owner.scatter_reduce_(
        1, cell.flatten(1), torch.where(covered, pixel, nobody).flatten(1), "amin"
    )
    total = noise.new_zeros(views, nobody + 1, channels)
    total.scatter_add_(
        1, owner[..., None].expand(-1, -1, channels), cells.to(noise).expand(views, -1, -1)
    )
    count = noise.new_zeros(views, nobody + 1).scatter_add_(1, owner, noise.new_ones(owner.shape))
    count = count[:, :nobody, None]
    mean = (total[:, :nobody] / count.clamp_min(1).sqrt()).transpose(1, 2).reshape(noise.shape)
    return torch.where(count.reshape(views, 1, height, width) > 0, mean, noise)


def cell_of(point: Tensor) -> Tensor:
    """The index of the cell that a point (..., 3) of the unit ball lies in, (...).

    The directions of each shell are mapped to a square by an octahedral map that keeps areas: Clarberg 2008,
    Fast Equal-Area Mapping of the (Hemi)Sphere using SIMD, https://doi.org/10.1080/2151237X.2008.10129263.
    """
    radius = point.norm(dim=-1)
    x, y, z = (point / radius.clamp_min(1e-8)[..., None]).unbind(-1)
    r = (1 - z.abs()).clamp_min(0).sqrt()
    v = r * torch.atan2(y.abs(), x.abs()) * (2 / math.pi)
    u = r - v
    u, v = torch.where(z < 0, 1 - v, u), torch.where(z < 0, 1 - u, v)
    shell = _step(radius, SHELLS)
    i = _step((u.copysign(x) + 1) / 2, SIDE)
    j = _step((v.copysign(y) + 1) / 2, SIDE)
    return (shell * SIDE + i) * SIDE + j


def _step(fraction: Tensor, count: int) -> Tensor:
    """Which of `count` equal parts of [0, 1] a fraction lies in."""
    return (fraction * count).long().clamp(0, count - 1)


def _samples(
    depth: Tensor, alpha: Tensor, cameras: Cameras, height: int, width: int
) -> tuple[Tensor, Tensor]:
    """(surface points (B, S height, S width, 3), whether the object covers them), S samples along a pixel."""
    origin, direction = cameras.rays()
    cosine = torch.einsum("bhwi,bi->bhw", direction, cameras.c2w[:, :3, 2])
    point = origin + direction * (depth / cosine)[..., None]
    seen = torch.cat([point, alpha[..., None]], -1).permute(0, 3, 1, 2)
    size = (SAMPLES * height, SAMPLES * width)
    sampled = F.interpolate(seen, size, mode="bilinear").permute(0, 2, 3, 1)
    return sampled[..., :3], sampled[..., 3] > COVERED
