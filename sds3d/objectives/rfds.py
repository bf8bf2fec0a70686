"""Rectified flow distillation:  g = w(t) (v_cfg(z_t) - (eps - z)),  for priors with alpha_t = 1 - t, sigma_t =
t.

The velocity v = eps_hat - z_hat of a flow prior in place of SDS's noise.  `improve_noise` first moves the
noise to the one from which the prior's own flow would have come (RFDS-Rev):  eps <- eps + (1 - t)
(v_pos(z_t) + z - eps).

Yang et al. 2024, Text-to-Image Rectified Flow as Plug-and-Play Priors, https://arxiv.org/abs/2406.03293,
and the authors' code.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import Weight, add_noise, clean, weight_at
from sds3d.diffusion.prior import Prior
from sds3d.errors import PriorError


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    guidance_scale: Scale,
    improve_noise: bool,
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
        improve_noise: RFDS-Rev.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.

    Raises:
        PriorError: when the prior is not a flow.
    """
    alpha_t, sigma_t = prior.alpha_sigma(t)
    if ((alpha_t + sigma_t - 1).abs() > 1e-3).any():
        raise PriorError(
            "rfds needs a flow prior, alpha_t = 1 - t and sigma_t = t",
            "use a flow such as Stable Diffusion 3, or the exact prior with "
            '--set prior.exact.schedule="flow"',
        )
    if improve_noise:
        z_t = add_noise(prior, z, t, eps)
        v_pos = velocity(prior, z_t, t, prior.predict_noise(z_t, t, cond))
        eps = eps + (1 - t)[:, None, None, None] * (v_pos + z - eps)
    z_t = add_noise(prior, z, t, eps)
    v = velocity(prior, z_t, t, cfg(prior, z_t, t, cond, guidance_scale))
    return weight_at(prior, t, weight) * (v - (eps - z))


def velocity(prior: Prior, z_t: Tensor, t: Tensor, eps_hat: Tensor) -> Tensor:
    """v = eps_hat - z_hat, with z_hat = (z_t - sigma_t eps_hat) / alpha_t."""
    return eps_hat - clean(prior, z_t, t, eps_hat)
