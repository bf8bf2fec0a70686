"""Score distillation sampling: w(t) (eps_cfg(z_t) - eps).

Poole et al. 2022, DreamFusion, https://arxiv.org/abs/2209.14988, eq. 3.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import Scale
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
    guidance_scale: Scale,
    weight: Weight,
) -> Tensor:
    """The gradient with respect to z, (B, C, h, w)."""
    z_t = add_noise(prior, z, t, eps)
    return weight_at(prior, t, weight) * (cfg(prior, z_t, t, cond, guidance_scale) - eps)
