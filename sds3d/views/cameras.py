"""Cameras around an object in the unit ball: y up, front +Z, OpenCV axes (x right, y down, z forward)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

FRONT_BACK_DEG = (
    30.0  # classifier score distillation's, https://arxiv.org/abs/2310.19415, authors' code
)
DOME = ((12, 0.0), (8, 35.0), (4, 70.0))  # (views, elevation in degrees) of each ring


@dataclass(frozen=True)
class Cameras:
    """B pinhole cameras of one image size.

    c2w: (B, 4, 4) camera to world, world units.  K: (B, 3, 3) intrinsics in pixels; pixel (i, j) has
    its centre at (j + 0.5, i + 0.5).
    """

    c2w: Tensor
    K: Tensor
    height: int
    width: int

    def __len__(self) -> int:
        return self.c2w.shape[0]

    @property
    def device(self) -> torch.device:
        return self.c2w.device

    @property
    def position(self) -> Tensor:
        """Camera centres, (B, 3)."""
        return self.c2w[:, :3, 3]

    @property
    def azimuth_deg(self) -> Tensor:
        """Azimuths in (-180, 180], (B,): 0 sees the front (camera on +Z), +90 stands on +X."""
        x, _, z = self.position.unbind(-1)
        return torch.rad2deg(torch.atan2(x, z))

    @property
    def elevation_deg(self) -> Tensor:
        """Elevations in [-90, 90], (B,): +90 looks straight down."""
        x, y, z = self.position.unbind(-1)
        return torch.rad2deg(torch.atan2(y, torch.hypot(x, z)))

    @property
    def w2c(self) -> Tensor:
        """World to camera, (B, 4, 4)."""
        rotation = self.c2w[:, :3, :3].transpose(1, 2)
        w2c = torch.zeros_like(self.c2w)
        w2c[:, :3, :3] = rotation
        w2c[:, :3, 3] = -(rotation @ self.c2w[:, :3, 3:]).squeeze(-1)
        w2c[:, 3, 3] = 1
        return w2c

    def rays(self) -> tuple[Tensor, Tensor]:
        """Ray origins and unit directions through the pixel centres, (B, H, W, 3) each, world frame."""
        to = {"device": self.c2w.device, "dtype": self.c2w.dtype}
        v, u = torch.meshgrid(
            torch.arange(self.height, **to) + 0.5,
            torch.arange(self.width, **to) + 0.5,
            indexing="ij",
        )
        focal_x, focal_y = self.K[:, 0, 0, None, None], self.K[:, 1, 1, None, None]
        x = (u - self.K[:, 0, 2, None, None]) / focal_x
        y = (v - self.K[:, 1, 2, None, None]) / focal_y
        direction = torch.stack([x, y, torch.ones_like(x)], -1)
        direction = torch.einsum("bij,bhwj->bhwi", self.c2w[:, :3, :3], direction)
        direction = direction / direction.norm(dim=-1, keepdim=True)
        origin = self.position[:, None, None].expand_as(direction)
        return origin, direction

    def resized(self, height: int, width: int) -> Cameras:
        """The same views with another number of pixels."""
        factor = self.K.new_tensor([[width / self.width], [height / self.height], [1.0]])
        return replace(self, K=self.K * factor, height=height, width=width)

    def rotated(self, azimuth_deg: float) -> Cameras:
        """The same cameras moved around the y axis: every azimuth grows by `azimuth_deg`."""
        turn = torch.eye(4).to(self.c2w)
        turn[:3, :3] = turn_about_y(azimuth_deg, self.c2w)
        return replace(self, c2w=turn @ self.c2w)

    def to(self, device: torch.device) -> Cameras:
        """The same cameras, with their tensors on `device`."""
        return replace(self, c2w=self.c2w.to(device), K=self.K.to(device))

    def __getitem__(self, rows: slice | Tensor | list[int]) -> Cameras:
        return replace(self, c2w=self.c2w[rows], K=self.K[rows])


def turn_about_y(azimuth_deg: float, like: Tensor) -> Tensor:
    """The rotation (3, 3) that adds `azimuth_deg` to the azimuth of every point, in the dtype of `like`."""
    cos = math.cos(math.radians(azimuth_deg))
    sin = math.sin(math.radians(azimuth_deg))
    return like.new_tensor([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])


def look_at_origin(
    azimuth_deg: Tensor,
    elevation_deg: Tensor,
    distance: Tensor,
    fov_deg: Tensor,
    height: int,
    width: int,
) -> Cameras:
    """Cameras at spherical positions that look at the origin, y up.

    position = distance (sin a cos e, sin e, cos a cos e).  All tensors (B,); `fov_deg` is vertical.
    """
    a = torch.deg2rad(azimuth_deg)
    e = torch.deg2rad(elevation_deg.clamp(-89.9, 89.9))  # at 90 the up direction is undefined
    outward = torch.stack([a.sin() * e.cos(), e.sin(), a.cos() * e.cos()], -1)
    forward = -outward
    up = torch.zeros_like(forward)
    up[:, 1] = 1
    right = torch.linalg.cross(forward, up)
    right = right / right.norm(dim=-1, keepdim=True)
    down = torch.linalg.cross(forward, right)
    c2w = torch.zeros(len(a), 4, 4, dtype=a.dtype, device=a.device)
    c2w[:, :3, 0] = right
    c2w[:, :3, 1] = down
    c2w[:, :3, 2] = forward
    c2w[:, :3, 3] = outward * distance[:, None]
    c2w[:, 3, 3] = 1
    focal = 0.5 * height / torch.tan(0.5 * torch.deg2rad(fov_deg))
    K = torch.zeros(len(a), 3, 3, dtype=a.dtype, device=a.device)
    K[:, 0, 0] = focal
    K[:, 1, 1] = focal
    K[:, 0, 2] = 0.5 * width
    K[:, 1, 2] = 0.5 * height
    K[:, 2, 2] = 1
    return Cameras(c2w, K, height, width)


def orbit(
    views: int,
    size: int,
    *,
    elevation_deg: float = 15.0,
    distance: float = 3.0,
    fov_deg: float = 40.0,
) -> Cameras:
    """`views` cameras of size x size px at equally spaced azimuths, the first at the front.

    distance: from the origin, world units.
    """
    azimuth = torch.arange(views) * (360.0 / views)
    ones = torch.ones(views)
    return look_at_origin(
        azimuth, ones * elevation_deg, ones * distance, ones * fov_deg, size, size
    )


def rings(of: Sequence[tuple[int, float]], size: int) -> Cameras:
    """The cameras of several orbits together.  of: (views, elevation in degrees) of each."""
    parts = [orbit(views, size, elevation_deg=elevation_deg) for views, elevation_deg in of]
    c2w, K = (torch.cat(column) for column in zip(*((p.c2w, p.K) for p in parts), strict=True))
    return Cameras(c2w, K, size, size)


def dome(size: int) -> Iterator[Cameras]:
    """The rings of cameras that look at an object from wherever objects are usually seen.

    24 views of size x size pixels in three rings, each an `orbit`: level, from a little above, and from
    well above.  What none of them sees counts as never shown.
    """
    for views, elevation_deg in DOME:
        yield orbit(views, size, elevation_deg=elevation_deg)


def random_views(
    rng: torch.Generator,
    views: int,
    size: int,
    *,
    elevation_deg: tuple[float, float],
    distance: tuple[float, float],
    fov_deg: tuple[float, float],
    front_back: bool = False,
) -> Cameras:
    """Random cameras of size x size px: azimuths stratified over the circle, the rest uniform in their ranges.

    Azimuth i is uniform in the i-th of `views` equal sectors, and all sectors are turned by one random angle,
    so four views always see all sides.  Elevation is uniform in angle.  distance: world units.
    front_back: each azimuth is instead uniform within FRONT_BACK_DEG of the front or, by a coin, of the back.
    """

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(views, generator=rng)

    turn = 360.0 * torch.rand(1, generator=rng)
    share = torch.rand(views, generator=rng)
    azimuth = (torch.arange(views) + share) * (360.0 / views) + turn
    if front_back:
        side = 180.0 * (torch.rand(views, generator=rng) < 0.5)
        azimuth = side + FRONT_BACK_DEG * (2 * share - 1)
    return look_at_origin(
        azimuth, uniform(*elevation_deg), uniform(*distance), uniform(*fov_deg), size, size
    )
