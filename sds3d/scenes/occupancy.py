"""Where a density field is empty, so that rays can skip it, and where it is opaque, so that rays can end."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

REVISITED = 0.125  # probability that an update evaluates an empty cell again


class OccupancyGrid(nn.Module):
    """A grid of `side`^3 cells over [-1, 1]^3 that remembers the densities of a changing field.

    Each update evaluates the field at one random point per cell.  `density_floor`, (side, side, side), is
    what `kernels.composite.march` takes: -1 in empty cells; elsewhere a density that the cell can be
    expected to have everywhere, the least that the cell and its neighbours showed in the last two updates.
    A cell is empty when the remembered density of the cell and its neighbours has an opacity of at most
    `empty` over a length of `step` (world units).  The remembered density is the highest one seen, times
    `decay` per update since.

    The whole state is in buffers, so a resumed run continues exactly as an uninterrupted one.
    """

    peak: Tensor
    latest: Tensor
    density_floor: Tensor

    def __init__(self, *, side: int, step: float, empty: float, decay: float) -> None:
        super().__init__()
        self.side = side
        self.step = step
        self.empty = empty
        self.decay = decay
        for name in ("peak", "latest", "density_floor"):
            self.register_buffer(name, torch.zeros(side, side, side))

    @torch.no_grad()
    def update(
        self, density_at: Callable[[Tensor], Tensor], rng: torch.Generator | None = None
    ) -> None:
        """Evaluates `density_at`, points (N, 3) -> 1/world unit (N,), and brings the buffers up to date.

        With `rng`, at a random point of each occupied cell and of some empty ones; without it, at the
        centres of all cells.  Cells outside the unit ball are not evaluated: the density there is 0.
        """
        draw = torch.full((self.side**3, 4), 0.5)
        draw[:, 3] = 0
        if rng is not None:
            draw = torch.rand(self.side**3, 4, generator=rng)
        draw = draw.to(self.peak)
        line = torch.arange(self.side, device=self.peak.device)
        points = (torch.cartesian_prod(line, line, line) + draw[:, :3]) * (2 / self.side) - 1
        evaluated = (self.density_floor.flatten() >= 0) | (draw[:, 3] < REVISITED)
        evaluated &= points.square().sum(-1) < (1 + 2 / self.side) ** 2
        density = points.new_zeros(len(points))
        density[evaluated] = density_at(points[evaluated])
        density = density.view_as(self.peak)
        self.peak.copy_(torch.maximum(self.peak * self.decay, density))
        opacity = 1 - torch.exp(-_highest_nearby(self.peak) * self.step)
        lowest = -_highest_nearby(-torch.minimum(density, self.latest))
        self.density_floor.copy_(torch.where(opacity > self.empty, lowest, -1.0))
        self.latest.copy_(density)

    def occupied(self, line: Tensor) -> Tensor:
        """Whether the points of the lattice line x line x line lie in cells that are not empty, (n, n, n)."""
        cell = ((line + 1) * (0.5 * self.side)).long().clamp(0, self.side - 1)
        return self.density_floor[cell[:, None, None], cell[:, None], cell] >= 0


def _highest_nearby(grid: Tensor) -> Tensor:
    """The maximum over each cell and its 26 neighbours, axis by axis: faster than max_pool3d."""
    for axis in range(3):
        inner = grid.shape[axis] - 1
        first = grid.narrow(axis, 0, 1)
        last = grid.narrow(axis, inner, 1)
        before = torch.cat([first, grid.narrow(axis, 0, inner)], axis)
        after = torch.cat([grid.narrow(axis, 1, inner), last], axis)
        grid = torch.maximum(grid, torch.maximum(before, after))
    return grid
