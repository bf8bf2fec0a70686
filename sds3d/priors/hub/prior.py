"""Text-conditioned diffusion models in the diffusers folder layout, as priors.

What such a model predicts becomes eps in this file and nowhere else, and the continuous time t in [0, 1]
becomes the model's own here, once: round(N t) for the N trained times of a schedule, N t for a flow.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sds3d.diffusion.cond import Cond, Embedding
from sds3d.diffusion.schedule import alpha_sigma
from sds3d.errors import PriorError
from sds3d.language.prompt import Prompt
from sds3d.priors.hub.text import TextEncoder
from sds3d.views.cameras import Cameras
from sds3d.views.directions import Blend, Directions

EPS = {  # eps_hat of a network's output `out`, with z_t = alpha_t z + sigma_t eps
    "epsilon": lambda out, z_t, alpha_t, sigma_t: out,
    "v_prediction": lambda out, z_t, alpha_t, sigma_t: alpha_t * out + sigma_t * z_t,
    "sample": lambda out, z_t, alpha_t, sigma_t: (z_t - alpha_t * out) / sigma_t,
    "flow_prediction": lambda out, z_t, alpha_t, sigma_t: z_t + alpha_t * out,
}


class DiffusionPrior:
    """A frozen denoiser with its text encoder and, for latent models, its VAE.

    prediction: a key of EPS; v = alpha_t eps - sigma_t z (Salimans and Ho 2022, https://arxiv.org/abs/2202.00512,
    appendix D), of a flow eps - z (Liu et al. 2022, https://arxiv.org/abs/2209.03003).  log_alpha_bar: (N,) the
    schedule, None for a flow: alpha_t = 1 - t, sigma_t = t.  steps: N.  size: pixels of the side that pictures
    are resized to.  zero_empty: whether the empty prompt is zeros instead of its embedding.  weights: file ->
    SHA-256, for the records.

    A denoiser with `num_views` in its configuration is told the camera, (R, 16), and sees that many
    consecutive rows together.
    """

    def __init__(
        self,
        denoiser: nn.Module,
        text: TextEncoder,
        *,
        prediction: str,
        log_alpha_bar: Tensor | None,
        steps: int,
        size: int,
        vae: Any = None,
        zero_empty: bool = False,
        name: str = "",
        weights: Mapping[str, str] | None = None,
    ) -> None:
        self.denoiser = denoiser
        self.vae: Any = vae  # diffusers' AutoencoderKL, None for models of pixels
        self.weights, self.name, self.size = dict(weights or {}), name, size
        self.num_views = getattr(denoiser.config, "num_views", 0)
        self.evaluations = 0
        self._text = text
        self._zero_empty = zero_empty
        self._embedded: dict[str, Tensor] = {}
        self._prediction, self._log_alpha_bar, self._steps = prediction, log_alpha_bar, steps
        self._joint = "pooled_projections" in inspect.signature(denoiser.forward).parameters
        for network in (denoiser, vae):
            if network is not None:
                network.eval().requires_grad_(False)

    @property
    def dtype(self) -> torch.dtype:
        """Of the denoiser's weights."""
        return next(self.denoiser.parameters()).dtype

    @property
    def device(self) -> torch.device:
        return next(self.denoiser.parameters()).device

    def describe(self, prompt: Prompt) -> str:
        """The model and its size, and the end of a prompt that is too long for it."""
        count = sum(p.numel() for p in self.denoiser.parameters()) / 1e6
        kind = (
            "flow" if self._log_alpha_bar is None else self._prediction.removesuffix("_prediction")
        )
        space = "pixels" if self.vae is None else "latents"
        note = (
            f"{self.name}: {type(self.denoiser).__name__}, {count:,.1f} M weights, {kind}, {space}"
        )
        unread = self._text.unread(prompt.text)
        return note + (f"; not read, the prompt is too long: '{unread}'" if unread else "")

    def condition(
        self,
        prompt: Prompt,
        cameras: Cameras,
        background: Tensor,
        directions: Directions | None = None,
    ) -> Cond:
        """The embedded prompt for each view; such models are not told the background.

        text: of the prompt, or with `directions` the row's mixture of "PROMPT, back view" and the like.
        null: of the negative prompt, else of the empty one; `empty` is the empty prompt's when there is a
        negative one.  The empty prompt is zeros on models that were trained so.

        Raises PriorError when the cameras are no whole groups of the views that the model sees together.
        """
        rows = len(cameras)
        if prompt.image:
            raise PriorError(
                f"{self.name} takes no image prompt", "use --prior exact, or no --image"
            )
        if self.num_views and rows % self.num_views:
            raise PriorError(
                f"{self.name} sees {self.num_views} views together, but camera.views = {rows}",
                f"--set camera.views={self.num_views}",
            )

        def same(text: str) -> Embedding:
            tokens = self._embed(text)
            if self._zero_empty and not text:
                tokens = torch.zeros_like(tokens)
            return self._split(tokens.expand(rows, -1, -1))

        def sided(directions: Directions, blends: Sequence[Blend]) -> Embedding:
            texts = directions.texts(prompt.text)
            mixed = [self._mixed(text, b) for text, b in zip(texts, blends, strict=True)]
            return self._split(torch.stack(mixed))

        return Cond(
            text=sided(directions, directions.blends) if directions else same(prompt.text),
            null=same(prompt.negative),
            camera=cameras.c2w.flatten(1).float(),
            empty=same("") if prompt.negative else None,
            away=tuple((sided(directions, b), w) for b, w in directions.away) if directions else (),
        )

    def encode(self, rgb: Tensor) -> Tensor:
        """z = 2 rgb - 1 at the model's size, or the VAE's scaled posterior mode of it.

        The mode, not a sample: the same picture has the same z, so that a run needs no further randomness, and
        the posterior's deviation is far below that of any noise that is added next.
        """
        x = F.interpolate(
            2 * rgb - 1,
            (self.size, self.size),
            mode="bilinear",
            antialias=self.size < rgb.shape[-1],
        )
        if self.vae is None:
            return x
        config = self.vae.config
        z = self.vae.encode(x.to(self.vae.dtype)).latent_dist.mode().to(rgb.dtype)
        return (z - (getattr(config, "shift_factor", None) or 0)) * config.scaling_factor

    def alpha_sigma(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """(alpha_t, sigma_t) of the model's schedule, (B, 1, 1, 1)."""
        if self._log_alpha_bar is None:
            t = t[:, None, None, None]
            return 1 - t, t
        return alpha_sigma(t, self._log_alpha_bar)

    @torch.no_grad()
    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """eps_hat of z_t, in z_t's dtype."""
        return self.denoise(self.denoiser, z_t, t, cond)

    def denoise(self, network: nn.Module, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """eps_hat of z_t by `network`, which has the denoiser's interface; differentiable.

        Channels beyond those of z_t, a learned variance, are dropped.
        """
        self.evaluations += len(z_t)
        out = network(**self._arguments(z_t, t, cond)).sample[:, : z_t.shape[1]].to(z_t.dtype)
        return EPS[self._prediction](out, z_t, *self.alpha_sigma(t))

    def _arguments(self, z_t: Tensor, t: Tensor, cond: Cond) -> dict[str, Any]:
        z_t = z_t.to(self.dtype)
        text = cond.text.embedding.to(self.dtype)
        pooled = None if cond.text.pooled is None else cond.text.pooled.to(self.dtype)
        times = t * self._steps
        if self._log_alpha_bar is not None:
            times = times.round().long().clamp(max=self._steps - 1)
        told: dict[str, Any] = {"timestep": times, "encoder_hidden_states": text}
        if self._joint:
            return told | {"hidden_states": z_t, "pooled_projections": pooled}
        if self.num_views:
            told["camera"] = cond.camera.to(self.dtype)
        if pooled is not None:  # SDXL: original size, corner of the crop, wanted size
            sizes = pooled.new_tensor([[self.size, self.size, 0, 0, self.size, self.size]])
            ids = {"text_embeds": pooled, "time_ids": sizes.expand(len(z_t), -1)}
            told["added_cond_kwargs"] = ids
        return told | {"sample": z_t}

    def _mixed(self, text: str, blend: Blend) -> Tensor:
        """(T, D) of a text with words about its side, mixed by their shares; of the text alone without any."""
        if not blend:
            return self._embed(text)
        nothing = torch.zeros((), device=self.device)
        return sum(
            (w * self._embed(f"{text}, {word} view") for word, w in blend.items()), start=nothing
        )

    def _split(self, rows: Tensor) -> Embedding:
        """The tokens and the pooled vector of what the text encoder gives, (R, T, D)."""
        width = self._text.pooled
        return Embedding(rows[:, :-1], rows[:, -1, :width]) if width else Embedding(rows)

    def _embed(self, text: str) -> Tensor:
        """(T, D) of a text; each is encoded once."""
        if text not in self._embedded:
            with torch.inference_mode(False):  # a student's training saves it for its backward
                self._embedded[text] = self._text([text])[0].float().to(self.device)
        return self._embedded[text]
