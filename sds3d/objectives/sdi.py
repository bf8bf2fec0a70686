"""Score distillation via inversion:  g = w(t) (eps_cfg(z_t) - kappa),  z_t = alpha_t z + sigma_t kappa.

SDS whose noise kappa is inferred from the render instead of drawn: the render is inverted with the prompt
and negative guidance, up to t + U[0, overshoot), at most 0.999.

Lukoianov et al. 2024, https://arxiv.org/abs/2405.15891, and its port in threestudio; docs/deviations.md.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor

from sds3d.bounds import Bounds, Fraction, PositiveFraction, Scale
from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import CLEAN, Weight, add_noise, ddim, weight_at
from sds3d.diffusion.prior import Prior


def grad(
    prior: Prior,
    z: Tensor,
    t: Tensor,
    eps: Tensor,
    cond: Cond,
    *,
    rng: torch.Generator,
    guidance_scale: Scale,
    inversion_guidance_scale: Annotated[float, Bounds(-1000, 1000)],
    stride: PositiveFraction,
    overshoot: Fraction,
    eta: Fraction,
    weight: Weight,
) -> Tensor:
    """The gradient g of the loss with respect to z, (B, C, h, w).

    Args:
        prior: the frozen diffusion model.
        z: (B, C, h, w) encoded renders.
        t: (B,) diffusion times in [0, 1], 0 clean.
        eps: (B, C, h, w) standard normal noise of the first, cleanest time of the inversion.
        cond: the conditioning of the B views.
        rng: the generator of the step.
        guidance_scale: s of eps_cfg = eps_null + s (eps_pos - eps_null); 1 is the prompt alone.
        inversion_guidance_scale: s of the inversion; negative.
        stride: the length of its moves, in t.
        overshoot: how far beyond t it may end.
        eta: noise added after each move, as a share of the ancestral sampler's standard deviation.
        weight: the name of w(t), see `sds3d.diffusion.noising.weight_at`.
    """
    end = (t + overshoot * torch.rand(1, generator=rng).to(t)).clamp_max(0.999)
    times = levels(t, end, stride)
    z_u = add_noise(prior, z, times[0], eps)
    for u, after in pairwise(times):
        eps_hat = cfg(prior, z_u, u, cond, inversion_guidance_scale)
        z_u = ddim(prior, z_u, eps_hat, u, after)
        z_u = z_u + eta * deviation(prior, u, after) * torch.randn(z.shape, generator=rng).to(z)
    alpha_end, sigma_end = prior.alpha_sigma(end)
    kappa = (z_u - alpha_end * z) / sigma_end
    z_t = add_noise(prior, z, t, kappa)
    return weight_at(prior, t, weight) * (cfg(prior, z_t, t, cond, guidance_scale) - kappa)


def levels(t: Tensor, end: Tensor, stride: float) -> list[Tensor]:
    """The times of the inversion: CLEAN, CLEAN + stride, ... as long as they are below t, and `end`."""
    count = int((float(t.min()) - CLEAN) / stride - 1e-6) + 1
    return [torch.full_like(t, CLEAN + k * stride) for k in range(max(count, 1))] + [end]


def deviation(prior: Prior, u: Tensor, after: Tensor) -> Tensor:
    """The standard deviation of the ancestral step between two times, u < after, (B, 1, 1, 1).

    sigma_u / sigma_after sqrt(1 - alpha_after^2 / alpha_u^2): Song et al. 2020, eq. 16 with eta = 1.
    """
    (alpha_u, sigma_u), (alpha_v, sigma_v) = prior.alpha_sigma(u), prior.alpha_sigma(after)
    return sigma_u / sigma_v * (1 - (alpha_v / alpha_u) ** 2).clamp_min(0).sqrt()
