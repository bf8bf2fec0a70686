"""Consistency distillation sampling:  g = w(u) (eps_cfg(z_u, u) - eps_cfg(z_t, t)),  u > t, one ODE step apart.

z_u is the render with noise eps at u; z_t is one DDIM move from it, down to t.  u = t + gap + U[0,
gap_width), at most `high`.  eps is one tensor for the whole run (noise.mode = "fixed") and t falls on a
schedule.  The sign is that of the authors' code, and the one that converges.

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
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views.
        rng: the generator of the step.
        fraction: how much of the run is done, in [0, 1].
        guidance_scale: s at the start of the run.
        guidance_scale_end: s at its end; linear between them.
        gap: the least distance u - t.
        gap_width: the width of its uniform part.
        high: the largest u.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    s = ramp(fraction, guidance_scale, guidance_scale_end)
    u = (t + gap + gap_width * torch.rand(len(t), generator=rng).to(t)).clamp_max(high).maximum(t)
    z_u = add_noise(prior, z, u, eps)
    eps_u = cfg(prior, z_u, u, cond, s)
    eps_t = cfg(prior, ddim(prior, z_u, eps_u, u, t), t, cond, s)
    return weight_at(prior, u, weight) * (eps_u - eps_t)
