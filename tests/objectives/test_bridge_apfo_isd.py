"""Laws of SDS-Bridge, of DreamFlow's approximate probability flow and of VividDreamer's ISD."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from gaussian import Always, GaussianPrior, gaussian_cond

from sds3d.diffusion.cond import Embedding
from sds3d.diffusion.schedule import alpha_bar
from sds3d.objectives import apfo, bridge, csd, isd, sds, vsd
from sds3d.objectives.apfo import rate

BRIDGE = {
    "guidance_scale": 7.5,
    "start": 0.5,
    "lam": 3.0,
    "weight": "sigma2",
    "bridge_weight": "alpha",
}
CSD = {"negative": 1.0, "negative_end": 1.0, "until": 1.0, "normalize": False}
ISD = {"guidance_scale": 7.5, "interval": 0.02, "weight": "sigma2"}


def ratio(prior, t):
    alpha_t, sigma_t = prior.alpha_sigma(t)
    return sigma_t / alpha_t


@pytest.fixture
def described(case, rng):
    """The case with a description of the render as negative prompt, and the empty prompt beside it."""
    z, t, eps, cond = case
    empty = torch.randn(z.shape, generator=rng, dtype=z.dtype)
    return z, t, eps, replace(cond, empty=Embedding(empty))


def test_the_bridge_begins_as_sds_away_from_the_empty_prompt_whatever_the_description_says(
    described,
):
    z, t, eps, cond = described
    prior = GaussianPrior(0.7)
    empty = gaussian_cond(cond.text.embedding, cond.empty.embedding)
    expected = sds.grad(prior, z, t, eps, empty, guidance_scale=7.5, weight="sigma2")
    g = bridge.grad(prior, *described, fraction=0.49, **BRIDGE)
    torch.testing.assert_close(g, expected, rtol=0, atol=0)


def test_the_bridge_ends_as_csd_away_from_the_description(described):
    prior = GaussianPrior(0.7)
    expected = csd.grad(prior, *described, fraction=1.0, weight="alpha", **CSD)
    for fraction in (0.5, 1.0):
        g = bridge.grad(prior, *described, fraction=fraction, **BRIDGE)
        torch.testing.assert_close(g, 3.0 * expected)


def test_the_bridge_between_gaussians_of_one_width_is_the_same_push_for_every_render(
    case,
):
    """Between N(m, s^2) and N(m0, s^2): lam w sigma alpha (m0 - m) / (alpha^2 s^2 + sigma^2)."""
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    alpha_t, sigma_t = prior.alpha_sigma(t)
    m, m0 = cond.text.embedding, cond.null.embedding
    expected = 3 * alpha_t * sigma_t * alpha_t * (m0 - m) / ((alpha_t * 0.7) ** 2 + sigma_t**2)
    for render in (z, -z):
        g = bridge.grad(prior, render, t, eps, cond, fraction=0.9, **BRIDGE)
        torch.testing.assert_close(g, expected)


def test_apfo_is_vsd_weighed_by_the_rate_of_the_noise_level(case, rng):
    student = Always(torch.randn(case[0].shape, generator=rng, dtype=torch.float64))
    prior = GaussianPrior(0.7)
    expected = vsd.grad(prior, *case, student=student, guidance_scale=7.5, weight="uniform")
    g = apfo.grad(prior, *case, student=student, guidance_scale=7.5)
    torch.testing.assert_close(g, rate(prior, case[1]) * expected)
    assert (rate(prior, torch.tensor([0.0, 0.5, 0.999, 1.0])) > 0).all()


def test_the_rate_of_a_flow_is_one_over_one_minus_t_squared():
    class Flow(GaussianPrior):
        def alpha_sigma(self, t):
            t = t[:, None, None, None]
            return 1 - t, t

    t = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    torch.testing.assert_close(rate(Flow(1.0), t).flatten(), (1 - t) ** -2, rtol=1e-4, atol=0)


def test_apfo_carries_a_particle_along_the_probability_flow_to_the_priors_picture(rng):
    """One picture m, a student that knows the render: d(z - m)/dt = r'/r (z - m): z - m falls as r(t)."""
    prior, steps = GaussianPrior(0.0), 4000
    z = torch.randn(1, 3, 2, 2, generator=rng, dtype=torch.float64)
    m = torch.randn(z.shape, generator=rng, dtype=z.dtype)
    start = z - m
    times = torch.linspace(0.9, 0.1, steps + 1, dtype=z.dtype)
    for t, after in pairwise(times):
        eps = torch.randn(z.shape, generator=rng, dtype=z.dtype)
        g = apfo.grad(
            prior, z, t[None], eps, gaussian_cond(m), student=Always(eps), guidance_scale=1.0
        )
        z = z - (t - after) * g
    expected = start * ratio(prior, times[-1:]) / ratio(prior, times[:1])
    torch.testing.assert_close(z - m, expected, rtol=0.02, atol=0)


