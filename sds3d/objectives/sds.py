"""Score distillation sampling:  g = w(t) (eps_cfg(z_t) - eps),  z_t = alpha_t z + sigma_t eps.

The denoising loss of the prior on a noised render, without the Jacobian of the network.

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
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise, both added and subtracted.
        cond: the conditioning of the B views.
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    z_t = add_noise(prior, z, t, eps)
    return weight_at(prior, t, weight) * (cfg(prior, z_t, t, cond, guidance_scale) - eps)
