"""Priors whose score is known on paper, for tests."""

from __future__ import annotations

import torch

from sds3d.diffusion.cond import Cond, Embedding
from sds3d.diffusion.schedule import alpha_bar, alpha_sigma


class GaussianPrior:
    """Data N(mean, spread^2 I) with the mean given by cond.text.embedding (R, C, h, w).

    eps*(z_t) = sigma_t (z_t - alpha_t mean) / (alpha_t^2 spread^2 + sigma_t^2).
    """

    def __init__(self, spread: float) -> None:
        self.spread, self.evaluations = spread, 0
        self.log_alpha_bar = alpha_bar().log()

    def condition(self, prompt, cameras, background):
        raise AssertionError("not used")

    def encode(self, rgb):
        return rgb

    def alpha_sigma(self, t):
        return alpha_sigma(t, self.log_alpha_bar)

    def predict_noise(self, z_t, t, cond):
        self.evaluations += 1
        alpha_t, sigma_t = self.alpha_sigma(t)
        variance = (alpha_t * self.spread) ** 2 + sigma_t**2
        return sigma_t * (z_t - alpha_t * cond.text.embedding) / variance


def gaussian_cond(mean: torch.Tensor, null: torch.Tensor | None = None) -> Cond:
    """Rows whose prompt means N(mean, .) and whose null branch means N(null, .)."""
    camera = torch.zeros(len(mean), 16, dtype=mean.dtype)
    mean, null = (Embedding(x) for x in (mean, torch.zeros_like(mean) if null is None else null))
    return Cond(mean, null, camera)


class Always:
    """A student that predicts a given tensor."""

    def __init__(self, eps_hat: torch.Tensor) -> None:
        self.eps_hat = eps_hat

    def predict_noise(self, z_t, t, cond):
        return self.eps_hat
