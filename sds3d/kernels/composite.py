"""Samples along rays, and compositing them front to back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sds3d.kernels import composite_torch
from sds3d.kernels.backends import pick


@dataclass(frozen=True)
class Samples:
    """N samples of R rays, ray after ray, near to far.

    points: (N, 3) world.  dist: (N,) from the ray's origin, world units.  offsets: (R + 1,) int64, ray r owns
    rows offsets[r] to offsets[r + 1] - 1.  step: the length of ray that each sample stands for, world units.
    """

    points: Tensor
    dist: Tensor
    offsets: Tensor
    step: float

    def rays(self, start: int, stop: int) -> Samples:
        """The samples of the rays start to stop - 1."""
        offsets = self.offsets[start : stop + 1]
        rows = slice(int(offsets[0]), int(offsets[-1]))
        return Samples(self.points[rows], self.dist[rows], offsets - offsets[0], self.step)

    def blocks(self, most: int) -> list[Samples]:
        """All rays in order, in blocks of at most `most` samples; a ray with more is a block by itself."""
        ends = self.offsets.cpu()
        blocks = []
        start = 0
        while start < len(ends) - 1:
            stop = int(torch.searchsorted(ends, ends[start] + most, right=True)) - 1
            stop = min(max(stop, start + 1), len(ends) - 1)
            blocks.append(self.rays(start, stop))
            start = stop
        return blocks


def march(
    density_floor: Tensor,
    origins: Tensor,
    directions: Tensor,
    *,
    step: float,
    jitter: Tensor | None = None,
    max_optical_depth: float = 14.0,
    backend: str = "auto",
) -> Samples:
    """Samples in the unit ball at distances near + (k + jitter) step, k = 0, 1, ..., outside empty cells.

    near is where the ray enters the ball, or its origin if that lies inside.

    density_floor: (S, S, S) indexed [x, y, z] over [-1, 1]^3; negative in empty cells, elsewhere a lower bound
        of the cell's density, 1/world unit, 0 if unknown.  A ray ends where the optical depth that it implies,
        the sum of density_floor step, exceeds `max_optical_depth` (14 is a transmittance of 1e-6).
    origins, directions: (R, 3) world, directions of unit length.
    step: world units.
    jitter: (R,) in [0, 1); 1/2 where it is not given.
    """
    if jitter is None:
        jitter = torch.full_like(origins[:, 0], 0.5)
    inputs = (density_floor, origins.contiguous(), directions.contiguous(), jitter)
    if pick(backend, origins.device, cpu=("numba", "torch"), cuda=("torch",)) == "numba":
        from sds3d.kernels import composite_numba

        arrays = [v.detach().numpy() for v in inputs]
        marched = composite_numba.march(*arrays, step=step, max_optical_depth=max_optical_depth)
        samples, offsets = (torch.from_numpy(v) for v in marched)
    else:
        samples, offsets = composite_torch.march(*inputs, step, max_optical_depth)
    return Samples(samples[:, :3].contiguous(), samples[:, 3].contiguous(), offsets, step)


def composite(
    density: Tensor,
    rgb: Tensor,
    dist: Tensor,
    delta: Tensor,
    offsets: Tensor,
    *,
    min_transmittance: float = 0.0,
    backend: str = "auto",
) -> tuple[Tensor, Tensor, Tensor]:
    """(rgb (R, 3) premultiplied, alpha (R,), depth (R,)) of N samples of R rays.

    rgb = sum w_i rgb_i,  alpha = sum w_i,  depth = sum w_i dist_i,
    w_i = T_i (1 - exp(-density_i delta_i)),  T_i = exp(-sum over j < i of density_j delta_j)

    density: (N,) 1/world unit.  rgb: (N, 3).  dist, delta: (N,) distances from the ray's origin and lengths,
    world units.  offsets: (R + 1,) int64, ray r owns the rows offsets[r] to offsets[r + 1] - 1.
    min_transmittance: a ray ends where T falls below it, and samples behind get no gradient.
    A uniform medium of density 2 and length 0.5 has alpha 1 - exp(-1) = 0.632.
    Source: Max 1995, https://doi.org/10.1109/2945.468400, in the discretisation of Mildenhall et al. 2020.
    """
    name = pick(backend, density.device, cpu=("numba", "torch"), cuda=("nerfacc", "torch"))
    if name == "numba":
        out = _Composite.apply(density, rgb, dist, delta, offsets, min_transmittance)
    elif name == "nerfacc":
        out = _nerfacc(density, rgb, dist, delta, offsets, min_transmittance)
    else:
        out = composite_torch.composite(density, rgb, dist, delta, offsets, min_transmittance)
    return out[:, :3], out[:, 3], out[:, 4]


def _nerfacc(
    density: Tensor,
    rgb: Tensor,
    dist: Tensor,
    delta: Tensor,
    offsets: Tensor,
    min_transmittance: float,
) -> Tensor:
    from nerfacc import (  # pyright: ignore[reportMissingImports] an optional package
        accumulate_along_rays,
        render_weight_from_density,
    )

    rays = len(offsets) - 1
    ray = torch.repeat_interleave(torch.arange(rays, device=density.device), offsets.diff())
    weight, transmittance, _ = render_weight_from_density(
        dist - delta / 2, dist + delta / 2, density, ray_indices=ray, n_rays=rays
    )
    weight = weight * (transmittance >= min_transmittance)
    values = torch.cat([rgb, torch.ones_like(dist)[:, None], dist[:, None]], -1)
    return accumulate_along_rays(weight, values, ray_indices=ray, n_rays=rays)


class _Composite(torch.autograd.Function):
    @staticmethod
    def forward(ctx, density, rgb, dist, delta, offsets, min_transmittance):
        from sds3d.kernels import composite_numba

        inputs = [v.contiguous() for v in (density, rgb, dist, delta, offsets)]
        arrays = (v.detach().numpy() for v in inputs)
        out = torch.from_numpy(composite_numba.forward(*arrays, min_transmittance))
        ctx.min_transmittance = min_transmittance
        ctx.save_for_backward(*inputs, out)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, *grad_outputs):  # pyright: ignore[reportIncompatibleMethodOverride] once_differentiable makes ctx positional
        from sds3d.kernels import composite_numba

        *inputs, out = (v.detach().numpy() for v in ctx.saved_tensors)
        g_out = grad_outputs[0].contiguous().numpy()
        g = composite_numba.backward(*inputs, ctx.min_transmittance, out, g_out)
        g = torch.from_numpy(g)
        return g[:, 0], g[:, 1:4], g[:, 4], g[:, 5], None, None
