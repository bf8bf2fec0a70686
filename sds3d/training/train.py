"""From training sets to a network in a folder: what `sds3d prior train` does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from sds3d.errors import UsageError
from sds3d.priors.embedded.multiview import WEIGHTS, Config, MultiviewTransformer
from sds3d.priors.embedded.prior import CONCEPTS, TRAINING
from sds3d.priors.hub.layout import digest
from sds3d.training.card import history
from sds3d.training.data.shards import load
from sds3d.training.loop import Budget, Trainer
from sds3d.training.pool import pool
from sds3d.training.sampling import views_of
from sds3d.training.views import GROUP

SHOWN = ("a red armchair", "a blue car", "a wooden table", "a green cactus in a pot", "a teddy bear",
         "a grand piano", "a snowman", "a hamburger", "a white toilet", "a biplane", "a palm tree",
         "a yellow fire hydrant")  # fmt: skip
NETWORK, GRID = "network", "samples.png"
GUIDANCE, STEPS = 3.0, 25
ACROSS = 3  # prompts in a row of the grid


def train(
    sets: Sequence[Path],
    out: Path,
    budget: Budget,
    *,
    light: np.ndarray,
    config: Config,
    device: torch.device,
    seed: int = 0,
    minutes: float | None = None,
) -> Trainer:
    """The trainer, whose averaged weights are in `out` with samples, metrics and a state to go on from.

    Goes on from the state in `out`.  minutes: of this call, where the budget is to be spent in several.
    The network sees pictures of the sets' size.  Raises UsageError when they differ.
    """
    corpora = [load(folder) for folder in sets]
    shapes = {tuple(c.albedo.shape[1:4]) for c in corpora}
    if len(shapes) > 1:
        found = " and ".join(f"{v} views of {h} x {w}" for v, h, w in sorted(shapes))
        raise UsageError(
            f"the sets hold {found}; all must be alike",
            "build them with the same --views and --size",
        )
    size = int(corpora[0].albedo.shape[2])
    torch.manual_seed(seed)
    network = MultiviewTransformer(replace(config, sample_size=size)).to(device)
    trainer = Trainer(network, pool(corpora, light, seed=seed).to(device), out, budget, seed=seed)
    names = sorted({item.name for corpus in corpora for item in corpus.objects})

    def keep(trainer: Trainer) -> None:
        show(trainer)
        (out / NETWORK / CONCEPTS).write_text("\n".join(names) + "\n", encoding="utf-8")
        told = history(trainer, corpora) | {"sha256": digest(out / NETWORK / WEIGHTS)}
        text = json.dumps(told, indent=1) + "\n"
        (out / NETWORK / TRAINING).write_text(text, encoding="utf-8")

    trainer.run(keep, minutes)
    return trainer


def show(trainer: Trainer) -> None:
    """Writes the averaged network and a grid of samples, a prompt a row, four views each."""
    trainer.average.save_pretrained(trainer.folder / NETWORK)
    draw(trainer.average, SHOWN, trainer.folder / GRID)
    print(f"step {trainer.step}, {trainer.seconds:.0f} s, {trainer.done:.0%} done", flush=True)


def draw(network: nn.Module, prompts: Sequence[str], path: Path) -> None:
    """Writes a picture with four views of each prompt, ACROSS prompts in a row; full rows only."""
    views = views_of(network, prompts, guidance_scale=GUIDANCE, steps=STEPS, seed=0)
    size = views.shape[-1]
    rgb = np.uint8(views.permute(0, 1, 3, 4, 2).numpy() * 255)
    grid = rgb.reshape(-1, ACROSS * GROUP, size, size, 3).swapaxes(1, 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grid.reshape(-1, ACROSS * GROUP * size, 3)).save(path)
