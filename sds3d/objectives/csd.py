"""Classifier score distillation:  g = w(t) (eps_pos - (1 - k) eps_empty - k eps_null).

What remains of SDS as its guidance scale goes to infinity.  k moves the reference from the empty prompt to
the negative one, linearly from `negative` to `negative_end` over the first `until` of the run.  With
Perp-Neg, plus  w(t) sum_i w_i perp(eps_i - eps_null, eps_pos - eps_null),  whatever k is.

Yu et al. 2023, Text-to-3D with Classifier Score Distillation, https://arxiv.org/abs/2310.19415, and the
authors' code.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import PositiveFraction, Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import away_branches, away_sum, together
from sds3d.diffusion.noising import Weight, add_noise, weight_at
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
    negative: Scale,
    negative_end: Scale,
    until: PositiveFraction,
    normalize: bool,
    weight: Weight,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views.
        fraction: how much of the run is done, in [0, 1].
        negative: k at the start.
        negative_end: k at the end.
        until: the fraction of the run over which k changes.
        normalize: divide the gradient by its norm over the whole batch.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    k = ramp(fraction, negative, negative_end, until)
    z_t = add_noise(prior, z, t, eps)
    branches = [cond, cond.unconditional(), *away_branches(cond)]
    if cond.empty is not None:  # else the two references are one
        branches.append(cond.without_prompt())
    eps_pos, eps_null, *rest = together(prior, [(z_t, t, branch) for branch in branches])
    eps_empty = eps_null if cond.empty is None else rest.pop()
    direction = eps_pos - (1 - k) * eps_empty - k * eps_null
    direction = direction + away_sum(cond, rest, eps_null, eps_pos - eps_null)
    g = weight_at(prior, t, weight) * direction
    return g / (g.norm() + 1e-8) if normalize else g
