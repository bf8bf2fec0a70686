"""Multi-resolution hash encoding."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sds3d.kernels import hash_encode_tcnn, hash_encode_torch
from sds3d.kernels.backends import pick


def hash_encode(x: Tensor, table: Tensor, resolutions: Tensor, *, backend: str = "auto") -> Tensor:
    """Trilinear lookups in L lattices whose values share tables of T rows, (N, L F).

    out[n, l] = sum over the 8 corners c of x's cell in lattice l of  w_c(x) table[l, row(c)]

    x: (N, 3), clamped to [0, 1].  table: (L, T, F), T a power of two.  resolutions: (L,) int, cells per side.
    row(c) is the linear index of the lattice point where (resolution + 1)^3 <= T, else the xor of its
    coordinates times (1, 2654435761, 805459861), modulo T.  Differentiable in x (piecewise) and table.
    Source: Müller et al. 2022, https://arxiv.org/abs/2201.05989, eq. 4.
    """
    rows = table.shape[1]
    assert rows & (rows - 1) == 0, "T is a power of two"
    if backend == "auto" and x.is_cuda and (table.dtype != torch.float32 or rows < 8):
        backend = "torch"  # tinycudann takes float32 only, and at least eight rows
    name = pick(backend, x.device, cpu=("numba", "torch"), cuda=("tinycudann", "torch"))
    if name == "numba":
        return _HashEncode.apply(x, table, resolutions)
    if name == "tinycudann":
        return hash_encode_tcnn.hash_encode(x, table, resolutions)
    return hash_encode_torch.hash_encode(x, table, resolutions)


class _HashEncode(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, table: Tensor, resolutions: Tensor) -> Tensor:
        from sds3d.kernels import hash_encode_numba

        x, table = x.contiguous(), table.contiguous()
        ctx.save_for_backward(x, table, resolutions)
        arrays = [v.detach().numpy() for v in (x, table, resolutions)]
        return torch.from_numpy(hash_encode_numba.forward(*arrays)).t()

    @staticmethod
    @once_differentiable
    def backward(ctx, *grad_outputs: Tensor) -> tuple[Tensor | None, Tensor | None, None]:  # pyright: ignore[reportIncompatibleMethodOverride] once_differentiable makes ctx positional
        from sds3d.kernels import hash_encode_numba

        x, table, resolutions = (v.detach().numpy() for v in ctx.saved_tensors)
        g = grad_outputs[0].t().contiguous().numpy()
        g_x = None
        g_table = None
        if ctx.needs_input_grad[0]:
            g_x = torch.from_numpy(hash_encode_numba.backward_x(x, table, resolutions, g))
        if ctx.needs_input_grad[1]:
            _, rows, features = table.shape
            g_table = hash_encode_numba.backward_table(x, rows, features, resolutions, g)
            g_table = torch.from_numpy(g_table)
        return g_x, g_table, None
