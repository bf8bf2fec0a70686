"""The students of a run, built from its recipe."""

from __future__ import annotations

import torch

from sds3d.diffusion.prior import Prior
from sds3d.loops.scene import Learner, Trainer
from sds3d.recipe.schema import Recipe
from sds3d.recipe.toml import bind, split
from sds3d.students.lora import LoraStudent
from sds3d.students.residual import ResidualStudent


def learner(
    name: str, recipe: Recipe, teacher: Prior, seed: int, where: torch.device
) -> Learner | None:
    """The student of the prior of that name and its training, where the recipe has one."""
    if not recipe.student:
        return None
    own, large = split(recipe.student, "lora")
    if name.partition(":")[0] != "exact":
        return lora(teacher, seed, where, **bind(lora, large, "student.lora"))
    return student(teacher, seed, where, **bind(student, own, "student"))


def student(
    teacher: Prior,
    seed: int,
    where: torch.device,
    *,
    lr: float,
    camera_dropout: float,
    width: int,
    blocks: int,
    patch: int,
    spread: float,
) -> Learner:
    """A ResidualStudent on the teacher and its Adam."""
    network = ResidualStudent(
        teacher, width=width, blocks=blocks, patch=patch, spread=spread, seed=seed
    ).to(where)
    optimizer = torch.optim.Adam(network.parameters(), lr=lr, fused=True)
    return Learner(network, Trainer(optimizer), camera_dropout)


def lora(
    teacher: Prior,
    seed: int,
    where: torch.device,
    *,
    lr: float,
    camera_dropout: float,
    rank: int,
    alpha: float,
    prediction: str,
) -> Learner:
    """A LoRA on the teacher's own denoiser and its AdamW."""
    network = LoraStudent(teacher, rank=rank, alpha=alpha, prediction=prediction, seed=seed)
    network = network.to(where)
    optimizer = torch.optim.AdamW(network.parameters(), lr=lr, fused=True)
    return Learner(network, Trainer(optimizer), camera_dropout)
