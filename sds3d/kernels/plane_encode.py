"""Features of a point from three axis-aligned planes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from sds3d.kernels.backends import pick

AXES = ((0, 1), (0, 2), (1, 2))  # (column, row) coordinates of the planes


def plane_encode(x: Tensor, planes: Tensor, *, backend: str = "auto") -> Tensor:
    """The planes' bilinear values at the projections of x, concatenated, (N, 3 C).

    x: (N, 3), clamped to [0, 1]; it gets no gradient.  planes: (3, S, S, C) for the coordinate pairs (x, y),
    (x, z), (y, z), the first along the columns; values lie on a lattice that includes both borders.
    Source: Chan et al. 2022, https://arxiv.org/abs/2112.07945, who add the planes instead.
    """
    if pick(backend, x.device, cpu=("numba", "torch"), cuda=("torch",)) == "numba":
        return _PlaneEncode.apply(x, planes)
    pairs = torch.stack([x[:, pair] for pair in AXES]) * 2 - 1
    out = F.grid_sample(
        planes.permute(0, 3, 1, 2), pairs[:, None], padding_mode="border", align_corners=True
    )
    return out[:, :, 0].permute(2, 0, 1).reshape(len(x), -1)


class _PlaneEncode(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, planes: Tensor) -> Tensor:
        from sds3d.kernels import plane_encode_numba

        x = x.contiguous()
        ctx.save_for_backward(x)
        ctx.shape = planes.shape
        arrays = (x.detach().numpy(), planes.detach().contiguous().numpy())
        return torch.from_numpy(plane_encode_numba.forward(*arrays)).t()

    @staticmethod
    @once_differentiable
    def backward(ctx, *grad_outputs: Tensor) -> tuple[None, Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride] once_differentiable makes ctx positional
        from sds3d.kernels import plane_encode_numba

        (x,) = ctx.saved_tensors
        g = grad_outputs[0].t().contiguous().numpy()
        return None, torch.from_numpy(plane_encode_numba.backward(x.numpy(), ctx.shape, g))
