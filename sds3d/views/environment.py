"""Light from all around: a few environments, and surfaces under them.

The light that a surface sends to the camera, the integral of f L (n . l) over all directions l, is taken as

    (1 - m) albedo (1 - F0) c E(n) / pi  +  (F0 a + b) S(r, width),

with E the irradiance, S the environment blurred by the lobe of a surface that is seen straight on, and the rest
from `views.brdf.lobe`: "split sum", exact under a light that is equal from everywhere.  r and width are not the
mirrored direction and the surface's roughness, as in the papers, but those that give the lobe its true mean: a
rough surface that is seen from the side scatters less steeply and more widely.  Against the integral itself a
ball's mean radiance over six sides is then at most 2.3 % off (each colour, roughness 0.1 to 1, metals and
others, each of the environments).  A single side can be 8 % off, and a point under a small sun by more.  There
are no shadows and no light between surfaces.
Sources: Karis 2013, "Real Shading in Unreal Engine 4"; Munkberg et al. 2022 (nvdiffrec),
https://arxiv.org/abs/2111.12503, section 3.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from sds3d.errors import UsageError, nearest
from sds3d.views.brdf import SMOOTHEST, ggx, lobe, reflectance
from sds3d.views.srgb import encoded

HEIGHT, WIDTH = 64, 128  # of the maps: rows from straight up to straight down, columns around y
LEVELS = 11  # blurred maps, for roughness 0, 0.1, ..., 1


@dataclass(frozen=True)
class Environment:
    """Radiance by direction, linear.

    specular: (3, LEVELS, HEIGHT, WIDTH), S by roughness.  irradiance: (3, HEIGHT, WIDTH), E / pi.  turn: how
    far it is turned about y, radians from z towards x.
    """

    specular: Tensor
    irradiance: Tensor
    turn: float = 0.0

    def rotated(self, azimuth_deg: float) -> Environment:
        """The same, moved around the y axis as `Cameras.rotated` moves cameras."""
        return replace(self, turn=self.turn + math.radians(azimuth_deg))

    def to(self, device: torch.device) -> Environment:
        """The same, with its maps on `device`."""
        return replace(
            self, specular=self.specular.to(device), irradiance=self.irradiance.to(device)
        )

    def diffuse(self, normal: Tensor) -> Tensor:
        """E(n) / pi (N, 3)."""
        at = self._place(normal)
        maps = _around(self.irradiance.to(normal))[None]
        return F.grid_sample(maps, at[None, None], **_SAMPLING)[0, :, 0].T

    def blurred(self, direction: Tensor, roughness: Tensor) -> Tensor:
        """S(r, roughness) (N, 3).  direction: (N, 3), unit; roughness: (N,)."""
        at = torch.cat([self._place(direction), 2 * roughness[:, None].clamp(0, 1) - 1], 1)
        levels = at[:, 2:] * ((LEVELS - 1) / LEVELS)  # the outer levels' middles are 0 and 1
        at = torch.cat([at[:, :2], levels], 1)
        maps = _around(self.specular.to(direction))[None]
        return F.grid_sample(maps, at[None, None, None], **_SAMPLING)[0, :, 0, 0].T

    def lit(
        self,
        albedo: Tensor,
        metallic: Tensor,
        roughness: Tensor,
        normal: Tensor,
        to_camera: Tensor,
    ) -> Tensor:
        """Radiance (N, 3) of surface points, linear; differentiable in all arguments.

        albedo: (N, 3) linear.  metallic, roughness: (N,).  normal, to_camera: (N, 3), unit.
        """
        n_v = (normal * to_camera).sum(-1)
        found = lobe(n_v, roughness)
        across = n_v[:, None] * normal - to_camera
        middle = F.normalize(found.ahead[:, None] * across + found.up[:, None] * normal, dim=-1)
        f0 = reflectance(albedo, metallic)
        matte = (1 - metallic)[:, None] * albedo * (1 - f0) * found.c[:, None]
        shiny = f0 * found.a[:, None] + found.b[:, None]
        return matte * self.diffuse(normal) + shiny * self.blurred(middle, found.width)

    def shown(
        self,
        albedo: Tensor,
        metallic: Tensor,
        roughness: Tensor,
        normal: Tensor,
        to_camera: Tensor,
    ) -> Tensor:
        """`lit` as sRGB in [0, 1], what is brighter than 1 clipped."""
        light = self.lit(albedo, metallic, roughness, normal, to_camera)
        return encoded(light.clamp(0, 1))

    def _place(self, direction: Tensor) -> Tensor:
        """Where a direction (N, 3) lies in the maps, (N, 2) in [-1, 1]: column and row."""
        x, y, z = direction.unbind(-1)
        angle = torch.atan2(x, z + 1e-9) - self.turn
        column = (angle / (2 * math.pi) + 0.5) % 1.0  # (column + 1/2) / WIDTH
        column = (column * WIDTH + 1) / (WIDTH + 2)  # of maps with a column more on either side
        row = torch.acos(y.clamp(-1 + 1e-6, 1 - 1e-6)) / math.pi
        return torch.stack([column, row], -1) * 2 - 1


_SAMPLING = {"mode": "bilinear", "padding_mode": "border", "align_corners": False}


def _around(maps: Tensor) -> Tensor:
    """The maps (..., WIDTH) with the last column before the first and the first behind the last."""
    return torch.cat([maps[..., -1:], maps, maps[..., :1]], -1)


def directions() -> Tensor:
    """(HEIGHT, WIDTH, 3): the direction of the middle of each texel; the middle column is +Z."""
    polar = (torch.arange(HEIGHT) + 0.5) / HEIGHT * math.pi
    angle = ((torch.arange(WIDTH) + 0.5) / WIDTH - 0.5) * 2 * math.pi
    sine = polar.sin()[:, None]
    y = polar.cos()[:, None].expand(HEIGHT, WIDTH)
    return torch.stack([sine * angle.sin(), y, sine * angle.cos()], -1)


def environment_of(radiance: Callable[[Tensor], Tensor]) -> Environment:
    """The environment whose radiance (..., 3) is the given function of directions (..., 3).

    Its details are those of its map: WIDTH texels around.
    """
    seen = radiance(directions()).permute(2, 0, 1)
    levels = [seen]
    for roughness in torch.linspace(0, 1, LEVELS)[1:].tolist():
        levels.append(_blurred(seen, _lobe(roughness)))
    return Environment(torch.stack(levels, 1), _blurred(seen, lambda cosine: cosine.clamp_min(0)))


def _lobe(roughness: float) -> Callable[[Tensor], Tensor]:
    """The weight D(h) (n . l) of light from l where n = v, by the cosine n . l."""
    a = torch.tensor(max(roughness, SMOOTHEST) ** 2)
    return lambda cosine: ggx(((1 + cosine) / 2).clamp(0, 1).sqrt(), a) * cosine.clamp_min(0)


def _blurred(seen: Tensor, weight: Callable[[Tensor], Tensor]) -> Tensor:
    """Means of the map (3, HEIGHT, WIDTH) weighed by a function of the cosine to each texel's direction.

    The weights depend on both rows and the difference of the columns, so that this is a convolution along them.
    """
    points = directions()
    cosine = torch.einsum("rc,sjc->rsj", points[:, 0], points).clamp(-1, 1)
    weights = weight(cosine) * _solid_angles()[:, None]
    weights = weights / weights.sum((1, 2), keepdim=True)
    along = torch.fft.rfft(weights).conj()
    return torch.fft.irfft(torch.einsum("rsf,csf->crf", along, torch.fft.rfft(seen)), WIDTH)


def _solid_angles() -> Tensor:
    """(HEIGHT,): of a texel of each row, up to a factor."""
    return ((torch.arange(HEIGHT) + 0.5) / HEIGHT * math.pi).sin()


def environment(name: str) -> Environment:
    """One of ENVIRONMENTS.  Raises UsageError for another name."""
    if name not in ENVIRONMENTS:
        raise UsageError(
            f"unknown environment '{name}'{nearest(name, ENVIRONMENTS)}",
            f"use one of {', '.join(ENVIRONMENTS)}",
        )
    return _made(name)


@lru_cache(maxsize=8)
def _made(name: str) -> Environment:
    radiance = ENVIRONMENTS[name]
    weights = _solid_angles()[:, None, None].expand(HEIGHT, WIDTH, 1)
    light = radiance(directions())
    scale = WHITE / ((light * weights).sum() / (3 * weights.sum()))
    return environment_of(lambda d: scale * radiance(d))


def _studio(d: Tensor) -> Tensor:
    """A dim room with a large softbox from the upper left, a smaller one from the right, a strip behind."""
    y = d[..., 1:2]
    room = _mix(0.5 + 0.5 * y, (0.16, 0.16, 0.17), (0.34, 0.34, 0.36))
    key = _softbox(d, (-0.6, 0.7, 0.8), 0.6, 0.45) * _rgb(d, (3.2, 3.1, 2.9))
    fill = _softbox(d, (1.0, 0.25, 0.45), 0.35, 0.6) * _rgb(d, (1.3, 1.4, 1.6))
    rim = _softbox(d, (0.3, 0.5, -1.0), 0.9, 0.2) * _rgb(d, (2.2, 2.2, 2.2))
    return room + key + fill + rim


def _sky(d: Tensor) -> Tensor:
    """A clear sky with a high sun and its halo, above sandy ground."""
    y = d[..., 1:2]
    above = _mix(y.clamp(0, 1) ** 0.5, (0.85, 0.95, 1.05), (0.18, 0.36, 0.80))
    sky = torch.lerp(d.new_tensor((0.26, 0.23, 0.19)), above, torch.sigmoid(y / 0.05))
    sun = _glow(d, (0.5, 0.8, 0.45), 120.0) * _rgb(d, (22.0, 20.0, 16.0))
    return sky + sun + 0.5 * _glow(d, (0.5, 0.8, 0.45), 8.0)


def _overcast(d: Tensor) -> Tensor:
    """The CIE's overcast sky, three times as bright above as at the horizon, over grey ground."""
    y = d[..., 1:2]
    sky = (1 + 2 * y.clamp_min(0)) / 3 * _rgb(d, (0.95, 1.0, 1.06))
    share = torch.sigmoid(y / 0.06)
    return share * sky + (1 - share) * _rgb(d, (0.14, 0.14, 0.13))


