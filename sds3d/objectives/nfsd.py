"""Noise-free score distillation:  g = w(t) (s (eps_pos - eps_empty) + delta_D).

delta_D = eps_empty for t < threshold, eps_empty - eps_null above: the part of the unconditional score that
leads into the domain of clean images, with the noise left out.

Katzir et al. 2023, https://arxiv.org/abs/2310.17590.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import Fraction, Scale
from sds3d.diffusion.guidance import together
from sds3d.diffusion.noising import Weight, add_noise, weight_at
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
    threshold: Fraction,
    weight: Weight,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views; its null branch is the negative prompt of bad images.
        guidance_scale: s.
        threshold: the time from which eps_null is subtracted.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    z_t = add_noise(prior, z, t, eps)
    branches = [cond, cond.without_prompt(), cond.unconditional()]
    eps_pos, eps_empty, eps_null = together(prior, [(z_t, t, branch) for branch in branches])
    noisy = (t >= threshold).to(z)[:, None, None, None]
    delta_D = eps_empty - noisy * eps_null
    return weight_at(prior, t, weight) * (guidance_scale * (eps_pos - eps_empty) + delta_D)
