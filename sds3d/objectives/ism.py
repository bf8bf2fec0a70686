"""Interval score matching:  g = lam w(t) (eps_cfg(z_t, t) - eps_empty(z_s, s)),  s = t - delta.

z_s and z_t lie on one deterministic DDIM inversion of the render without a prompt, so the target does not
change with fresh noise.  delta goes from `interval_start` to `interval` over the first `warmup` of the run.

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
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise of the first, cleanest time of the inversion.
        cond: the conditioning of the B views.
        fraction: how much of the run is done, in [0, 1].
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        interval: delta = t - s at the end of the warm-up.
        interval_start: delta at the start of the run.
        warmup: the fraction of the run over which delta goes from one to the other.
        stride: the longest DDIM move of the inversion, in t.
        lam: a factor on the gradient.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    s = (t - ramp(fraction, interval_start, interval, warmup)).clamp_min(CLEAN)
    z_s, eps_s = invert(prior, z, eps, s, cond.without_prompt(), stride)
    z_t = ddim(prior, z_s, eps_s, s, t)
    return lam * weight_at(prior, t, weight) * (cfg(prior, z_t, t, cond, guidance_scale) - eps_s)
