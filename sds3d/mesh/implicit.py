"""Objects given by a density: where their surface is, and which points no view can see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sds3d.errors import ExportError
from sds3d.views.cameras import Cameras, dome, orbit

if TYPE_CHECKING:
    from sds3d.mesh.bake import ColorAt
    from sds3d.mesh.fit_texture import Pictures

SIZE = 128  # px per side of the images that decide what is hidden
SILHOUETTES = 6  # views whose silhouettes decide the level of the surface


@dataclass(frozen=True)
class ImplicitSurface:
    """A density in [-1, 1]^3 and how it looks: all that a mesh is made from.

    density: (R, R, R) float32 >= 0, indexed [x, y, z], at the points of a regular grid that includes the
        faces of the cube; in any unit in which larger means more opaque.
    color_at: points (N, 3) near the surface and unit normals (N, 3) -> sRGB (N, 3) in [0, 1].
    look: B cameras -> (alpha (B, H, W), depth (B, H, W)) as the object is rendered; depth along the
        camera's z axis, world units, 0 where nothing is seen.
    peaks: B cameras -> the highest density along the ray of each pixel, (B H W,) in row-major order.
    levels: candidate densities of the surface, ascending.
    slack: the lowest level wins whose agreement with the silhouettes is within `slack` of the best one.
    size: of the silhouettes, px per side.
    margin: how far behind the true surface the rendered depth may lie, world units.
    pictures: B cameras -> how the object looks from them; or None, where `color_at` is as sharp.
    """

    density: np.ndarray
    color_at: ColorAt
    look: Callable[[Cameras], tuple[Tensor, Tensor]]
    peaks: Callable[[Cameras], np.ndarray]
    levels: np.ndarray
    slack: float
    size: int
    margin: float
    pictures: Callable[[Cameras], Pictures] | None = None


def surface_level(surface: ImplicitSurface) -> tuple[float, float]:
    """(density of the surface, its IoU): the level whose silhouettes agree best with alpha > 1/2.

    A pixel is inside the silhouette of a level where the density along its ray reaches that level.
    Raises ExportError where no pixel is covered.
    """
    cameras = orbit(SILHOUETTES, surface.size)
    alpha, _ = surface.look(cameras)
    covered = (alpha > 0.5).flatten().cpu().numpy()
    if not covered.any():
        raise ExportError("the scene is empty: nothing is seen", "run more --steps")
    inside = surface.peaks(cameras) >= surface.levels[:, None]
    iou = (inside & covered).sum(1) / (inside | covered).sum(1)
    best = int(
        (iou >= iou.max() - surface.slack).argmax()
    )  # the first of them, which is the lowest
    return float(surface.levels[best]), float(iou[best])


def filled(surface: ImplicitSurface, level: float) -> np.ndarray:
    """The density grid (R, R, R) prepared for an isosurface at `level`.

    It is clipped at twice the level: density is steep, and interpolation between two grid points should say
    where the surface is.  Where no view can see, it is twice the level: no image asks for a density
    there, so optimised objects are hollow.
    """
    line = torch.linspace(-1, 1, surface.density.shape[0])
    points = torch.cartesian_prod(line, line, line)
    unseen = hidden(surface.look, points, surface.margin).numpy().reshape(surface.density.shape)
    return np.where(unseen, 2 * level, np.minimum(surface.density, 2 * level))


@torch.no_grad()
def hidden(
    look: Callable[[Cameras], tuple[Tensor, Tensor]], points: Tensor, margin: float
) -> Tensor:
    """Whether each point (N, 3) lies behind the surface in every view of the dome, (N,) on the CPU.

    Behind: the point's pixel is covered (alpha >= 1/2) and the point is farther away than the pixel's
    depth less `margin` (world units; an expected depth lies a little behind the surface).  What is hidden
    from all sides is the inside of the object, or was never shown.
    """
    candidates = torch.arange(len(points))
    for ring in dome(SIZE):
        alpha, depth = look(ring)
        cameras = ring.to(alpha.device)
        points = points.to(alpha.device)
        candidates = candidates.to(alpha.device)
        for view in range(len(cameras)):
            behind = _behind(points[candidates], cameras, alpha, depth, view, margin)
            candidates = candidates[behind]
    out = torch.zeros(len(points), dtype=torch.bool)
    out[candidates.cpu()] = True
    return out


def _behind(
    points: Tensor, cameras: Cameras, alpha: Tensor, depth: Tensor, view: int, margin: float
) -> Tensor:
    w2c = cameras.w2c[view]
    K = cameras.K[view]
    x, y, z = (points @ w2c[:3, :3].T + w2c[:3, 3]).unbind(-1)
    column = (K[0, 0] * x / z + K[0, 2]).long().clamp(0, SIZE - 1)
    row = (K[1, 1] * y / z + K[1, 2]).long().clamp(0, SIZE - 1)
    return (alpha[view, row, column] >= 0.5) & (z > depth[view, row, column] - margin)


def grid_peaks(density: np.ndarray, cameras: Cameras) -> np.ndarray:
    """The highest trilinear value of a density grid (R, R, R) along each pixel's ray, (B H W,).

    For `ImplicitSurface.peaks` of scenes that have nothing finer than their grid.  Rays are sampled R times
    where they can meet the unit ball from the orbit's distance of 3.
    """
    origins, directions = (rays.reshape(-1, 3).cpu().numpy() for rays in cameras.rays())
    highest = np.zeros(len(origins), np.float32)
    for distance in np.linspace(2.0, 4.0, density.shape[0]):
        values = sample(density[..., None], origins + distance * directions)
        highest = np.maximum(highest, values[:, 0])
    return highest


def sample(volume: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Trilinear values (N, K) of a grid (R, R, R, K) over [-1, 1]^3 at points (N, 3); 0 outside."""
    grid = torch.from_numpy(volume).permute(3, 2, 1, 0)[None]
    at = torch.from_numpy(points.astype(np.float32)).view(1, 1, 1, -1, 3)
    return F.grid_sample(grid, at, align_corners=True)[0, :, 0, 0].T.numpy()
