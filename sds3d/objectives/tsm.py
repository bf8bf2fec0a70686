"""Trajectory score matching:  g = lam w(t) (eps_cfg(z_t, t) - eps_empty(z_mu, mu)).

z_t and z_mu are reached by one DDIM move each from the same z_s, s = t - delta as in ISM, so the errors of
the inversion before z_s cancel.  mu = s + (t - s) sqrt(1 - gamma^2): gamma = 1 is ISM, gamma = 0 the
classifier alone.

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
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise of the first, cleanest time of the inversion.
        cond: the conditioning of the B views.
        fraction: how much of the run is done, in [0, 1].
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        gamma: where mu lies between s (1) and t (0).
        interval: delta = t - s at the end of the warm-up.
        interval_start: delta at the start of the run.
        warmup: the fraction of the run over which delta goes from one to the other.
        stride: the longest DDIM move of the inversion, in t.
        lam: a factor on the gradient.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    s = (t - ramp(fraction, interval_start, interval, warmup)).clamp_min(CLEAN)
    z_s, eps_s = invert(prior, z, eps, s, cond.without_prompt(), stride)
    mu = s + (t - s) * (1 - gamma**2) ** 0.5
    z_t, z_mu = ddim(prior, z_s, eps_s, s, t), ddim(prior, z_s, eps_s, s, mu)
    eps_mu = prior.predict_noise(z_mu, mu, cond.without_prompt())
    return lam * weight_at(prior, t, weight) * (cfg(prior, z_t, t, cond, guidance_scale) - eps_mu)
