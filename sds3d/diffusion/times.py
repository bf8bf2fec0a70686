"""Which times a step draws, and how numbers change over a run."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

import torch
from torch import Tensor

from sds3d.diffusion.schedule import TRAINING_STEPS, alpha_bar


def ramp(fraction: float, start: float, end: float, until: float = 1.0) -> float:
    """From start to end, linear while `fraction` of the run goes from 0 to `until`, then constant."""
    return start + (end - start) * min(fraction / until, 1.0)


def progress(step: int, steps: int, schedule: str, step_at: float, until: float = 1.0) -> float:
    """How far the bounds on t have gone from their start (0) to their end (1) at `step` of `steps`.

    With f the fraction of the first `until` of the run that is done: `constant` 0; `linear` f; `sqrt` sqrt(f)
    (HiFA).  `step` jumps at the fraction `step_at` of the run.
    """
    fraction = step / max(steps - 1, 1)
    match schedule:
        case "constant":
            return 0.0
        case "linear":
            return min(fraction / until, 1.0)
        case "sqrt":
            return min(fraction / until, 1.0) ** 0.5
        case "step":
            return float(fraction >= step_at)
    raise ValueError(schedule)


Time = TypeVar("Time", float, Tensor)


def shifted(u: Time, shift: float) -> Time:
    """shift u / (1 + (shift - 1) u): times of a rectified flow moved towards noise; shift = 1 changes nothing.

    Esser et al. 2024, Stable Diffusion 3, https://arxiv.org/abs/2403.03206, section 5.3.2.
    """
    return shift * u / (1 + (shift - 1) * u)


@cache
def _prioritized(m1: float, m2: float, s1: float, s2: float) -> Tensor:
    """The share of the weight at and above each trained time, (1000,), for the last time first: rising."""
    t, bar = torch.arange(TRAINING_STEPS) / TRAINING_STEPS, alpha_bar()
    late = torch.exp(-((t - m1) ** 2) / (2 * s1**2)).where(t > m1, torch.ones_like(t))
    early = torch.exp(-((t - m2) ** 2) / (2 * s2**2)).where(t < m2, torch.ones_like(t))
    weight = ((1 - bar) / bar).sqrt() * late * early
    above = weight.flip(0).cumsum(0)
    return above / above[-1]  # 1 at last, exactly, even where the weight vanishes before t = 0


def prioritized(fraction: float, m1: float, m2: float, s1: float, s2: float) -> float:
    """The time at a fraction of the run, never rising: most steps where coarse form, then detail, is decided.

    t with sum_{u >= t} W(u) = fraction sum_u W(u),  W = sqrt((1 - alpha_bar) / alpha_bar) W_p,  W_p a plateau
    from m2 to m1 with Gaussian flanks of standard deviation s1 above, s2 below.  Huang et al. 2023, DreamTime,
    https://arxiv.org/abs/2306.12422, section 3.2; the schedule is Stable Diffusion's.
    """
    share = _prioritized(m1, m2, s1, s2)
    return max(int((share >= fraction).sum()) - 1, 0) / TRAINING_STEPS


def sample_time(
    rng: torch.Generator,
    views: int,
    bounds: tuple[float, float],
    *,
    per_view: bool,
    shift: float = 1.0,
) -> Tensor:
    """t (views,): one value for all views, or one each.  `shifted` of a uniform number between the bounds."""
    low, high = bounds
    draw = torch.rand(views if per_view else 1, generator=rng)
    return shifted(low + (high - low) * draw, shift).expand(views).clone()
