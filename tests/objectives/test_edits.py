"""Laws of the objectives that edit: DDS and PDS."""

import inspect
from functools import partial

import pytest
import torch
from gaussian import GaussianPrior, gaussian_cond

from sds3d.diffusion.noising import add_noise, clean
from sds3d.lookup import find
from sds3d.objectives import EDITS, OBJECTIVES
from sds3d.objectives.dds import grad as dds
from sds3d.objectives.pds import coefficients
from sds3d.objectives.pds import grad as pds

BOTH = {
    "dds": partial(dds, guidance_scale=7.5, weight="uniform"),
    "pds": partial(pds, guidance_scale=7.5, stride=0.02),
}

PLAIN = {"guidance_scale": 1.0, "stride": 0.02}


@pytest.fixture
def edit(case, rng):
    """(z, t, eps, target, source_z, source) in float64, of one null branch."""
    z, t, eps, target = case
    draw = torch.randn(2, *z.shape, generator=rng, dtype=z.dtype)
    return z, t, eps, target, draw[0], gaussian_cond(draw[1], target.null.embedding)


def one_step(prior, t, stride):
    """(factor of z_hat, factor of z_t, deviation) of the ancestral sampler's step from t to t - stride.

    Ho et al. 2020, https://arxiv.org/abs/2006.11239, eq. 7, with the alpha and beta of a single trained step.
    """
    bar = [prior.alpha_sigma(when)[0] ** 2 for when in (t, t - stride, t - 0.001)]
    alpha = bar[0] / bar[2]
    variance = (1 - bar[1]) / (1 - bar[0]) * (1 - alpha)
    of_clean = bar[1].sqrt() * (1 - alpha) / (1 - bar[0])
    of_noised = alpha.sqrt() * (1 - bar[1]) / (1 - bar[0])
    return of_clean, of_noised, variance.sqrt()


def latent(prior, z, t, eps, eps_u, cond, stride):
    """xi of the paper, eq. 8, without guidance: with a second noise, which PDS's gradient does not have."""
    of_clean, of_noised, deviation = one_step(prior, t, stride)
    z_t, z_u = add_noise(prior, z, t, eps), add_noise(prior, z, t - stride, eps_u)
    z_hat = clean(prior, z_t, t, prior.predict_noise(z_t, t, cond))
    return (z_u - of_clean * z_hat - of_noised * z_t) / deviation


def test_those_that_name_the_source_are_the_ones_that_only_edit():
    naming = [
        name
        for name in OBJECTIVES
        if {"source", "source_z"} & {*inspect.signature(find(OBJECTIVES, name, "name")).parameters}
    ]
    assert tuple(naming) == EDITS


@pytest.mark.parametrize("name", EDITS)
def test_the_same_scene_and_the_same_prompt_give_exactly_zero(name, edit):
    z, t, eps, target, _, _ = edit
    g = BOTH[name](GaussianPrior(0.3), z, t, eps, target, source_z=z, source=target)
    assert torch.equal(g, torch.zeros_like(z))


@pytest.mark.parametrize("name", EDITS)
def test_exchanging_source_and_target_changes_the_sign(name, edit):
    z, t, eps, target, source_z, source = edit
    prior = GaussianPrior(0.3)
    there = BOTH[name](prior, z, t, eps, target, source_z=source_z, source=source)
    back = BOTH[name](prior, source_z, t, eps, source, source_z=z, source=target)
    assert torch.allclose(there, -back, rtol=1e-12, atol=1e-12)


def test_the_noise_of_dds_cancels_where_each_prompt_means_one_image(edit):
    z, t, eps, target, source_z, source = edit
    prior = GaussianPrior(0.0)
    options = {"guidance_scale": 1.0, "weight": "uniform"}
    g = dds(prior, z, t, eps, target, source_z=source_z, source=source, **options)
    alpha_t, sigma_t = prior.alpha_sigma(t)
    left = (z - target.text.embedding) - (source_z - source.text.embedding)
    assert torch.allclose(g, alpha_t / sigma_t * left, rtol=1e-9)


def test_pds_is_the_difference_of_stochastic_latents_whatever_the_second_noise(edit, rng):
    z, t, eps, target, source_z, source = edit
    prior = GaussianPrior(0.3)
    g = pds(prior, z, t, eps, target, source_z=source_z, source=source, **PLAIN)
    for _ in range(2):
        eps_u = torch.randn(z.shape, generator=rng, dtype=z.dtype)
        of_target = latent(prior, z, t, eps, eps_u, target, 0.02)
        of_source = latent(prior, source_z, t, eps, eps_u, source, 0.02)
        assert torch.allclose(g, of_target - of_source, rtol=1e-7, atol=1e-9)


def test_pds_at_the_stride_of_the_schedule_is_a_multiple_of_dds(edit):
    z, t, eps, target, source_z, source = edit
    prior = GaussianPrior(0.3)
    psi, chi = coefficients(prior, t, 0.001)
    assert psi.abs().max() < 1e-9
    options = {"source_z": source_z, "source": source, "guidance_scale": 7.5}
    of_dds = dds(prior, z, t, eps, target, weight="uniform", **options)
    of_pds = pds(prior, z, t, eps, target, stride=0.001, **options)
    assert torch.allclose(of_pds, chi * of_dds, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("t", "stride", "psi", "chi"), [(0.5, 0.002, 0.032, None), (0.501, 0.05, 1.69, 0.096)]
)
def test_the_pull_of_pds_grows_with_the_stride(t, stride, psi, chi):
    found = coefficients(GaussianPrior(0.0), torch.tensor([t], dtype=torch.float64), stride)
    assert found[0].item() == pytest.approx(psi, rel=0.02)
    assert chi is None or found[1].item() == pytest.approx(chi, rel=0.02)


def test_pds_comes_to_rest_between_the_start_and_the_edit_of_dds(edit):
    """Where each prompt means one image: at source_z + share (m_target - m_source), share < 1."""
    _, t, eps, target, source_z, source = edit
    prior = GaussianPrior(0.0)
    psi, chi = coefficients(prior, t, 0.02)
    alpha_t, sigma_t = prior.alpha_sigma(t)
    pull = chi * alpha_t / sigma_t
    share = pull / (psi + pull)
    assert (share < 1).all()
    assert (share > 0).all()
    rest = source_z + share * (target.text.embedding - source.text.embedding)
    g = pds(prior, rest, t, eps, target, source_z=source_z, source=source, **PLAIN)
    assert g.abs().max() < 1e-9


@pytest.mark.parametrize("t", [0.0, 0.0005, 0.001, 0.02, 1.0])
def test_the_coefficients_of_pds_are_finite_at_every_time(t):
    psi, chi = coefficients(GaussianPrior(0.0), torch.tensor([t]), 0.05)
    assert torch.isfinite(torch.stack([psi, chi])).all()


def test_pds_keeps_to_the_trained_times():
    """u is at least the first but one, t one step above it and at most the last."""

    def at(t, stride=0.0005):
        found = coefficients(GaussianPrior(0.0), torch.tensor([t], dtype=torch.float64), stride)
        return torch.stack(found)

    torch.testing.assert_close(at(0.0), at(0.002))
    torch.testing.assert_close(at(1.0), at(0.999))
    assert (at(0.0022) / at(0.002) - 1).abs().min() > 0.01
    assert (at(0.9988) / at(0.999) - 1).abs().max() > 1e-4
    torch.testing.assert_close(at(0.01, 0.05), at(0.01, 0.009))
