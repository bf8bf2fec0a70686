"""Frozen text-conditioned diffusion models, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from sds3d.cameras import Cameras
from sds3d.directions import Directions
from sds3d.prompts import Prompt


@dataclass(frozen=True)
class Cond:
    """What the prior is told about each of the R rows of a batch.

    text: (R, ...) the row's prompt.  null: (R, ...) what guidance steers away from (the negative prompt,
    or nothing).  camera: (R, 16) flattened c2w, zeros when dropped.  views: the prior's own data, shared by
    every branch made from this one; rows are taken modulo its length.  empty: (R, ...) the empty prompt, where
    it is not `null`.  image: (R, ...) the row's prompt together with an image prompt.  away: Perp-Neg's further
    prompts and their weights (R,).  rescale: how far guidance keeps the deviation of the conditional branch.
    """

    text: Tensor
    null: Tensor
    camera: Tensor
    views: Any = None
    empty: Tensor | None = None
    image: Tensor | None = None
    away: tuple[tuple[Tensor, Tensor], ...] = ()
    rescale: float = 0.0

    def __len__(self) -> int:
        return self.text.shape[0]

    def unconditional(self) -> Cond:
        """The branch that guidance steers away from."""
        return replace(self, text=self.null)

    def without_prompt(self) -> Cond:
        """The branch of the empty prompt."""
        return replace(self, text=self.null if self.empty is None else self.empty)

    def without_camera(self) -> Cond:
        """The same rows with the camera dropped (sixteen zeros)."""
        return replace(self, camera=torch.zeros_like(self.camera))


def cat(conds: Sequence[Cond]) -> Cond:
    """Branches of one batch as the rows of one larger batch, each with its own `text` and `camera`."""
    first = conds[0]
    assert all(c.views is first.views for c in conds), "branches of different batches"
    return Cond(
        torch.cat([c.text for c in conds]),
        torch.cat([c.null for c in conds]),
        torch.cat([c.camera for c in conds]),
        first.views,
    )


class Counted:
    """A prior that counts its evaluations, one for each picture."""

    def __init__(self, prior: Prior) -> None:
        self._prior, self.evaluations = prior, 0

    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """As the prior does."""
        self.evaluations += len(z_t)
        return self._prior.predict_noise(z_t, t, cond)

    def estimate(self, network: Any, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """As the prior does: a student's network of the prior's size costs what the prior costs."""
        self.evaluations += len(z_t)
        return self._prior.estimate(network, z_t, t, cond)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._prior, name)


class Prior(Protocol):
    """A frozen diffusion model.  t is (B,) in [0, 1]: 0 clean, 1 noise;  z_t = alpha_t z + sigma_t eps.

    weights: SHA-256 of each file of weights, {} for a prior without any.
    """

    weights: Mapping[str, str]

    def describe(self, prompt: Prompt) -> str:
        """How the prompt is understood, one line.  Raises PriorError when it is not."""

    def condition(
        self,
        prompt: Prompt,
        cameras: Cameras,
        background: Tensor,
        directions: Directions | None = None,
    ) -> Cond:
        """What these views of `prompt` are, seen over `background` (B, 3).

        directions: words about the side for each view, for priors that do not see the camera.
        """

    def encode(self, rgb: Tensor) -> Tensor:
        """z of images (B, 3, H, W) in [0, 1]; differentiable."""

    def alpha_sigma(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """(alpha_t, sigma_t), each shaped (B, 1, 1, 1)."""

    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """eps_hat of z_t, whatever the model itself predicts."""
