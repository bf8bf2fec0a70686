"""The pool that training batches are drawn from: objects, and captions with colours to paint them in."""

from __future__ import annotations

import random
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from sds3d.language.embedding import embed
from sds3d.language.palette import COLORS
from sds3d.training.data.captions import caption
from sds3d.training.data.items import Item
from sds3d.training.data.shards import Corpus
from sds3d.training.views import Pool

CAPTIONS = 48  # of the only object of a concept
MIN_CAPTIONS = 6  # of any object
PAINTED = 0.6  # share of captions with another colour, for objects with a main colour
MAIN_SHARE = 0.35  # share of the pixels from which on a colour is the object's main one
PAINTS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "beige", "white", "grey",
          "black", "turquoise", "navy", "cream", "maroon", "sky blue", "teal", "lime", "magenta")  # fmt: skip
HELD_OUT = 12  # one in this many pairs of colour and concept is never used in training captions


def is_held_out(color: str, name: str) -> bool:
    """Whether no training caption uses this colour with this concept, so that composition can be measured."""
    return bool(color) and zlib.crc32(f"{color} {name}".encode()) % HELD_OUT == 0


def captions(item: Item, count: int, rng: random.Random) -> list[tuple[str, str]]:
    """`count` pairs (caption, paint) for an object; paint is "" when it keeps its own colours."""
    if is_held_out(item.color, item.name):
        item = replace(item, color="")
    main = item.palette and item.palette[0][3] >= MAIN_SHARE
    out = []
    for _ in range(count):
        paint = rng.choice(PAINTS) if main and rng.random() < PAINTED else ""
        if is_held_out(paint, item.name):
            paint = ""
        described = replace(item, color="", material="", palette=()) if paint else item
        out.append((caption(rng, described, paint or None), paint))
    return out


def build_pool(corpora: Sequence[Corpus], light: np.ndarray, *, seed: int = 0) -> Pool:
    """The objects of training sets and their captions.

    Captions are sampled uniformly in training; their number per object makes each concept's weight grow as the
    square root of its object count.  light (4,): shade(n) = light[0] + n . light[1:].
    """
    items = [item for corpus in corpora for item in corpus.objects]
    concepts = Counter(item.name for item in items)
    rng = random.Random(seed)
    owner: list[int] = []
    texts: list[str] = []
    paints: list[tuple[float, ...]] = []
    for row, item in enumerate(items):
        count = max(MIN_CAPTIONS, round(CAPTIONS / concepts[item.name] ** 0.5))
        for text, paint in captions(item, count, rng):
            owner.append(row)
            texts.append(text)
            paints.append((*COLORS[paint], 1.0) if paint else (0.0, 0.0, 0.0, 0.0))
    main = [item.palette[0][:3] if item.palette else (0, 0, 0) for item in items]
    return Pool(
        albedo=torch.cat([c.albedo for c in corpora]),
        normals=torch.cat([c.normals for c in corpora]),
        c2w=torch.cat([c.c2w for c in corpora]),
        main=torch.tensor(main).float() / 255,
        owner=torch.tensor(owner),
        text=torch.from_numpy(embed(texts)).half(),
        color=torch.tensor(paints),
        light=torch.as_tensor(light, dtype=torch.float32),
    )
