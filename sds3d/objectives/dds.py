"""Delta denoising score:  g = w(t) (eps_cfg(z_t; target) - eps_cfg(z_t of the source; source)).

SDS of an edit minus SDS of what it began as.  Both share t and the noise, so what SDS does to an image that
fits its prompt already, such as blurring it, cancels, and the part that the two prompts agree about stays.

Hertz, Aberman, Cohen-Or 2023, Delta Denoising Score, https://arxiv.org/abs/2304.07090, eq. 5.
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
    source_z: Tensor,
    source: Cond,
    guidance_scale: Scale,
    weight: Weight,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise, shared by both terms.
        cond: the conditioning of the B views on the target prompt.
        source_z: (B, C, h, w) encoded renders of the start, at the same cameras over the same backgrounds.
        source: the conditioning of the B views on the prompt that describes the start.
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    eps_target = cfg(prior, add_noise(prior, z, t, eps), t, cond, guidance_scale)
    eps_source = cfg(prior, add_noise(prior, source_z, t, eps), t, source, guidance_scale)
    return weight_at(prior, t, weight) * (eps_target - eps_source)
