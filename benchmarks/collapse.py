"""Mode collapse in two dimensions: particles distilled from a mixture of five Gaussians by SDS, VSD and ESD.

    python benchmarks/collapse.py [--particles 400] [--steps 1500] [--out docs/collapse.png]

The objectives are those of sds3d, the prior is the mixture in closed form, and the student is exact:
conditioned on a camera it knows the one particle that the camera sees; without it, the whole cloud. For each
method, prints the particles' share of each mode and their standard deviation within a mode, relative to the
mode's own.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from machine import keep
from PIL import Image, ImageDraw
from torch import Tensor

from sds3d.diffusion.cond import Cond, Embedding
from sds3d.diffusion.schedule import alpha_bar, alpha_sigma
from sds3d.objectives import esd, sds, vsd

MODES = torch.tensor([[0.0, 0.0], [1.6, 0.4], [-1.3, 1.0], [-0.9, -1.3], [1.0, -1.4]])
SHARES = torch.tensor([0.3, 0.25, 0.2, 0.15, 0.1])
SPREAD = 0.22
PANEL, REACH = 300, 2.4
LOG_ALPHA_BAR = alpha_bar().log()


class Mixture:
    """The prior: sum_k share_k N(mode_k, SPREAD^2 I); z is (B, 2, 1, 1)."""

    def alpha_sigma(self, t: Tensor) -> tuple[Tensor, Tensor]:
        return alpha_sigma(t, LOG_ALPHA_BAR)

    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        alpha_t, sigma_t = self.alpha_sigma(t)
        return noise_of(z_t, alpha_t, sigma_t, MODES, SHARES, SPREAD)


class Cloud:
    """The student: with a camera, the particle that it sees; without one, all particles."""

    def __init__(self, particles: Tensor) -> None:
        self.particles = particles

    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        alpha_t, sigma_t = alpha_sigma(t, LOG_ALPHA_BAR)
        points = self.particles.detach()
        if (cond.camera != 0).any():
            return (z_t - alpha_t * points[..., None, None]) / sigma_t
        shares = torch.full((len(points),), 1 / len(points))
        return noise_of(z_t, alpha_t, sigma_t, points, shares, 0.0)


def noise_of(z_t, alpha_t, sigma_t, centers, shares, spread) -> Tensor:
    """The exact eps_hat of a mixture of isotropic Gaussians with one standard deviation."""
    variance = sigma_t**2 + (alpha_t * spread) ** 2
    away = z_t.flatten(1)[:, None] - alpha_t[:, 0, 0, :, None] * centers
    log_w = shares.log() - away.square().sum(-1) / (2 * variance[:, 0, 0])
    mean = torch.einsum("bk,bkd->bd", torch.softmax(log_w, -1), away)
    return (sigma_t / variance) * mean[..., None, None]


def distil(method: str, lam: float, particles: int, steps: int) -> Tensor:
    """The final particles, (N, 2); t ~ U[0.02, 0.98], and U[0.02, 0.3] in the last fifth of the steps."""
    rng = torch.Generator().manual_seed(0)
    x = torch.nn.Parameter(1.2 * torch.randn(particles, 2, generator=rng))
    prior, optimizer = Mixture(), torch.optim.Adam([x], lr=0.03, betas=(0.5, 0.9))
    blank = torch.zeros(particles, 1)
    cond = Cond(Embedding(blank), Embedding(blank), torch.ones(particles, 16))
    options = {"guidance_scale": 1.0, "weight": "sigma2"}
    for step in range(steps):
        high = 0.98 if step < 0.8 * steps else 0.3
        t = 0.02 + (high - 0.02) * torch.rand(particles, generator=rng)
        z, eps = x.detach()[..., None, None], torch.randn(particles, 2, 1, 1, generator=rng)
        match method:
            case "sds":
                g = sds.grad(prior, z, t, eps, cond, **options)
            case "vsd":
                g = vsd.grad(prior, z, t, eps, cond, student=Cloud(x), **options)
            case _:
                g = esd.grad(prior, z, t, eps, cond, student=Cloud(x), lam=lam, **options)
        x.grad = g.flatten(1)
        for group in optimizer.param_groups:
            group["lr"] = 0.03 * 0.05 ** (step / steps)
        optimizer.step()
    return x.detach()


def measured(x: Tensor) -> dict[str, object]:
    """The modes' shares, their total variation from the prior's, and the relative spread within modes."""
    nearest = torch.cdist(x, MODES).argmin(1)
    shares = torch.bincount(nearest, minlength=len(MODES)) / len(x)
    inside = [
        (x[nearest == k] - x[nearest == k].mean(0)).square().mean().sqrt() for k in nearest.unique()
    ]
    return {
        "shares": [round(v, 3) for v in shares.tolist()],
        "total_variation": round(float((shares - SHARES).abs().sum() / 2), 3),
        "spread": round(float(torch.stack(inside).mean()) / SPREAD, 3),
    }


def panel(x: Tensor, title: str) -> Image.Image:
    """The particles over the mixture's density."""
    line = (np.arange(PANEL) + 0.5) / PANEL * 2 * REACH - REACH
    at = torch.tensor(np.stack(np.meshgrid(line, -line), -1), dtype=torch.float32)
    square = (at[:, :, None] - MODES).square().sum(-1)
    density = (SHARES * torch.exp(-square / (2 * SPREAD**2))).sum(-1)
    shade = (255 - 110 * (density / density.max()).sqrt()).to(torch.uint8).numpy()
    image = Image.fromarray(np.stack([shade, shade, np.full_like(shade, 255)], -1))
    draw = ImageDraw.Draw(image)
    for px, py in ((x * torch.tensor([1, -1]) + REACH) / (2 * REACH) * PANEL).tolist():
        draw.ellipse((px - 1.5, py - 1.5, px + 1.5, py + 1.5), fill=(200, 60, 20))
    draw.text((6, 4), title, fill=(0, 0, 0))
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--particles", type=int, default=400)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--out", type=Path, default=Path("docs/collapse.png"))
    options = parser.parse_args()
    runs = [("sds", 0.0), ("vsd", 0.0), ("esd", 0.5), ("esd", 0.9), ("esd", 1.0)]
    sheet, rows = Image.new("RGB", (PANEL * len(runs), PANEL), "white"), []
    for k, (method, lam) in enumerate(runs):
        x = distil(method, lam, options.particles, options.steps)
        title = f"{method.upper()}, lam = {lam}" if method == "esd" else method.upper()
        rows.append({"method": title} | measured(x))
        print(rows[-1])
        sheet.paste(panel(x, title), (k * PANEL, 0))
    sheet.save(options.out, optimize=True)
    keep("collapse", rows)
    print(options.out)


if __name__ == "__main__":
    main()
