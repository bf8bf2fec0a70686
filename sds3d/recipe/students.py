"""Students with their optimizers: TABLE of [students.NAME.TABLE] -> "module:function".

Each is a function (prior, *, seed, device, ...) -> Learner.
"""

from __future__ import annotations

from typing import Literal

import torch

from sds3d.diffusion.prior import AdaptablePrior, Prior
from sds3d.loops.learner import Learner, Trainer
from sds3d.students.lora import LoraStudent
from sds3d.students.residual import ResidualStudent

STUDENTS = {
    "residual": "sds3d.recipe.students:residual_student",
    "lora": "sds3d.recipe.students:lora_student",
}


def residual_student(
    prior: Prior,
    *,
    seed: int,
    device: torch.device,
    lr: float,
    camera_dropout: float,
    width: int,
    blocks: int,
    patch: int,
    spread: float,
) -> Learner:
    """A ResidualStudent of the prior and its Adam."""
    student = ResidualStudent(
        prior, width=width, blocks=blocks, patch=patch, spread=spread, seed=seed
    ).to(device)
    optimizer = torch.optim.Adam(student.parameters(), lr=lr, fused=True)
    return Learner(student, Trainer(optimizer), camera_dropout)


def lora_student(
    prior: AdaptablePrior,
    *,
    seed: int,
    device: torch.device,
    lr: float,
    camera_dropout: float,
    rank: int,
    alpha: float,
    prediction: Literal["eps", "v"],
) -> Learner:
    """A LoraStudent of the prior's denoiser and its AdamW."""
    student = LoraStudent(prior, rank=rank, alpha=alpha, prediction=prediction, seed=seed)
    student = student.to(device)
    optimizer = torch.optim.AdamW(student.parameters(), lr=lr, fused=True)
    return Learner(student, Trainer(optimizer), camera_dropout)
