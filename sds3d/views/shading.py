"""How views show the colour of a surface: as it is, or under a point light near the camera.

    rgb = albedo (ambient + diffuse max(0, n . l)),

with n the normal and l the direction to the light, both of unit length.  1 and 0 show the albedo.
Source: Poole et al. 2022 (DreamFusion), https://arxiv.org/abs/2209.14988, section 3.1, "Shading".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from sds3d.views.cameras import Cameras, turn_about_y

Surface = Literal["albedo", "white", "normal"]


@dataclass(frozen=True)
class Shading:
    """What B views show, each with a light of its own.

    light: (B, 3) positions of the point lights, world units.  ambient, diffuse: factors of the light from
    everywhere and of the point light.  surface: what is lit, the `albedo` or `white` in its place
    ("textureless"); of `normal`, 1/2 + n / 2 is shown instead, without light.
    """

    light: Tensor
    ambient: float = 1.0
    diffuse: float = 0.0
    surface: Surface = "albedo"

    @property
    def needs_normals(self) -> bool:
        """Whether anything of the normals is shown."""
        return self.surface == "normal" or self.diffuse != 0

    def to(self, device: torch.device) -> Shading:
        """The same, with its tensor on `device`."""
        return replace(self, light=self.light.to(device))

    def rotated(self, azimuth_deg: float) -> Shading:
        """The same with its lights moved around the y axis, as `Cameras.rotated` moves cameras."""
        return replace(self, light=self.light @ turn_about_y(azimuth_deg, self.light).T)

    def shade(self, albedo: Tensor, normal: Tensor, to_light: Tensor) -> Tensor:
        """The colours (N, 3) of surface points with these albedos, normals and directions to the light.

        albedo: (N, 3) sRGB in [0, 1], scaled as displayed.  normal: (N, 3), unit length or zero, which is lit
        by `ambient` alone.  to_light: (N, 3), of any length.
        """
        if self.surface == "normal":
            return 0.5 + 0.5 * normal
        cosine = (normal * F.normalize(to_light, dim=-1)).sum(-1, keepdim=True)
        return self.lit(albedo, self.ambient + self.diffuse * cosine.clamp_min(0))

    def lit(self, albedo: Tensor, factor: float | Tensor) -> Tensor:
        """The surface's own colour, (N, 3), under a light of that strength."""
        return (torch.ones_like(albedo) if self.surface == "white" else albedo) * factor


def lights_around(
    rng: torch.Generator, cameras: Cameras, distance: tuple[float, float], spread: float
) -> Tensor:
    """Positions (B, 3) of lights in directions around those of the cameras, both seen from the origin.

    position = r d / |d|,  d = camera + spread eps,  eps ~ N(0, I),  r uniform in `distance`; spread, distance:
    world units.
    Source: Poole et al. 2022 (DreamFusion), https://arxiv.org/abs/2209.14988, section 3.2, as threestudio has
    it (light_sample_strategy: dreamfusion).
    """
    draw = torch.randn(len(cameras), 3, generator=rng).to(cameras.position)
    direction = F.normalize(cameras.position + spread * draw, dim=-1)
    return direction * _distances(rng, cameras, distance)


def lights_in_cone(
    rng: torch.Generator, cameras: Cameras, distance: tuple[float, float], angle_deg: float
) -> Tensor:
    """Positions (B, 3) of lights at most `angle_deg` from the cameras' directions, seen from the origin.

    The angle from the camera's direction is uniform in [0, angle_deg], and so is the azimuth around it.
    Source: Lin et al. 2022 (Magic3D), https://arxiv.org/abs/2211.10440, as threestudio has it
    (light_sample_strategy: magic3d, with 60 degrees).
    """
    angle, around = torch.rand(2, len(cameras), 1, generator=rng).to(cameras.position)
    angle = math.radians(angle_deg) * angle
    around = 2 * math.pi * around
    z = F.normalize(cameras.position, dim=-1)
    up = torch.tensor([0.0, 1.0, 0.0]).to(z)
    side = torch.tensor([1.0, 0.0, 0.0]).to(z)
    level = (z[:, 1:2].abs() < 0.999).expand_as(
        z
    )  # a camera at a pole has no level direction of its own
    x = F.normalize(torch.linalg.cross(torch.where(level, up, side), z), dim=-1)
    y = torch.linalg.cross(z, x)
    direction = angle.cos() * z + angle.sin() * (around.cos() * x + around.sin() * y)
    return direction * _distances(rng, cameras, distance)


def _distances(rng: torch.Generator, cameras: Cameras, distance: tuple[float, float]) -> Tensor:
    low, high = distance
    return low + (high - low) * torch.rand(len(cameras), 1, generator=rng).to(cameras.position)
