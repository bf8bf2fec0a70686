"""Consistency distillation sampling: w(t) (eps_cfg(z_u, u) - eps_cfg(z_t, t)), one ODE step apart.

The noise is one tensor for the whole run (noise.mode = "fixed"); u is a random gap above t, and t falls on a
schedule. The sign is the authors' code's and the one that converges: what is moved is z, against the
difference of the noise estimates.

Wu et al. 2024, Consistent3D, https://arxiv.org/abs/2401.09050, and the authors' code.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sds3d.bounds import Fraction, Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import Weight, add_noise, ddim, weight_at
from sds3d.diffusion.prior import Prior
from sds3d.diffusion.times import ramp


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    rng: torch.Generator,
    fraction: float,
    guidance_scale: Scale,
    guidance_scale_end: Scale,
    gap: Fraction,
    gap_width: Fraction,
    high: Fraction,
    weight: Weight,
) -> Tensor:
    """The gradient with respect to z, (B, C, h, w).

    u = t + gap + U[0, gap_width), at most `high`; the guidance scale is linear over the run.
    """
    s = ramp(fraction, guidance_scale, guidance_scale_end)
    u = (t + gap + gap_width * torch.rand(len(t), generator=rng).to(t)).clamp_max(high).maximum(t)
    z_u = add_noise(prior, z, u, eps)
    eps_u = cfg(prior, z_u, u, cond, s)
    eps_t = cfg(prior, ddim(prior, z_u, eps_u, u, t), t, cond, s)
    return weight_at(prior, u, weight) * (eps_u - eps_t)
