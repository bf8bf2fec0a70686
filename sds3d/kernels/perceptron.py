"""A perceptron with one hidden layer, at many points."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from sds3d.kernels.backends import pick


def perceptron(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    head: Tensor,
    head_bias: Tensor,
    *,
    backend: str = "auto",
) -> Tensor:
    """head relu(weight x_n + bias) + head_bias of every point n, (N, O); differentiable in everything, once.

    x: (N, C).  weight: (H, C).  bias: (H,).  head: (O, H).  head_bias: (O,).
    The CPU kernel keeps no hidden layer for the backward pass: it computes it again.  It is fastest on a
    transposed x, stored as (C, N), as encodings return it; so are its own results.
    """
    name = pick(backend, x.device, cpu=("numba", "torch"), cuda=("torch",))
    if name == "torch":
        return F.linear(F.relu(F.linear(x, weight, bias)), head, head_bias)
    return _Perceptron.apply(x, weight, bias, head, head_bias)


class _Perceptron(torch.autograd.Function):
    @staticmethod
    def forward(ctx, *inputs: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride] the inputs are the function's
        from sds3d.kernels import perceptron_numba

        x = inputs[0].t().contiguous()
        weights = [w.contiguous() for w in inputs[1:]]
        ctx.save_for_backward(x, *weights)
        return torch.from_numpy(perceptron_numba.forward(*_arrays(x, *weights))).t()

    @staticmethod
    @once_differentiable
    def backward(ctx, *grad_outputs: Tensor) -> tuple[Tensor, ...]:  # pyright: ignore[reportIncompatibleMethodOverride] once_differentiable makes ctx positional
        from sds3d.kernels import perceptron_numba

        grad = grad_outputs[0].t().contiguous()
        grads = perceptron_numba.backward(*_arrays(*ctx.saved_tensors, grad))
        g_x, *others = (torch.from_numpy(g) for g in grads)
        return g_x.t(), *others


def _arrays(*tensors: Tensor) -> list:
    return [v.detach().numpy() for v in tensors]
