"""The exact prior: the closed-form score of a finite library of captioned, posed meshes.

For meshes m_i with weights p_i(text), jointly over the views of a batch,

    E[z | z_t, text, c] = sum_i w_i z_i(c),   w_i ~ p_i(text) exp(-||z_t - alpha_t z_i(c)||^2 / (2 sigma_t^2)),

with z_i(c) the renders of m_i at the batch's own cameras c, and eps_hat = (z_t - alpha_t E[z]) / sigma_t. No
network, no training: a multi-view, camera-conditioned, text-conditioned diffusion prior whose optimum is
known, so that the faults of a scene or of an objective can be told from the faults of a prior.

At 64 px the squared distances are in the thousands: below t of about 0.8 the posterior is one-hot, and any
member with p_i > 0 can win. The text weights are therefore sparse, and the member is chosen by the noise of
the first steps, which is what makes seeds differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sds3d.cameras import Cameras
from sds3d.kernels.rasterize import render_models
from sds3d.library.model import Model
from sds3d.priors import Cond
from sds3d.priors.schedule import alpha_bar, alpha_sigma
from sds3d.prompts import Prompt

# The light of the library, fixed to the object: shade(n) = LIGHT[0] + n . LIGHT[1:], in [0.46, 0.94].
LIGHT = np.array([0.70, 0.08, 0.20, 0.11], np.float32)
BLIND_AZIMUTHS = 8  # how many sides a camera-blind prior takes for possible


@dataclass(frozen=True)
class Members:
    """The part of a library that a prompt is about: M models and their weights, each summing to one.

    text (M,): p_i(text), exact zeros outside the matching categories.  null (M,): the unconditional branch.
    note: how the prompt was understood, for the user.
    """

    models: tuple[Model, ...]
    text: np.ndarray
    null: np.ndarray
    note: str = ""


@dataclass(frozen=True)
class Views:
    """The members as seen by the cameras of a batch: z of the renders, (B, M, D), and D = 3 H W."""

    z: Tensor
    half_square: Tensor  # ||z||^2 / 2, (B, M)


class ExactPrior:
    """The closed-form posterior over `choose(prompt)`'s members.  z = 2 rgb - 1, any image size.

    camera_blind: each view is scored alone, over the members turned to any of eight azimuths, as a prior
    without cameras would; this makes Janus faces on purpose.
    """

    def __init__(
        self,
        choose: Callable[[Prompt], Members],
        *,
        supersample: int = 2,
        camera_blind: bool = False,
    ) -> None:
        self._choose, self._chosen = choose, {}
        self._supersample, self._camera_blind = supersample, camera_blind
        self._log_alpha_bar = alpha_bar().log()

    def members(self, prompt: Prompt) -> Members:
        """What the prompt selects.  Raises PriorError when the library has nothing near it."""
        if prompt not in self._chosen:
            self._chosen[prompt] = self._choose(prompt)
        return self._chosen[prompt]

    def describe(self, prompt: Prompt) -> str:
        """How the prompt is understood, one line.  Raises PriorError as `members`."""
        return self.members(prompt).note

    def condition(self, prompt: Prompt, cameras: Cameras, background: Tensor) -> Cond:
        """The members rendered at `cameras` over `background` (B, 3), and their weights."""
        members = self.members(prompt)
        turns = range(BLIND_AZIMUTHS) if self._camera_blind else range(1)
        images = [
            render(
                members.models,
                cameras.rotated(360 / BLIND_AZIMUTHS * k),
                background,
                self._supersample,
            )
            for k in turns
        ]
        z = self.encode(torch.cat(images, 1).flatten(2))
        views = Views(z, z.square().sum(-1) / 2)

        def log_rows(weights: np.ndarray) -> Tensor:
            row = torch.as_tensor(weights, dtype=torch.float32).log().to(z.device)
            return row.repeat(len(turns)).expand(len(cameras), -1)

        camera = cameras.c2w.flatten(1).float()
        return Cond(log_rows(members.text), log_rows(members.null), camera, views)

    def encode(self, rgb: Tensor) -> Tensor:
        """z = 2 rgb - 1."""
        return 2 * rgb - 1

    def alpha_sigma(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """(alpha_t, sigma_t) of Stable Diffusion's schedule, (B, 1, 1, 1)."""
        return alpha_sigma(t, self._log_alpha_bar)

    def posterior(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """w (R, M): the probability of each member given z_t, equal over the views seen together.

        log w_i = log p_i + sum over views of (alpha_t z_t . z_i - alpha_t^2 ||z_i||^2 / 2) / sigma_t^2 + const.
        """
        views, rows = cond.views, len(z_t)
        alpha_t, sigma_t = (x.flatten(1) for x in self.alpha_sigma(t))
        batch = len(views.z)
        z_flat = z_t.reshape(rows // batch, batch, -1)
        dot = torch.einsum("gbd,bmd->gbm", z_flat, views.z.to(z_t.dtype)).flatten(0, 1)
        half_square = views.half_square.to(z_t.dtype).repeat(rows // batch, 1)
        evidence = (alpha_t * dot - alpha_t**2 * half_square) / sigma_t**2
        if not self._camera_blind:
            evidence = evidence.reshape(rows // batch, batch, -1).sum(1).repeat_interleave(batch, 0)
        return torch.softmax(cond.text.to(z_t.dtype) + evidence, -1)

    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """eps_hat = (z_t - alpha_t E[z | z_t]) / sigma_t, exactly."""
        alpha_t, sigma_t = self.alpha_sigma(t)
        batch = len(cond.views.z)
        w = self.posterior(z_t, t, cond).reshape(-1, batch, cond.text.shape[1])
        mean = torch.einsum("gbm,bmd->gbd", w, cond.views.z.to(z_t.dtype)).reshape(z_t.shape)
        return (z_t - alpha_t * mean) / sigma_t


def shade(normals: np.ndarray) -> np.ndarray:
    """What the library's light multiplies the colours of surfaces by, (N,), for unit normals (N, 3)."""
    return LIGHT[0] + normals @ LIGHT[1:]


def shaded(model: Model) -> np.ndarray:
    """The vertex colours under the library's light, (V, 3)."""
    return np.clip(model.colors * shade(model.normals)[:, None], 0, 1)


def render(
    models: Sequence[Model], cameras: Cameras, background: Tensor, supersample: int
) -> Tensor:
    """Images of M models over `background` (B, 3): (B, M, 3, H, W) in [0, 1]."""
    soup = [(m.vertices, m.faces, shaded(m)) for m in models]
    rgb, alpha = (torch.as_tensor(x) for x in render_models(soup, cameras, supersample=supersample))
    image = rgb + (1 - alpha)[..., None] * background.to(rgb)[None, :, None, None, :]
    return image.permute(1, 0, 4, 2, 3).to(cameras.device)
