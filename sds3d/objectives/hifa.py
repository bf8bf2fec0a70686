"""HiFA:  g = w(t) (z - z_hat)  and, on the images,  g_rgb = image_weight w(t) (rgb - decode(z_hat)).

The residual of the guided clean estimate z_hat, in latent space and, decoded, in that of the images, which are
sharper than what latents say about them.  t falls with the square root of the run (time.schedule = "sqrt").
HiFA's z-variance is a penalty of volumes, `regularizers.z_variance`.

Zhu et al. 2023, https://arxiv.org/abs/2305.18766, and the authors' code.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from sds3d.bounds import Factor, Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import Weight, add_noise, clean, weight_at
from sds3d.diffusion.prior import PriorWithDecoder
from sds3d.objectives.context import Gradients


def grad(
    prior: PriorWithDecoder,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    rgb: Tensor,
    guidance_scale: Scale,
    image_weight: Factor,
    weight: Weight,
) -> Gradients:
    """The gradients of the loss with respect to z, (B, C, h, w), and to the renders, (B, 3, H, W).

    Args:
        prior: the frozen diffusion model, with a decoder.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views.
        rgb: (B, 3, H, W) the renders in [0, 1]; the decoded estimate is resized to them.
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        image_weight: of the loss on images; 0 does not decode.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    z_t = add_noise(prior, z, t, eps)
    z_hat = clean(prior, z_t, t, cfg(prior, z_t, t, cond, guidance_scale))
    w = weight_at(prior, t, weight)
    if not image_weight:
        return Gradients(w * (z - z_hat))
    size = tuple(rgb.shape[-2:])
    rgb_hat = F.interpolate(prior.decode(z_hat), size, mode="bilinear", antialias=True)
    return Gradients(w * (z - z_hat), image_weight * w * (rgb - rgb_hat))
