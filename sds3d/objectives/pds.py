"""Posterior distillation sampling:  g = psi_t (z - z_source) + chi_t (eps_cfg(target) - eps_cfg(source)).

The difference of two stochastic latents, xi = (z_u - mu_t(z_t, eps_cfg)) / s_t: the noise with which the
ancestral sampler goes from z_t = alpha_t z + sigma_t eps to z_u = alpha_u z + sigma_u eps', u = t - stride.
Both share eps and eps', so the second noise cancels, and what is left is exact: a pull back to the start beside
a multiple of the delta denoising score.  The pull comes from the stride alone; at one trained step psi_t = 0.

Koo, Park, Sung 2023, Posterior Distillation Sampling, https://arxiv.org/abs/2311.13831, and the authors' code.
"""

from __future__ import annotations

from torch import Tensor

from sds3d.bounds import PositiveFraction, Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import CLEAN, add_noise
from sds3d.diffusion.prior import Prior
from sds3d.diffusion.schedule import TRAINING_STEPS


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    source_z: Tensor,
    source: Cond,
    guidance_scale: Scale,
    stride: PositiveFraction,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise, shared by both terms.
        cond: the conditioning of the B views on the target prompt.
        source_z: (B, C, h, w) encoded renders of the start, at the same cameras over the same backgrounds.
        source: the conditioning of the B views on the prompt that describes the start.
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        stride: t - u; the authors' number of inference steps is its inverse.
    """
    psi_t, chi_t = coefficients(prior, t, stride)
    eps_target = cfg(prior, add_noise(prior, z, t, eps), t, cond, guidance_scale)
    eps_source = cfg(prior, add_noise(prior, source_z, t, eps), t, source, guidance_scale)
    return psi_t.to(z) * (z - source_z) + chi_t.to(z) * (eps_target - eps_source)


def coefficients(prior: Prior, t: Tensor, stride: float) -> tuple[Tensor, Tensor]:
    """(psi_t, chi_t), each (B, 1, 1, 1) float64.

    psi = (alpha_u - c_0 - c_1 alpha_t) / s and chi = c_0 sigma_t / (alpha_t s), where the posterior has the
    mean c_0 z_hat + c_1 z_t and the standard deviation s:  c_0 = alpha_u beta / sigma_t^2,  c_1 = a sigma_u^2 /
    sigma_t^2,  s^2 = beta sigma_u^2 / sigma_t^2.  As in the authors' code a = alpha_t / alpha_(t-1) and beta =
    sigma_t^2 - a^2 sigma_(t-1)^2 are those of one trained step, whatever the stride.
    """
    t = t.double().clamp(
        2 * CLEAN, 1 - 1 / TRAINING_STEPS
    )  # both u and the step before t are trained times
    alpha_t, sigma_t = prior.alpha_sigma(t)
    alpha_u, sigma_u = prior.alpha_sigma((t - stride).clamp_min(CLEAN))
    alpha_before, sigma_before = prior.alpha_sigma(t - 1 / TRAINING_STEPS)
    a = alpha_t / alpha_before
    beta = sigma_t**2 - (a * sigma_before) ** 2
    c_0 = alpha_u * beta / sigma_t**2
    c_1 = a * (sigma_u / sigma_t) ** 2
    s = beta.sqrt() * sigma_u / sigma_t
    return (alpha_u - c_0 - c_1 * alpha_t) / s, c_0 * sigma_t / (alpha_t * s)
