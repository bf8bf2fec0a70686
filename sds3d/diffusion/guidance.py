"""Classifier-free guidance, in one convention everywhere:  eps_null + s (eps_pos - eps_null).

Papers that write (1 + s) are converted in their recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from sds3d.diffusion.cond import Cond, cat
from sds3d.diffusion.prior import Prior


def together(prior: Prior, queries: Sequence[tuple[Tensor, Tensor, Cond]]) -> list[Tensor]:
    """eps_hat of several (z_t, t, cond), evaluated as the rows of one batch."""
    z_t, t, conds = zip(*queries, strict=True)
    eps_hat = prior.predict_noise(torch.cat(z_t), torch.cat(t), cat(conds))
    return list(eps_hat.split([len(z) for z in z_t]))


def cfg(prior: Prior, z_t: Tensor, t: Tensor, cond: Cond, guidance_scale: float) -> Tensor:
    """eps_null + s (eps_pos - eps_null); one evaluation of the prior on 2 B rows, B when s = 1.

    With cond.away, Perp-Neg: eps_null + s (d + sum_i w_i perp(eps_i - eps_null, d)), d = eps_pos - eps_null;
    with cond.rescale the result is scaled towards the standard deviation of eps_pos.
    Ho and Salimans 2022, https://arxiv.org/abs/2207.12598, eq. 6 with s = 1 + w; Armandpour et al. 2023,
    https://arxiv.org/abs/2304.04968; Lin et al. 2023, https://arxiv.org/abs/2305.08891, section 3.4.
    """
    if guidance_scale == 1 and not cond.away:
        return prior.predict_noise(z_t, t, cond)
    return guided(prior, z_t, t, cond, guidance_scale)[0]


def guided(
    prior: Prior, z_t: Tensor, t: Tensor, cond: Cond, guidance_scale: float
) -> tuple[Tensor, Tensor]:
    """(`cfg`'s prediction, that of the prompt alone): one evaluation of the prior."""
    branches = [cond, cond.unconditional(), *away_branches(cond)]
    eps_pos, eps_null, *eps_away = together(prior, [(z_t, t, branch) for branch in branches])
    d = eps_pos - eps_null
    eps_hat = eps_null + guidance_scale * (d + away_sum(cond, eps_away, eps_null, d))
    if cond.rescale:
        ratio = eps_pos.std((1, 2, 3), keepdim=True) / eps_hat.std((1, 2, 3), keepdim=True)
        eps_hat = torch.lerp(eps_hat, ratio * eps_hat, cond.rescale)
    return eps_hat, eps_pos


def away_branches(cond: Cond) -> list[Cond]:
    """The branches of Perp-Neg's further prompts, in the order of `cond.away`."""
    return [replace(cond, text=text) for text, _ in cond.away]


def away_sum(cond: Cond, eps_away: Sequence[Tensor], eps_null: Tensor, d: Tensor) -> Tensor:
    """sum_i w_i perp(eps_i - eps_null, d), with eps_i the predictions of `away_branches`; 0 without any.

    Armandpour et al. 2023, https://arxiv.org/abs/2304.04968.
    """
    total = torch.zeros_like(d)
    for eps_i, (_, w) in zip(eps_away, cond.away, strict=True):
        total = total + w.to(d)[:, None, None, None] * perp(eps_i - eps_null, d)
    return total


def perp(a: Tensor, b: Tensor) -> Tensor:
    """The part of a that is perpendicular to b, sample by sample: a - <a, b> / ||b||^2 b."""
    dot, square = ((x * b).sum((1, 2, 3), keepdim=True) for x in (a, b))
    return a - dot / square.clamp_min(1e-6) * b
