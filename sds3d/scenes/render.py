"""What every scene renders, and the small formulas on it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sds3d.views.cameras import Cameras

TINY = 1e-8


@dataclass(frozen=True)
class Render:
    """B images, channels last.

    rgb: (B, H, W, 3) over the background, [0, 1], as displayed (sRGB values).  alpha: (B, H, W) coverage.
    depth: (B, H, W) expected depth along the camera's z axis, world units, 0 where nothing is seen.
    normal: (B, H, W, 3) outward, world frame, unit length where something is seen, else 0.
    """

    rgb: Tensor
    alpha: Tensor
    depth: Tensor
    normal: Tensor


def over(rgb: Tensor, alpha: Tensor, background: Tensor) -> Tensor:
    """Premultiplied `rgb` (B, H, W, 3) over `background` (B, 3):  rgb + (1 - alpha) background."""
    return rgb + (1 - alpha)[..., None] * background[:, None, None, :]


def normal_from_depth(depth: Tensor, alpha: Tensor, cameras: Cameras) -> Tensor:
    """Normals of a depth image, (B, H, W, 3): cross product of the differences of the seen points.

    Zero where alpha < 0.5.  Differentiable with respect to `depth`.
    """
    origin, direction = cameras.rays()
    cosine = torch.einsum("bhwi,bi->bhw", direction, cameras.c2w[:, :3, 2])
    point = origin + direction * (depth / cosine)[..., None]

    def slope(axis: int) -> Tensor:
        """One-sided differences, the smaller of the two, so that edges do not bleed."""
        ahead = torch.diff(point, dim=axis)
        last = ahead.narrow(axis, ahead.shape[axis] - 1, 1)
        first = ahead.narrow(axis, 0, 1)
        right, left = torch.cat([ahead, last], axis), torch.cat([first, ahead], axis)
        nearer = right.norm(dim=-1, keepdim=True) < left.norm(dim=-1, keepdim=True)
        return torch.where(nearer, right, left)

    normal = torch.linalg.cross(slope(1), slope(2))
    normal = normal / normal.norm(dim=-1, keepdim=True).clamp_min(TINY)
    return normal * (alpha >= 0.5)[..., None]


def bumpiness(depth: Tensor, alpha: Tensor, edge: float = 0.03) -> Tensor:
    """mean edge tanh(|d_(k-1) - 2 d_k + d_(k+1)| / edge) over rows and columns of covered pixels, a scalar.

    Zero on planes.  A surface whose colour does not change can lie anywhere between the pixels' rays; this
    asks for the flat one.  Steps much larger than `edge` (world units) are the object's own and cost no more.
    depth, alpha: (B, H, W).
    """
    total = depth.new_zeros(())
    for axis in (1, 2):
        inner = depth.shape[axis] - 2
        a, b, c = (depth.narrow(axis, k, inner) for k in range(3))
        covered = (alpha > 0.9).float()
        covered = torch.stack([covered.narrow(axis, k, inner) for k in range(3)]).amin(0)
        total = total + (covered * edge * torch.tanh((a - 2 * b + c).abs() / edge)).mean()
    return total
