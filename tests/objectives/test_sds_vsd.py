"""Laws of SDS and VSD under priors whose score is known."""

import math

import pytest
import torch
from gaussian import Always, GaussianPrior, gaussian_cond

from sds3d.diffusion.guidance import cfg, together
from sds3d.diffusion.noising import WEIGHTS, add_noise
from sds3d.diffusion.schedule import alpha_bar
from sds3d.diffusion.times import prioritized, progress, sample_time
from sds3d.objectives import sds, vsd

SHAPE = (4, 3, 6, 6)


@pytest.fixture
def case(rng):
    def draw():
        return torch.randn(SHAPE, generator=rng, dtype=torch.float64)

    t = torch.tensor([0.02, 0.3, 0.7, 0.98], dtype=torch.float64)
    return draw(), t, draw(), gaussian_cond(draw(), draw())


def test_the_schedule_is_stable_diffusions():
    prior = GaussianPrior(1.0)
    t = torch.tensor([0.02, 0.5, 0.98, 1.0], dtype=torch.float64)
    alpha_t, sigma_t = prior.alpha_sigma(t)
    known = torch.tensor([0.98131436, 0.27633268, 0.00584378, 0.0046601], dtype=torch.float64)
    torch.testing.assert_close(alpha_t.flatten() ** 2, known, atol=1e-7, rtol=0)
    torch.testing.assert_close(alpha_t**2 + sigma_t**2, torch.ones_like(alpha_t))


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("scale", [0.0, 1.0, 7.5, 100.0])
def test_sds_is_the_weighted_difference_of_the_clean_estimates(case, weight, scale):
    """G = w (alpha / sigma) (z - z_hat), with z_hat the guided posterior mean in closed form."""
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    alpha_t, sigma_t = prior.alpha_sigma(t)
    z_t = alpha_t * z + sigma_t * eps
    gain = alpha_t * 0.7**2 / ((alpha_t * 0.7) ** 2 + sigma_t**2)

    def mean(m):
        return m + gain * (z_t - alpha_t * m)

    z_hat = mean(cond.null.embedding) + scale * (
        mean(cond.text.embedding) - mean(cond.null.embedding)
    )
    expected = WEIGHTS[weight](alpha_t, sigma_t) * alpha_t / sigma_t * (z - z_hat)
    g = sds.grad(prior, z, t, eps, cond, guidance_scale=scale, weight=weight)
    torch.testing.assert_close(g, expected)


def test_sds_with_the_true_noise_predicted_is_zero(case):
    _, t, eps, cond = case
    delta = GaussianPrior(
        0.0
    )  # all mass on the mean: the prediction of z = mean is the noise itself
    g = sds.grad(delta, cond.text.embedding, t, eps, cond, guidance_scale=1.0, weight="uniform")
    torch.testing.assert_close(g, torch.zeros_like(g), atol=1e-12, rtol=0)


def test_the_expected_sds_gradient_vanishes_at_the_mean_and_points_away_from_it(rng):
    """E[eps_hat - eps] = sigma alpha u / (alpha^2 s^2 + sigma^2) with u = z - mean."""
    prior, draws = GaussianPrior(0.5), 40_000
    mean = torch.full((draws, 1, 1, 1), 0.3, dtype=torch.float64)
    t = torch.full((draws,), 0.4, dtype=torch.float64)
    eps = torch.randn(mean.shape, generator=rng, dtype=torch.float64)
    alpha_t, sigma_t = (x[0].item() for x in prior.alpha_sigma(t[:1]))
    for offset in (0.0, 0.8):
        g = sds.grad(
            prior, mean + offset, t, eps, gaussian_cond(mean), guidance_scale=1.0, weight="uniform"
        )
        expected = sigma_t * alpha_t * offset / ((alpha_t * 0.5) ** 2 + sigma_t**2)
        assert g.mean().item() == pytest.approx(expected, abs=4 * g.std().item() / draws**0.5)


