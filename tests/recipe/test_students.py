"""Laws of the students of a recipe: what they are made as, from which defaults."""

import pytest
import torch
from gaussian import GaussianPrior
from torch import nn

from sds3d.diffusion.cond import Cond, Embedding
from sds3d.diffusion.scaling import LossScale
from sds3d.errors import RecipeError
from sds3d.recipe.check import check
from sds3d.recipe.load import load
from sds3d.recipe.students import lora_student, residual_student

CPU = torch.device("cpu")
RESIDUAL = {"lr": 0.1, "camera_dropout": 0.5, "width": 8, "blocks": 1, "patch": 1, "spread": 0.1}
LORA = {"lr": 0.1, "camera_dropout": 0.25, "rank": 2, "alpha": 4.0, "prediction": "eps"}


def test_the_learning_rate_of_a_student_is_at_most_one():
    for lr in (0, 1):
        check(load("vsd-nerf", overrides=[f"students.renders.residual.lr={lr}"]), "exact")
        made = residual_student(GaussianPrior(0.7), seed=0, device=CPU, **(RESIDUAL | {"lr": lr}))
        assert [group["lr"] for group in made.trainer.optimizer.param_groups] == [lr]
    for lr in (-0.1, 1.1):
        wanted = load("vsd-nerf", overrides=[f"students.renders.residual.lr={lr}"])
        with pytest.raises(RecipeError, match=rf"residual.lr = {lr}: must be from 0 to 1"):
            check(wanted, "exact")


class Refusing(GaussianPrior):
    """A prior that must not be asked."""

    def predict_noise(self, z_t, t, cond):
        raise AssertionError("asked")


def test_a_residual_student_without_the_camera_does_without_the_prior_unless_told_otherwise(rng):
    """All views together have no estimate that knows the camera; the recipe need not say so."""
    z, t = torch.randn(1, 3, 4, 4, generator=rng), torch.full((1,), 0.5)
    nothing = Embedding(torch.zeros(1, 1))
    cond = Cond(nothing, nothing, torch.zeros(1, 16))
    made = residual_student(Refusing(0.7), seed=0, device=CPU, **RESIDUAL)
    assert torch.isfinite(made.student.predict_noise(z, t, cond)).all()
    told = residual_student(Refusing(0.7), seed=0, device=CPU, marginal=False, **RESIDUAL)
    with pytest.raises(AssertionError, match="asked"):
        told.student.predict_noise(z, t, cond)


class Network(nn.Module):
    """The parts of a denoiser that a low-rank student adapts."""

    def __init__(self):
        super().__init__()
        self.to_q = nn.Linear(4, 4)
        self.time_embedding = nn.Sequential(nn.Linear(4, 6))


class Networked(GaussianPrior):
    """A prior with a network to adapt, in `dtype`."""

    num_views = 0

    def __init__(self, dtype):
        super().__init__(0.7)
        self.dtype = dtype
        self.denoiser = Network().to(dtype).requires_grad_(False)


@pytest.mark.parametrize(("dtype", "scaled"), [(torch.float16, True), (torch.float32, False)])
def test_the_loss_of_a_student_is_scaled_where_its_network_is_in_half_precision(dtype, scaled):
    made = lora_student(Networked(dtype), seed=0, device=CPU, **LORA)
    assert isinstance(made.scale, LossScale) == scaled
    assert made.camera_dropout == 0.25
    assert {p.dtype for p in made.student.parameters()} == {torch.float32}
    trained = {id(p) for p in made.student.parameters()}
    groups = made.trainer.optimizer.param_groups
    assert {id(p) for group in groups for p in group["params"]} == trained
