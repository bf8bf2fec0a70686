"""sRGB and linear light of tensors, IEC 61966-2-1; differentiable."""

from __future__ import annotations

from torch import Tensor


def linear(srgb: Tensor) -> Tensor:
    """Linear light of sRGB values in [0, 1]."""
    low = srgb / 12.92
    high = ((srgb.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4
    return low.where(srgb <= 0.04045, high)


def encoded(light: Tensor) -> Tensor:
    """sRGB values of linear light of at least 0; light above 1 gives values above 1."""
    low = 12.92 * light
    high = 1.055 * light.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return low.where(light <= 0.0031308, high)
