"""MVDream's reconstruction loss:  g = w(t) (z - z_hat),  z_hat the guided estimate with its contrast reduced.

z_hat = phi z_hat_cfg std(z_hat_pos) / std(z_hat_cfg) + (1 - phi) z_hat_cfg,  z_hat_i = (z_t - sigma_t eps_i) /
alpha_t.  Strong guidance raises the standard deviation of the estimate, hence its saturation; the rescale takes
it back towards that of the prompt's own prediction.  The standard deviation is that of all views together.
With phi = 0, SDS with the weight `ratio`.

Shi et al. 2023, MVDream, https://arxiv.org/abs/2308.16512, section 3.2, and the authors' code.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import Fraction, Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import guided
from sds3d.diffusion.noising import Weight, add_noise, clean, weight_at
from sds3d.diffusion.prior import Prior


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    guidance_scale: Scale,
    rescale: Fraction,
    weight: Weight,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views.
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        rescale: phi.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    z_t = add_noise(prior, z, t, eps)
    z_hat, z_pos = (
        clean(prior, z_t, t, eps_hat) for eps_hat in guided(prior, z_t, t, cond, guidance_scale)
    )
    ratio = (z_pos.std() + 1e-8) / (z_hat.std() + 1e-8)
    return weight_at(prior, t, weight) * (z - (1 + rescale * (ratio - 1)) * z_hat)
