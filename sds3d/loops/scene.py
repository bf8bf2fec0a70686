"""The loop of one scene."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.prior import Prior
from sds3d.errors import NonFiniteError
from sds3d.language.prompt import Prompt
from sds3d.scenes.render import Render
from sds3d.scenes.scene import Scene
from sds3d.students.residual import Student
from sds3d.views.cameras import Cameras


@dataclass(frozen=True)
class Sampling:
    """What is drawn anew at each step; each takes (rng, step)."""

    cameras: Callable[[torch.Generator, int], Cameras]
    background: Callable[[torch.Generator, int], Tensor]  # (B, 3)
    bounds: Callable[[int], tuple[float, float]]  # of t at a step; nothing is drawn
    time: Callable[[torch.Generator, int], Tensor]  # (B,)
    noise: Callable[[torch.Generator, Tensor], Tensor]  # like z
    condition: Callable[[Prior, Prompt, Cameras, Tensor], Cond] = lambda prior, *of: (
        prior.condition(*of)
    )


@dataclass(frozen=True)
class Trainer:
    """An optimizer and how its learning rates fall: lr(step) = lr(0) lr_end^(step / steps)."""

    optimizer: torch.optim.Optimizer
    lr_end: float = 1.0

    def step(self, step: int, steps: int) -> None:
        """One step at this step's learning rates; the gradients are cleared."""
        for group in self.optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
            group["lr"] = group["initial_lr"] * self.lr_end ** (step / steps)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)


@dataclass(frozen=True)
class Learner:
    """A student and its training; the camera is dropped for a whole step with p = `camera_dropout`."""

    student: Student
    trainer: Trainer
    camera_dropout: float

    def learn(self, z: Tensor, cond: Cond, rng: torch.Generator, step: int, total: int) -> float:
        """One denoising step on the renders z, at fresh t ~ U[0, 1] and eps; returns the loss."""
        t = torch.rand(len(z), generator=rng).to(z)
        eps = torch.randn(z.shape, generator=rng).to(z)
        if torch.rand((), generator=rng) < self.camera_dropout:
            cond = cond.without_camera()
        loss = self.student.loss(z.detach(), t, eps, cond)
        require_finite({"the student's loss": loss}, step, t)
        loss.backward()
        self.trainer.step(step, total)
        return loss.item()


@dataclass
class Clock:
    """Seconds spent in each part of the loop."""

    seconds: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds[part] += time.perf_counter() - start

    def rounded(self) -> dict[str, float]:
        """The seconds to a thousandth."""
        return {part: round(seconds, 3) for part, seconds in self.seconds.items()}


def generator(seed: int, step: int) -> torch.Generator:
    """The randomness of one step.  It depends on nothing else, so a resumed run repeats it exactly."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)


def fit(
    scene: Scene,
    prior: Prior,
    objective: Callable[..., Tensor],
    prompt: Prompt,
    sampling: Sampling,
    trainer: Trainer,
    *,
    steps: range,
    total: int,
    seed: int,
    gradient: Callable[[Tensor, float], Tensor],
    regularizers: Mapping[str, float],
    learner: Learner | None = None,
    on_step: Callable[[int, Render, dict[str, float]], bool],
    clock: Clock,
) -> None:
    """Optimises the scene over `steps` of `total`, until `on_step(step, render, values)` returns False.

    Each step: render, encode, objective gradient g with respect to z, `gradient(g, fraction of the run)`,
    backward of sum(z g) / B plus the weighted regularizers, optimiser step.  Raises NonFiniteError, naming
    step and t.
    """
    for step in steps:
        rng = generator(seed, step)
        cameras, background = sampling.cameras(rng, step), sampling.background(rng, step)
        with clock("prior"), torch.no_grad():
            cond = sampling.condition(prior, prompt, cameras, background)
        with clock("render"):
            render = scene.render(cameras, background, rng)
            z = prior.encode(render.rgb.permute(0, 3, 1, 2))
        t, eps = sampling.time(rng, step), sampling.noise(rng, z)
        with clock("prior"), torch.no_grad():
            services = {"rng": rng, "student": learner and learner.student}
            fraction = step / max(total - 1, 1)
            services |= {"fraction": fraction, "t_low": sampling.bounds(step)[0]}
            g = objective(prior, z, t, eps, cond, **services)
            require_finite({"the objective's gradient": g}, step, t)
            g = gradient(g, fraction)
        with clock("backward"):
            penalties = scene.regularizers(render)
            require_finite({f"the penalty '{k}'": v for k, v in penalties.items()}, step, t)
            penalty = sum(w * penalties[name] for name, w in regularizers.items() if w)
            ((z * g).sum() / len(z) + penalty).backward()
            norm = torch.nn.utils.get_total_norm(
                p.grad for p in scene.parameters() if p.grad is not None
            )
            require_finite({"the scene's gradient": norm}, step, t)
        with clock("optimizer"):
            trainer.step(step, total)
            scene.after_step(step, trainer.optimizer, rng)
        values = {"t": t.mean().item(), "grad": g.square().mean().sqrt().item()}
        values |= {name: value.item() for name, value in penalties.items()}
        if learner is not None:
            with clock("student"):
                values["student"] = learner.learn(z, cond, rng, step, total)
        if not on_step(step, render, values):
            return


def require_finite(tensors: Mapping[str, Tensor], step: int, t: Tensor) -> None:
    """Raises NonFiniteError for the first tensor with an infinity or a NaN."""
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise NonFiniteError(
                f"step {step}: {name} is not finite at t = {t.tolist()}",
                "lower the learning rates or raise time.low; the last checkpoint is kept",
            )
