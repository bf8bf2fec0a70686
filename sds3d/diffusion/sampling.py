"""Images from noise by the deterministic sampler of diffusion models and flows."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.guidance import cfg
from sds3d.diffusion.noising import clean, ddim
from sds3d.diffusion.prior import Prior
from sds3d.diffusion.schedule import TRAINING_STEPS


def sample(
    prior: Prior,
    eps: Tensor,
    cond: Cond,
    *,
    steps: int,
    guidance_scale: float,
    rng: torch.Generator | None = None,
) -> Tensor:
    """z (B, C, h, w) of noise eps by `steps` DDIM moves of equal length in t, from the last trained time to 0.

    rng: where given, the latents are rolled by a random offset before each evaluation of the network and rolled
    back after it, so that no place is at the border throughout ("noise rolling": Vecchio et al. 2023,
    ControlMat, https://arxiv.org/abs/2309.01700).  On a network without positions and with circular
    padding that changes nothing; it keeps the seams of others from adding up.

    Song et al. 2020, https://arxiv.org/abs/2010.02502, eq. 12 with sigma = 0; of a flow these are Euler steps.
    """
    times = torch.linspace(1 - 1 / TRAINING_STEPS, 0, steps + 1, device=eps.device).tolist()
    rows = torch.ones(len(eps), device=eps.device)
    z_t = prior.alpha_sigma(rows * times[0])[1] * eps
    for now, after in pairwise(times):
        t, u = now * rows, after * rows
        shift = (0, 0) if rng is None else offset(rng, z_t)
        back = (-shift[0], -shift[1])
        rolled = cfg(prior, z_t.roll(shift, (-2, -1)), t, cond, guidance_scale)
        eps_hat = rolled.roll(back, (-2, -1))
        z_t = ddim(prior, z_t, eps_hat, t, u) if after else clean(prior, z_t, t, eps_hat)
    return z_t


def offset(rng: torch.Generator, z: Tensor) -> tuple[int, int]:
    """Rows and columns to roll z by, each uniform over its length."""
    rows, cols = (int(torch.randint(n, (), generator=rng)) for n in z.shape[-2:])
    return rows, cols
