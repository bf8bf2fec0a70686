"""Textures at texture coordinates: bilinear within a level, linear between levels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sds3d.kernels import sample_texture_torch
from sds3d.kernels.backends import pick
from sds3d.kernels.textures import REPEAT
from sds3d.kernels.threads import parallel_for

JOBS = 2  # that samples are divided into: a number of its own, so that sums have one order on every machine


def sample_texture(
    texture: Tensor,
    uv: Tensor,
    derivatives: Tensor | None = None,
    *,
    wrap: tuple[int, int] = (REPEAT, REPEAT),
    backend: str = "auto",
) -> Tensor:
    """The texture at the coordinates uv, (..., C).

    Level 0 is the texture and each further level the means of 2 x 2 texels of the one before.  A sample lies at
    level log2(max(|J_x|, |J_y|)), J_x = (W du/dx, H dv/dx) the texels that it moves by from pixel to pixel, cut
    to the levels that there are.

    texture: (H, W, C).  uv: (..., 2), origin top left: texel (i, j) has its centre at ((j + 0.5) / W,
    (i + 0.5) / H).  derivatives: (..., 2, 2) of uv along x and y, 1/px, from
    `sds3d.kernels.interpolate.screen_derivatives`; without them level 0 is read.  wrap: how u and v outside
    [0, 1] are read, REPEAT, CLAMP or MIRROR of `sds3d.kernels.textures`.
    Differentiable in the texture and in uv (piecewise), with the level held.  An odd row or column at the end
    of a level has no part in the next.
    Source: Williams 1983, https://doi.org/10.1145/964967.801126; the level: OpenGL 4.6, section 8.14.1.
    """
    height, width, channels = texture.shape
    places = pyramid_places(height, width)
    coordinates = uv.reshape(-1, 2).to(texture.dtype)
    level = (
        mip_level(derivatives, places) if derivatives is not None else uv.new_zeros(uv.shape[:-1])
    )
    inputs = (texture, coordinates, level.detach().reshape(-1))
    if pick(backend, texture.device, cpu=("numba", "torch"), cuda=("torch",)) == "torch":
        out = sample_texture_torch.sample(*inputs, places, wrap)
    else:
        out = _SampleTexture.apply(*inputs, places, wrap)
    return out.view(*uv.shape[:-1], channels)


def pyramid_places(height: int, width: int) -> np.ndarray:
    """(L, 3) int64: first texel, height and width of each level of a texture, down to one texel."""
    places = [(0, height, width)]
    while height > 1 or width > 1:
        first = places[-1][0] + height * width
        height, width = max(1, height // 2), max(1, width // 2)
        places.append((first, height, width))
    return np.array(places, np.int64)


def mip_level(derivatives: Tensor, places: np.ndarray) -> Tensor:
    """log2(max(|J_x|, |J_y|)) in [0, L - 1], (...); derivatives (..., 2, 2), J_x = (W du/dx, H dv/dx)."""
    size = derivatives.new_tensor([[places[0, 2]], [places[0, 1]]])
    squared = (derivatives * size).square().sum(-2).amax(-1)
    tiny = torch.finfo(squared.dtype).tiny
    return (0.5 * torch.log2(squared.clamp_min(tiny))).clamp(0, len(places) - 1)


class _SampleTexture(torch.autograd.Function):
    @staticmethod
    def forward(ctx, texture, uv, level, places, wrap):
        from sds3d.kernels import sample_texture_numba as kernels

        height, width, channels = texture.shape
        uv, level = uv.detach().contiguous(), level.to(uv.dtype).contiguous()
        pool = texture.new_empty(int((places[:, 1] * places[:, 2]).sum()), channels)
        pool[: height * width] = texture.detach().reshape(-1, channels)
        kernels.halve(places, pool.numpy())
        out = texture.new_empty(len(uv), channels)
        modes = np.array(wrap, np.int64)
        arrays = (pool.numpy(), places, modes, uv.numpy(), level.numpy(), out.numpy())
        parallel_for(kernels.forward, len(uv), *arrays)
        ctx.save_for_backward(pool, uv, level)
        ctx.places, ctx.modes = places, modes
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, *grad_outputs):  # pyright: ignore[reportIncompatibleMethodOverride] once_differentiable makes ctx positional
        from sds3d.kernels import sample_texture_numba as kernels

        pool, uv, level = (v.numpy() for v in ctx.saved_tensors)
        places, modes = ctx.places, ctx.modes
        g_pool = np.zeros((JOBS, *pool.shape), pool.dtype)
        g_uv = np.zeros_like(uv)
        g_out = grad_outputs[0].contiguous().numpy()
        parallel_for(
            kernels.backward, JOBS, JOBS, pool, places, modes, uv, level, g_out, g_pool, g_uv
        )
        total = g_pool.sum(0)
        kernels.spread(places, total)
        _, height, width = places[0]
        g_texture = torch.from_numpy(total[: height * width]).view(height, width, -1)
        return g_texture, torch.from_numpy(g_uv), None, None, None
