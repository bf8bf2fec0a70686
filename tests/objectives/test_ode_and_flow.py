"""Laws of CDS, on the probability flow ODE, and of RFDS, on rectified flows."""

import pytest
import torch
from gaussian import GaussianPrior, gaussian_cond

from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import add_noise, ddim
from sds3d.errors import PriorError
from sds3d.objectives import cds, rfds, sds

CDS = {"fraction": 0.0, "guidance_scale": 1.0, "guidance_scale_end": 1.0, "gap": 0.1, "gap_width": 0.0,
       "high": 0.98, "weight": "uniform"}  # fmt: skip
RFDS = {"guidance_scale": 1.0, "improve_noise": False, "weight": "uniform"}


def ratio(prior, t):
    alpha_t, sigma_t = prior.alpha_sigma(t)
    return sigma_t / alpha_t


def test_cds_without_a_gap_is_zero(case, rng):
    g = cds.grad(GaussianPrior(0.7), *case, rng=rng, **(CDS | {"gap": 0.0, "guidance_scale": 50.0}))
    torch.testing.assert_close(g, torch.zeros_like(g), atol=1e-12, rtol=0)


def test_cds_of_a_prior_of_one_image_is_zero_because_its_ode_is_a_line(case, rng):
    z, t, eps, cond = case
    same = gaussian_cond(cond.text.embedding, cond.text.embedding)
    g = cds.grad(GaussianPrior(0.0), z, t, eps, same, rng=rng, **(CDS | {"guidance_scale": 7.5}))
    torch.testing.assert_close(g, torch.zeros_like(g), atol=1e-12, rtol=0)


def test_cds_of_a_gaussian_pulls_to_its_mean_as_its_closed_form_says(case, rng):
    z, t, eps, cond = case
    spread, prior = 0.7, GaussianPrior(0.7)
    u = (t + 0.1).clamp_max(0.98)
    sig_u, sig_t = ratio(prior, u), ratio(prior, t)
    gain = spread**2 * (sig_u - sig_t) / ((spread**2 + sig_u**2) * (spread**2 + sig_t**2))
    expected = gain * (z + sig_u * eps - cond.text.embedding)
    assert (gain[:3] > 0).all()
    torch.testing.assert_close(cds.grad(prior, z, t, eps, cond, rng=rng, **CDS), expected)


def test_the_two_points_of_cds_are_one_step_of_the_ode_apart(case, rng):
    z, t, eps, cond = case
    seen = []

    class Spy(GaussianPrior):
        def predict_noise(self, z_t, t, cond):
            seen.append((z_t, t))
            return super().predict_noise(z_t, t, cond)

    prior = Spy(0.7)
    cds.grad(prior, z, t, eps, cond, rng=rng, **CDS)
    (z_u, u), (z_t, t_seen) = seen
    torch.testing.assert_close(z_u, add_noise(prior, z, u, eps))
    assert torch.equal(t_seen, t)
    eps_u = GaussianPrior(0.7).predict_noise(z_u, u, cond)
    torch.testing.assert_close(z_t, ddim(prior, z_u, eps_u, u, t))


def test_the_upper_point_of_cds_is_within_its_gap_and_below_the_highest(case, rng):
    z, t, eps, cond = case
    seen = []

    class Spy(GaussianPrior):
        def predict_noise(self, z_t, t, cond):
            seen.append(t)
            return super().predict_noise(z_t, t, cond)

    for _ in range(20):
        seen.clear()
        cds.grad(Spy(0.7), z, t, eps, cond, rng=rng, **(CDS | {"gap_width": 0.2}))
        gap = seen[0] - t
        assert (gap[:2] >= 0.1).all()
        assert (gap[:2] < 0.3).all()
        assert (seen[0] <= 0.98).all()


class Flow(GaussianPrior):
    """The same Gaussians on a rectified flow: alpha_t = 1 - t, sigma_t = t."""

    def alpha_sigma(self, t):
        t = t[:, None, None, None]
        return 1 - t, t


