"""Entropic score distillation:  g = w(t) (eps_cfg(z_t) - (1 - lam) eps_student(z_t, camera) - lam
eps_student(z_t)).

VSD that gives back a share `lam` of the entropy that a camera-conditioned student removes: in the second
student term the camera is dropped (sixteen zeros), so that the views do not all collapse to the likeliest
one.

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
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise.
        cond: the conditioning of the B views.
        student: the denoiser trained on the scene's renders.
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        lam: the share of the entropy term, in [0, 1]; 0 is VSD.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    z_t = add_noise(prior, z, t, eps)
    eps_student = student.predict_noise(z_t, t, cond)
    if lam:
        eps_marginal = student.predict_noise(z_t, t, cond.without_camera())
        eps_student = (1 - lam) * eps_student + lam * eps_marginal
    return weight_at(prior, t, weight) * (cfg(prior, z_t, t, cond, guidance_scale) - eps_student)
