"""Asynchronous score distillation: w(t) (eps_cfg(z_t, t) - eps_pos(z_t+, t+)), t+ a little noisier than t.

The frozen prior at a later time stands in for VSD's student: it errs less there, as a student would, and
needs no training.  Both points have the same noise.

Ma et al. 2024, ScaleDreamer, https://arxiv.org/abs/2407.02040, and the authors' get_t_plus.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sds3d.bounds import Fraction, Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import Weight, add_noise, weight_at
from sds3d.diffusion.prior import Prior


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    rng: torch.Generator,
    t_low: float,
    guidance_scale: Scale,
    eta: Fraction,
    random_shift: bool,
    weight: Weight,
) -> Tensor:
    """The gradient with respect to z, (B, C, h, w).

    t+ = t + u eta (t - t_low), at most 0.999; u ~ U[0, 1) for each view, or 1 unless `random_shift`.
    t_low: the lower bound on t at this step.  eta = 0 is (s - 1) times CSD without a negative prompt.
    """
    u = torch.rand(len(t), generator=rng).to(t) if random_shift else 1.0
    t_plus = (t + u * (eta * (t - t_low)).clamp_min(0)).clamp_max(0.999).maximum(t)
    eps_plus = prior.predict_noise(add_noise(prior, z, t_plus, eps), t_plus, cond)
    eps_hat = cfg(prior, add_noise(prior, z, t, eps), t, cond, guidance_scale)
    return weight_at(prior, t, weight) * (eps_hat - eps_plus)