def test_guidance_is_null_plus_scale_times_the_difference_in_one_evaluation(case):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    z_t = add_noise(prior, z, t, eps)
    eps_pos = prior.predict_noise(z_t, t, cond)
    eps_null = prior.predict_noise(z_t, t, cond.unconditional())
    prior.evaluations = 0
    guided = cfg(prior, z_t, t, cond, 7.5)
    assert prior.evaluations == 1
    torch.testing.assert_close(guided, eps_null + 7.5 * (eps_pos - eps_null))
    torch.testing.assert_close(cfg(prior, z_t, t, cond, 1.0), eps_pos)


def test_predictions_in_one_batch_are_the_predictions_alone(case):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    queries = [(z, t, cond), (eps, t.flip(0), cond.unconditional())]
    for (a, b, c), row in zip(queries, together(prior, queries), strict=True):
        torch.testing.assert_close(row, prior.predict_noise(a, b, c))


@pytest.mark.parametrize("scale", [1.0, 7.5])
def test_vsd_with_the_true_noise_as_student_is_sds(case, scale):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    options = {"guidance_scale": scale, "weight": "sigma2"}
    ours = vsd.grad(prior, z, t, eps, cond, student=Always(eps), **options)
    torch.testing.assert_close(ours, sds.grad(prior, z, t, eps, cond, **options), rtol=0, atol=0)


def test_vsd_with_the_prior_as_student_leaves_the_scene_alone(case):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    g = vsd.grad(prior, z, t, eps, cond, student=prior, guidance_scale=1.0, weight="sigma2")
    assert torch.equal(g, torch.zeros_like(g))


def test_vsd_of_particles_is_stationary_where_their_distribution_is_the_priors(rng):
    """With the exact score of N(m, s^2) as student the gradient is zero iff m and s are the prior's."""
    z = torch.randn(SHAPE, generator=rng, dtype=torch.float64)
    eps = torch.randn(SHAPE, generator=rng, dtype=torch.float64)
    t = torch.full((4,), 0.5, dtype=torch.float64)
    cond = gaussian_cond(torch.full(SHAPE, 0.2, dtype=torch.float64))
    options = {"guidance_scale": 1.0, "weight": "uniform"}
    for spread, stationary in ((0.6, True), (0.3, False)):
        g = vsd.grad(GaussianPrior(0.6), z, t, eps, cond, student=GaussianPrior(spread), **options)
        assert (g.abs().max() < 1e-12) == stationary


def test_times_lie_within_their_bounds_and_one_is_shared_unless_each_view_has_its_own(rng):
    shared = sample_time(rng, 4, (0.3, 0.6), per_view=False)
    each = sample_time(rng, 4000, (0.3, 0.6), per_view=True)
    assert shared.unique().numel() == 1
    assert each.min() >= 0.3
    assert each.max() <= 0.6
    assert each.mean().item() == pytest.approx(0.45, abs=0.01)


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        ("constant", (0, 0, 0)),
        ("linear", (0, 0.25, 1)),
        ("sqrt", (0, 0.5, 1)),
        ("step", (0, 0, 1)),
    ],
)
def test_schedules_go_from_zero_to_one(schedule, values):
    assert tuple(progress(s, 101, schedule, 0.5) for s in (0, 25, 100)) == values


def test_prioritized_times_never_rise_and_spend_steps_in_proportion_to_the_weight():
    m1, m2, s1, s2 = 0.8, 0.5, 0.3, 0.1
    times = [prioritized(k / 20000, m1, m2, s1, s2) for k in range(20001)]
    assert times == sorted(times, reverse=True)
    assert times[0] >= 0.998
    assert times[-1] <= 0.001
    bar = alpha_bar()

    def weight(index):
        t = index / 1000
        flank = math.exp(-((t - m1) ** 2) / (2 * s1**2)) if t > m1 else 1.0
        flank *= math.exp(-((t - m2) ** 2) / (2 * s2**2)) if t < m2 else 1.0
        return float((1 - bar[index]) / bar[index]) ** 0.5 * flank

    spent = {index: sum(t == index / 1000 for t in times) for index in (450, 600, 900)}
    assert spent[900] / spent[600] == pytest.approx(weight(900) / weight(600), rel=0.1)
    assert spent[450] / spent[600] == pytest.approx(weight(450) / weight(600), rel=0.2)
