"""Laws of score identity distillation, on Gaussians."""

import pytest
import torch
from gaussian import GaussianPrior, gaussian_cond

from sds3d.diffusion.noising import add_noise, clean
from sds3d.objectives import sid

SPREAD, TIME = 0.7, 0.4


def estimate(z_t, t, mean):
    """E[z | z_t] of N(mean, SPREAD^2)."""
    prior = GaussianPrior(SPREAD)
    return clean(prior, z_t, t, prior.predict_noise(z_t, t, gaussian_cond(mean)))


def setting(rng, count, of_student):
    """(m, z, z_T, z_S): the generator makes N(m, s^2); the prior's mean is 1, the student's `of_student`."""
    m = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    shape = (count, 1, 1, 1)
    z = m + SPREAD * torch.randn(shape, generator=rng, dtype=m.dtype)
    t = torch.full((count,), TIME, dtype=m.dtype)
    z_t = add_noise(GaussianPrior(SPREAD), z, t, torch.randn(shape, generator=rng, dtype=m.dtype))
    ones = torch.ones(shape, dtype=m.dtype)
    return m, z, estimate(z_t, t, ones), estimate(z_t, t, of_student * ones)


def shrink():
    """1 - alpha_t k, the share of the difference of two means that is left in the estimates."""
    alpha_t, sigma_t = GaussianPrior(SPREAD).alpha_sigma(torch.tensor([TIME], dtype=torch.float64))
    return (sigma_t**2 / ((alpha_t * SPREAD) ** 2 + sigma_t**2)).item()


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.2])
def test_for_the_perfect_student_the_expected_loss_is_the_fisher_divergence_times_one_minus_alpha(
    rng, alpha
):
    _, *images = setting(rng, 200_000, of_student=0.2)
    found = sid.loss(*images, alpha=alpha, normalize=False).item()
    assert found == pytest.approx((1 - alpha) * (shrink() * 0.8) ** 2, abs=0.003)


@pytest.mark.parametrize("alpha", [0.0, 1.2])
def test_its_gradient_takes_the_generator_to_the_prior(rng, alpha):
    """dL/dm = -(1 - alpha_t k)^2 (mean of the prior - mean of the student), whatever alpha is."""
    m, *images = setting(rng, 64, of_student=0.2)
    (g,) = torch.autograd.grad(sid.loss(*images, alpha=alpha, normalize=False), m)
    assert g.item() == pytest.approx(-(shrink() ** 2) * 0.8, rel=1e-9)


def test_a_student_that_is_the_prior_leaves_the_generator_alone(rng):
    m, *images = setting(rng, 64, of_student=1.0)
    for normalize in (False, True):
        value = sid.loss(*images, alpha=sid.ALPHA, normalize=normalize)
        assert value.item() == 0
        (g,) = torch.autograd.grad(value, m, retain_graph=True)
        assert abs(g.item()) < 1e-12


def test_normalised_it_is_the_authors_loss_which_has_no_gradient_through_its_normaliser(rng):
    z, z_T, z_S = (torch.randn(3, 2, 4, 4, generator=rng, requires_grad=True) for _ in range(3))
    y_real, y_fake = z_T, z_S
    with torch.no_grad():
        weight = abs(z - y_real).mean(dim=[1, 2, 3], keepdim=True).clip(min=0.00001)
    expected = (y_real - y_fake) * ((y_real - z) - 1.2 * (y_real - y_fake)) / weight
    expected = expected.sum() / 3
    found = sid.loss(z, z_T, z_S, alpha=sid.ALPHA, normalize=True)
    torch.testing.assert_close(found, expected)
    for a, b in zip(
        torch.autograd.grad(found, (z, z_T, z_S)),
        torch.autograd.grad(expected, (z, z_T, z_S)),
        strict=True,
    ):
        torch.testing.assert_close(a, b)
    near = torch.full((1, 1, 2, 2), 1e-6)  # nearer than 1e-5, the authors' least normaliser
    found = sid.loss(0 * near, near, near - 0.01, alpha=0.0, normalize=True)
    assert found.item() == pytest.approx(4 * 0.01 * 1e-6 / 1e-5)
