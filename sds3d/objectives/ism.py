"""Interval score matching: w(t) (eps_cfg(z_t, t) - eps(z_s, s, "")), s before t on one DDIM inversion.

The target is the prior's own prediction without a prompt, at a less noisy point of the same deterministic path
of the render, so that it does not change with fresh noise.

Liang et al. 2023, LucidDreamer, https://arxiv.org/abs/2311.11284, and the authors' code.
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
    interval: Fraction,
    interval_start: Fraction,
    warmup: PositiveFraction,
    stride: PositiveFraction,
    lam: Scale,
    weight: Weight,
) -> Tensor:
    """The gradient with respect to z, (B, C, h, w).

    s = t - delta, delta from `interval_start` to `interval` while the part `warmup` of the run goes by.
    eps: only the start of the inversion is noised, at the first time.  lam: a factor.
    """
    s = (t - ramp(fraction, interval_start, interval, warmup)).clamp_min(CLEAN)
    z_s, eps_s = invert(prior, z, eps, s, cond.without_prompt(), stride)
    z_t = ddim(prior, z_s, eps_s, s, t)
    return lam * weight_at(prior, t, weight) * (cfg(prior, z_t, t, cond, guidance_scale) - eps_s)
