"""Students with their optimizers: TABLE of [students.NAME.TABLE] -> "module:function".

Each is a function (prior, *, seed, device, ...) -> Learner.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch

from sds3d.bounds import Bounds, Fraction, MultipleOf, Scale
from sds3d.diffusion.prior import AdaptablePrior, Prior
from sds3d.diffusion.scaling import LossScale
from sds3d.loops.learner import Learner, Trainer
from sds3d.students.lora import LoraStudent
from sds3d.students.residual import ResidualStudent

LearningRate = Annotated[float, Bounds(0, 1)]
STUDENTS = {
    "residual": "sds3d.recipe.students:residual_student",
    "lora": "sds3d.recipe.students:lora_student",
}


def residual_student(
    prior: Prior,
    *,
    seed: int,
    device: torch.device,
    lr: LearningRate,
    camera_dropout: Fraction,
    width: Annotated[int, Bounds(8, 512), MultipleOf(8)],  # in eight groups, which are normalised
    blocks: Annotated[int, Bounds(1, 64)],
    patch: Literal[1, 2, 4, 8],
    spread: Annotated[float, Bounds(0.001, 100)],
    marginal: bool = True,
) -> Learner:
    """A small convolutional student, for priors that are not networks, and its Adam.

    Args:
        lr: learning rate.
        camera_dropout: probability that a step hides the cameras from the student.
        width: channels.
        blocks: residual blocks.
        patch: side of the square of pixels that becomes one, with its colours as channels.
        spread: how far renders may be from the prior's estimate, standard deviation in units of z.
        marginal: without the camera, take no estimate of the prior, which knows the views; entropic score
            distillation needs it.
    """
    student = ResidualStudent(
        prior,
        width=width,
        blocks=blocks,
        patch=patch,
        spread=spread,
        marginal=marginal,
        seed=seed,
    ).to(device)
    optimizer = torch.optim.Adam(student.parameters(), lr=lr, fused=True)
    return Learner(student, Trainer(optimizer), camera_dropout)


def lora_student(
    prior: AdaptablePrior,
    *,
    seed: int,
    device: torch.device,
    lr: LearningRate,
    camera_dropout: Fraction,
    rank: Annotated[int, Bounds(1, 512)],
    alpha: Scale,
    prediction: Literal["eps", "v"],
) -> Learner:
    """A low-rank adaptation of the prior's own denoiser, and its AdamW.

    Args:
        lr: learning rate.
        camera_dropout: probability that a step hides the cameras from the student.
        rank: of the additions to each projection of attention.
        alpha: the additions are scaled by alpha / rank.
        prediction: what the loss compares: the noise, or v = alpha_t eps - sigma_t z.
    """
    student = LoraStudent(prior, rank=rank, alpha=alpha, prediction=prediction, seed=seed)
    student = student.to(device)
    optimizer = torch.optim.AdamW(student.parameters(), lr=lr, fused=True)
    scale = LossScale().to(device) if prior.dtype is torch.float16 else None
    return Learner(student, Trainer(optimizer), camera_dropout, scale)
