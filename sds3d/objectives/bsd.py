"""Balanced score distillation:  g = lam w(t) shortest(C, D),  C = L (eps_pos - eps_null),  D = eps_null.

C asks for the prompt, D for a cleaner image; their sum over-saturates where they conflict.  shortest(C, D)
is the point of the segment from C to D that is nearest to zero: moving against it decreases both.

With `auto`, the authors' second form:  C = eps_pos - eps_null,  D = 1.25 (eps_null - eps), and the weight
||eps_null - eps|| sigma_t / 50 with the norm over the whole batch in place of w(t).

Huang et al. 2024, PlacidDreamer, https://arxiv.org/abs/2407.13976, and the authors' code.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import Scale
from sds3d.diffusion.guidance import together
from sds3d.diffusion.noising import Weight, add_noise, weight_at
from sds3d.diffusion.prior import Prior
from sds3d.objectives.context import CondWithoutPerpNeg

AUTO_SMOOTH, AUTO_SCALE = 1.25, 50.0  # the authors' code


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: CondWithoutPerpNeg,
    *,
    classifier: Scale,
    auto: bool,
    lam: Scale,
    weight: Weight,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views.
        classifier: L.
        auto: the second form.
        lam: a factor on the gradient.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    z_t = add_noise(prior, z, t, eps)
    branches = [cond, cond.unconditional()]
    eps_pos, eps_null = together(prior, [(z_t, t, branch) for branch in branches])
    if auto:
        residual = eps_null - eps
        w = residual.norm() * prior.alpha_sigma(t)[1] / AUTO_SCALE
        return lam * w * shortest(eps_pos - eps_null, AUTO_SMOOTH * residual)
    return lam * weight_at(prior, t, weight) * shortest(classifier * (eps_pos - eps_null), eps_null)


def shortest(C: Tensor, D: Tensor) -> Tensor:
    """k C + (1 - k) D of least norm, 0 <= k <= 1, sample by sample (B, C, h, w)."""
    dims = (1, 2, 3)
    square = (D - C).square().sum(dims, keepdim=True)
    k = (((D - C) * D).sum(dims, keepdim=True) / square.clamp_min(1e-20)).clamp(0, 1)
    return k * C + (1 - k) * D