def test_rfds_expects_the_closed_form_of_a_gaussian_flow(rng):
    """E_n[v - (n - z)] = k u / ((1 - k)^2 s^2 + k^2), u = z - mu."""
    k = torch.full((20_000,), 0.4, dtype=torch.float64)
    z = torch.ones(20_000, 1, 1, 1, dtype=torch.float64)
    eps = torch.randn(z.shape, generator=rng, dtype=z.dtype)
    g = rfds.grad(Flow(0.7), z, k, eps, gaussian_cond(0.25 * z), **RFDS)
    expected = 0.4 * 0.75 / (0.6**2 * 0.7**2 + 0.4**2)
    assert g.mean().item() == pytest.approx(expected, abs=0.03)


def test_rfds_is_sds_over_alpha_on_a_flow(case):
    g = rfds.grad(Flow(0.7), *case, **(RFDS | {"guidance_scale": 7.5}))
    expected = sds.grad(Flow(0.7), *case, guidance_scale=7.5, weight="uniform")
    alpha_t = Flow(0.7).alpha_sigma(case[1])[0]
    torch.testing.assert_close(g, expected / alpha_t)


def test_rfds_at_the_only_image_of_its_prior_is_zero_with_and_without_better_noise(case):
    _, t, eps, cond = case
    for improve in (False, True):
        options = RFDS | {"improve_noise": improve}
        g = rfds.grad(Flow(0.0), cond.text.embedding, t, eps, cond, **options)
        torch.testing.assert_close(g, torch.zeros_like(g), atol=1e-10, rtol=0)


def test_better_noise_is_the_noise_whose_flow_ends_nearer_the_render(case):
    """eps' = eps + (1 - k)(v + z - eps), with v = (eps_hat - z_t) / (1 - k) that of the prompt alone."""
    z, t, eps, cond = case
    k = t[:, None, None, None]
    z_t = (1 - k) * z + k * eps
    eps_hat = k * (z_t - (1 - k) * cond.text.embedding) / (((1 - k) * 0.7) ** 2 + k**2)
    better = eps + (1 - k) * ((eps_hat - z_t) / (1 - k) + z - eps)
    options = RFDS | {"guidance_scale": 7.5}
    expected = rfds.grad(Flow(0.7), z, t, better, cond, **options)
    g = rfds.grad(Flow(0.7), z, t, eps, cond, **(options | {"improve_noise": True}))
    torch.testing.assert_close(g, expected)
    assert (g - rfds.grad(Flow(0.7), z, t, eps, cond, **options)).abs().max() > 1e-2


def test_rfds_refuses_a_prior_that_is_not_a_flow_and_says_how_to_get_one(case):
    with pytest.raises(PriorError, match="flow") as caught:
        rfds.grad(GaussianPrior(0.7), *case, **RFDS)
    assert "prior.exact.schedule" in caught.value.fix


def test_sds_with_a_noise_that_stays_is_a_step_of_the_probability_flow_of_the_clean_image(case):
    """CFD: z - (r(t) - r(u)) (eps_hat - eps), given the same noise at u, is DDIM's z_u, r = sigma / alpha."""
    z, t, eps, cond = case
    prior, u = GaussianPrior(0.7), t - 0.05
    g = sds.grad(prior, *case, guidance_scale=7.5, weight="uniform")
    moved = z - (ratio(prior, t) - ratio(prior, u)) * g
    z_t = add_noise(prior, z, t, eps)
    eps_hat = cfg(prior, z_t, t, cond, 7.5)
    torch.testing.assert_close(
        add_noise(prior, moved, u, eps), ddim(prior, z_t, eps_hat, t, u), atol=1e-9, rtol=1e-9
    )


@pytest.mark.parametrize("total", [0.99, 1.01])
def test_rfds_refuses_a_prior_that_is_no_flow_at_one_of_its_times(case, total):
    class Bent(Flow):
        def alpha_sigma(self, t):
            alpha_t, sigma_t = super().alpha_sigma(t)
            return alpha_t, torch.where(sigma_t < 0.1, total - alpha_t, sigma_t)

    with pytest.raises(PriorError, match="flow"):
        rfds.grad(Bent(0.7), *case, **RFDS)


def test_rfds_takes_a_flow_whose_coefficients_are_rounded(case):
    class Rounded(Flow):
        def alpha_sigma(self, t):
            alpha_t, sigma_t = super().alpha_sigma(t)
            return alpha_t, sigma_t + 5e-4

    assert torch.isfinite(rfds.grad(Rounded(0.7), *case, **RFDS)).all()
