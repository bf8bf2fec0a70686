"""Laws of every objective in the table, with the values of its recipe."""

import inspect
from dataclasses import replace

import pytest
import torch
from gaussian import Always, GaussianPrior, gaussian_cond

from sds3d.diffusion.cond import Embedding
from sds3d.lookup import find
from sds3d.objectives import OBJECTIVES
from sds3d.objectives.context import SERVICES, CondWithoutPerpNeg, Gradients, StepContext
from sds3d.recipe.load import load


class Able(GaussianPrior):
    """A Gaussian with every capability that an objective asks for."""

    def __init__(self, flow):
        super().__init__(0.7)
        self.flow = flow

    def alpha_sigma(self, t):
        if self.flow:
            t = t[:, None, None, None]
            return 1 - t, t
        return super().alpha_sigma(t)

    def decode(self, z):
        return (z + 1) / 2

    def log_ratio(self, z, z_t, t, cond):
        return torch.zeros(len(z_t), dtype=z_t.dtype)


def function_of(name):
    return find(OBJECTIVES, name, "objective.name")


def gradient(name, z, t, eps, cond):
    """What the objective answers in the middle of a run, always with the same randomness."""
    recipe = load(f"{name}-nerf")
    student = Always(torch.full_like(z, 0.1))
    context = StepContext(
        rng=torch.Generator().manual_seed(3),
        step=5,
        steps=10,
        fraction=0.5,
        t_low=0.02,
        rgb=(z + 1) / 2,
        source_z=0.5 * z,
        source=gaussian_cond(cond.null.embedding, cond.text.embedding),
        students={"renders": student} if recipe.students else {},
    )
    function = function_of(name)
    asked = inspect.signature(function).parameters
    services = {k: getattr(context, k) for k in SERVICES if k in asked}
    prior = Able(flow=name == "rfds")
    found = function(prior, z, t, eps, cond, **recipe.objective.options, **services)
    return found.z if isinstance(found, Gradients) else found


@pytest.fixture
def pushed(case, rng):
    """The case with Perp-Neg's further prompts."""
    z, t, eps, cond = case
    texts = torch.randn(2, *z.shape, generator=rng, dtype=z.dtype)
    weight = torch.full((len(z),), -0.7, dtype=z.dtype)
    return z, t, eps, replace(cond, away=tuple((Embedding(text), weight) for text in texts))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_perp_neg_changes_every_objective_except_those_that_declare_no_form_of_it(
    name, case, pushed
):
    cond = inspect.signature(function_of(name), eval_str=True).parameters["cond"]
    same = torch.equal(gradient(name, *case), gradient(name, *pushed))
    assert same == (cond.annotation == CondWithoutPerpNeg)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_returns_a_finite_gradient_of_the_shape_of_z(name, case):
    g = gradient(name, *case)
    assert g.shape == case[0].shape
    assert torch.isfinite(g).all()
    assert g.abs().max() > 0
