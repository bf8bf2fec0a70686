"""Gradients in half precision, scaled so that they neither underflow nor overflow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

FIRST = 65536.0
GROWTH = 2.0
BACKOFF = 0.5
INTERVAL = 2000  # steps without an overflow after which the scale grows


class LossScale(nn.Module):
    """A factor on gradients: halved when they overflow, doubled after 2,000 steps without.

    The rule and the numbers of torch.amp.GradScaler.  It is a module so that a checkpoint holds it.
    Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740, section 3.2.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(FIRST))
        self.register_buffer("clean", torch.tensor(0))
        self.scale: Tensor
        self.clean: Tensor

    def enlarge(self, x: Tensor) -> Tensor:
        """x; the gradient that comes back is multiplied by the scale."""
        return _Scaled.apply(x, self.scale)

    def reduce(self, x: Tensor) -> Tensor:
        """x; the gradient that comes back is divided by the scale."""
        return _Scaled.apply(x, 1 / self.scale)

    def unscale(self, parameters: Iterable[nn.Parameter]) -> None:
        """Divides the gradients of a scaled loss by the scale."""
        for p in parameters:
            if p.grad is not None:
                p.grad.div_(self.scale)

    def update(self, finite: bool) -> None:
        """Halves the scale after gradients that were not finite; doubles it when many in a row were."""
        if not finite:
            self.scale.mul_(BACKOFF)
            self.clean.zero_()
            return
        self.clean.add_(1)
        if self.clean.item() == INTERVAL:
            self.scale.mul_(GROWTH)
            self.clean.zero_()

    @property
    def exhausted(self) -> bool:
        """Whether the scale is below 1: the gradients are not finite for another reason than the scale."""
        return self.scale.item() < 1


class _Scaled(torch.autograd.Function):
    """x, its gradient times a factor."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: Tensor) -> Tensor:
        ctx.factor = factor.clone()
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        return grad_outputs[0] * ctx.factor, None
