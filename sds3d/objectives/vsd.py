"""Variational score distillation: w(t) (eps_cfg(z_t) - eps_student(z_t, camera)).

The student is trained beside the scene to denoise the scene's own renders, so that the difference of the
two scores pulls the distribution of renders, not each render, towards the prior's.

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
    """The gradient with respect to z, (B, C, h, w)."""
    z_t = add_noise(prior, z, t, eps)
    eps_student = student.predict_noise(z_t, t, cond)
    return weight_at(prior, t, weight) * (cfg(prior, z_t, t, cond, guidance_scale) - eps_student)
