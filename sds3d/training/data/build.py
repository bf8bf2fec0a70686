"""Builds a training set: every object of the sources drawn from random cameras, in shards.

A shard is written when it is full and never again; the same command goes on where the last one stopped.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import numpy as np
import torch

from sds3d.errors import PriorError, UsageError
from sds3d.interrupt import Interrupt
from sds3d.training.data import shards
from sds3d.training.data.drawing import draw
from sds3d.training.data.items import Item
from sds3d.training.data.lists import write_lists
from sds3d.training.data.shapes import fitted
from sds3d.training.data.shards import Record
from sds3d.training.data.sources import Load, Source
from sds3d.training.data.swatches import swatches
from sds3d.views.cameras import Cameras, random_views

SHARD = 64  # objects
GROUP = 4  # views of one group, azimuths a quarter apart: what multi-view priors see at once
# the recipes' cameras (sds3d/recipe/data/scenes)
ELEVATION_DEG, DISTANCE, FOV_DEG = (-15.0, 65.0), (2.9, 3.1), (39.0, 41.0)
LEAST = 0.015  # mean coverage: less is a needle that no prior could learn
# what readers of meshes and pictures raise about a broken file
LOADING = (PriorError, ValueError, LookupError, TypeError, AttributeError, OSError)
LOADING += (BadZipFile, struct.error)


@dataclass(frozen=True)
class Settings:
    """What all shards of a set share.  views: per object, a multiple of 4.  size: pixels."""

    views: int = 12
    size: int = 64
    seed: int = 0
    depth: bool = False

    def __post_init__(self) -> None:
        if self.views < GROUP or self.views % GROUP:
            raise UsageError(f"--views {self.views}: must be a multiple of 4", "say --views 12")
        if not 8 <= self.size <= 512:
            raise UsageError(f"--size {self.size}: must be 8 to 512", "say --size 64")


class Progress(Protocol):
    """Where progress goes."""

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        """So many of all objects are done."""

    def note(self, line: str) -> None:
        """Something the user should know."""


@dataclass(frozen=True)
class Outcome:
    """objects: in the set now.  drawn: of them, by this call.  skipped: (id, why).  stopped: by the user."""

    objects: int
    drawn: int
    skipped: tuple[tuple[str, str], ...]
    stopped: bool


def build(
    sources: Sequence[Source],
    out: Path,
    settings: Settings,
    interrupt: Interrupt,
    progress: Progress,
    *,
    together: int = SHARD,
) -> Outcome:
    """Draws what the shards in `out` lack, then writes the lists beside them.

    together: objects of a shard.  Raises PriorError when `out` holds a set of other settings or cannot be
    written, UsageError when a source is named twice.
    """
    names = [source.name for source in sources]
    if len(set(names)) < len(names):
        raise UsageError("a source is named twice", "name each once; put meshes into one folder")
    plans = [plan for source in sources for plan in _plans(source, settings, together)]
    _check(out, settings, set(names), {name for name, *_ in plans})
    total, done, drawn, skipped = sum(len(rows) for _, _, rows in plans), 0, 0, []
    for name, digest, rows in plans:
        path = out / name
        kept = shards.header_of(path) if path.exists() else {}
        if kept.get("plan") != digest:
            if interrupt.asked:
                break
            step = partial(_step, progress, done, total)
            records, failed = _records(rows, settings, interrupt, step)
            if records is None:
                break
            header = {**asdict(settings), "plan": digest, "skipped": failed}
            shards.write(path, shards.pack(records, header))
            drawn += len(records)
            kept = header
        done += len(rows)
        skipped += kept["skipped"]
        for row in kept["skipped"]:
            progress.note(f"skipped {row[0]}: {row[1]}")
        progress.step(done, total, {})
    objects = write_lists(out)
    return Outcome(objects, drawn, tuple(map(tuple, skipped)), done < total)


def _step(progress: Progress, done: int, total: int, number: int) -> None:
    progress.step(done + number, total, {})


def _plans(
    source: Source, settings: Settings, together: int
) -> list[tuple[str, str, tuple[tuple[Item, Load], ...]]]:
    """(file, digest, objects) of each shard; the digest tells whether a file is the one that is wanted."""
    out = []
    for number, start in enumerate(range(0, len(source.objects), together)):
        rows = source.objects[start : start + together]
        told = json.dumps([asdict(settings), [asdict(item) for item, _ in rows]])
        digest = hashlib.sha256(told.encode()).hexdigest()[:16]
        out.append((f"{source.name}-{number:03d}{shards.SUFFIX}", digest, rows))
    return out


def _check(out: Path, settings: Settings, mine: set[str], wanted: set[str]) -> None:
    """Refuses a folder of other settings; removes shards of the sources that are no longer wanted."""
    for path in sorted(out.glob(f"*{shards.SUFFIX}")):
        if path.name.rpartition("-")[0] in mine:
            if path.name not in wanted:
                path.unlink()
            continue
        header = shards.header_of(path)
        if {k: header[k] for k in asdict(settings)} != asdict(settings):
            raise PriorError(
                f"'{path}' was made with other --views, --size, --seed or --depth",
                "give another --out, or name all sources again",
            )


def _records(
    rows: Sequence[tuple[Item, Load]],
    settings: Settings,
    interrupt: Interrupt,
    step: Callable[[int], None],
) -> tuple[list[Record] | None, list[tuple[str, str]]]:
    """The objects of a shard drawn, and those that cannot be; (None, ...) when the user stops."""
    records, skipped = [], []
    for number, (item, load) in enumerate(rows, 1):
        if interrupt.asked:
            return None, skipped
        try:
            records.append(record(item, load, settings))
        except (
            LOADING
        ) as error:  # a third-party file: whatever is wrong with it, the others are drawn
            skipped.append((item.id, getattr(error, "message", f"{type(error).__name__}: {error}")))
        step(number)
    if not records:
        raise PriorError(
            f"none of {len(rows)} objects could be drawn: {skipped[0][1]}", "see above"
        )
    return records, skipped


def record(item: Item, load: Load, settings: Settings) -> Record:
    """An object drawn from its own random cameras, with its main colours.

    Raises PriorError when next to nothing of it is seen.
    """
    cameras = views_of(item.id, settings)
    views = draw(fitted(load()), cameras)
    if views.albedo[..., 3].mean() < 255 * LEAST:
        raise PriorError("it is too thin to be seen", "leave it out")
    fov = 2 * torch.rad2deg(torch.atan(0.5 * cameras.height / cameras.K[:, 1, 1]))
    return Record(
        replace(item, palette=swatches(views.albedo)),
        views.albedo,
        views.normals,
        views.depth if settings.depth else None,
        cameras.c2w.numpy(),
        fov.numpy().astype(np.float32),
    )


def views_of(name: str, settings: Settings) -> Cameras:
    """The cameras of the object of that id: groups of four, each with its azimuths a quarter apart."""
    rng = torch.Generator().manual_seed(zlib.crc32(f"{settings.seed} {name}".encode()))
    ranges = {"elevation_deg": ELEVATION_DEG, "distance": DISTANCE, "fov_deg": FOV_DEG}
    groups = [
        random_views(rng, GROUP, settings.size, **ranges) for _ in range(settings.views // GROUP)
    ]
    c2w, K = (torch.cat([getattr(g, k) for g in groups]) for k in ("c2w", "K"))
    return Cameras(c2w, K, settings.size, settings.size)
