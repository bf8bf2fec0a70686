import pytest
import torch
from gaussian import gaussian_cond

SHAPE = (4, 3, 6, 6)


@pytest.fixture
def case(rng):
    """(z, t, eps, cond) in float64: four rows at four times, means of the prompt and of no prompt drawn."""

    def draw():
        return torch.randn(SHAPE, generator=rng, dtype=torch.float64)

    t = torch.tensor([0.08, 0.3, 0.7, 0.98], dtype=torch.float64)
    return draw(), t, draw(), gaussian_cond(draw(), draw())
