"""The noise schedule of Stable Diffusion on continuous time."""

from __future__ import annotations

import torch
from torch import Tensor

TRAINING_STEPS = 1000


def alpha_bar() -> Tensor:
    """The cumulative products (1000,), float64, of 1 - beta with sqrt(beta) linear ("scaled_linear").

    beta from 0.00085 to 0.012: Rombach et al. 2022, https://arxiv.org/abs/2112.10752, released models.
    """
    beta = torch.linspace(0.00085**0.5, 0.012**0.5, TRAINING_STEPS, dtype=torch.float64) ** 2
    return torch.cumprod(1 - beta, 0)


def alpha_sigma(t: Tensor, log_alpha_bar: Tensor) -> tuple[Tensor, Tensor]:
    """(alpha_t, sigma_t), (B, 1, 1, 1): sqrt(alpha_bar) and sqrt(1 - alpha_bar) at index N t.

    Between the N trained times log alpha_bar (N,) is linear; t = 1 is taken as the last of them.
    """
    steps = len(log_alpha_bar)
    index = (t.double() * steps).clamp(0, steps - 1)
    below = index.long().clamp(max=steps - 2)
    table = log_alpha_bar.to(t.device)
    log_bar = torch.lerp(table[below], table[below + 1], index - below)
    bar = log_bar.exp()[:, None, None, None]
    return bar.sqrt().to(t.dtype), (1 - bar).sqrt().to(t.dtype)
