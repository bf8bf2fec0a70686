"""A small student for priors that are not networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.prior import Prior
from sds3d.students.student import Student


def _zero(module: nn.Module) -> None:
    """Sets the parameters to zero, so that the module adds nothing at first."""
    with torch.no_grad():
        for p in module.parameters():
            p.zero_()


class Block(nn.Module):
    """Residual 3x3 convolutions, scaled and shifted by an embedding of time and camera."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width, affine=False)
        self.film = nn.Linear(width, 2 * width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        _zero(self.second)

    def forward(self, h: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.film(embedding)[:, :, None, None].chunk(2, 1)
        return h + self.second(F.silu(self.first(F.silu(self.norm(h) * (1 + scale) + shift))))


class ResidualStudent(Student):
    """A small convolutional denoiser of the difference between the renders and the prior's estimate.

    With x0 the frozen prior's estimate of z and d = z_t - alpha_t x0 = alpha_t e + sigma_t eps, the student
    estimates the error e = z - x0 from d as Karras et al. 2022 (https://arxiv.org/abs/2206.00364, table 1)
    precondition a denoiser of data of standard deviation `spread`:

        z_hat = x0 + c_skip d + c_out F(c_in d, x0, t, camera),   eps_hat = (z_t - alpha_t z_hat) / sigma_t.

    It stands in for the LoRA copy of a large prior: it starts as the prior, is conditioned on the camera, and
    is trained by denoising.  Rows whose camera is dropped (zeros) estimate the score over all cameras.  The
    prior's estimate knows the batch's cameras; with `marginal` those rows do without it, x0 = 0, as entropic
    score distillation needs.

    width: channels.  blocks: residual blocks.  patch: pixels of a side that become channels.  spread: how far
    renders may be from the prior's estimate, standard deviation in units of z.
    """

    def __init__(
        self,
        prior: Prior,
        *,
        width: int,
        blocks: int,
        patch: int,
        spread: float,
        marginal: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.marginal = marginal
        self.prior = prior
        self.patch = patch
        self.spread = spread
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embed = nn.Sequential(
                nn.Linear(16 + 8, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
            )
            self.inward = nn.Conv2d(6 * patch**2, width, 1)
            self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
            self.outward = nn.Conv2d(width, 3 * patch**2, 1)
        _zero(self.outward)

    def _network(self, d: Tensor, x0: Tensor, t: Tensor, camera: Tensor) -> Tensor:
        angle = t[:, None] * torch.pi * 2.0 ** torch.arange(4, device=t.device)
        embedding = self.embed(torch.cat([camera, angle.sin(), angle.cos()], -1))
        h = self.inward(F.pixel_unshuffle(torch.cat([d, x0], 1), self.patch))
        for block in self.blocks:
            h = block(h, embedding)
        return F.pixel_shuffle(self.outward(h), self.patch)

    def _estimate(self, z_t: Tensor, t: Tensor, cond: Cond) -> tuple[Tensor, Tensor]:
        """(z_hat, c_out) of z_t."""
        alpha_t, sigma_t = self.prior.alpha_sigma(t)
        x0 = self._of_prior(z_t, t, cond)
        d = z_t - alpha_t * x0
        variance = (alpha_t * self.spread) ** 2 + sigma_t**2
        c_skip = alpha_t * self.spread**2 / variance
        c_out = sigma_t * self.spread / variance.sqrt()
        F_hat = self._network(d / variance.sqrt(), x0, t, cond.camera)
        return x0 + c_skip * d + c_out * F_hat, c_out

    @torch.no_grad()
    def _of_prior(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """x0 of z_t."""
        alpha_t, sigma_t = self.prior.alpha_sigma(t)
        known = cond.camera.any(1)
        if self.marginal and not known.any():
            return torch.zeros_like(z_t)
        x0 = (z_t - sigma_t * self.prior.predict_noise(z_t, t, cond)) / alpha_t
        return x0 * known[:, None, None, None] if self.marginal else x0

    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """eps_hat of z_t under the distribution of the scene's renders."""
        alpha_t, sigma_t = self.prior.alpha_sigma(t)
        z_hat, _ = self._estimate(z_t, t, cond)
        return (z_t - alpha_t * z_hat) / sigma_t

    def loss(self, z: Tensor, t: Tensor, eps: Tensor, cond: Cond) -> Tensor:
        """mean ((z_hat - z) / c_out)^2, which weighs all noise levels equally."""
        z = z.detach()
        alpha_t, sigma_t = self.prior.alpha_sigma(t)
        z_hat, c_out = self._estimate(alpha_t * z + sigma_t * eps, t, cond)
        return ((z_hat - z) / c_out).square().mean()
