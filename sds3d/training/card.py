"""The model card of a trained network: its data, cost and scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from sds3d import files
from sds3d.priors.embedded.prior import read_training
from sds3d.runs.machine import device_name
from sds3d.training.data.shards import Corpus
from sds3d.training.loop import PriorTrainer
from sds3d.training.views import GROUP

CARD = "README.md"


def history(trainer: PriorTrainer, corpora: Sequence[Corpus]) -> dict[str, object]:
    """What the network was trained on, where and for how long, for `training.json`."""
    items = [item for corpus in corpora for item in corpus.objects]
    return {
        "minutes": round(trainer.seconds / 60, 2),
        "steps": trainer.step,
        "views": trainer.step * trainer.budget.objects * GROUP,
        "device": device_name(trainer.device),
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in trainer.average.parameters()),
        "views_seen_together": GROUP,
        "pixels": trainer.network.config.sample_size,
        "concepts": len({item.name for item in items}),
        "objects": dict(Counter(item.source for item in items)),
        "licences": {
            source: dict(Counter(item.licence for item in items if item.source == source))
            for source in sorted({item.source for item in items})
        },
    }


def write_card(folder: Path, numbers: Mapping[str, object]) -> Path:
    """Writes the model card of the network in `folder` and returns its path.

    numbers: from `evaluate`.  Raises PriorError when the folder's training.json cannot be read.
    """
    record = read_training(folder)
    objects = ", ".join(f"{count} of `{source}`" for source, count in record["objects"].items())
    licences = "\n".join(
        f"- `{source}`: " + ", ".join(f"{name or 'not stated'} ({n})" for name, n in counts.items())
        for source, counts in record["licences"].items()
    )
    rows = "\n".join(f"| {name} | {value} |" for name, value in _flat(numbers))
    text = f"""# The embedded prior

A multi-view diffusion model for `sds3d generate --prior embedded`: {record["views_seen_together"]} views of one
object at once, {record["pixels"]} pixels, conditioned on the words, the cameras and the background; it predicts
the clean image. {record["parameters"] / 1e6:.1f} million weights, stored as 16-bit floats.
Made by `sds3d prior train` (`docs/train-a-prior.md`).

## Data

{record["concepts"]} concepts (`concepts.txt`), from {objects}, rendered by `sds3d prior data`,
recoloured and lit when a batch is drawn. `assets/attribution-data.md` credits the author of every model.

{licences}

## Training

{record["minutes"]} minutes on {record["device"]}, {record["steps"]} steps, {record["views"]} views;
torch {record["torch"]}.

## Numbers

From `sds3d prior eval`; each is defined in `docs/train-a-prior.md`, "Numbers".

| | |
|---|---|
{rows}

## Limits

It was trained only on the objects above, one at a time, on plain backgrounds, at {record["pixels"]} pixels: it
makes no scenes, no likenesses of people and no writing. A word that is in no caption is understood by its
similarity to words that are, if at all.
Colour words refer to an object's main colour only.
"""
    path = folder / CARD
    files.write(path, text)
    return path


def _flat(numbers: Mapping[str, object], above: str = "") -> list[tuple[str, object]]:
    """(name, value) rows; the names in a group are prefixed with the group's."""
    rows: list[tuple[str, object]] = []
    for name, value in numbers.items():
        label = f"{above}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            rows += _flat(value, f"{label}: ")
        else:
            rows.append((label, value))
    return rows
