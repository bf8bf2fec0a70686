"""Asynchronous score distillation:  g = w(t) (eps_cfg(z_t, t) - eps_pos(z_t+, t+)),  t+ slightly noisier than
t.

The frozen prior at a later time stands in for VSD's student: its error is smaller there, as a student's
would be, and it needs no training.  Both points carry the same noise.  t+ = t + u eta (t - t_low), at most
0.999.

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
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views.
        rng: the generator of the step.
        t_low: the lower bound on t at this step.
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        eta: the largest shift, relative to t - t_low; 0 is (s - 1) times CSD without a negative prompt.
        random_shift: u ~ U[0, 1) for each view; else u = 1.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    u = torch.rand(len(t), generator=rng).to(t) if random_shift else 1.0
    t_plus = (t + u * (eta * (t - t_low))).clamp_max(0.999).maximum(t)
    eps_plus = prior.predict_noise(add_noise(prior, z, t_plus, eps), t_plus, cond)
    eps_hat = cfg(prior, add_noise(prior, z, t, eps), t, cond, guidance_scale)
    return weight_at(prior, t, weight) * (eps_hat - eps_plus)
