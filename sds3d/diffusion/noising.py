"""Adding noise, taking it away, and the weights w(t):  z_t = alpha_t z + sigma_t eps."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import Literal

import torch
from torch import Tensor

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.prior import Prior

Weight = Literal["uniform", "sigma2", "fantasia3d", "alpha", "ratio"]
WEIGHTS = {
    "uniform": lambda alpha_t, sigma_t: torch.ones_like(sigma_t),
    "sigma2": lambda alpha_t, sigma_t: sigma_t**2,
    "fantasia3d": lambda alpha_t, sigma_t: alpha_t * sigma_t**2,
    "alpha": lambda alpha_t, sigma_t: alpha_t,
    "ratio": lambda alpha_t, sigma_t: sigma_t / alpha_t,
}
CLEAN = 0.001  # where inversions start: the first of the 1000 trained times but one, as the papers' code does


def add_noise(prior: Prior, z: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    """z_t = alpha_t z + sigma_t eps."""
    alpha_t, sigma_t = prior.alpha_sigma(t)
    return alpha_t * z + sigma_t * eps


def clean(prior: Prior, z_t: Tensor, t: Tensor, eps_hat: Tensor) -> Tensor:
    """z_hat = (z_t - sigma_t eps_hat) / alpha_t: the image that eps_hat takes z_t for."""
    alpha_t, sigma_t = prior.alpha_sigma(t)
    return (z_t - sigma_t * eps_hat) / alpha_t


def weight_at(prior: Prior, t: Tensor, name: Weight) -> Tensor:
    """w(t), (B, 1, 1, 1).

    `uniform` 1, `sigma2` sigma_t^2, `fantasia3d` alpha_t sigma_t^2, `alpha` alpha_t, `ratio` sigma_t / alpha_t.
    """
    return WEIGHTS[name](*prior.alpha_sigma(t))


def ddim(prior: Prior, z_t: Tensor, eps_hat: Tensor, t: Tensor, u: Tensor) -> Tensor:
    """z_u = alpha_u (z_t - sigma_t eps_hat) / alpha_t + sigma_u eps_hat: the deterministic move, up or down.

    Song et al. 2020, https://arxiv.org/abs/2010.02502, eq. 12 with sigma = 0.
    """
    alpha_u, sigma_u = prior.alpha_sigma(u)
    return alpha_u * clean(prior, z_t, t, eps_hat) + sigma_u * eps_hat


def stops(t: Tensor, stride: float) -> list[Tensor]:
    """The times of an inversion up to t: CLEAN, CLEAN + stride, ..., and at last t."""
    count = max(0, ceil((float(t.max()) - CLEAN) / stride - 1e-6))
    return [torch.minimum(torch.full_like(t, CLEAN + k * stride), t) for k in range(count)] + [t]


def invert(
    prior: Prior, z: Tensor, eps: Tensor, t: Tensor, cond: Cond, stride: float
) -> tuple[Tensor, Tensor]:
    """(z_t, eps_hat(z_t)): z carried up to t by DDIM moves at most `stride` long, without guidance.

    The start is z with noise eps of the first time, CLEAN.  Liang et al. 2023, LucidDreamer,
    https://arxiv.org/abs/2311.11284, and the authors' code.
    """
    times = stops(t, stride)
    z_u = add_noise(prior, z, times[0], eps)
    for u, after in pairwise(times):
        z_u = ddim(prior, z_u, prior.predict_noise(z_u, u, cond), u, after)
    return z_u, prior.predict_noise(z_u, t, cond)
