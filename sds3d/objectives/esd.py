"""Entropic score distillation: w(t) (eps_cfg - (1 - lam) eps_student(z_t, camera) - lam eps_student(z_t)).

VSD that gives back a part `lam` of the entropy which a student that knows the camera takes away: the second
student branch has its camera dropped (sixteen zeros), so that views may not all collapse to the likeliest one.

Wang et al. 2023, Taming Mode Collapse in Score Distillation for Text-to-3D Generation,
https://arxiv.org/abs/2401.00909; lam = 1 minus the guidance scale of the authors' README.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import Fraction, Scale
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
    lam: Fraction,
    weight: Weight,
) -> Tensor:
    """The gradient with respect to z, (B, C, h, w).  lam = 0 is VSD."""
    z_t = add_noise(prior, z, t, eps)
    eps_student = student.predict_noise(z_t, t, cond)
    if lam:
        eps_marginal = student.predict_noise(z_t, t, cond.without_camera())
        eps_student = (1 - lam) * eps_student + lam * eps_marginal
    return weight_at(prior, t, weight) * (cfg(prior, z_t, t, cond, guidance_scale) - eps_student)
