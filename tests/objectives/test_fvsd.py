"""Laws of VSD for other divergences."""

import math
from typing import get_args

import pytest
import torch
from gaussian import Always, GaussianPrior

from sds3d.objectives import fvsd, vsd

OPTIONS = {"guidance_scale": 7.5, "weight": "sigma2"}
F = {  # D_f(p || q) = E_q f(p / q)
    "reverse-kl": lambda r: -r.log(),
    "forward-kl": lambda r: r * r.log(),
    "jeffreys": lambda r: (r - 1) * r.log(),
    "jensen-shannon": lambda r: (r * r.log() - (r + 1) * ((r + 1) / 2).log()) / 2,
    "softened-reverse-kl": lambda r: (r + 1) * ((r + 1) / (2 * r)).log(),
    "chi-square": lambda r: (r - 1) ** 2,
    "neyman": lambda r: (r - 1) ** 2 / r,
    "hellinger": lambda r: (1 - r.sqrt()) ** 2,
    "le-cam": lambda r: (r - 1) ** 2 / (2 * (r + 1)),
}


class Dense(GaussianPrior):
    """A prior whose density is everywhere `ratio` times the renders'."""

    def __init__(self, ratio):
        super().__init__(0.7)
        self.ratio = ratio

    def log_ratio(self, z, z_t, t, cond):
        return torch.full((len(z_t),), math.log(self.ratio), dtype=z_t.dtype)


def at(case, ratio, divergence, student):
    more = {"divergence": divergence, "limit": 1e3, "student": student}
    return fvsd.grad(Dense(ratio), *case, **OPTIONS, **more)


@pytest.fixture
def student(case, rng):
    return Always(torch.randn(case[0].shape, generator=rng, dtype=case[0].dtype))


def test_the_reverse_kl_divergence_is_vsd_whatever_the_ratio(case, student):
    expected = vsd.grad(GaussianPrior(0.7), *case, student=student, **OPTIONS)
    torch.testing.assert_close(at(case, 40.0, "reverse-kl", student), expected)


@pytest.mark.parametrize(
    ("divergence", "factor"),
    [("reverse-kl", 1), ("forward-kl", 1), ("jeffreys", 2), ("jensen-shannon", 0.25), ("chi-square", 2),
     ("hellinger", 0.5), ("softened-reverse-kl", 0.5), ("neyman", 2), ("le-cam", 0.5)],
)  # fmt: skip
def test_where_both_densities_agree_every_divergence_is_a_multiple_of_vsd(
    case, student, divergence, factor
):
    expected = vsd.grad(GaussianPrior(0.7), *case, student=student, **OPTIONS)
    torch.testing.assert_close(at(case, 1.0, divergence, student), factor * expected)


@pytest.mark.parametrize("divergence", get_args(fvsd.Divergence))
def test_h_is_the_square_of_the_ratio_times_the_second_derivative_of_f(divergence):
    r = torch.logspace(-3, 3, 61, dtype=torch.float64).requires_grad_()
    (first,) = torch.autograd.grad(F[divergence](r).sum(), r, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), r)
    torch.testing.assert_close(fvsd.H[divergence](r), r**2 * second, rtol=1e-6, atol=1e-9)


def test_the_ratio_is_kept_within_its_limit(case, student):
    torch.testing.assert_close(
        at(case, 1e6, "forward-kl", student), at(case, 1e3, "forward-kl", student)
    )


@pytest.mark.parametrize("divergence", [name for name in F if name != "chi-square"])
def test_h_gives_the_gradient_of_its_divergence_between_gaussians(divergence):
    """d/dm D_f(N(0, 1) || N(m, 0.8^2)) = -E_q[h(r) (s_p - s_q)], by quadrature against a difference."""
    x = torch.linspace(-12, 12, 40_001, dtype=torch.float64)
    width = 0.8

    def parts(m):
        p = torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
        q = torch.exp(-((x - m) ** 2) / (2 * width**2)) / (width * math.sqrt(2 * math.pi))
        seen = (q > 1e-250) & (p > 1e-250)
        return p[seen], q[seen], x[seen]

    def value(m):
        p, q, at = parts(m)
        return torch.trapezoid(q * F[divergence](p / q), at)

    m, step = 0.4, 1e-4
    expected = (value(m + step) - value(m - step)) / (2 * step)
    p, q, where = parts(m)
    s_p, s_q = -where, -(where - m) / width**2
    found = -torch.trapezoid(q * fvsd.H[divergence](p / q) * (s_p - s_q), where)
    assert found.item() == pytest.approx(expected.item(), rel=1e-4)


def test_chi_squares_h_gives_its_gradient_where_it_is_finite():
    """E_q r^2 is finite only where the tails of p are lighter than those of q."""
    x = torch.linspace(-12, 12, 40_001, dtype=torch.float64)

    def value(m):
        p, q = torch.exp(-(x**2) / 2), torch.exp(-((x - m) ** 2) / 2.88) / 1.2
        return torch.trapezoid(q * (p / q - 1) ** 2, x)

    m, step = 0.4, 1e-4
    p, q = torch.exp(-(x**2) / 2), torch.exp(-((x - m) ** 2) / 2.88) / 1.2
    found = -torch.trapezoid(q * 2 * (p / q) ** 2 * (-x + (x - m) / 1.44), x)
    assert found.item() == pytest.approx(
        ((value(m + step) - value(m - step)) / (2 * step)).item(), rel=1e-4
    )


def test_a_ratio_near_zero_is_kept_within_its_limit_too(case, student):
    torch.testing.assert_close(
        at(case, 1e-6, "forward-kl", student), at(case, 1e-3, "forward-kl", student)
    )
    twice = 2 * at(case, 1e-3, "forward-kl", student)
    torch.testing.assert_close(at(case, 2e-3, "forward-kl", student), twice)
