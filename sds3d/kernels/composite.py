"""Samples along rays, and their composition front to back."""

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

    points: (N, 3) world.  dist: (N,) from the ray's origin, world units.  offsets: (R + 1,) ray r owns rows
    offsets[r] to offsets[r + 1].  step: length of ray that each sample stands for.
    """

    points: Tensor
    dist: Tensor
    offsets: Tensor
    step: float


def march(
    thickness: Tensor,
    origins: Tensor,
    directions: Tensor,
    *,
    step: float,
    jitter: Tensor | None = None,
    deepest: float = 14.0,
    backend: str = "auto",
) -> Samples:
    """Samples in the unit ball at distances near + (k + jitter) step, in the cells that are not empty.

    thickness: (S, S, S) indexed [x, y, z] over [-1, 1]^3; negative in empty cells, elsewhere a density (1/world
    unit) that the cell is sure to have, 0 if unknown: a ray ends where the sum of thickness * step exceeds
    `deepest` (14: a transmittance of 1e-6).  origins, directions: (R, 3), unit directions.  jitter: (R,) in
    [0, 1), 1/2 if not given.  near is where the ray enters the ball, or its origin.
    """
    if jitter is None:
        jitter = torch.full_like(origins[:, 0], 0.5)
    inputs = (thickness, origins.contiguous(), directions.contiguous(), jitter)
    if pick(backend, origins.device, cpu=("numba", "torch"), cuda=("torch",)) == "numba":
        from sds3d.kernels import composite_numba

        arrays = (v.detach().numpy() for v in inputs)
        samples, offsets = map(torch.from_numpy, composite_numba.march(*arrays, step, deepest))
    else:
        samples, offsets = composite_torch.march(*inputs, step, deepest)
    return Samples(samples[:, :3].contiguous(), samples[:, 3].contiguous(), offsets, step)


def composite(
    density: Tensor,
    rgb: Tensor,
    dist: Tensor,
    delta: Tensor,
    offsets: Tensor,
    *,
    least: float = 0.0,
    backend: str = "auto",
) -> tuple[Tensor, Tensor, Tensor]:
    """(rgb (R, 3) premultiplied, alpha (R,), depth (R,)) of N samples of R rays.

    rgb = sum w_i rgb_i, alpha = sum w_i, depth = sum w_i dist_i,
    w_i = T_i (1 - exp(-density_i delta_i)),  T_i = exp(-sum over j < i of density_j delta_j)

    density, dist, delta: (N,).  rgb: (N, 3).  offsets: (R + 1,) int64, ray r owns the rows offsets[r] to
    offsets[r + 1].  A ray ends where T falls below `least`; what lies behind gets no gradient (numba only).
    Source: Max 1995, https://doi.org/10.1109/2945.468400, in the discretisation of Mildenhall et al. 2020.
    """
    name = pick(backend, density.device, cpu=("numba", "torch"), cuda=("nerfacc", "torch"))
    if name == "numba":
        out = _Composite.apply(density, rgb, dist, delta, offsets, least)
    elif name == "nerfacc":
        out = _nerfacc(density, rgb, dist, delta, offsets)
    else:
        out = composite_torch.composite(density, rgb, dist, delta, offsets)
    return out[:, :3], out[:, 3], out[:, 4]


def _nerfacc(density: Tensor, rgb: Tensor, dist: Tensor, delta: Tensor, offsets: Tensor) -> Tensor:
    from nerfacc import accumulate_along_rays, render_weight_from_density

    rays = len(offsets) - 1
    ray = torch.repeat_interleave(torch.arange(rays, device=density.device), offsets.diff())
    weight, _, _ = render_weight_from_density(
        dist - delta / 2, dist + delta / 2, density, ray_indices=ray, n_rays=rays
    )
    values = torch.cat([rgb, torch.ones_like(dist)[:, None], dist[:, None]], -1)
    return accumulate_along_rays(weight, values, ray_indices=ray, n_rays=rays)


class _Composite(torch.autograd.Function):
    @staticmethod
    def forward(ctx, density, rgb, dist, delta, offsets, least):
        from sds3d.kernels import composite_numba

        inputs = [v.contiguous() for v in (density, rgb, dist, delta, offsets)]
        out = torch.from_numpy(
            composite_numba.forward(*(v.detach().numpy() for v in inputs), least)
        )
        ctx.least = least
        ctx.save_for_backward(*inputs, out)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        from sds3d.kernels import composite_numba

        *inputs, out = (v.detach().numpy() for v in ctx.saved_tensors)
        grad = grad.contiguous().numpy()
        grad = torch.from_numpy(composite_numba.backward(*inputs, ctx.least, out, grad))
        return grad[:, 0], grad[:, 1:4], grad[:, 4], grad[:, 5], None, None
