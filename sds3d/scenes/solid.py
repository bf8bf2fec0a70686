"""Density and colour at points, of scenes of any kind and of meshes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sds3d.scenes.occupancy import OccupancyGrid

SIDE = 64  # cells per axis of the grid of empty cells of a sampled volume
EMPTY = 0.01  # opacity over a step up to which a cell of it counts as empty


@dataclass(frozen=True)
class Volume:
    """Density and colour in the unit ball.

    at: points (N, 3) -> density (N,) in 1/world unit and rgb (N, 3) in [0, 1].
    floor: (S, S, S), what `kernels.composite.march` takes.  step: distance between samples, world units.
    """

    at: Callable[[Tensor], tuple[Tensor, Tensor]]
    floor: Tensor
    step: float


@runtime_checkable
class HasVolume(Protocol):
    """A scene that has a density and a colour at every point."""

    def volume(self) -> Volume:
        """They, as they are now."""
        ...


def sampled(grid: np.ndarray, step: float, device: torch.device) -> Volume:
    """The trilinear volume of a grid (R, R, R, 4) over [-1, 1]^3, indexed [x, y, z].

    The grid holds densities (1/world unit), and densities times colours, so that colours mix as light does.
    """
    values = torch.from_numpy(grid).permute(3, 2, 1, 0)[None].to(device)

    def at(points: Tensor) -> tuple[Tensor, Tensor]:
        where = points.view(1, 1, 1, -1, 3)
        found = F.grid_sample(values, where, align_corners=True)[0, :, 0, 0].T
        density = found[:, 0]
        return density, (found[:, 1:] / density.clamp_min(1e-6)[:, None]).clamp(0, 1)

    cells = OccupancyGrid(side=SIDE, step=step, empty=EMPTY, decay=0.0).to(device)
    for _ in range(2):  # a density that a cell has everywhere is known after two
        cells.update(lambda points: at(points)[0])
    return Volume(at, cells.density_floor, step)
