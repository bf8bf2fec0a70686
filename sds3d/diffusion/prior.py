"""Frozen text-conditioned diffusion models: what every one of them does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor

from sds3d.diffusion.cond import Cond
from sds3d.language.prompt import Prompt
from sds3d.views.cameras import Cameras
from sds3d.views.directions import Directions


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
