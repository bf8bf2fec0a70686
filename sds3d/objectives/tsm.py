"""Trajectory score matching: w(t) (eps_cfg(z_t, t) - eps(z_mu, mu, "")), two DDIM moves from one point z_s.

Where ISM compares the ends of an interval, both points here start at its lower end, so that the errors of the
inversion before it cancel.  mu = s + (t - s) sqrt(1 - gamma^2): gamma = 1 is ISM, gamma = 0 the classifier
alone.

Miao et al. 2024, Dreamer XL, https://arxiv.org/abs/2405.11252, and the authors' code.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import Fraction, PositiveFraction, Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import CLEAN, Weight, ddim, invert, weight_at
from sds3d.diffusion.prior import Prior
from sds3d.diffusion.times import ramp


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    fraction: float,
    guidance_scale: Scale,
    gamma: Fraction,
    interval: Fraction,
    interval_start: Fraction,
    warmup: PositiveFraction,
    stride: PositiveFraction,
    lam: Scale,
    weight: Weight,
) -> Tensor:
    """The gradient with respect to z, (B, C, h, w).  s and lam as in ISM."""
    s = (t - ramp(fraction, interval_start, interval, warmup)).clamp_min(CLEAN)
    z_s, eps_s = invert(prior, z, eps, s, cond.without_prompt(), stride)
    mu = s + (t - s) * (1 - gamma**2) ** 0.5
    z_t, z_mu = ddim(prior, z_s, eps_s, s, t), ddim(prior, z_s, eps_s, s, mu)
    eps_mu = prior.predict_noise(z_mu, mu, cond.without_prompt())
    return lam * weight_at(prior, t, weight) * (cfg(prior, z_t, t, cond, guidance_scale) - eps_mu)
