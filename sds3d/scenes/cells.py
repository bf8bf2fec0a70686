"""Where a density field is empty and where it is surely opaque, so that rays can skip the one and end in the
other."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

EMPTY_LOOKS = 0.125  # probability that an empty cell is looked at again


class Cells(nn.Module):
    """A grid of `side` cells per axis over [-1, 1]^3, refreshed from one random point per cell.

    thickness: (side, side, side) for `kernels.composite.march`.  It is -1 where neither a cell nor a neighbour
    has lately held a density whose opacity over a length `step` is `empty`, elsewhere the least density of the
    neighbourhood in the last two looks.  `decay`: of the remembered density per look.  All of it is kept in
    buffers, so that a resumed run goes on exactly as it would have.
    """

    def __init__(self, *, side: int, step: float, empty: float, decay: float) -> None:
        super().__init__()
        self.side, self.step, self.empty, self.decay = side, step, empty, decay
        for name in ("peak", "latest", "thickness"):
            self.register_buffer(name, torch.zeros(side, side, side))

    @torch.no_grad()
    def look(
        self, density_at: Callable[[Tensor], Tensor], rng: torch.Generator | None = None
    ) -> None:
        """Updates the cells from `density_at` (N, 3) -> (N,); at their centres, and all, without `rng`."""
        draw = torch.full((self.side**3, 4), 0.5)
        draw[:, 3] = 0
        if rng is not None:
            draw = torch.rand(self.side**3, 4, generator=rng)
        draw = draw.to(self.peak)
        line = torch.arange(self.side, device=self.peak.device)
        points = (torch.cartesian_prod(line, line, line) + draw[:, :3]) * (2 / self.side) - 1
        looked = (self.thickness.flatten() >= 0) | (draw[:, 3] < EMPTY_LOOKS)
        looked &= points.square().sum(-1) < (1 + 2 / self.side) ** 2
        density = points.new_zeros(len(points))
        density[looked] = density_at(points[looked])
        density = density.view_as(self.peak)
        self.peak.copy_(torch.maximum(self.peak * self.decay, density))
        opacity = 1 - torch.exp(-_highest_nearby(self.peak) * self.step)
        surely = -_highest_nearby(-torch.minimum(density, self.latest))
        self.thickness.copy_(torch.where(opacity > self.empty, surely, -1.0))
        self.latest.copy_(density)

    def kept(self, line: Tensor) -> Tensor:
        """Whether the cells of the lattice points line x line x line are not empty, (n, n, n)."""
        cell = ((line + 1) * (0.5 * self.side)).long().clamp(0, self.side - 1)
        return self.thickness[cell[:, None, None], cell[:, None], cell] >= 0


def _highest_nearby(grid: Tensor) -> Tensor:
    """The maximum over each cell and its 26 neighbours; by axes, faster than max_pool3d."""
    for axis in range(3):
        inner = grid.shape[axis] - 1
        low, high = grid.narrow(axis, 0, 1), grid.narrow(axis, inner, 1)
        before = torch.cat([low, grid.narrow(axis, 0, inner)], axis)
        after = torch.cat([grid.narrow(axis, 1, inner), high], axis)
        grid = torch.maximum(grid, torch.maximum(before, after))
    return grid