def test_isd_without_an_interval_is_csd_times_its_scale(case):
    prior = GaussianPrior(0.7)
    g = isd.grad(prior, *case, **(ISD | {"interval": 0.0}))
    expected = csd.grad(prior, *case, fraction=1.0, weight="sigma2", **CSD)
    torch.testing.assert_close(g, 7.5 * expected)


def test_isd_puts_the_next_clean_estimate_in_the_place_of_the_first(case):
    """lam (eps_pos(z_s) - eps_pos(z_t)) = (z_hat_t - z_hat_s) / r(t), the estimates in closed form."""
    z, t, eps, cond = case
    prior, spread = GaussianPrior(0.7), 0.7
    alpha_t, sigma_t = prior.alpha_sigma(t)
    s = t - 0.02
    alpha_s, sigma_s = prior.alpha_sigma(s)
    m = cond.text.embedding

    def estimate(noisy, alpha, sigma):
        gain = alpha * spread**2 / ((alpha * spread) ** 2 + sigma**2)
        return m + gain * (noisy - alpha * m)

    z_t = alpha_t * z + sigma_t * eps
    first = estimate(z_t, alpha_t, sigma_t)
    z_s = alpha_s * first + sigma_s * (z_t - alpha_t * first) / sigma_t
    difference = (first - estimate(z_s, alpha_s, sigma_s)) * alpha_t / sigma_t
    g = isd.grad(prior, *case, **ISD)
    expected = csd.grad(prior, *case, fraction=1.0, weight="sigma2", **CSD)
    torch.testing.assert_close(g - 7.5 * expected, sigma_t**2 * difference, atol=1e-9, rtol=1e-6)


def test_isd_of_a_prior_of_one_picture_is_the_classifier_alone_for_its_ode_is_a_line(case):
    z, t, eps, cond = case
    prior = GaussianPrior(0.0)
    expected = csd.grad(prior, *case, fraction=1.0, weight="sigma2", **CSD)
    torch.testing.assert_close(isd.grad(prior, *case, **ISD), 7.5 * expected)
    same = gaussian_cond(cond.text.embedding, cond.text.embedding)
    still = isd.grad(prior, z, t, eps, same, **ISD)
    torch.testing.assert_close(still, torch.zeros_like(z), atol=1e-10, rtol=0)


def test_the_rate_at_the_last_time_is_the_slope_over_the_last_trained_step():
    ratio = ((1 - alpha_bar()) / alpha_bar()).sqrt()
    expected = 1000 * (ratio[999] - ratio[998])
    found = apfo.rate(GaussianPrior(0.7), torch.tensor([1.0], dtype=torch.float64))
    torch.testing.assert_close(found.flatten(), expected[None], rtol=1e-6, atol=0)


def test_the_later_point_of_isd_is_not_below_the_first_trained_time(case):
    z, _, eps, cond = case
    asked = []

    class Recording(GaussianPrior):
        def predict_noise(self, z_t, t, cond):
            asked.append(t)
            return super().predict_noise(z_t, t, cond)

    t = torch.full((len(z),), 0.05, dtype=torch.float64)
    isd.grad(Recording(0.7), z, t, eps, cond, interval=0.1, guidance_scale=7.5, weight="ratio")
    assert torch.equal(asked[-1], torch.full_like(t, 0.001))
