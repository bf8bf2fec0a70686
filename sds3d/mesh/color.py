"""sRGB and linear light, IEC 61966-2-1."""

from __future__ import annotations

import numpy as np


def linear(srgb: np.ndarray) -> np.ndarray:
    """Linear light of sRGB values in [0, 1], float32."""
    srgb = np.asarray(srgb, np.float64).clip(0, 1)
    curve = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(curve, np.float32)


def encoded(light: np.ndarray) -> np.ndarray:
    """sRGB values in [0, 1] of linear light, float32; light above 1 is clipped."""
    light = np.asarray(light, np.float64).clip(0, 1)
    curve = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(curve, np.float32)
