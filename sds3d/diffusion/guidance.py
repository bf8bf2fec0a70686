"""The algebra that objectives share: noising, classifier-free guidance, weights, and when and what to sample.

z_t = alpha_t z + sigma_t eps.  Guidance has one convention everywhere:
eps_null + s (eps_pos - eps_null); papers that write (1 + s) are converted in their recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from math import ceil

import torch
from torch import Tensor

from sds3d.diffusion.cond import Cond, cat
from sds3d.diffusion.prior import Prior
from sds3d.diffusion.schedule import TRAINING_STEPS, alpha_bar

WEIGHTS = {
    "uniform": lambda alpha_t, sigma_t: torch.ones_like(sigma_t),
    "sigma2": lambda alpha_t, sigma_t: sigma_t**2,
    "fantasia3d": lambda alpha_t, sigma_t: alpha_t * sigma_t**2,
    "alpha": lambda alpha_t, sigma_t: alpha_t,
    "ratio": lambda alpha_t, sigma_t: sigma_t / alpha_t,
}
CLEAN = 0.001  # where inversions start: the first of the 1000 trained times but one, as the papers' code does


def add_noise(prior: Prior, z: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    """z_t = alpha_t z + sigma_t eps."""
    alpha_t, sigma_t = prior.alpha_sigma(t)
    return alpha_t * z + sigma_t * eps


def weight(prior: Prior, t: Tensor, name: str) -> Tensor:
    """w(t), (B, 1, 1, 1).

    `uniform` 1, `sigma2` sigma_t^2, `fantasia3d` alpha_t sigma_t^2, `alpha` alpha_t, `ratio` sigma_t / alpha_t.
    """
    return WEIGHTS[name](*prior.alpha_sigma(t))


def together(prior: Prior, queries: Sequence[tuple[Tensor, Tensor, Cond]]) -> list[Tensor]:
    """eps_hat of several (z_t, t, cond), evaluated as the rows of one batch."""
    z_t, t, conds = zip(*queries, strict=True)
    eps_hat = prior.predict_noise(torch.cat(z_t), torch.cat(t), cat(conds))
    return list(eps_hat.split([len(z) for z in z_t]))


def cfg(prior: Prior, z_t: Tensor, t: Tensor, cond: Cond, guidance_scale: float) -> Tensor:
    """eps_null + s (eps_pos - eps_null); one evaluation of the prior on 2 B rows, B when s = 1.

    With cond.away, Perp-Neg: eps_null + s (d + sum_i w_i perp(eps_i - eps_null, d)), d = eps_pos - eps_null;
    with cond.rescale the result is drawn towards the deviation of eps_pos.
    Ho and Salimans 2022, https://arxiv.org/abs/2207.12598, eq. 6 with s = 1 + w; Armandpour et al. 2023,
    https://arxiv.org/abs/2304.04968; Lin et al. 2023, https://arxiv.org/abs/2305.08891, section 3.4.
    """
    if guidance_scale == 1 and not cond.away:
        return prior.predict_noise(z_t, t, cond)
    branches = [cond, cond.unconditional(), *(replace(cond, text=text) for text, _ in cond.away)]
    eps_pos, eps_null, *others = together(prior, [(z_t, t, branch) for branch in branches])
    d = direction = eps_pos - eps_null
    for eps_i, (_, w) in zip(others, cond.away, strict=True):
        direction = direction + w.to(d)[:, None, None, None] * perp(eps_i - eps_null, d)
    eps_hat = eps_null + guidance_scale * direction
    if not cond.rescale:
        return eps_hat
    ratio = eps_pos.std((1, 2, 3), keepdim=True) / eps_hat.std((1, 2, 3), keepdim=True)
    return torch.lerp(eps_hat, ratio * eps_hat, cond.rescale)


def perp(a: Tensor, b: Tensor) -> Tensor:
    """The part of a that is perpendicular to b, sample by sample: a - <a, b> / ||b||^2 b."""
    dot, square = ((x * b).sum((1, 2, 3), keepdim=True) for x in (a, b))
    return a - dot / square.clamp_min(1e-6) * b


def ddim(prior: Prior, z_t: Tensor, eps_hat: Tensor, t: Tensor, u: Tensor) -> Tensor:
    """z_u = alpha_u (z_t - sigma_t eps_hat) / alpha_t + sigma_u eps_hat: the deterministic move, up or down.

    Song et al. 2020, https://arxiv.org/abs/2010.02502, eq. 12 with sigma = 0.
    """
    (alpha_t, sigma_t), (alpha_u, sigma_u) = prior.alpha_sigma(t), prior.alpha_sigma(u)
    return alpha_u * (z_t - sigma_t * eps_hat) / alpha_t + sigma_u * eps_hat


def stops(t: Tensor, stride: float) -> list[Tensor]:
    """The times of an inversion up to t: CLEAN, CLEAN + stride, ..., and at last t."""
    count = max(0, ceil((float(t.max()) - CLEAN) / stride - 1e-6))
    return [torch.minimum(torch.full_like(t, CLEAN + k * stride), t) for k in range(count)] + [t]


def invert(
    prior: Prior, z: Tensor, eps: Tensor, t: Tensor, cond: Cond, stride: float
) -> tuple[Tensor, Tensor]:
    """(z_t, eps_hat(z_t)): z carried up to t by DDIM moves at most `stride` long, without guidance.

    The start is z with noise eps of the first time, CLEAN.  Liang et al. 2023, LucidDreamer,
    https://arxiv.org/abs/2311.11284, and the authors' code.
    """
    times = stops(t, stride)
    z_u = add_noise(prior, z, times[0], eps)
    for u, after in pairwise(times):
        z_u = ddim(prior, z_u, prior.predict_noise(z_u, u, cond), u, after)
    return z_u, prior.predict_noise(z_u, t, cond)


def ramp(fraction: float, start: float, end: float, until: float = 1.0) -> float:
    """From start to end, linear while `fraction` of the run goes from 0 to `until`, then constant."""
    return start + (end - start) * min(fraction / until, 1.0)


def clip(g: Tensor, limit: float, *, per_pixel: bool) -> Tensor:
    """g with no entry beyond `limit`; per pixel one factor for all channels, which keeps the hue.

    Hong et al. 2023, https://arxiv.org/abs/2303.15413; per pixel: Miao et al. 2024, https://arxiv.org/abs/2405.11252.
    """
    if not per_pixel:
        return g.clamp(-limit, limit)
    return g * (limit / g.abs().amax(1, keepdim=True).clamp_min(limit))


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


@cache
def _prioritized(m1: float, m2: float, s1: float, s2: float) -> Tensor:
    """The share of the weight of all times at and above each of the trained times, (1000,), falling."""
    t, bar = torch.arange(TRAINING_STEPS) / TRAINING_STEPS, alpha_bar()
    late = torch.exp(-((t - m1) ** 2) / (2 * s1**2)).where(t > m1, torch.ones_like(t))
    early = torch.exp(-((t - m2) ** 2) / (2 * s2**2)).where(t < m2, torch.ones_like(t))
    weight = ((1 - bar) / bar).sqrt() * late * early
    return (weight.flip(0).cumsum(0) / weight.sum()).flip(0)


def prioritized(fraction: float, m1: float, m2: float, s1: float, s2: float) -> float:
    """The time at a fraction of the run, never rising: most steps where coarse form, then detail, is decided.

    t with sum_{u >= t} W(u) = fraction sum_u W(u),  W = sqrt((1 - alpha_bar) / alpha_bar) W_p,  W_p a plateau
    from m2 to m1 with Gaussian flanks of deviations s1 above and s2 below.  Huang et al. 2023, DreamTime,
    https://arxiv.org/abs/2306.12422, section 3.2; the schedule is Stable Diffusion's.
    """
    share = _prioritized(m1, m2, s1, s2)
    return max(int((share >= fraction).sum()) - 1, 0) / TRAINING_STEPS


def sample_time(
    rng: torch.Generator, views: int, bounds: tuple[float, float], *, per_view: bool
) -> Tensor:
    """t (views,), uniform between the bounds: one value for all views, or one each."""
    low, high = bounds
    draw = torch.rand(views if per_view else 1, generator=rng)
    return (low + (high - low) * draw).expand(views).clone()
