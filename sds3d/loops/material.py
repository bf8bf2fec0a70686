"""What a finished mesh is made of: albedo, metallic, roughness and normals, by score distillation.

A field on the surface is optimised against a prior that knows materials, in one of two ways:

- `channels`: the prior scores images of the material channels themselves (`HasMaterials`).
- `lit`: the prior scores renders under known environments (`LightAware`), from which the field has to tell the
  material from the light, as in Zhang et al. 2024 (DreamMat), https://arxiv.org/abs/2405.17176.

Either way the gradient is that of score distillation with the weight sigma_t / alpha_t,

    g = (sigma_t / alpha_t) (eps_hat(z_t) - eps) = z - E[z | z_t].
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.noising import add_noise
from sds3d.diffusion.prior import HasMaterials, LightAware, Prior, PriorWithDecoder
from sds3d.kernels.hash_encode import hash_encode
from sds3d.kernels.rasterize import project, rasterize
from sds3d.language.prompt import Prompt
from sds3d.loops.step import generator
from sds3d.mesh.bake import Channels, bake_channels
from sds3d.mesh.mesh import Mesh
from sds3d.views.cameras import Cameras, look_at_origin
from sds3d.views.environment import ENVIRONMENTS, Environment, environment
from sds3d.views.srgb import linear

Mode = Literal["channels", "lit"]
LEVELS, FEATURES, LOG2_TABLE = 8, 2, 15  # of the hash grid
COARSEST, FINEST = (
    16,
    128,
)  # its cells per side; the finest are about a pixel, or some would never be seen
WIDTH = 32  # of the hidden layer
ELEVATIONS = (-25.0, 5.0, 35.0, 65.0)  # of the cameras, in turn
GOLDEN = 360 * (math.sqrt(5) - 1) / 2  # degrees between two cameras of one step
DISTANCE, FOV = 3.0, 40.0
WHOLE = 0.95  # coverage of the pixels that the prior's material is taken from
GREY = 0.5  # the background of lit images
UNTOLD = 1e-3  # factor on metallic and roughness while they are not known
EDGE = 1  # pixels of the silhouette that lit images do not use


class MaterialField(nn.Module):
    """Albedo, metallic, roughness and normals at points of a surface: a hash grid and one hidden layer.

    It also sees the surface's normal, so that the two sides of a thin wall can differ.
    """

    resolutions: Tensor

    def __init__(self, color: Tensor) -> None:
        """color: (3,) sRGB, the albedo to begin with; the metallic begins at 0.3, the roughness at 0.5."""
        super().__init__()
        growth = torch.arange(LEVELS) / (LEVELS - 1)
        self.register_buffer(
            "resolutions", (COARSEST * (FINEST / COARSEST) ** growth).round().int()
        )
        self.table = nn.Parameter(1e-3 * (2 * torch.rand(LEVELS, 2**LOG2_TABLE, FEATURES) - 1))
        self.hidden = nn.Linear(LEVELS * FEATURES + 3, WIDTH)
        self.head = nn.Linear(WIDTH, 8)
        nn.init.normal_(self.head.weight, std=1e-2)
        start = torch.cat([color, color.new_tensor([0.3, 0.5])]).clamp(0.02, 0.98)
        with torch.no_grad():
            self.head.bias.copy_(torch.cat([start.logit(), torch.zeros(3)]))

    def forward(self, points: Tensor, normals: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(albedo (N, 3) sRGB, metallic (N,), roughness (N,), unit normals (N, 3)).

        points: (N, 3) in the unit ball.  normals: (N, 3), the surface's own.
        """
        features = hash_encode(0.5 * (points + 1), self.table, self.resolutions)
        raw = self.head(F.relu(self.hidden(torch.cat([features, normals], 1))))
        values = torch.sigmoid(raw[:, :5])
        bent = F.normalize(normals + raw[:, 5:], dim=-1)
        return values[:, :3], values[:, 3], values[:, 4], bent


@dataclass(frozen=True)
class Look:
    """The views of one step: where the mesh is seen, and what there.

    covered: (B, H, W) bool.  points, normals, to_camera: (P, 3) at its P pixels.  colors: (P, 3) sRGB, those
    that the mesh has there.
    """

    cameras: Cameras
    covered: Tensor
    points: Tensor
    normals: Tensor
    to_camera: Tensor
    colors: Tensor


