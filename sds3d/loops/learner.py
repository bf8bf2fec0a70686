"""Optimizers and their schedules, and the training of a student."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.scaling import LossScale
from sds3d.errors import NonFiniteError
from sds3d.students.student import Student


@dataclass(frozen=True)
class Trainer:
    """An optimizer and the decay of its learning rates: lr(step) = lr(0) lr_end^(step / steps).

    rates: learning rates of their own, functions of (step, steps), for the parameter groups of these names.
    """

    optimizer: torch.optim.Optimizer
    lr_end: float = 1.0
    rates: Mapping[str, Callable[[int, int], float]] = field(default_factory=dict)

    def step(self, step: int, steps: int) -> None:
        """One optimizer step at this step's learning rates; clears the gradients."""
        for group in self.optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
            rate = self.rates.get(group.get("name", ""))
            decayed = group["initial_lr"] * self.lr_end ** (step / steps)
            group["lr"] = decayed if rate is None else rate(step, steps)
        self.optimizer.step()
        self.skip()

    def skip(self) -> None:
        """Clears the gradients."""
        self.optimizer.zero_grad(set_to_none=True)


@dataclass(frozen=True)
class Learner:
    """A student and its training.

    camera_dropout: probability that a whole step drops the camera.  scale: of the loss, where the student's
    gradients pass through half precision.
    """

    student: Student
    trainer: Trainer
    camera_dropout: float
    scale: LossScale | None = None

    def learn(self, z: Tensor, cond: Cond, rng: torch.Generator, step: int, steps: int) -> float:
        """One denoising step on the renders z (B, C, h, w); returns the loss.

        t ~ U[0, 1] for each view, eps ~ N(0, I).  A step whose gradient overflows in half precision is skipped.

        Raises NonFiniteError for a loss or a gradient that is not finite for another reason.
        """
        t = torch.rand(len(z), generator=rng).to(z)
        eps = torch.randn(z.shape, generator=rng).to(z)
        if torch.rand((), generator=rng) < self.camera_dropout:
            cond = cond.without_camera()
        loss = self.student.loss(z.detach(), t, eps, cond)
        require_finite({"the student's loss": loss}, step, t)
        (loss if self.scale is None else loss * self.scale.scale).backward()
        if self.scale is not None:
            self.scale.unscale(self.student.parameters())
        norm = gradient_norm(self.student)
        if accepted(norm, self.scale, "the student's gradient", step, t):
            self.trainer.step(step, steps)
        else:
            self.trainer.skip()
        return loss.item()


def gradient_norm(module: nn.Module) -> Tensor:
    """The norm of the gradients of all parameters."""
    grads = [p.grad for p in module.parameters() if p.grad is not None]
    return torch.nn.utils.get_total_norm(grads)


def accepted(norm: Tensor, scale: LossScale | None, name: str, step: int, t: Tensor) -> bool:
    """Whether a step with gradients of that norm is to be taken; updates the scale.

    Raises NonFiniteError for a norm that is not finite, without a scale or when it is used up.
    """
    finite = bool(torch.isfinite(norm))
    if scale is not None:
        scale.update(finite)
    if not finite and (scale is None or scale.exhausted):
        require_finite({name: norm}, step, t)
    return finite


def require_finite(tensors: Mapping[str, Tensor], step: int, t: Tensor) -> None:
    """Raises NonFiniteError for the first tensor with an infinity or a NaN, naming step and t."""
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise NonFiniteError(
                f"step {step}: {name} is not finite at t = {t.tolist()}",
                "lower the learning rates or raise time.low; the last checkpoint is kept",
            )
