"""Laws of ESD and ASD."""

from dataclasses import replace

import pytest
import torch
from gaussian import GaussianPrior

from sds3d.diffusion.noising import add_noise
from sds3d.objectives import asd, csd, esd, vsd

ASD = {"t_low": 0.02, "guidance_scale": 7.5, "eta": 0.1, "random_shift": False, "weight": "sigma2"}


class TwoFaced:
    """A student with one answer for a known camera and another for a dropped one."""

    def __init__(self, known, dropped):
        self.known, self.dropped = known, dropped

    def predict_noise(self, z_t, t, cond):
        return self.dropped if (cond.camera == 0).all() else self.known


@pytest.fixture
def student(case, rng):
    z, _, _, cond = case
    known, dropped = (torch.randn(z.shape, generator=rng, dtype=z.dtype) for _ in range(2))
    return TwoFaced(known, dropped), replace(cond, camera=torch.ones_like(cond.camera))


def esd_at(case, student, lam):
    z, t, eps, _ = case
    who, cond = student
    options = {"guidance_scale": 7.5, "weight": "sigma2", "student": who, "lam": lam}
    return esd.grad(GaussianPrior(0.7), z, t, eps, cond, **options)


def test_esd_without_entropy_is_vsd_bit_for_bit(case, student):
    z, t, eps, _ = case
    who, cond = student
    options = {"guidance_scale": 7.5, "weight": "sigma2", "student": who}
    expected = vsd.grad(GaussianPrior(0.7), z, t, eps, cond, **options)
    assert torch.equal(esd_at(case, student, 0.0), expected)


def test_esd_with_all_entropy_does_not_look_at_the_camera(case, student):
    before = esd_at(case, student, 1.0)
    student[0].known = torch.full_like(before, 1e3)
    torch.testing.assert_close(esd_at(case, student, 1.0), before)


def test_esd_with_all_entropy_is_vsd_with_the_student_of_all_cameras(case, student):
    z, t, eps, _ = case
    who, cond = student
    options = {"guidance_scale": 7.5, "weight": "sigma2", "student": TwoFaced(who.dropped, None)}
    expected = vsd.grad(GaussianPrior(0.7), z, t, eps, cond, **options)
    torch.testing.assert_close(esd_at(case, student, 1.0), expected)


def test_esd_is_linear_in_lam(case, student):
    low, mid, high = (esd_at(case, student, lam) for lam in (0.0, 0.3, 1.0))
    torch.testing.assert_close(mid, 0.7 * low + 0.3 * high)


@pytest.mark.parametrize("lam", [0.5, 0.8, 1.0])
def test_esd_of_gaussians_settles_at_the_variance_of_the_closed_form(lam):
    """p = N(mu_p, s_p^2), particles N(m, A^2) at one noise level: A^2 = (lam (a^2 s_p^2 + s^2) - s^2) / a^2."""
    mu_p, s_p, alpha, sigma = 0.7, 1.3, 0.8, 0.6
    m, A = torch.tensor(-1.0, dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64)
    for _ in range(6000):
        z, n = torch.randn(2, 256, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        z, n = (z - z.mean()) / z.std(unbiased=False), n - n.mean()
        n = n - (n * z).mean() * z
        n = n / n.std(unbiased=False)
        z_t = alpha * (m + A * z) + sigma * n

        def eps_of(mean, variance, z_t=z_t):
            return sigma * (z_t - alpha * mean) / (alpha**2 * variance + sigma**2)

        eps_known = sigma * (z_t - alpha * (m + A * z)) / sigma**2  # the particle itself is known
        g = eps_of(mu_p, s_p**2) - lam * eps_of(m, A**2) - (1 - lam) * eps_known
        m, A = m - 0.01 * g.mean(), A - 0.01 * (g * z).mean()
    expected = max(0.0, lam * (alpha**2 * s_p**2 + sigma**2) - sigma**2) / alpha**2
    assert m.item() == pytest.approx(mu_p, abs=1e-3)
    assert A.item() ** 2 == pytest.approx(expected, abs=2e-2)


def test_asd_without_a_shift_is_the_classifiers_difference_times_s_minus_one(case, rng):
    z, t, eps, cond = case
    prior = GaussianPrior(0.7)
    options = {"fraction": 0.0, "negative": 0.0, "negative_end": 0.0, "until": 1.0}
    difference = csd.grad(prior, z, t, eps, cond, normalize=False, weight="sigma2", **options)
    g = asd.grad(prior, z, t, eps, cond, rng=rng, **(ASD | {"eta": 0.0}))
    torch.testing.assert_close(g, 6.5 * difference)
    none = asd.grad(prior, z, t, eps, cond, rng=rng, **(ASD | {"eta": 0.0, "guidance_scale": 1.0}))
    torch.testing.assert_close(none, torch.zeros_like(z))


class Watched(GaussianPrior):
    """Remembers the times it was asked at."""

    def predict_noise(self, z_t, t, cond):
        self.times = [*getattr(self, "times", []), t.clone()]
        return super().predict_noise(z_t, t, cond)


def test_asd_looks_a_tenth_of_the_way_from_the_lower_bound_later_and_never_beyond_the_end(rng):
    prior, t = Watched(0.7), torch.tensor([0.02, 0.5, 0.98, 0.995], dtype=torch.float64)
    z = torch.zeros(4, 3, 2, 2, dtype=torch.float64)
    from gaussian import gaussian_cond

    asd.grad(prior, z, t, z, gaussian_cond(z), rng=rng, **ASD)
    expected = torch.tensor([0.02, 0.548, 0.999, 0.999], dtype=torch.float64)
    torch.testing.assert_close(prior.times[0], expected)
    asd.grad(prior, z, t, z, gaussian_cond(z), rng=rng, **(ASD | {"random_shift": True}))
    assert (prior.times[2] >= t).all()
    assert (prior.times[2] <= expected).all()


class Linear:
    """eps_hat = 2 z_t, whatever the time."""

    alpha_sigma = GaussianPrior(1.0).alpha_sigma

    def predict_noise(self, z_t, t, cond):
        return 2 * z_t


def test_asd_of_a_linear_prior_is_its_prediction_for_the_difference_of_the_two_points(case, rng):
    z, t, eps, cond = case
    prior = Linear()
    g = asd.grad(prior, z, t, eps, cond, rng=rng, **ASD)
    t_plus = (t + 0.1 * (t - 0.02)).clamp_max(0.999)
    difference = add_noise(prior, z, t, eps) - add_noise(prior, z, t_plus, eps)
    torch.testing.assert_close(g, prior.alpha_sigma(t)[1] ** 2 * 2 * difference)


def test_asd_below_the_lower_bound_looks_no_later(case, rng):
    """A time that is lower than t_low, as per-view times may be: eta has no effect on it."""
    options = {
        "rng": rng,
        "t_low": 1.0,
        "guidance_scale": 7.5,
        "random_shift": False,
        "weight": "ratio",
    }
    far, none = (asd.grad(GaussianPrior(0.7), *case, eta=eta, **options) for eta in (0.9, 0.0))
    torch.testing.assert_close(far, none)
