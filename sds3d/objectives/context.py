"""What an objective may ask the loop for, by naming it in its signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated

import torch
from torch import Tensor, nn

from sds3d.diffusion.cond import Cond
from sds3d.students.student import Student

CondWithoutPerpNeg = Annotated[Cond, "Perp-Neg"]
"""How an objective annotates `cond` when it has no form of Perp-Neg and does not read `cond.away`."""


@dataclass(frozen=True)
class Gradients:
    """What an objective may return in place of the gradient with respect to z, (B, C, h, w).

    rgb: the gradient of a loss on the images with respect to the renders, (B, 3, H, W).
    """

    z: Tensor
    rgb: Tensor | None = None


@dataclass(frozen=True)
class StepContext:
    """One step of a run, as objectives see it.

    rng: the step's generator.  step, steps: which step of how many.  fraction: how much of the run is done,
    step / (steps - 1).  t_low: the lower bound on t at this step.  students: the trained students by their
    name in the recipe's [students] table.  state: a module that belongs to the objective; it is saved with the
    run.  rgb: (B, 3, H, W) the renders in [0, 1], before they were encoded.  image: the branch of the prompt
    together with its image prompt, None without one; an objective that names it is one that takes an image
    prompt.  source_z, source: of an edit, the encoded renders of the scene that it starts from, at the same
    cameras over the same backgrounds, and the conditioning on the prompt that describes them; None otherwise,
    and an objective that names one of them only edits.
    """

    rng: torch.Generator
    step: int = 0
    steps: int = 1
    fraction: float = 0.0
    t_low: float = 0.0
    students: Mapping[str, Student] = field(default_factory=dict)
    state: nn.Module | None = None
    rgb: Tensor | None = None
    image: Cond | None = None
    source_z: Tensor | None = None
    source: Cond | None = None

    @property
    def student(self) -> Student | None:
        """The only student; None when there is none or several."""
        return next(iter(self.students.values())) if len(self.students) == 1 else None


SERVICES = (*(f.name for f in fields(StepContext)), "student")
