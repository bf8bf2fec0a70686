"""Text-conditioned diffusion models in the diffusers folder layout, as priors.

What such a model predicts becomes eps in this file and nowhere else, and the continuous time t in [0, 1]
becomes the model's own here, once: round(N t) for the N trained times of a schedule, N t for a flow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from sds3d.diffusion.cond import Cond, Embedding, cat_embeddings
from sds3d.diffusion.schedule import alpha_sigma
from sds3d.errors import PriorError
from sds3d.language.prompt import Prompt
from sds3d.priors.hub import calls
from sds3d.priors.hub.calls import Call
from sds3d.priors.hub.memory import checkpoints, save_memory
from sds3d.priors.hub.text import TextEncoder
from sds3d.views.cameras import Cameras
from sds3d.views.directions import Blend, Directions

EPS = {  # eps_hat of a network's output `out`, with z_t = alpha_t z + sigma_t eps
    "epsilon": lambda out, z_t, alpha_t, sigma_t: out,
    "v_prediction": lambda out, z_t, alpha_t, sigma_t: alpha_t * out + sigma_t * z_t,
    "sample": lambda out, z_t, alpha_t, sigma_t: (z_t - alpha_t * out) / sigma_t,
    "flow_prediction": lambda out, z_t, alpha_t, sigma_t: z_t + alpha_t * out,
}

WORDS = (
    "front",
    "side",
    "back",
    "overhead",
    "left side",
    "right side",
)  # of view-dependent prompting


class DiffusionPrior:
    """A frozen denoiser with its text encoder and, for latent models, its VAE.

    prediction: a key of EPS; v = alpha_t eps - sigma_t z (Salimans and Ho 2022, https://arxiv.org/abs/2202.00512,
    appendix D), of a flow eps - z (Liu et al. 2022, https://arxiv.org/abs/2209.03003).  log_alpha_bar: (N,) the
    schedule, None for a flow: alpha_t = 1 - t, sigma_t = t.  steps: N.  size: pixels of the side that pictures
    are resized to.  zero_empty: whether the empty prompt is zeros instead of its embedding.  call: how the
    denoiser is called.  low_memory: whether memory is saved where it costs time: activations of the VAE and
    of a student are computed again in the backward pass, text encoders are freed.  weights: file -> SHA-256,
    for the records.

    A denoiser with `num_views` in its configuration is given the camera, (R, 16), and sees that many
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
        call: Call = calls.unet,
        low_memory: bool = False,
        name: str = "",
        weights: Mapping[str, str] | None = None,
    ) -> None:
        self.denoiser = denoiser
        self.vae: Any = vae  # diffusers' AutoencoderKL or AutoencoderDC, None for models of pixels
        self.weights, self.name, self.size = dict(weights or {}), name, size
        self.num_views = getattr(denoiser.config, "num_views", 0)
        self.evaluations = 0
        self._text = text
        self._zero_empty = zero_empty
        self._embedded: dict[tuple[str, bool], Embedding] = {}
        self._prediction, self._log_alpha_bar, self._steps = prediction, log_alpha_bar, steps
        self._call = call
        self.low_memory = low_memory
        save_memory(vae, low=low_memory)
        for network in (denoiser, vae):
            if network is not None:
                network.eval().requires_grad_(False)

    @property
    def dtype(self) -> torch.dtype:
        """Of the denoiser's weights."""
        return next(self.denoiser.parameters()).dtype

    @property
    def encode_dtype(self) -> torch.dtype:
        """In which images become z: that of the VAE's weights."""
        return torch.float32 if self.vae is None else self.vae.dtype

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
        """The embedded prompt for each view; such models do not see the background.

        text: of the prompt, or with `directions` the row's mixture of "PROMPT, back view" and the like; `plain`
        is then the prompt alone.
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

        def same(embedding: Embedding) -> Embedding:
            return embedding.map(lambda x: x.expand(rows, *x.shape[1:]))

        def sided(directions: Directions, blends: Sequence[Blend]) -> Embedding:
            texts = directions.texts(prompt.text)
            return cat_embeddings(
                [self._mixed(text, b) for text, b in zip(texts, blends, strict=True)]
            )

        if self.low_memory:
            self._foresee(prompt, directions)
        text = sided(directions, directions.blends) if directions else self._embed(prompt.text)
        return Cond(
            text=text if directions else same(text),
            null=same(self._null(prompt.negative)),
            camera=cameras.c2w.flatten(1).float(),
            plain=same(self._embed(prompt.text)) if directions else None,
            empty=same(self._null("")) if prompt.negative else None,
            away=tuple((sided(directions, b), w) for b, w in directions.away) if directions else (),
        )

    def encode(self, rgb: Tensor) -> Tensor:
        """z = 2 rgb - 1 at the model's size, or the VAE's scaled posterior mode of it, or its only latent.

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
        x = x.to(self.vae.dtype)
        again = self.low_memory and x.requires_grad and not checkpoints(self.vae)
        if again:  # a VAE that cannot checkpoint its blocks is run again as a whole, image by image
            rows = [checkpoint(self._latents, row, use_reentrant=False) for row in x.split(1)]
            z = torch.cat(rows).to(rgb.dtype)
        else:
            z = self._latents(x).to(rgb.dtype)
        return (z - (getattr(config, "shift_factor", None) or 0)) * config.scaling_factor

    def _latents(self, x: Tensor) -> Tensor:
        """The VAE's latents of images in [-1, 1], not scaled."""
        encoded = self.vae.encode(x)
        return encoded.latent_dist.mode() if "latent_dist" in encoded else encoded.latent

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """rgb = (z + 1) / 2 of pixels, or what the VAE makes of z; within [0, 1], in z's dtype."""
        return ((self.signals(z) + 1) / 2).clamp(0, 1)

    @torch.no_grad()
    def signals(self, z: Tensor) -> Tensor:
        """z of pixels, or what the VAE makes of z: about [-1, 1], not clamped, all channels of its decoder."""
        if self.vae is None:
            return z
        config = self.vae.config
        latent = z / config.scaling_factor + (getattr(config, "shift_factor", None) or 0)
        return self.vae.decode(latent.to(self.vae.dtype)).sample.to(z.dtype)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, rows, columns) of z."""
        denoiser: Any = self.denoiser
        scale = 1
        if self.vae is not None:
            blocks = {"block_out_channels", "encoder_block_out_channels"} & set(self.vae.config)
            scale = 2 ** (len(self.vae.config[blocks.pop()]) - 1)
        side = self.size // scale
        return denoiser.config.in_channels, side, side

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
        times = t * self._steps
        if self._log_alpha_bar is not None:
            times = times.round().long().clamp(max=self._steps - 1)
        text = cond.text.map(lambda x: x.to(self.dtype))
        told = self._call(self.denoiser, z_t.to(self.dtype), times, text, self.size)
        if self.num_views:
            told["camera"] = cond.camera.to(self.dtype)
        return told

    def _mixed(self, text: str, blend: Blend) -> Embedding:
        """One row of a text with words about its side, mixed by their shares; of the text alone without any."""
        if not blend:
            return self._embed(text)
        return _mixture([(w, self._embed(f"{text}, {word} view")) for word, w in blend.items()])

    def _foresee(self, prompt: Prompt, directions: Directions | None) -> None:
        """Encodes what later batches will ask for, then frees the text encoders."""
        words = WORDS if directions else ()
        for text in (prompt.text, *(f"{prompt.text}, {word} view" for word in words)):
            self._embed(text)
        for text in {prompt.negative, ""}:
            self._embed(text, negative=True)
        self._text.release()

    def _null(self, text: str) -> Embedding:
        """One row of what guidance steers away from; zeros for no text on models that were trained so."""
        embedding = self._embed(text, negative=True)
        return embedding.map(torch.zeros_like) if self._zero_empty and not text else embedding

    def _embed(self, text: str, *, negative: bool = False) -> Embedding:
        """One row of a text; each is encoded once."""
        if (text, negative) not in self._embedded:
            with torch.inference_mode(False):  # a student's training saves it for its backward
                found = self._text([text], negative=negative)
                self._embedded[text, negative] = found.map(lambda x: x.float().to(self.device))
        return self._embedded[text, negative]


def _mixture(shares: Sequence[tuple[float, Embedding]]) -> Embedding:
    """sum_i w_i e_i, padding counted as zeros; what is a token of any text is one of the mixture."""
    _, first = shares[0]
    tokens = torch.zeros_like(first.embedding)
    pooled = None if first.pooled is None else torch.zeros_like(first.pooled)
    mask = None if first.mask is None else torch.zeros_like(first.mask)
    for w, e in shares:
        if e.mask is not None and mask is not None:
            tokens = tokens + w * e.mask[..., None] * e.embedding
            mask = torch.maximum(mask, e.mask)
        else:
            tokens = tokens + w * e.embedding
        if e.pooled is not None and pooled is not None:
            pooled = pooled + w * e.pooled
    return Embedding(tokens, pooled, mask=mask)
