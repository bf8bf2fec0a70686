"""Laws of the times that a step draws, and of numbers that change over a run."""

import pytest
import torch

from sds3d.diffusion.schedule import TRAINING_STEPS, alpha_bar
from sds3d.diffusion.times import prioritized, progress, ramp, sample_time, shifted


def test_a_ramp_is_linear_until_its_end_and_then_constant():
    assert [ramp(f, 2.0, 6.0, 0.5) for f in (0, 0.25, 0.5, 0.75, 1)] == [2, 4, 6, 6, 6]
    assert ramp(0.25, 1.0, 0.0) == 0.75
    assert ramp(1.0, 2.0, 6.0) == 6


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0, 0, 0]),
        ("linear", [0, 0.25, 1]),
        ("sqrt", [0, 0.5, 1]),
        ("step", [0, 1, 1]),
    ],
)
def test_bounds_move_from_the_first_step_to_the_last(schedule, expected):
    assert [progress(k, 101, schedule, 0.25) for k in (0, 25, 100)] == expected
    assert progress(24, 101, schedule, 0.25) < 1


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("linear", [0, 0.5, 1, 1, 1]), ("sqrt", [0, 0.5**0.5, 1, 1, 1]), ("step", [0, 0, 0, 1, 1])],
)
def test_bounds_are_constant_after_until_and_a_jump_has_its_own_position(schedule, expected):
    steps = (0, 15, 30, 60, 100)
    assert [progress(k, 101, schedule, 0.5, until=0.3) for k in steps] == pytest.approx(expected)


@pytest.mark.parametrize(("u", "t"), [(0.0, 0.0), (0.02, 0.06 / 1.04), (0.7, 0.875), (1.0, 1.0)])
def test_shifted_times_are_those_of_stable_diffusion_3(u, t):
    """Its scheduler's list: sigma = 3 u / (1 + 2 u) at u = 1 - index / 1000."""
    assert shifted(u, 3.0) == pytest.approx(t)
    assert shifted(u, 1.0) == u


def test_a_run_of_one_step_stays_at_its_start():
    assert progress(0, 1, "linear", 0.5) == 0
    assert progress(1, 2, "linear", 0.5) == 1


def test_an_unknown_schedule_is_an_error():
    with pytest.raises(ValueError, match="cosine"):
        progress(0, 2, "cosine", 0.5)


def weight(u, m1, m2, s1, s2):
    """DreamTime's W at the time u, written out: equation 6 and the plateau of section 3.2."""
    bar = float(alpha_bar()[round(u * TRAINING_STEPS)])
    flank = 1.0
    if u > m1:
        flank = 2.718281828459045 ** (-((u - m1) ** 2) / (2 * s1**2))
    elif u < m2:
        flank = 2.718281828459045 ** (-((u - m2) ** 2) / (2 * s2**2))
    return ((1 - bar) / bar) ** 0.5 * flank


@pytest.mark.parametrize("priorities", [(0.8, 0.5, 0.3, 0.1), (0.8, 0.5, 0.1, 0.3)])
def test_prioritized_times_leave_the_given_share_of_the_weight_above_them(priorities):
    """The two flanks are not interchangeable: the second case has them swapped."""
    weights = [weight(k / TRAINING_STEPS, *priorities) for k in range(TRAINING_STEPS)]
    total = sum(weights)
    for fraction in (0.1, 0.3, 0.5, 0.9):
        t = round(prioritized(fraction, *priorities) * TRAINING_STEPS)
        assert sum(weights[t:]) / total >= fraction - 1e-5
        assert sum(weights[t + 1 :]) / total < fraction + 1e-5


def test_prioritized_times_never_rise():
    times = [prioritized(k / 50, 0.8, 0.5, 0.3, 0.1) for k in range(51)]
    assert times == sorted(times, reverse=True)
    assert times[0] > 0.9
    assert times[-1] == 0


def test_times_are_uniform_within_the_bounds_and_shared_by_all_views_by_default(rng):
    draws = torch.cat([sample_time(rng, 4, (0.2, 0.6), per_view=True) for _ in range(2000)])
    assert 0.2 <= draws.min() < 0.201
    assert 0.599 < draws.max() <= 0.6
    assert draws.mean().item() == pytest.approx(0.4, abs=0.005)
    together = sample_time(rng, 4, (0.2, 0.6), per_view=False)
    assert together.shape == (4,)
    assert len(set(together.tolist())) == 1
    apart = sample_time(rng, 4, (0.2, 0.6), per_view=True)
    assert len(set(apart.tolist())) == 4


def test_shifted_times_are_distributed_as_shifted_uniform_times(rng):
    draws = torch.cat(
        [sample_time(rng, 64, (0.1, 0.7), per_view=True, shift=3) for _ in range(200)]
    )
    undone = draws / (3 - 2 * draws)  # u of t = 3 u / (1 + 2 u)
    expected = torch.linspace(0.1, 0.7, len(draws))
    torch.testing.assert_close(undone.sort().values, expected, atol=0.01, rtol=0)


@pytest.mark.parametrize("flank", [0.001, 0.01, 0.02])
def test_times_of_narrow_flanks_end_where_their_weight_does(flank):
    """Below m2 - 40 s2 there is none: the last time is not 0."""
    for fraction in (0.9, 0.999, 1.0):
        assert prioritized(fraction, 0.8, 0.5, 0.3, flank) >= max(0.5 - 40 * flank, 0)
    assert prioritized(1.0, 0.8, 0.5, 0.3, 0.01) > 0.1
    assert prioritized(1.0, 0.8, 0.5, 0.3, 0.2) == 0
