"""Invariant score distillation:  g = w(t) (lam(t) (eps_pos(z_s) - eps_pos(z_t)) + s_cfg (eps_pos - eps_null)).

z_s is one DDIM move with the prompt from z_t, down to time t - interval, and lam(t) the ratio of the two
noise levels r = sigma / alpha.  Beside the classifier, SDS has the render minus its one-step estimate,
(z - z_hat_t) / r(t).  That estimate is smooth, so here it takes the place of the render, and the next,
sharper estimate its own:  lam(t) (eps_pos(z_s) - eps_pos(z_t)) = (z_hat_t - z_hat_s) / r(t).

Zhuo et al. 2024, VividDreamer, https://arxiv.org/abs/2407.09822; no code was published.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import Fraction, Scale
from sds3d.diffusion.guidance import together
from sds3d.diffusion.noising import CLEAN, Weight, add_noise, ddim, weight_at
from sds3d.diffusion.prior import Prior
from sds3d.objectives.context import CondWithoutPerpNeg


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: CondWithoutPerpNeg,
    *,
    guidance_scale: Scale,
    interval: Fraction,
    weight: Weight,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views.
        guidance_scale: s_cfg, the factor on the difference that the prompt makes.
        interval: t - s; s is not below the first of the trained times.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    z_t = add_noise(prior, z, t, eps)
    eps_pos, eps_null = together(prior, [(z_t, t, cond), (z_t, t, cond.unconditional())])
    s = (t - interval).clamp_min(CLEAN).minimum(t)
    eps_next = prior.predict_noise(ddim(prior, z_t, eps_pos, t, s), s, cond)
    lam = weight_at(prior, s, "ratio") / weight_at(prior, t, "ratio")
    invariant = lam * (eps_next - eps_pos)
    return weight_at(prior, t, weight) * (invariant + guidance_scale * (eps_pos - eps_null))