def fit(
    prior: Prior,
    prompt: Prompt,
    mesh: Mesh,
    *,
    mode: Mode,
    steps: int,
    views: int,
    size: int,
    lr: float,
    time: tuple[float, float],
    smoothness: float,
    seed: int,
) -> MaterialField:
    """The field of the mesh's material, after `steps` steps of Adam.

    mesh: in the unit ball, with normals.  views: cameras of a step; four sets of them take turns.  size: pixels
    per side.  time: bounds of t, uniform.  smoothness: weight of the difference of albedo, metallic and
    roughness between points of a surface that are a pixel apart, in mode `lit`.

    Raises TypeError for a prior that lacks what the mode needs; recipes are checked before.
    """
    looks = [_look(mesh, cameras) for cameras in _rounds(views, size)]
    begin = generator(seed, 0)
    with torch.random.fork_rng():
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=begin)))
        field = MaterialField(_mean_color(mesh))
    optimizer = torch.optim.Adam(field.parameters(), lr=lr, betas=(0.9, 0.99), eps=1e-15)
    score = (
        _Channels(prior, prompt, steps // 4)
        if mode == "channels"
        else _Lit(prior, prompt, smoothness)
    )
    for step in range(steps):
        rng = generator(seed, step + 1)
        low, high = time
        t = (low + (high - low) * torch.rand(1, generator=rng)).expand(views)
        for group in optimizer.param_groups:
            group["lr"] = lr * (1 - step / steps) ** 0.5
        optimizer.zero_grad()
        score.loss(field, looks, step, t, rng).backward()
        optimizer.step()
    return field


class _Channels:
    """The prior's score of the material channels."""

    def __init__(self, prior: Prior, prompt: Prompt, start: int) -> None:
        """start: steps in which only the mesh's own colours and its shape say which object it is."""
        if not isinstance(prior, HasMaterials):
            raise TypeError(f"{type(prior).__name__} has no images of materials")
        self._beginning: PriorWithDecoder = prior.of_materials(UNTOLD)
        self._prior: PriorWithDecoder = prior.of_materials()
        self._prompt = prompt
        self._start = start
        self._conds: dict[tuple[int, bool], Cond] = {}

    def loss(
        self,
        field: MaterialField,
        looks: Sequence[Look],
        step: int,
        t: Tensor,
        rng: torch.Generator,
    ) -> Tensor:
        """A scalar with the gradient g on pixels that the denoised image covers whole."""
        turn = step % len(looks)
        look = looks[turn]
        begins = step < self._start
        prior = self._beginning if begins else self._prior
        if (turn, begins) not in self._conds:
            black = torch.zeros(len(look.cameras), 3)
            self._conds[turn, begins] = prior.condition(self._prompt, look.cameras, black)
        albedo, metallic, roughness, normal = field(look.points, look.normals)
        ours = torch.cat([albedo, metallic[:, None], roughness[:, None], 0.5 + 0.5 * normal], 1)
        with torch.no_grad():
            shown = torch.cat([ours, torch.ones_like(ours[:, :1])], 1)
            if begins:
                shown[:, :3] = look.colors
            image = _image(shown, look.covered)
            z = prior.encode(image)
            denoised = _denoised(prior, z, t, self._conds[turn, begins], rng)
            theirs = prior.decode(denoised).movedim(1, -1)[look.covered]
            whole = theirs[:, 8:] > WHOLE
            target = theirs[:, :8] / theirs[:, 8:].clamp_min(WHOLE)
        return 0.5 * ((ours - target) ** 2 * whole).sum() / whole.sum().clamp_min(1)


class _Lit:
    """The prior's score of renders under environments, one of them a step."""

    def __init__(self, prior: Prior, prompt: Prompt, smoothness: float) -> None:
        if not isinstance(prior, LightAware):
            raise TypeError(f"{type(prior).__name__} does not know the light")
        lights = [environment(name) for name in ENVIRONMENTS]
        self._lights = [(light, prior.within(light)) for light in lights]
        self._prompt, self._smoothness = prompt, smoothness
        self._conds: dict[tuple[int, int], Cond] = {}

    def loss(
        self,
        field: MaterialField,
        looks: Sequence[Look],
        step: int,
        t: Tensor,
        rng: torch.Generator,
    ) -> Tensor:
        """A scalar with the gradient g inside of the silhouettes, and the smoothness of the field."""
        turn, shine = step % len(looks), (step // len(looks)) % len(self._lights)
        look = looks[turn]
        light, prior = self._lights[shine]
        grey = torch.full((len(look.cameras), 3), GREY)
        if (turn, shine) not in self._conds:
            self._conds[turn, shine] = prior.condition(self._prompt, look.cameras, grey)
        albedo, metallic, roughness, normal = field(look.points, look.normals)
        ours = shown(light, albedo, metallic, roughness, normal, look.to_camera)
        inside = _eroded(look.covered)[look.covered][:, None]
        with torch.no_grad():
            image = _image(ours, look.covered, GREY)
            z = prior.encode(image)
            denoised = _denoised(prior, z, t, self._conds[turn, shine], rng)
            pull = (z - denoised).movedim(1, -1)[look.covered] * inside
        image_loss = (ours * pull).sum() / inside.sum().clamp_min(1)
        return image_loss + self._smoothness * self._roughly(
            field, look, rng, albedo, metallic, roughness
        )

    def _roughly(
        self,
        field: MaterialField,
        look: Look,
        rng: torch.Generator,
        albedo: Tensor,
        metallic: Tensor,
        roughness: Tensor,
    ) -> Tensor:
        """The mean change of the material over a random step of a pixel along the surface.

        Weights: DreamMat's, 0.25 for the albedo, 0.1 for metallic and roughness.
        """
        pixel = 2 * DISTANCE * math.tan(math.radians(FOV / 2)) / look.covered.shape[-1]
        offset = pixel * torch.randn(look.points.shape, generator=rng)
        along = offset - (offset * look.normals).sum(1, keepdim=True) * look.normals
        near = field(look.points + along, look.normals)
        parts = 0.25 * (near[0] - albedo).abs().mean()
        return parts + 0.1 * ((near[1] - metallic).abs() + (near[2] - roughness).abs()).mean()


def shown(
    light: Environment,
    albedo: Tensor,
    metallic: Tensor,
    roughness: Tensor,
    normal: Tensor,
    to_camera: Tensor,
) -> Tensor:
    """sRGB (N, 3) of surface points with an sRGB albedo; normals that face away are turned to the camera."""
    facing = torch.where((normal * to_camera).sum(-1, keepdim=True) < 0, -1.0, 1.0)
    return light.shown(linear(albedo), metallic, roughness, normal * facing, to_camera)


def baked(mesh: Mesh, field: MaterialField, *, texture_size: int) -> Mesh:
    """The mesh with the field's albedo, roughness, metallic and normals as textures.

    Raises ExportError for a mesh without texture coordinates or normals.
    """

    @torch.no_grad()
    def channels(points: np.ndarray, normals: np.ndarray) -> Channels:
        found = field(torch.from_numpy(points).float(), torch.from_numpy(normals).float())
        albedo, metallic, roughness, bent = (x.numpy() for x in found)
        return Channels(albedo, metallic, roughness, normals=bent)

    return bake_channels(mesh, channels, texture_size=texture_size)


def _denoised(prior: Prior, z: Tensor, t: Tensor, cond: Cond, rng: torch.Generator) -> Tensor:
    """E[z | z_t] of z with noise."""
    eps = torch.randn(z.shape, generator=rng)
    z_t = add_noise(prior, z, t, eps)
    alpha_t, sigma_t = prior.alpha_sigma(t)
    return (z_t - sigma_t * prior.predict_noise(z_t, t, cond)) / alpha_t


def _rounds(views: int, size: int) -> Iterator[Cameras]:
    """Four sets of cameras, each from all sides, above and below."""
    for turn in range(4):
        k = torch.arange(views)
        elevation = torch.tensor(ELEVATIONS)[(k + turn) % len(ELEVATIONS)]
        ones = torch.ones(views)
        azimuth = k * GOLDEN + turn * 23.0
        yield look_at_origin(azimuth, elevation, ones * DISTANCE, ones * FOV, size, size)


def _look(mesh: Mesh, cameras: Cameras) -> Look:
    vertices = torch.from_numpy(np.float32(mesh.vertices))
    normals = mesh.normals if mesh.normals is not None else np.zeros_like(mesh.vertices)
    uv = np.zeros((len(normals), 2), np.float32) if mesh.uv is None else np.float32(mesh.uv)
    attributes = torch.from_numpy(np.concatenate([vertices, np.float32(normals), uv], 1))
    faces = torch.from_numpy(np.int32(mesh.faces))
    screen = project(vertices, cameras)
    values, face, _ = rasterize(screen, faces, attributes, cameras.height, cameras.width)
    covered = face >= 0
    _, ray = cameras.rays()
    points, normal, at = values[covered].split([3, 3, 2], 1)
    colors = _colors(mesh, at)
    return Look(cameras, covered, points, F.normalize(normal, dim=-1), -ray[covered], colors)


def _colors(mesh: Mesh, uv: Tensor) -> Tensor:
    """The mesh's base colour at texture coordinates (P, 2), sRGB (P, 3); grey without one."""
    if mesh.base_color is None or mesh.uv is None:
        return torch.full((len(uv), 3), GREY)
    side = mesh.base_color.shape[0]
    column, row = (uv.numpy() * side).astype(np.int64).clip(0, side - 1).T
    return torch.from_numpy(mesh.base_color[row, column] / np.float32(255))


def _image(values: Tensor, covered: Tensor, background: float = 0.0) -> Tensor:
    """(B, C, H, W) with the values (P, C) at the covered pixels."""
    image = values.new_full((*covered.shape, values.shape[1]), background)
    image[covered] = values
    return image.movedim(-1, 1)


def _eroded(covered: Tensor) -> Tensor:
    """The covered pixels without those within EDGE of others."""
    outside = (~covered).float()[:, None]
    return F.max_pool2d(outside, 2 * EDGE + 1, stride=1, padding=EDGE)[:, 0] == 0


def _mean_color(mesh: Mesh) -> Tensor:
    """The mean of the mesh's base colour, sRGB (3,); grey without one."""
    if mesh.base_color is None:
        return torch.full((3,), 0.5)
    return torch.from_numpy(mesh.base_color.reshape(-1, 3).mean(0) / 255).float()
