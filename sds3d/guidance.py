"""The algebra that objectives share: noising, classifier-free guidance, weights, and when and what to sample.

z_t = alpha_t z + sigma_t eps.  Guidance has one convention everywhere:
eps_null + s (eps_pos - eps_null); papers that write (1 + s) are converted in their recipe.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sds3d.priors import Cond, Prior, cat

WEIGHTS = {
    "uniform": lambda alpha_t, sigma_t: torch.ones_like(sigma_t),
    "sigma2": lambda alpha_t, sigma_t: sigma_t**2,
    "fantasia3d": lambda alpha_t, sigma_t: alpha_t * sigma_t**2,
}


def add_noise(prior: Prior, z: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    """z_t = alpha_t z + sigma_t eps."""
    alpha_t, sigma_t = prior.alpha_sigma(t)
    return alpha_t * z + sigma_t * eps


def weight(prior: Prior, t: Tensor, name: str) -> Tensor:
    """w(t), (B, 1, 1, 1): `uniform` 1, `sigma2` sigma_t^2, `fantasia3d` alpha_t sigma_t^2."""
    return WEIGHTS[name](*prior.alpha_sigma(t))


def together(prior: Prior, queries: Sequence[tuple[Tensor, Tensor, Cond]]) -> list[Tensor]:
    """eps_hat of several (z_t, t, cond), evaluated as the rows of one batch."""
    z_t, t, conds = zip(*queries, strict=True)
    eps_hat = prior.predict_noise(torch.cat(z_t), torch.cat(t), cat(conds))
    return list(eps_hat.split([len(z) for z in z_t]))


def cfg(prior: Prior, z_t: Tensor, t: Tensor, cond: Cond, guidance_scale: float) -> Tensor:
    """eps_null + s (eps_pos - eps_null); one evaluation of the prior on 2 B rows, B when s = 1.

    Ho and Salimans 2022, https://arxiv.org/abs/2207.12598, eq. 6 with s = 1 + w.
    """
    if guidance_scale == 1:
        return prior.predict_noise(z_t, t, cond)
    eps_pos, eps_null = together(prior, [(z_t, t, cond), (z_t, t, cond.unconditional())])
    return eps_null + guidance_scale * (eps_pos - eps_null)


def progress(step: int, steps: int, schedule: str, step_at: float) -> float:
    """How far the bounds on t have gone from their start (0) to their end (1) at `step` of `steps`.

    `constant` 0; `linear` step/steps; `sqrt` sqrt(step/steps) (HiFA); `step` jumps at `step_at`.
    """
    fraction = step / max(steps - 1, 1)
    match schedule:
        case "constant":
            return 0.0
        case "linear":
            return fraction
        case "sqrt":
            return fraction**0.5
        case "step":
            return float(fraction >= step_at)
    raise ValueError(schedule)


def sample_time(
    rng: torch.Generator, views: int, bounds: tuple[float, float], *, per_view: bool
) -> Tensor:
    """t (views,), uniform between the bounds: one value for all views, or one each."""
    low, high = bounds
    draw = torch.rand(views if per_view else 1, generator=rng)
    return (low + (high - low) * draw).expand(views).clone()
