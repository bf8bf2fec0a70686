"""Classifier score distillation: w(t) (eps_pos - (1 - k) eps_empty - k eps_null).

What is left of SDS when its guidance goes to infinity; k moves the reference from the empty prompt to the
negative one.

Yu et al. 2023, Text-to-3D with Classifier Score Distillation, https://arxiv.org/abs/2310.19415, and the
authors' code.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import PositiveFraction, Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import together
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
    """The gradient with respect to z, (B, C, h, w).

    k goes from `negative` to `negative_end` while the part `until` of the run goes by.  normalize: divided by
    its norm over the whole batch.
    """
    k = ramp(fraction, negative, negative_end, until)
    z_t = add_noise(prior, z, t, eps)
    if cond.empty is None:  # then the two references are one
        branches, scales = [cond, cond.unconditional()], [1.0, -1.0]
    else:
        branches = [cond, cond.without_prompt(), cond.unconditional()]
        scales = [1.0, k - 1.0, -k]
    eps_hats = together(prior, [(z_t, t, branch) for branch in branches])
    g = sum(scale * eps_hat for scale, eps_hat in zip(scales, eps_hats, strict=True))
    g = weight_at(prior, t, weight) * g
    return g / (g.norm() + 1e-8) if normalize else g
