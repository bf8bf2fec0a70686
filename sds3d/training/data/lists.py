"""The human-readable files of a training set: objects, concepts, attribution, a contact sheet."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from sds3d import files
from sds3d.training.data import shards
from sds3d.training.data.captions import caption
from sds3d.training.data.items import Item, to_json
from sds3d.training.data.names import concept
from sds3d.training.data.shards import Corpus
from sds3d.views.lighting import shade

ROWS = 16
COLUMNS = 3
VIEWS = 4
GREY = 0.6


def write_lists(folder: Path) -> int:
    """Writes objects.jsonl, concepts.txt and ATTRIBUTION.md; returns the number of objects in `folder`."""
    paths = sorted(folder.glob(f"*{shards.SUFFIX}"))
    items = [item for path in paths for item in shards.items_of(path)]
    lines = "".join(json.dumps(to_json(item)) + "\n" for item in items)
    shards.write_file(folder / "objects.jsonl", lines.encode())
    counts = Counter(concept(item.name) for item in items)
    names = "".join(f"{name}\t{count}\n" for name, count in sorted(counts.items()))
    shards.write_file(folder / "concepts.txt", names.encode())
    shards.write_file(folder / "ATTRIBUTION.md", attribution(items).encode())
    return len(items)


def attribution(items: list[Item]) -> str:
    """Markdown that credits every third-party model, one line per creator and licence."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for item in items:
        if item.source != "builtin":
            key = (item.source, item.licence or "licence not stated", item.creator or "unknown")
            rows.setdefault(key, []).append(item.title)
    text = ["# Models in the training set", ""]
    last = None
    for (source, licence, creator), titles in sorted(rows.items()):
        if last != (source, licence):
            text += ["", f"## {source}: {licence}", ""]
            last = (source, licence)
        counted = Counter(titles)
        named = ", ".join(f"{t} ({n})" if n > 1 else t for t, n in sorted(counted.items()))
        text.append(f"- **{creator}**: {named}")
    return "\n".join(text).replace("\n\n\n", "\n\n") + "\n"


def sheet(corpus: Corpus, path: Path, seed: int = 0) -> list[str]:
    """Writes a contact sheet of random objects to `path` and returns their captions, in its order.

    Each object is shown in four views under the library's light, and as the normals of the first.
    """
    rng = random.Random(seed)
    count = min(ROWS * COLUMNS, len(corpus.objects))
    picks = sorted(rng.sample(range(len(corpus.objects)), count))
    strips = [np.concatenate(_strip(corpus, i), 1) for i in picks]
    blank = np.full_like(strips[0], 255)
    strips += [blank] * (-len(strips) % COLUMNS)
    rows = [np.concatenate(strips[i : i + COLUMNS], 1) for i in range(0, len(strips), COLUMNS)]
    with files.replacing(path) as temporary:
        Image.fromarray(np.concatenate(rows)).save(temporary)
    return [caption(rng, corpus.objects[i]) for i in picks]


def _strip(corpus: Corpus, i: int) -> list[np.ndarray]:
    position = corpus.c2w[i, :, :3, 3].numpy()
    turn = np.arctan2(position[:, 0], position[:, 2])
    first = int(np.abs(turn).argmin()) // VIEWS * VIEWS
    order = sorted(range(first, first + VIEWS), key=lambda v: abs(float(turn[v])))
    albedo = corpus.albedo[i, order].numpy().astype(np.float32) / 255
    normals = corpus.normals[i, order].numpy().astype(np.float32) / 127.5 - 1
    light = shade(normals)
    alpha = albedo[..., 3:]
    lit = albedo[..., :3] * light[..., None] * alpha + GREY * (1 - alpha)
    facing = (normals[0] * 0.5 + 0.5) * alpha[0] + (1 - alpha[0])
    return [(x.clip(0, 1) * 255).astype(np.uint8) for x in (*lit, facing)]
