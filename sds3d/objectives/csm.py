"""Classifier score matching:  g = lam w(t) (s (eps_pos - eps_null) + s_image (eps_image - eps_pos)),  at z_t
on the DDIM inversion of the render.

CSD without fresh noise.  The second difference is added only with an image prompt beside the text (visual
prompt CSM).

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
from sds3d.objectives.context import CondWithoutPerpNeg


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: CondWithoutPerpNeg,
    *,
    image: Cond | None,
    guidance_scale: Scale,
    image_scale: Scale,
    stride: PositiveFraction,
    lam: Scale,
    weight: Weight,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise of the first, cleanest time of the inversion.
        cond: the conditioning of the B views.
        image: the branch of the prompt together with its image; None without an image prompt.
        guidance_scale: s, of the text.
        image_scale: s_image, of the image prompt.
        stride: the longest DDIM move of the inversion, in t.
        lam: a factor on the gradient.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    z_t, _ = invert(prior, z, eps, t, cond.without_prompt(), stride)
    branches = [cond, cond.unconditional()]
    if image is not None:
        branches.append(image)
    eps_pos, eps_null, *eps_image = together(prior, [(z_t, t, branch) for branch in branches])
    direction = guidance_scale * (eps_pos - eps_null)
    for eps_both in eps_image:
        direction = direction + image_scale * (eps_both - eps_pos)
    return lam * weight_at(prior, t, weight) * direction
