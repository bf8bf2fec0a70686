"""SDS-Bridge:  SDS first, then  g = lam w_bridge(t) (eps_pos - eps_null),  null a description of the render.

SDS moves a render along the difference of two scores: that of the prompt's images, and a poor estimate of
that of its own distribution.  Once the render has taken shape, text describes it better: the prompt with
what is wrong with it ("oversaturated, smooth, blurry ..."), given as the negative prompt.  SDS, over the
first `start` of the run, is guided away from the empty prompt.  Without a negative prompt the second stage
is CSD.

McAllister et al. 2024, Rethinking Score Distillation as a Bridge Between Image Distributions,
https://arxiv.org/abs/2406.09417, and the authors' code.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from sds3d.bounds import Fraction, Scale
from sds3d.diffusion.guidance import together
from sds3d.diffusion.noising import Weight, add_noise, weight_at
from sds3d.diffusion.prior import Prior
from sds3d.objectives import sds
from sds3d.objectives.context import CondWithoutPerpNeg


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: CondWithoutPerpNeg,
    *,
    fraction: float,
    guidance_scale: Scale,
    start: Fraction,
    lam: Scale,
    weight: Weight,
    bridge_weight: Weight,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views; its null branch describes what the renders look like.
        fraction: how much of the run is done, in [0, 1].
        guidance_scale: s of the first stage's eps_cfg = eps_empty + s (eps_pos - eps_empty).
        start: the fraction of the run at which the second stage begins.
        lam: a factor on the gradient of the second stage.
        weight: the name of the first stage's w(t), see `sds3d.diffusion.noising.weight_at`.
        bridge_weight: the name of the second stage's.
    """
    if fraction < start:
        empty = replace(cond, null=cond.without_prompt().text, away=())
        return sds.grad(prior, z, t, eps, empty, guidance_scale=guidance_scale, weight=weight)
    z_t = add_noise(prior, z, t, eps)
    eps_pos, eps_null = together(prior, [(z_t, t, cond), (z_t, t, cond.unconditional())])
    return lam * weight_at(prior, t, bridge_weight) * (eps_pos - eps_null)
