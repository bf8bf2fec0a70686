"""Laws of the objectives that invert the render: ISM, TSM, CSM, SDI; and of DDIM itself."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from gaussian import GaussianPrior, gaussian_cond

from sds3d.diffusion.cond import Embedding
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import add_noise, ddim, invert, stops
from sds3d.objectives import csm, ism, sdi, tsm

WAY = {"interval": 0.08, "interval_start": 0.08, "warmup": 1.0, "stride": 0.2, "fraction": 1.0}
ISM = {**WAY, "guidance_scale": 7.5, "lam": 1.0, "weight": "ratio"}
TSM = {**ISM, "gamma": 0.3}
CSM = {
    "image": None,
    "guidance_scale": 7.5,
    "image_scale": 3.0,
    "stride": 0.2,
    "lam": 1.0,
    "weight": "ratio",
}
SDI = {"guidance_scale": 7.5, "inversion_guidance_scale": -7.5, "stride": 0.1, "overshoot": 0.1,
       "eta": 0.0, "weight": "ratio"}  # fmt: skip


def one(t):
    return torch.tensor([t], dtype=torch.float64)


def ratio(prior, t):
    alpha_t, sigma_t = prior.alpha_sigma(t)
    return sigma_t / alpha_t


@pytest.mark.parametrize(
    ("t", "times"),
    [
        (0.88, [0.001, 0.201, 0.401, 0.601, 0.801, 0.88]),  # ISM at t = 0.98, interval 0.1
        (0.345, [0.001, 0.201, 0.345]),
        (0.201, [0.001, 0.201]),
        (0.05, [0.001, 0.05]),
        (0.001, [0.001]),
    ],
)
def test_an_inversion_stops_where_luciddreamers_does(t, times):
    assert [round(float(u), 6) for u in stops(one(t), 0.2)] == times


@pytest.mark.parametrize(
    ("t", "times"),
    [
        (0.35, [0.001, 0.101, 0.201, 0.301, 0.42]),
        (0.301, [0.001, 0.101, 0.201, 0.42]),
        (0.02, [0.001, 0.42]),
    ],
)
def test_sdis_inversion_stops_at_the_strides_below_t_and_at_its_random_end(t, times):
    assert [round(float(u), 6) for u in sdi.levels(one(t), one(0.42), 0.1)] == times


def test_rows_with_different_times_are_inverted_as_if_alone(case):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    z_t, eps_t = invert(prior, z, eps, t, cond, 0.2)
    for i in range(len(z)):
        row = gaussian_cond(cond.text.embedding[i : i + 1], cond.null.embedding[i : i + 1])
        alone = invert(prior, z[i : i + 1], eps[i : i + 1], t[i : i + 1], row, 0.2)
        torch.testing.assert_close(z_t[i : i + 1], alone[0])
        torch.testing.assert_close(eps_t[i : i + 1], alone[1])


def test_a_ddim_move_of_no_length_is_the_identity_and_there_and_back_too(case):
    z, t, eps, _ = case
    prior = GaussianPrior(0.7)
    torch.testing.assert_close(ddim(prior, z, eps, t, t), z)
    there = ddim(prior, z, eps, t, t / 2)
    torch.testing.assert_close(ddim(prior, there, eps, t / 2, t), z)


def test_a_ddim_move_is_an_euler_step_in_z_over_alpha(case):
    z, t, eps, _ = case
    prior, u = GaussianPrior(0.7), case[1] * 0.6
    alpha_t, alpha_u = prior.alpha_sigma(t)[0], prior.alpha_sigma(u)[0]
    expected = z / alpha_t + (ratio(prior, u) - ratio(prior, t)) * eps
    torch.testing.assert_close(ddim(prior, z, eps, t, u) / alpha_u, expected)


def test_inversion_under_a_prior_of_one_image_is_exact(case):
    """All of its noise estimates along the way are the first: (z_0 / alpha_0 - mu) alpha_0 / sigma_0."""
    z, t, eps, cond = case
    prior = GaussianPrior(0.0)
    z_t, eps_t = invert(prior, z, eps, t, cond, 0.2)
    first = torch.full_like(t, 0.001)
    start = add_noise(prior, z, first, eps)
    torch.testing.assert_close(eps_t, prior.predict_noise(start, first, cond))
    torch.testing.assert_close(z_t, ddim(prior, start, eps_t, first, t))


def test_ism_without_an_interval_and_with_one_prompt_is_zero(case):
    z, t, eps, cond = case
    same = gaussian_cond(cond.text.embedding, cond.text.embedding)
    options = ISM | {"interval": 0.0, "interval_start": 0.0, "guidance_scale": 1.0}
    g = ism.grad(GaussianPrior(0.7), z, t, eps, same, **options)
    torch.testing.assert_close(g, torch.zeros_like(g))


@pytest.mark.parametrize("method", ["ism", "tsm", "csm"])
def test_between_branches_of_one_image_each_the_gradient_is_their_difference_at_every_time(
    case, method
):
    z, t, eps, cond = case
    grad, options = {"ism": (ism.grad, ISM), "tsm": (tsm.grad, TSM), "csm": (csm.grad, CSM)}[method]
    g = grad(GaussianPrior(0.0), z, t, eps, cond, **options)
    torch.testing.assert_close(
        g, 7.5 * (cond.null.embedding - cond.text.embedding), atol=1e-7, rtol=1e-7
    )


def test_ism_of_a_gaussian_contracts_to_its_mean_as_its_closed_form_says(case):
    z, t, eps, cond = case
    spread, prior = 0.7, GaussianPrior(0.7)
    same = gaussian_cond(cond.text.embedding, cond.text.embedding)
    options = ISM | {"guidance_scale": 1.0, "weight": "uniform"}
    s = (t - 0.08).clamp_min(0.001)
    z_s, _ = invert(prior, z, eps, s, same, 0.2)
    sig_t, sig_s = ratio(prior, t), ratio(prior, s)
    gain = spread**2 * (sig_t - sig_s) / ((spread**2 + sig_t**2) * (spread**2 + sig_s**2))
    expected = gain * (z_s / prior.alpha_sigma(s)[0] - cond.text.embedding)
    torch.testing.assert_close(ism.grad(prior, z, t, eps, same, **options), expected)


def test_the_interval_shrinks_within_the_warmup(case):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)

    def at(**options):
        return ism.grad(prior, z, t, eps, cond, **(ISM | options))

    wide = {"interval_start": 0.16, "interval": 0.08, "warmup": 0.5}
    torch.testing.assert_close(at(**wide, fraction=0.25), at(interval_start=0.12, interval=0.12))
    torch.testing.assert_close(at(**wide, fraction=0.9), at(interval_start=0.08, interval=0.08))


@pytest.mark.parametrize(
    ("grad", "options", "count"),
    [(ism.grad, ISM, 5 + 1), (tsm.grad, TSM, 5 + 2), (csm.grad, CSM, 6 + 1), (sdi.grad, SDI, 11)],
)
def test_the_prior_is_evaluated_no_more_often_than_the_method_needs(grad, options, count, rng):
    """At t = 0.98 ISM inverts to 0.9 in 5 moves, then asks there; a guided pair is one batch."""
    prior, z = GaussianPrior(0.7), torch.zeros(1, 3, 2, 2, dtype=torch.float64)
    more = {"rng": rng} if grad is sdi.grad else {}
    grad(prior, z, one(0.98), z, gaussian_cond(z, z + 1), **options, **more)
    assert prior.evaluations == count + (grad in (ism.grad, tsm.grad))


def test_tsm_whose_second_path_has_no_length_is_ism(case):
    prior = GaussianPrior(0.7)
    expected = ism.grad(prior, *case, **ISM)
    torch.testing.assert_close(tsm.grad(prior, *case, **(TSM | {"gamma": 1.0})), expected)


def test_tsm_whose_paths_are_one_is_csm(case):
    z, _, eps, cond = case
    t = torch.full((len(z),), 0.481, dtype=torch.float64)  # s = 0.401 is one of CSM's stops too
    prior = GaussianPrior(0.7)
    g = tsm.grad(prior, z, t, eps, cond, **(TSM | {"gamma": 0.0}))
    torch.testing.assert_close(g, csm.grad(prior, z, t, eps, cond, **CSM))


def test_the_three_points_of_tsm_are_on_a_line(case):
    z, t, eps, cond = case
    prior, s = GaussianPrior(0.7), (case[1] - 0.08).clamp_min(0.001)
    z_s, eps_s = invert(prior, z, eps, s, cond.without_prompt(), 0.2)
    mu = s + (t - s) * (1 - 0.3**2) ** 0.5
    points = [
        ddim(prior, z_s, eps_s, s, u) / prior.alpha_sigma(u)[0] - z_s / prior.alpha_sigma(s)[0]
        for u in (mu, t)
    ]
    torch.testing.assert_close(
        points[0] * (ratio(prior, t) - ratio(prior, s)),
        points[1] * (ratio(prior, mu) - ratio(prior, s)),
    )


def test_csm_of_the_negative_prompt_itself_is_zero_and_swapping_prompts_changes_its_sign(case):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    same = csm.grad(
        prior, z, t, eps, gaussian_cond(cond.text.embedding, cond.text.embedding), **CSM
    )
    torch.testing.assert_close(same, torch.zeros_like(same))
    empty = Embedding(torch.zeros_like(cond.text.embedding))  # the inversion's prompt stays
    there = csm.grad(prior, z, t, eps, replace(cond, empty=empty), **CSM)
    back = csm.grad(
        prior, z, t, eps, replace(cond, text=cond.null, null=cond.text, empty=empty), **CSM
    )
    torch.testing.assert_close(there, -back)


def test_an_image_prompt_adds_its_own_difference_and_none_when_it_agrees_with_the_text(case, rng):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    plain = csm.grad(prior, z, t, eps, cond, **CSM)
    said = csm.grad(prior, z, t, eps, cond, **(CSM | {"image": cond}))
    torch.testing.assert_close(plain, said)
    image = replace(cond, text=Embedding(torch.randn(z.shape, generator=rng, dtype=z.dtype)))
    both = csm.grad(prior, z, t, eps, cond, **(CSM | {"image": image}))
    z_t, _ = invert(prior, z, eps, t, cond.without_prompt(), 0.2)
    eps_both = prior.predict_noise(z_t, t, image)
    difference = 3.0 * (eps_both - prior.predict_noise(z_t, t, cond))
    torch.testing.assert_close(both - plain, ratio(prior, t) * difference)


def test_sdi_of_a_prior_of_one_image_points_to_it_at_every_time(case, rng):
    z, t, eps, cond = case
    same = gaussian_cond(cond.text.embedding, cond.text.embedding)
    options = SDI | {"guidance_scale": 1.0}
    g = sdi.grad(GaussianPrior(0.0), z, t, eps, same, rng=rng, **options)
    torch.testing.assert_close(g, z - cond.text.embedding, atol=1e-7, rtol=1e-7)


def test_sdi_is_sds_with_the_noise_of_the_inversion(case):
    z, t, eps, cond = case
    prior, seen = GaussianPrior(0.7), []

    class Spy(GaussianPrior):
        def predict_noise(self, z_t, t, cond):
            seen.append(z_t)
            return super().predict_noise(z_t, t, cond)

    draw = torch.Generator().manual_seed(5)
    g = sdi.grad(Spy(0.7), z, t, eps, cond, rng=draw, **SDI)
    z_t = seen[-1][: len(z)]
    alpha_t, sigma_t = prior.alpha_sigma(t)
    kappa = (z_t - alpha_t * z) / sigma_t
    expected = ratio(prior, t) * (cfg(prior, z_t, t, cond, 7.5) - kappa)
    torch.testing.assert_close(g, expected, atol=1e-9, rtol=1e-7)


def test_sdi_without_eta_depends_only_on_its_random_end(case, rng):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    options = SDI | {"overshoot": 0.0}
    first, second = (sdi.grad(prior, z, t, eps, cond, rng=rng, **options) for _ in range(2))
    torch.testing.assert_close(first, second)
    noisy = sdi.grad(prior, z, t, eps, cond, rng=rng, **(options | {"eta": 0.3}))
    assert (noisy - first).abs().max() > 1e-3


@pytest.mark.parametrize(("gamma", "share"), [(0.0, 1.0), (0.6, 0.8), (0.8, 0.6), (1.0, 0.0)])
def test_tsm_evaluates_its_second_point_at_the_given_fraction_of_the_interval(case, gamma, share):
    """mu = s + (t - s) sqrt(1 - gamma^2)."""
    z, _, eps, cond = case
    t = torch.full((len(z),), 0.5, dtype=torch.float64)
    asked = []

    class Recording(GaussianPrior):
        def predict_noise(self, z_t, t, cond):
            asked.append(t)
            return super().predict_noise(z_t, t, cond)

    tsm.grad(Recording(0.7), z, t, eps, cond, **(TSM | {"gamma": gamma, "fraction": 1.0}))
    mu = 0.42 + 0.08 * share  # the interval is 0.08 at the end of the warm-up
    assert any(torch.allclose(u, torch.full_like(u, mu), atol=1e-12) for u in asked)


@pytest.mark.parametrize(("start", "overshoot"), [(0.45, 0.2), (0.95, 1.0)])
def test_sdi_is_its_algorithm_written_out(case, start, overshoot):
    """Ancestral noise on each move, a random end beyond t but at most 0.999, and the noise that leads there."""
    z, _, eps, cond = case
    prior = GaussianPrior(0.7)
    t = torch.full((len(z),), start, dtype=torch.float64)
    options = SDI | {"overshoot": overshoot, "eta": 0.3}
    g = sdi.grad(prior, z, t, eps, cond, rng=torch.Generator().manual_seed(5), **options)

    draws = torch.Generator().manual_seed(5)
    end = min(start + overshoot * torch.rand(1, generator=draws).item(), 0.999)
    assert (end == 0.999) == (start > 0.9)
    times = [0.001 + 0.1 * k for k in range(10) if 0.001 + 0.1 * k < start] + [end]

    def coefficients(u):
        return [x.reshape(()) for x in prior.alpha_sigma(one(u))]

    def score(z_u, u, scale):
        alpha_u, sigma_u = coefficients(u)
        variance = (0.7 * alpha_u) ** 2 + sigma_u**2
        null, positive = (
            sigma_u * (z_u - alpha_u * mean.embedding) / variance for mean in (cond.null, cond.text)
        )
        return null + scale * (positive - null)

    alpha_u, sigma_u = coefficients(times[0])
    z_u = alpha_u * z + sigma_u * eps
    for u, v in pairwise(times):
        (alpha_u, sigma_u), (alpha_v, sigma_v) = coefficients(u), coefficients(v)
        eps_hat = score(z_u, u, -7.5)
        z_u = alpha_v * (z_u - sigma_u * eps_hat) / alpha_u + sigma_v * eps_hat
        ancestral = (sigma_u**2 / sigma_v**2 * (1 - alpha_v**2 / alpha_u**2)).sqrt()
        z_u = z_u + 0.3 * ancestral * torch.randn(z.shape, generator=draws).double()
    alpha_end, sigma_end = coefficients(end)
    kappa = (z_u - alpha_end * z) / sigma_end
    alpha_t, sigma_t = coefficients(start)
    expected = sigma_t / alpha_t * (score(alpha_t * z + sigma_t * kappa, start, 7.5) - kappa)
    torch.testing.assert_close(g, expected, rtol=1e-6, atol=1e-6)


def test_an_inversion_of_rows_at_different_times_stops_below_the_earliest():
    t = torch.tensor([0.5, 0.25], dtype=torch.float64)
    times = sdi.levels(t, t + 0.1, 0.1)
    assert [round(float(u[0]), 6) for u in times[:-1]] == [0.001, 0.101, 0.201]
    assert all(len(u) == 2 for u in times)
