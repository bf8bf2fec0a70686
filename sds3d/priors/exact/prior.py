"""The exact prior: the closed-form score of a finite library of captioned, posed meshes.

For meshes m_i with weights p_i(text), jointly over the views of a batch,

    E[z | z_t, text, c] = sum_i w_i z_i(c),   w_i ~ p_i(text) exp(-||z_t - alpha_t z_i(c)||^2 / (2 sigma_t^2)),

with z_i(c) the renders of m_i at the batch's own cameras c, and eps_hat = (z_t - alpha_t E[z]) / sigma_t. A
branch may be blurred: its data are then N(z_i, spread^2), 2 sigma_t^2 becomes 2 (alpha_t^2 spread^2 +
sigma_t^2), and E[z] moves from the mean of the members towards z_t / alpha_t, the more the less noise there
is. No network, no training: a multi-view, camera-conditioned, text-conditioned diffusion prior whose optimum
is known, so that errors of a scene or an objective can be told apart from errors of the prior.

At 64 px the squared distances are in the thousands: below t of about 0.8 the posterior is one-hot, and any
member with p_i > 0 can win. The text weights are therefore sparse, and the member is chosen by the noise of
the first steps, which is what makes seeds differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sds3d.diffusion.cond import Cond, Embedding
from sds3d.diffusion.schedule import alpha_bar, alpha_sigma
from sds3d.kernels.rasterize import render_models
from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import Model
from sds3d.priors.exact.likeness import likeness, subject
from sds3d.views.cameras import Cameras
from sds3d.views.directions import Blend, Directions, sides
from sds3d.views.environment import Environment
from sds3d.views.lighting import shaded
from sds3d.views.shading import Shading
from sds3d.views.srgb import linear

BLIND_AZIMUTHS = 8  # how many sides a camera-blind prior takes for possible
SMALLEST = 1e-6  # coverage that is divided by
CHANNELS, METALLIC, ROUGHNESS = 9, 3, 4  # of images of materials, and where two of them are


@dataclass(frozen=True)
class Members:
    """The part of a library that a prompt is about: M models and their weights, each summing to one.

    text (M,): p_i(text), exact zeros outside the matching categories.  null (M,): what guidance steers away
    from. empty (M,): the branch without a prompt, where it is not `null`.  note: how the prompt was
    understood.  weights: the files that the models were read from, and their SHA-256.
    """

    models: tuple[Model, ...]
    text: np.ndarray
    null: np.ndarray
    note: str = ""
    empty: np.ndarray | None = None
    weights: Mapping[str, str] = field(default_factory=dict)

    @property
    def named(self) -> list[Model]:
        """Those that the prompt can become."""
        return [m for m, p in zip(self.models, self.text, strict=True) if p > 0]


@dataclass(frozen=True)
class Views:
    """The members as seen by the cameras of a batch: z of the renders, (B, M, D), and D = 3 H W."""

    z: Tensor
    half_square: Tensor  # ||z||^2 / 2, (B, M)


class ExactPrior:
    """The closed-form posterior over `choose(prompt)`'s members.  z = 2 rgb - 1, any image size.

    camera_blind: each view is scored alone, over the members turned to any of eight azimuths, as a prior
    without cameras would; this makes Janus faces on purpose.  spread, null_spread: the blur of the branches
    with and without the prompt, z units.  schedule: "vp", Stable Diffusion's, or "flow", alpha_t = 1 - t,
    sigma_t = t.
    """

    def __init__(
        self,
        choose: Callable[[Prompt], Members],
        *,
        supersample: int = 2,
        camera_blind: bool = False,
        spread: float = 0.0,
        null_spread: float = 0.0,
        schedule: str = "vp",
    ) -> None:
        self.weights: dict[str, str] = {}
        self.evaluations = 0
        self._choose = choose
        self._chosen: dict[Prompt, Members] = {}
        self._likely: dict[Prompt, np.ndarray] = {}
        self._light: Shading | Environment | None = None
        self._told: Tensor | None = None
        self._spreads, self._schedule = (spread, null_spread), schedule
        self._supersample, self._camera_blind = supersample, camera_blind
        self._log_alpha_bar = alpha_bar().log()

    def under(self, shading: Shading) -> ExactPrior:
        """The same prior, whose members are shown under that light instead of the library's.

        It shares what has been read; evaluations are counted where `predict_noise` is called.
        """
        lit = copy(self)
        lit._light = shading
        return lit

    def within(self, environment: Environment) -> ExactPrior:
        """The same prior, whose members the environment lights; it shares as that of `under` does."""
        lit = copy(self)
        lit._light = environment
        return lit

    def of_materials(self, told: float = 1.0) -> ExactPrior:
        """The same prior, of the members' material channels; it shares as that of `under` does.

        told: factor on metallic and roughness in z; see `HasMaterials`.

        Only the members that the prompt can become are rendered: all its branches have their weights.
        """
        made = copy(self)
        made._told = torch.ones(CHANNELS, 1, 1)
        made._told[METALLIC : ROUGHNESS + 1] = told
        return made

    def members(self, prompt: Prompt) -> list[Model]:
        """The objects that the prompt can become.  Raises PriorError when the library has none near it."""
        return self.select(prompt).named

    def select(self, prompt: Prompt) -> Members:
        """The part of the library that the prompt is about.  Raises PriorError as `members`."""
        if prompt not in self._chosen:
            self._chosen[prompt] = self._choose(prompt)
            self.weights.update(self._chosen[prompt].weights)
        return self._chosen[prompt]

    def _pictured(self, prompt: Prompt) -> np.ndarray:
        """The members' weights (M,) under an image prompt: those that look like it."""
        if prompt not in self._likely:
            members, picture = self.select(prompt), subject(Path(prompt.image))
            p = members.text.copy()
            named = np.flatnonzero(p)
            models = [members.models[i] for i in named]
            p[named] *= likeness(picture, models, [shaded(m.colors, m.normals) for m in models])
            self._likely[prompt] = p / p.sum()
        return self._likely[prompt]

    def describe(self, prompt: Prompt) -> str:
        """How the prompt is understood, one line.  Raises PriorError as `members`."""
        return self.select(prompt).note

    def condition(
        self,
        prompt: Prompt,
        cameras: Cameras,
        background: Tensor,
        directions: Directions | None = None,
    ) -> Cond:
        """The members rendered at `cameras` over `background` (B, 3), and their weights.

        directions: a camera-blind prior weighs the sides that the words name; one that sees cameras needs none,
        and no word of the prompt is dropped.
        """
        members = self.select(prompt)
        if self._told is not None:
            named = members.text > 0
            models = tuple(m for m, n in zip(members.models, named, strict=True) if n)
            members = Members(models, members.text[named], members.text[named], members.note)
        turns = range(BLIND_AZIMUTHS) if self._camera_blind else range(1)
        images = [
            self._seen(members.models, cameras, background, 360 / BLIND_AZIMUTHS * k) for k in turns
        ]
        z = self.encode(torch.cat(images, 1)).flatten(2)
        views = Views(z, z.square().sum(-1) / 2)

        def rows(weights: np.ndarray, spread: float, shares: Tensor | None = None) -> Embedding:
            """ln p (B, turns x M) and the spread; shares: (B, turns), of each turn."""
            p = torch.as_tensor(weights, dtype=torch.float32).expand(len(cameras), len(turns), -1)
            p = p if shares is None else p * shares[..., None]
            log_p = p.flatten(1).log().to(z.device)
            return Embedding(log_p, spread=log_p.new_full((len(cameras),), spread))

        def sided(blends: Sequence[Blend]) -> Embedding:
            return rows(members.text, spread, sides(blends, cameras, len(turns)))

        spread, null_spread = self._spreads
        sides_said = (
            directions if self._camera_blind and directions and directions.blends[0] else None
        )
        return Cond(
            text=sided(sides_said.blends) if sides_said else rows(members.text, spread),
            null=rows(members.null, null_spread),
            camera=cameras.c2w.flatten(1).float(),
            views=views,
            empty=None if members.empty is None else rows(members.empty, null_spread),
            image=rows(self._pictured(prompt), spread) if prompt.image else None,
            away=tuple((sided(blends), w) for blends, w in sides_said.away) if sides_said else (),
        )

    def _seen(
        self, models: Sequence[Model], cameras: Cameras, background: Tensor, turn_deg: float
    ) -> Tensor:
        """Images (B, M, C, H, W) of the models, turned about y: of their channels, or as the light has them."""
        turned = cameras.rotated(turn_deg)
        if self._told is not None:
            return materials(models, turned, self._supersample)
        light = self._light and self._light.rotated(turn_deg)
        return render(models, turned, background, self._supersample, light)

    def encode(self, rgb: Tensor) -> Tensor:
        """z = 2 rgb - 1, of materials times what is told of each channel."""
        z = 2 * rgb - 1
        return z if self._told is None else z * self._told.to(z)

    def decode(self, z: Tensor) -> Tensor:
        """rgb = (z + 1) / 2, within [0, 1]: the inverse of `encode`."""
        z = z if self._told is None else z / self._told.to(z)
        return ((z + 1) / 2).clamp(0, 1)

    def alpha_sigma(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """(alpha_t, sigma_t) of the schedule, (B, 1, 1, 1)."""
        if self._schedule == "flow":
            t = t[:, None, None, None]
            return 1 - t, t
        return alpha_sigma(t, self._log_alpha_bar)

    def posterior(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """w (R, M): the probability of each member given z_t, equal over the views seen together.

        log w_i = log p_i + sum over views of (alpha_t z_t . z_i - alpha_t^2 ||z_i||^2 / 2) / v_t + const,
        v_t = sigma_t^2 + (alpha_t spread)^2.
        """
        return torch.softmax(self.log_joint(z_t, t, cond), -1)

    def log_joint(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """log p_i p(z_t | i) (R, M), up to a constant in i."""
        views, rows = cond.views, len(z_t)
        alpha_t, variance = (x.flatten(1) for x in self._alpha_variance(t, cond))
        batch = len(views.z)
        z_flat = z_t.reshape(rows // batch, batch, -1)
        dot = torch.einsum("gbd,bmd->gbm", z_flat, views.z.to(z_t.dtype)).flatten(0, 1)
        half_square = views.half_square.to(z_t.dtype).repeat(rows // batch, 1)
        evidence = (alpha_t * dot - alpha_t**2 * half_square) / variance
        if not self._camera_blind:
            evidence = evidence.reshape(rows // batch, batch, -1).sum(1).repeat_interleave(batch, 0)
        return cond.text.embedding.to(z_t.dtype) + evidence

    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """eps_hat = (z_t - alpha_t E[z | z_t]) / sigma_t = sigma_t (z_t - alpha_t m) / v_t, exactly.

        m is the posterior mean of the members.
        """
        self.evaluations += len(z_t)
        alpha_t, variance = self._alpha_variance(t, cond)
        batch = len(cond.views.z)
        w = self.posterior(z_t, t, cond).reshape(len(z_t) // batch, batch, -1)
        mean = torch.einsum("gbm,bmd->gbd", w, cond.views.z.to(z_t.dtype)).reshape(z_t.shape)
        return self.alpha_sigma(t)[1] / variance * (z_t - alpha_t * mean)

    def log_ratio(self, z: Tensor, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """ln p_t(z_t) / q_t(z_t) (R,), equal over the views seen together, float64.

        p_t: the members of the branch with noise.  q_t = N(alpha_t z, sigma_t^2): the render z with noise.
        """
        batch, dimension = len(cond.views.z), z[0].numel()
        z, z_t, t = z.double(), z_t.double(), t.double()
        alpha_t, variance = self._alpha_variance(t, cond)
        square = self.alpha_sigma(t)[1] ** 2
        ours = (z_t - alpha_t * z).square().sum((1, 2, 3)) / square.flatten()
        theirs = z_t.square().sum((1, 2, 3)) / variance.flatten()
        beside = (ours - theirs + dimension * (square / variance).log().flatten()) / 2
        if not self._camera_blind:
            beside = beside.reshape(-1, batch).sum(1).repeat_interleave(batch, 0)
        share = cond.text.embedding.double().logsumexp(-1)
        return self.log_joint(z_t, t, cond).logsumexp(-1) - share + beside

    def _alpha_variance(self, t: Tensor, cond: Cond) -> tuple[Tensor, Tensor]:
        """(alpha_t, sigma_t^2 + (alpha_t spread)^2), each (R, 1, 1, 1)."""
        alpha_t, sigma_t = self.alpha_sigma(t)
        if cond.text.spread is None:
            raise ValueError("the branch has no spread: make cond by `condition`")
        spread = cond.text.spread.to(t)[:, None, None, None]
        return alpha_t, sigma_t**2 + (alpha_t * spread) ** 2


def render(
    models: Sequence[Model],
    cameras: Cameras,
    background: Tensor,
    supersample: int,
    light: Shading | Environment | None = None,
) -> Tensor:
    """Images of M models over `background` (B, 3): (B, M, 3, H, W) in [0, 1].

    Under the library's light, or as `light` has it.
    """
    if light is None:
        soup = [(m.vertices, m.faces, shaded(m.colors, m.normals), m.skin) for m in models]
        rgb, alpha = (
            torch.as_tensor(x) for x in render_models(soup, cameras, supersample=supersample)
        )
    elif isinstance(light, Environment):
        rgb, alpha = _within(models, cameras, supersample, light)
    else:
        rgb, alpha = _shaded(models, cameras, supersample, light)
    image = rgb + (1 - alpha)[..., None] * background.to(rgb)[None, :, None, None, :]
    return image.permute(1, 0, 4, 2, 3).to(cameras.device)


def _shaded(
    models: Sequence[Model], cameras: Cameras, supersample: int, shading: Shading
) -> tuple[Tensor, Tensor]:
    """(rgb (M, B, H, W, 3) premultiplied, alpha (M, B, H, W)), every pixel by its mean point and normal."""

    drawn = partial(_drawn, models, cameras, supersample)
    albedo, alpha = drawn([m.colors for m in models], skins=True)
    if not shading.needs_normals:
        if shading.surface == "white":
            albedo = alpha[..., None].expand_as(albedo)
        return shading.ambient * albedo, alpha
    point, normal, _ = _geometry(models, cameras, supersample)
    to_light = shading.light.to(point)[:, None, None] - point
    straight = (albedo / alpha.clamp_min(SMALLEST)[..., None]).clamp(0, 1)
    return alpha[..., None] * shading.shade(straight, normal, to_light).clamp(0, 1), alpha


def materials(models: Sequence[Model], cameras: Cameras, supersample: int) -> Tensor:
    """Images (B, M, 9, H, W) of M models, each channel times the coverage: `HasMaterials.of_materials`."""
    drawn = partial(_drawn, models, cameras, supersample)
    albedo, alpha = drawn([m.colors for m in models], skins=True)
    finish, _ = drawn([_finish(m) for m in models])
    _, normal, _ = _geometry(models, cameras, supersample)
    turned = alpha[..., None] * (0.5 + 0.5 * normal)
    image = torch.cat([albedo, finish[..., :2], turned, alpha[..., None]], -1)
    return image.permute(1, 0, 4, 2, 3).to(cameras.device)


def _within(
    models: Sequence[Model], cameras: Cameras, supersample: int, environment: Environment
) -> tuple[Tensor, Tensor]:
    """(rgb (M, B, H, W, 3) premultiplied, alpha (M, B, H, W)), every pixel by its mean surface."""
    drawn = partial(_drawn, models, cameras, supersample)
    albedo, alpha = drawn([m.colors for m in models], skins=True)
    finish, covered = drawn([_finish(m) for m in models])
    _, normal, to_camera = _geometry(models, cameras, supersample)
    seen = (alpha > SMALLEST) & (covered > SMALLEST)
    straight = (albedo[seen] / alpha[seen][:, None]).clamp(0, 1)
    finish = (finish[seen] / covered[seen][:, None]).clamp(0, 1)
    shown = environment.shown(
        linear(straight),
        finish[:, 0],
        finish[:, 1],
        normal[seen],
        F.normalize(to_camera[seen], dim=-1),
    )
    rgb = torch.zeros_like(albedo)
    rgb[seen] = alpha[seen][:, None] * shown
    return rgb, alpha


def _finish(model: Model) -> np.ndarray:
    """(V, 3): metallic, roughness, 0."""
    return np.stack([model.metallic, model.roughness, np.zeros_like(model.metallic)], 1)


def _geometry(
    models: Sequence[Model], cameras: Cameras, supersample: int
) -> tuple[Tensor, Tensor, Tensor]:
    """(mean points, unit mean normals turned to the camera, vectors to the camera), each (M, B, H, W, 3)."""
    drawn = partial(_drawn, models, cameras, supersample)
    normal = F.normalize(drawn([m.normals for m in models])[0], dim=-1)
    point, covered = drawn([m.vertices for m in models])
    point = point / covered.clamp_min(SMALLEST)[..., None]
    to_camera = cameras.position.to(point)[:, None, None] - point
    facing = torch.where((normal * to_camera).sum(-1, keepdim=True) < 0, -1.0, 1.0)
    return point, normal * facing, to_camera


def _drawn(
    models: Sequence[Model],
    cameras: Cameras,
    supersample: int,
    values: Sequence[np.ndarray],
    *,
    skins: bool = False,
) -> tuple[Tensor, Tensor]:
    """(values (M, B, H, W, 3) premultiplied, alpha (M, B, H, W)) of values (V, 3) per vertex of each model."""
    soup = [
        (m.vertices, m.faces, v, m.skin if skins else None)
        for m, v in zip(models, values, strict=True)
    ]
    return render_models(soup, cameras, supersample=supersample)
