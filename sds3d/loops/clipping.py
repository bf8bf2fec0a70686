"""What is done to a gradient before it moves the scene."""

from __future__ import annotations

from torch import Tensor


def clip(g: Tensor, limit: float, *, per_pixel: bool) -> Tensor:
    """g with no entry beyond `limit`; per pixel one factor for all channels, which keeps the hue.

    Hong et al. 2023, https://arxiv.org/abs/2303.15413; per pixel: Miao et al. 2024, https://arxiv.org/abs/2405.11252.
    """
    if not per_pixel:
        return g.clamp(-limit, limit)
    return g * (limit / g.abs().amax(1, keepdim=True).clamp_min(limit))
