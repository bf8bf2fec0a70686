"""Sampling images from the embedded prior's network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from sds3d.diffusion.schedule import TRAINING_STEPS, alpha_bar, alpha_sigma
from sds3d.language.embedding import embed
from sds3d.priors.embedded.multiview import MultiviewTransformer
from sds3d.training.views import GROUP
from sds3d.views.cameras import orbit

PROMPTS_PER_BATCH = 32


def views_of(
    network: MultiviewTransformer,
    prompts: Sequence[str],
    *,
    guidance_scale: float,
    steps: int,
    seed: int,
) -> Tensor:
    """Samples for N prompts, four views each over mid-grey: (N, 4, 3, S, S) sRGB in [0, 1]."""
    device = next(network.parameters()).device
    samples = []
    cameras = orbit(GROUP, network.config.sample_size, elevation_deg=20).rotated(25).c2w.flatten(1)
    rng = torch.Generator().manual_seed(seed)
    for start in range(0, len(prompts), PROMPTS_PER_BATCH):
        part = prompts[start : start + PROMPTS_PER_BATCH]
        text = torch.from_numpy(embed(part)).repeat_interleave(GROUP, 0)
        grey = torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(len(text), 4)
        conditions = (x.to(device) for x in (text, cameras.repeat(len(part), 1), grey))
        z = sample(network, *conditions, guidance_scale=guidance_scale, steps=steps, rng=rng)
        samples.append((z.float() / 2 + 0.5).clamp(0, 1).cpu())
    return torch.cat(samples).unflatten(0, (-1, GROUP))


@torch.inference_mode()
def sample(
    network: MultiviewTransformer,
    text: Tensor,
    camera: Tensor,
    background: Tensor,
    *,
    guidance_scale: float,
    steps: int,
    rng: torch.Generator,
) -> Tensor:
    """Samples x0 (R, 3, S, S) in [-1, 1], by `steps` deterministic DDIM steps from t = 1 to 0.

    Classifier-free guidance eps_null + s (eps_pos - eps_null) is the same affine rule on x0.
    text: (R, T, D), camera: (R, 16), background: (R, 4), the network's inputs.

    Song et al. 2020, https://arxiv.org/abs/2010.02502, eq. 12 with sigma = 0.
    """
    size = network.config.sample_size
    rows = len(text)
    table = alpha_bar().log()
    z_t = torch.randn(rows, 3, size, size, generator=rng).to(text)
    both = [torch.cat(pair) for pair in ((text, torch.zeros_like(text)), (camera,) * 2)]
    backgrounds = torch.cat([background, background])
    times = torch.linspace(1, 0, steps + 1, device=text.device, dtype=text.dtype)
    x0 = z_t
    for t, u in pairwise(times):
        timestep = (t * TRAINING_STEPS).expand(2 * rows)
        x0 = network(torch.cat([z_t, z_t]), timestep, both[0], both[1], backgrounds).sample
        x0_pos, x0_null = x0.chunk(2)
        x0 = (x0_null + guidance_scale * (x0_pos - x0_null)).clamp(-1, 1)
        (alpha_t, sigma_t), (alpha_u, sigma_u) = (alpha_sigma(v[None], table) for v in (t, u))
        z_t = alpha_u * x0 + sigma_u * (z_t - alpha_t * x0) / sigma_t
    return x0
