"""Classifier score matching: w(t) g (eps_pos(z_t) - eps_null(z_t)), z_t the DDIM inversion of the render.

CSD without fresh noise.  With an image prompt beside the text (visual prompt CSM), a second difference is
added: g_image (eps_pos,image - eps_pos).

Yang et al. 2024, TV-3DG, https://arxiv.org/abs/2410.21299; no code was published: docs/deviations.md says
what of this is the paper's and what is not.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import PositiveFraction, Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import together
from sds3d.diffusion.noising import Weight, invert, weight_at
from sds3d.diffusion.prior import Prior


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    image: Cond | None,
    guidance_scale: Scale,
    image_scale: Scale,
    stride: PositiveFraction,
    lam: Scale,
    weight: Weight,
) -> Tensor:
    """The gradient with respect to z, (B, C, h, w); the image's part only where there is an image prompt."""
    z_t, _ = invert(prior, z, eps, t, cond.without_prompt(), stride)
    branches = [cond, cond.unconditional()]
    if image is not None:
        branches.append(image)
    eps_pos, eps_null, *eps_image = together(prior, [(z_t, t, branch) for branch in branches])
    direction = guidance_scale * (eps_pos - eps_null)
    for eps_both in eps_image:
        direction = direction + image_scale * (eps_both - eps_pos)
    return lam * weight_at(prior, t, weight) * direction
