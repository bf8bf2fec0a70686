"""Real spherical harmonics to degree 3, and colours that depend on where they are seen from."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SH_0 = 0.5 / math.sqrt(math.pi)  # the harmonic of degree 0
MAX_DEGREE = 3
ORDERS = [(l, m) for l in range(MAX_DEGREE + 1) for m in range(-l, l + 1)]  # noqa: E741 l as in Y_lm


def basis(direction: Tensor, degree: int) -> Tensor:
    """The harmonics of degree 1 to `degree` in ORDERS, (..., (degree + 1)^2 - 1), at unit directions (..., 3).

    Y_lm = sqrt(2) Re Y_l^m for m > 0, sqrt(2) Im Y_l^|m| for m < 0, with the phase (-1)^m in the complex
    Y_l^m: the signs of 3D Gaussian splatting.  Degree 1 is sqrt(3 / (4 pi)) (-y, z, -x).  The harmonic of
    degree 0, the constant SH_0, is left out.
    Source: Kerbl et al. 2023, https://arxiv.org/abs/2308.04079; the polynomials: Sloan 2013, Efficient
    Spherical Harmonic Evaluation, https://jcgt.org/published/0002/02/06/.
    """
    x, y, z = direction.unbind(-1)
    out = []
    if degree >= 1:
        a = math.sqrt(3 / (4 * math.pi))
        out += [-a * y, a * z, -a * x]
    xx, yy, zz = x * x, y * y, z * z
    if degree >= 2:
        a = math.sqrt(15 / (4 * math.pi))
        b = math.sqrt(5 / (16 * math.pi))
        out += [a * x * y, -a * y * z, b * (3 * zz - 1), -a * x * z, 0.5 * a * (xx - yy)]
    if degree >= 3:
        a = math.sqrt(35 / (32 * math.pi))
        b = math.sqrt(105 / (4 * math.pi))
        c = math.sqrt(21 / (32 * math.pi))
        d = math.sqrt(7 / (16 * math.pi))
        out += [
            -a * y * (3 * xx - yy),
            b * x * y * z,
            -c * y * (5 * zz - 1),
            d * z * (5 * zz - 3),
            -c * x * (5 * zz - 1),
            0.5 * b * z * (xx - yy),
            -a * x * (xx - 3 * yy),
        ]
    return torch.stack(out, -1) if out else direction[..., :0]


def view_colors(colors: Tensor, harmonics: Tensor, means: Tensor, positions: Tensor) -> Tensor:
    """Colours (B, N, 3) of N points seen from B cameras:  max(0, color + sum_k Y_k(d) harmonics_k).

    d is the direction from the camera to the point, of unit length; the points get a gradient through it, as in
    the authors' rasteriser.

    colors: (N, 3), the part that is the same from all sides.  harmonics: (N, K, 3), the coefficients of degree
    1 and above, K = (degree + 1)^2 - 1.  means: (N, 3) world.  positions: (B, 3) of the cameras, world.
    """
    away = means - positions.to(means)[:, None]
    direction = away / away.norm(dim=-1, keepdim=True)
    degree = degree_of(harmonics)
    varying = torch.einsum("bnk,nkc->bnc", basis(direction, degree), harmonics)
    return (colors + varying).clamp_min(0)


def degree_of(harmonics: Tensor) -> int:
    """The degree of (N, (degree + 1)^2 - 1, 3) coefficients."""
    return math.isqrt(harmonics.shape[1] + 1) - 1
