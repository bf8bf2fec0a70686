"""Trains the embedded prior's network from training sets, for `sds3d prior train`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from sds3d import files
from sds3d.errors import UsageError
from sds3d.priors.embedded.multiview import WEIGHTS, Config, MultiviewTransformer
from sds3d.priors.embedded.prior import CONCEPTS, TRAINING
from sds3d.training.card import history
from sds3d.training.data.shards import load_training_set
from sds3d.training.loop import Budget, PriorTrainer
from sds3d.training.pool import build_pool
from sds3d.training.sampling import views_of
from sds3d.training.views import GROUP

SHOWN = ("a red armchair", "a blue car", "a wooden table", "a green cactus in a pot", "a teddy bear",
         "a grand piano", "a snowman", "a hamburger", "a white toilet", "a biplane", "a palm tree",
         "a yellow fire hydrant")  # fmt: skip
NETWORK = "network"
GRID = "samples.png"
GUIDANCE_SCALE = 3.0
STEPS = 25
PROMPTS_PER_ROW = 3


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
    report: Callable[[str], None] = lambda line: None,
) -> PriorTrainer:
    """Trains until the budget is spent and returns the trainer.

    Writes to `out` the averaged weights, sample grids, metrics and a state, from which the next call resumes.
    minutes: a limit for this call, to spread the budget over several.  report: receives a line whenever the
    state is saved.  Raises UsageError when the training sets differ in view count or image size.
    """
    corpora = [load_training_set(folder) for folder in sets]
    shapes = {tuple(c.albedo.shape[1:4]) for c in corpora}
    if len(shapes) > 1:
        kinds = ", ".join(f"{v} views of {h} x {w}" for v, h, w in sorted(shapes))
        raise UsageError(
            f"training sets differ in view count or image size: {kinds}",
            "build them with the same --views and --size",
        )
    size = int(corpora[0].albedo.shape[2])
    torch.manual_seed(seed)
    network = MultiviewTransformer(replace(config, sample_size=size)).to(device)
    trainer = PriorTrainer(
        network, build_pool(corpora, light, seed=seed).to(device), out, budget, seed=seed
    )
    names = sorted({item.name for corpus in corpora for item in corpus.objects})

    def keep(trainer: PriorTrainer) -> None:
        write_samples(trainer)
        files.write(out / NETWORK / CONCEPTS, "\n".join(names) + "\n")
        record = history(trainer, corpora) | {"sha256": files.digest(out / NETWORK / WEIGHTS)}
        text = json.dumps(record, indent=1) + "\n"
        files.write(out / NETWORK / TRAINING, text)
        report(f"step {trainer.step}, {trainer.seconds:.0f} s, {trainer.done:.0%} done")

    trainer.run(keep, minutes)
    return trainer


def write_samples(trainer: PriorTrainer) -> None:
    """Writes the averaged network and a grid of its samples."""
    trainer.average.save_pretrained(trainer.folder / NETWORK)
    draw(trainer.average, SHOWN, trainer.folder / GRID)


def draw(network: MultiviewTransformer, prompts: Sequence[str], path: Path) -> None:
    """Writes an image with four views of each prompt, PROMPTS_PER_ROW to a row; rows must be full."""
    views = views_of(network, prompts, guidance_scale=GUIDANCE_SCALE, steps=STEPS, seed=0)
    size = views.shape[-1]
    rgb = np.uint8(views.permute(0, 1, 3, 4, 2).numpy() * 255)
    grid = rgb.reshape(-1, PROMPTS_PER_ROW * GROUP, size, size, 3).swapaxes(1, 2)
    image = Image.fromarray(grid.reshape(-1, PROMPTS_PER_ROW * GROUP * size, 3))
    with files.replacing(path) as temporary:
        image.save(temporary)
