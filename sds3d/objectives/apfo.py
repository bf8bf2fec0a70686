"""Approximate probability flow:  g = r'(t) (eps_cfg(z_t) - eps_student(z_t, camera)),  r = sigma_t / alpha_t.

VSD as a sampler.  t falls once over the run from noise to detail (time.low = time.high), and a step is
weighed by the rate r'(t) at which the noise level falls, so that the render follows the probability flow
from the distribution of its own renders, which the student knows, to that of the prior.

Lee et al. 2024, DreamFlow, https://arxiv.org/abs/2403.14966; no code was published.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import add_noise, weight_at
from sds3d.diffusion.prior import Prior
from sds3d.students.student import Student

HALF_STEP = 0.0005  # of the 1000 trained times
LAST = 0.999  # of them


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    student: Student,
    guidance_scale: Scale,
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
    """
    z_t = add_noise(prior, z, t, eps)
    eps_student = student.predict_noise(z_t, t, cond)
    return rate(prior, t) * (cfg(prior, z_t, t, cond, guidance_scale) - eps_student)


def rate(prior: Prior, t: Tensor) -> Tensor:
    """r'(t) of r = sigma_t / alpha_t, (B, 1, 1, 1): its slope over one step of the trained times around t."""
    middle = t.clamp(HALF_STEP, LAST - HALF_STEP)
    low, high = (weight_at(prior, middle + half, "ratio") for half in (-HALF_STEP, HALF_STEP))
    return (high - low) / (2 * HALF_STEP)
