"""The images that every scene renders, and small formulas on them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sds3d.views.cameras import Cameras

TINY = 1e-8


@dataclass(frozen=True)
class Render:
    """B images, channels last.

    rgb: (B, H, W, 3) composited over the background, [0, 1], as displayed (sRGB values).
    alpha: (B, H, W) coverage, [0, 1].
    depth: (B, H, W) expected depth along the camera's z axis, world units, 0 where nothing is seen.
    normal: (B, H, W, 3) outward, world frame, unit length where something is seen, else 0.
    z_variance: (B, H, W) variance of the distance along each ray, world units^2, of scenes that are volumes.
    averted: (B, H, W) sum_i w_i max(0, n_i . d)^2 of each ray, w_i held constant: how much of what it shows
        faces away from the camera.  Only of renders that were asked for normals.
    """

    rgb: Tensor
    alpha: Tensor
    depth: Tensor
    normal: Tensor
    z_variance: Tensor | None = None
    averted: Tensor | None = None


def over(rgb: Tensor, alpha: Tensor, background: Tensor) -> Tensor:
    """Premultiplied `rgb` over `background`:  rgb + (1 - alpha) background, (B, H, W, 3).

    background: (B, 3), one colour a view, or (B, H, W, 3).
    """
    if background.dim() == 2:
        background = background[:, None, None, :]
    return rgb + (1 - alpha)[..., None] * background


def normal_from_depth(depth: Tensor, alpha: Tensor, cameras: Cameras) -> Tensor:
    """World-frame normals of a depth image, (B, H, W, 3): the cross product of the image-axis differences of
    the points that the pixels see.

    depth, alpha: (B, H, W).  Zero where alpha < 0.5.  Differentiable in `depth`.
    """
    origin, direction = cameras.rays()
    cosine = torch.einsum("bhwi,bi->bhw", direction, cameras.c2w[:, :3, 2])
    point = origin + direction * (depth / cosine)[..., None]
    normal = torch.linalg.cross(_slope(point, 1), _slope(point, 2))
    normal = normal / normal.norm(dim=-1, keepdim=True).clamp_min(TINY)
    return normal * (alpha >= 0.5)[..., None]


def _slope(point: Tensor, axis: int) -> Tensor:
    """One-sided differences along an image axis, the shorter of the two, so that edges do not bleed."""
    difference = torch.diff(point, dim=axis)
    first = difference.narrow(axis, 0, 1)
    last = difference.narrow(axis, difference.shape[axis] - 1, 1)
    forward = torch.cat([difference, last], axis)
    backward = torch.cat([first, difference], axis)
    shorter = forward.norm(dim=-1, keepdim=True) < backward.norm(dim=-1, keepdim=True)
    return torch.where(shorter, forward, backward)


def bumpiness(depth: Tensor, alpha: Tensor, edge: float = 0.03) -> Tensor:
    """mean edge tanh(|d_(k-1) - 2 d_k + d_(k+1)| / edge) over rows and columns of covered pixels, a scalar.

    Zero on planes.  A surface of one colour can lie anywhere along the pixels' rays without changing the
    image; this penalty prefers a flat one.  Steps much larger than `edge` (world units) belong to the object
    and cost no more than `edge`.  depth, alpha: (B, H, W).
    """
    total = depth.new_zeros(())
    for axis in (1, 2):
        inner = depth.shape[axis] - 2
        if inner < 1:  # too small an image to bend
            continue
        previous, current, following = (depth.narrow(axis, k, inner) for k in range(3))
        opaque = (alpha > 0.9).float()
        covered = torch.stack([opaque.narrow(axis, k, inner) for k in range(3)]).amin(0)
        curvature = (previous - 2 * current + following).abs()
        total = total + (covered * edge * torch.tanh(curvature / edge)).mean()
    return total
