"""Laws of the weights w(t), of the noise schedule at its ends, and of the edge cases of guidance."""

import pytest
import torch
from gaussian import GaussianPrior, gaussian_cond

from sds3d.diffusion.cond import cat
from sds3d.diffusion.guidance import perp
from sds3d.diffusion.noising import weight_at
from sds3d.diffusion.schedule import alpha_bar, alpha_sigma


@pytest.mark.parametrize(
    ("name", "expected"),
    [("uniform", 1.0), ("sigma2", 0.64), ("fantasia3d", 0.6 * 0.64), ("alpha", 0.6), ("ratio", 0.8 / 0.6)],
)  # fmt: skip
def test_a_weight_is_its_formula(name, expected):
    class Fixed(GaussianPrior):
        def alpha_sigma(self, t):
            return torch.full((1, 1, 1, 1), 0.6), torch.full((1, 1, 1, 1), 0.8)

    w = weight_at(Fixed(0.0), torch.tensor([0.5]), name)
    assert w.shape == (1, 1, 1, 1)
    assert w.item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("t", "index"), [(0.0, 0), (0.001, 1), (0.998, 998), (0.999, 999), (1.0, 999)]
)
def test_at_a_trained_time_the_schedule_is_its_table(t, index):
    bar = alpha_bar()
    alpha_t, sigma_t = alpha_sigma(torch.tensor([t], dtype=torch.float64), bar.log())
    assert alpha_t.item() == pytest.approx(bar[index].sqrt().item(), rel=1e-12)
    assert sigma_t.item() == pytest.approx((1 - bar[index]).sqrt().item(), rel=1e-9)


@pytest.mark.parametrize("t", [0.0004, 0.5005, 0.9985])
def test_between_two_trained_times_the_logarithm_of_alpha_bar_is_linear(t):
    log_bar = alpha_bar().log()
    below = int(t * 1000)
    share = t * 1000 - below
    expected = (1 - share) * log_bar[below] + share * log_bar[below + 1]
    alpha_t, _ = alpha_sigma(torch.tensor([t], dtype=torch.float64), log_bar)
    assert 2 * alpha_t.log().item() == pytest.approx(expected.item(), rel=1e-9)


def test_nothing_is_parallel_to_a_zero_vector(rng):
    a = torch.randn(2, 3, 4, 4, generator=rng)
    torch.testing.assert_close(perp(a, torch.zeros_like(a)), a)


def test_a_batch_of_one_branch_is_that_branch():
    z = torch.ones(2, 3, 4, 4)
    cond = gaussian_cond(z, 2 * z)
    one = cat([cond])
    assert len(one) == 2
    assert torch.equal(one.text.embedding, z)
    assert torch.equal(one.null.embedding, 2 * z)