def _sunset(d: Tensor) -> Tensor:
    """A low sun at the right, a warm horizon under a cool zenith, dark ground."""
    y = d[..., 1:2]
    band = torch.exp(-(((y - 0.02) / 0.22) ** 2)) * _rgb(d, (1.3, 0.62, 0.30))
    zenith = y.clamp_min(0) * _rgb(d, (0.22, 0.30, 0.55))
    ground = torch.sigmoid(-y / 0.08) * _rgb(d, (0.05, 0.045, 0.05))
    sun = _glow(d, (0.95, 0.22, 0.25), 80.0) * _rgb(d, (14.0, 7.5, 3.0))
    return band * torch.sigmoid((y + 0.05) / 0.06) + zenith + ground + sun + 0.04


def _room(d: Tensor) -> Tensor:
    """A room with two windows at the left, a warm lamp above and a wooden floor."""
    y = d[..., 1:2]
    walls = _mix(torch.sigmoid(y / 0.15), (0.20, 0.13, 0.08), (0.38, 0.36, 0.33))
    near = _softbox(d, (-1.0, 0.2, 0.35), 0.28, 0.4) * _rgb(d, (3.0, 3.4, 3.9))
    far = _softbox(d, (-1.0, 0.2, -0.55), 0.28, 0.4) * _rgb(d, (3.0, 3.4, 3.9))
    lamp = _glow(d, (0.25, 1.0, 0.1), 12.0) * _rgb(d, (1.9, 1.5, 1.0))
    return walls + near + far + lamp


