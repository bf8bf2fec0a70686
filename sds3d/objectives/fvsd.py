"""VSD for any f-divergence:  g = w(t) h(r) (eps_cfg(z_t) - eps_student(z_t)),  r = p_t(z_t) / q_t(z_t).

r is the ratio of the prior's density to that of the noised renders, and h(r) = r^2 f''(r) for the
divergence D_f(p || q) = E_q f(p / q).  A denoiser does not give r, so the prior must have a known density,
as the exact one has.

Xu et al. 2025, One-step Diffusion Models with f-Divergence Distribution Matching,
https://arxiv.org/abs/2502.15681; Wang et al. 2025, Uni-Instruct, https://arxiv.org/abs/2505.20755, whose
divergences are among these.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Tensor

from sds3d.bounds import Bounds, Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import Weight, add_noise, weight_at
from sds3d.diffusion.prior import PriorWithDensity
from sds3d.students.student import Student

Divergence = Literal[
    "reverse-kl",
    "forward-kl",
    "jeffreys",
    "jensen-shannon",
    "softened-reverse-kl",
    "chi-square",
    "neyman",
    "hellinger",
    "le-cam",
]
H = {
    "reverse-kl": torch.ones_like,
    "forward-kl": lambda r: r,
    "jeffreys": lambda r: r + 1,
    "jensen-shannon": lambda r: r / (2 * (1 + r)),
    "softened-reverse-kl": lambda r: 1 / (1 + r),
    "chi-square": lambda r: 2 * r**2,
    "neyman": lambda r: 2 / r,
    "hellinger": lambda r: r.sqrt() / 2,
    "le-cam": lambda r: 4 * r**2 / (1 + r) ** 3,
}


def grad(
    prior: PriorWithDensity,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    student: Student,
    guidance_scale: Scale,
    divergence: Divergence,
    limit: Annotated[float, Bounds(1, 1e6)],
    weight: Weight,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model, with a known density.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views.
        student: the denoiser trained on the scene's renders.
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        divergence: which f; `reverse-kl` is VSD.
        limit: r is clamped to [1 / limit, limit].
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    z_t = add_noise(prior, z, t, eps)
    r = prior.log_ratio(z, z_t, t, cond).exp().clamp(1 / limit, limit).to(z)
    difference = cfg(prior, z_t, t, cond, guidance_scale) - student.predict_noise(z_t, t, cond)
    return weight_at(prior, t, weight) * H[divergence](r)[:, None, None, None] * difference
