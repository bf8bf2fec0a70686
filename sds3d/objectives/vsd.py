"""Variational score distillation:  g = w(t) (eps_cfg(z_t) - eps_student(z_t, camera)).

The student is trained beside the scene to denoise the scene's own renders.  The difference of the two scores
pulls the distribution of renders, not each render alone, towards the prior's.

Wang et al. 2023, ProlificDreamer, https://arxiv.org/abs/2305.16213, eq. 9.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import Weight, add_noise, weight_at
from sds3d.diffusion.prior import Prior
from sds3d.students.student import Student


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    student: Student,
    guidance_scale: Scale,
    weight: Weight,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views.
        student: the denoiser trained on the scene's renders.
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    z_t = add_noise(prior, z, t, eps)
    eps_student = student.predict_noise(z_t, t, cond)
    return weight_at(prior, t, weight) * (cfg(prior, z_t, t, cond, guidance_scale) - eps_student)