WHITE = 0.75  # the mean radiance of an environment
ENVIRONMENTS: dict[str, Callable[[Tensor], Tensor]] = {
    "studio": _studio,
    "sky": _sky,
    "overcast": _overcast,
    "sunset": _sunset,
    "room": _room,
}


def _rgb(d: Tensor, color: tuple[float, float, float]) -> Tensor:
    return d.new_tensor(color)


def _mix(
    share: Tensor, zero: tuple[float, float, float], one: tuple[float, float, float]
) -> Tensor:
    """From color `zero` to color `one` by share (..., 1)."""
    return torch.lerp(share.new_tensor(zero), share.new_tensor(one), share)


def _glow(d: Tensor, center: tuple[float, float, float], sharpness: float) -> Tensor:
    """exp(sharpness (cos - 1)) (..., 1): a round light of about 1 / sqrt(sharpness) radians."""
    cosine = (d * F.normalize(d.new_tensor(center), dim=0)).sum(-1, keepdim=True)
    return torch.exp(sharpness * (cosine - 1))


def _softbox(d: Tensor, center: tuple[float, float, float], width: float, height: float) -> Tensor:
    """(..., 1): an upright rectangle at distance 1 in a direction, with half its sides; soft edges."""
    z = F.normalize(d.new_tensor(center), dim=0)
    x = F.normalize(torch.linalg.cross(d.new_tensor((0.0, 1.0, 0.0)), z), dim=0)
    y = torch.linalg.cross(z, x)
    depth = (d * z).sum(-1, keepdim=True)
    across, up = ((d * axis).sum(-1, keepdim=True) / depth.clamp_min(0.05) for axis in (x, y))
    inside = torch.sigmoid((width - across.abs()) / 0.05) * torch.sigmoid(
        (height - up.abs()) / 0.05
    )
    return inside * torch.sigmoid((depth - 0.15) / 0.03)
