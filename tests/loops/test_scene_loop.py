"""Laws of the loop."""

import pytest
import torch
from gaussian import GaussianPrior, gaussian_cond
from toy import Fog

from sds3d.errors import NonFiniteError
from sds3d.language.prompt import Prompt
from sds3d.loops.learner import Learner, Trainer
from sds3d.loops.scene import optimize
from sds3d.loops.step import Optimization, Sampling
from sds3d.objectives import sds, vsd
from sds3d.runs import checkpoint
from sds3d.students.residual import ResidualStudent
from sds3d.views.cameras import random_views

SIZE, TOTAL = 8, 60
TARGET = torch.tensor([0.9, 0.2, 0.4])


class Flat(GaussianPrior):
    """Images of one colour, whatever the camera."""

    def condition(self, prompt, cameras, background):
        mean = TARGET[None, :, None, None].expand(len(cameras), 3, SIZE, SIZE)
        return gaussian_cond(mean.contiguous())


def sampling(time=0.3):
    return Sampling(
        cameras=lambda rng, step: random_views(
            rng, 2, SIZE, elevation_deg=(0, 30), distance=(3, 3), fov_deg=(40, 40)
        ),
        background=lambda rng, step: torch.rand(2, 3, generator=rng),
        bounds=lambda step: (time, time),
        time=lambda rng, step: torch.full((2,), time),
        noise=lambda rng, z, render, cameras: torch.randn(z.shape, generator=rng),
    )


class Run:
    def __init__(self, method="sds"):
        self.prior, self.scene = Flat(0.0), Fog()
        self.trainer = Trainer(torch.optim.Adam(self.scene.param_groups({"fog": 0.1})), 0.5)
        self.learners, self.steps = {}, []
        if method == "vsd":
            student = ResidualStudent(self.prior, width=8, blocks=1, patch=2, spread=0.3)
            learner = Learner(student, Trainer(torch.optim.Adam(student.parameters())), 0.1)
            self.learners["renders"] = learner

    def objective(self, *args):
        *args, context = args
        options = {"guidance_scale": 1.0, "weight": "uniform"}
        if context.student is None:
            return sds.grad(*args, **options)
        return vsd.grad(*args, student=context.student, **options)

    def go(self, steps, *, stop_after=TOTAL, draws=None, regularizers=None):
        def on_step(event):
            self.steps.append(event.step)
            return event.step + 1 < stop_after

        self.optimization = Optimization(
            scene=self.scene,
            prior=self.prior,
            objective=self.objective,
            prompt=Prompt("fog"),
            sampling=draws or sampling(),
            trainer=self.trainer,
            steps=TOTAL,
            seed=3,
            penalties=regularizers or {},
            learners=self.learners,
        )
        optimize(self.optimization, steps, on_step)
        return self


def test_the_fog_takes_the_colour_that_the_prior_prefers():
    scene = Run().go(range(TOTAL)).scene
    torch.testing.assert_close(scene.color.sigmoid(), TARGET, atol=0.1, rtol=0)
    assert scene.cover.sigmoid() > 0.7


def test_a_weighted_penalty_is_weighed_against_the_objective():
    plain, thin = Run().go(range(TOTAL)), Run().go(range(TOTAL), regularizers={"cover": 1e5})
    assert thin.scene.cover.sigmoid() < 0.2 < plain.scene.cover.sigmoid()


@pytest.mark.parametrize("method", ["sds", "vsd"])
def test_a_resumed_run_is_the_uninterrupted_run_bit_for_bit(method, tmp_path):
    whole, first, second = Run(method).go(range(TOTAL)), Run(method), Run(method)
    first.go(range(TOTAL), stop_after=20)

    def parts(run):
        return run.modules(), run.optimizers()

    checkpoint.write(tmp_path / "c", checkpoint.pack(*parts(first.optimization)), {"step": 20})
    tensors, meta = checkpoint.read(tmp_path / "c")
    second.go(range(0))
    checkpoint.restore(tmp_path / "c", tensors, *parts(second.optimization))
    second.go(range(meta["step"], TOTAL))
    assert first.steps + second.steps == whole.steps == list(range(TOTAL))
    assert torch.equal(whole.scene.color, second.scene.color)
    assert torch.equal(whole.scene.cover, second.scene.cover)


def test_a_gradient_that_is_not_finite_stops_the_run_naming_the_step_and_the_time():
    bad = sampling()
    bad = Sampling(
        bad.cameras,
        bad.background,
        bad.bounds,
        bad.time,
        lambda rng, z, render, cameras: torch.full(z.shape, float("inf")),
    )
    with pytest.raises(NonFiniteError, match=r"step 4.*t = \[0\.3") as caught:
        Run().go(range(4, TOTAL), draws=bad)
    assert "checkpoint" in caught.value.fix


def test_learning_rates_fall_exponentially_to_their_end():
    run = Run().go(range(TOTAL))
    assert run.trainer.optimizer.param_groups[0]["lr"] == pytest.approx(
        0.1 * 0.5 ** ((TOTAL - 1) / TOTAL)
    )
