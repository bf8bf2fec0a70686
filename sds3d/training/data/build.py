"""Builds a training set: every object of the sources rendered from random cameras, stored in shards.

A shard is written once, when it is full; the same command resumes after the last complete one.
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
GROUP = 4  # views per group, with azimuths 90 degrees apart, as multi-view priors see them
# the cameras of the recipes (sds3d/recipe/data/scenes)
ELEVATION_DEG = (-15.0, 65.0)
DISTANCE = (2.9, 3.1)
FOV_DEG = (39.0, 41.0)
MIN_COVERAGE = 0.015  # mean over the views; thinner objects cannot be learned
# exceptions that readers of meshes and images raise for a broken file
LOADING = (PriorError, ValueError, LookupError, TypeError, AttributeError, OSError)
LOADING += (BadZipFile, struct.error)


@dataclass(frozen=True)
class Settings:
    """Settings that all shards of a set share.  views: per object, a multiple of 4.  size: pixels per side."""

    views: int = 12
    size: int = 64
    seed: int = 0
    depth: bool = False

    def __post_init__(self) -> None:
        if self.views < GROUP or self.views % GROUP:
            raise UsageError(f"--views {self.views}: must be a multiple of 4", "use --views 12")
        if not 8 <= self.size <= 512:
            raise UsageError(f"--size {self.size}: must be 8 to 512", "use --size 64")


class Progress(Protocol):
    """The receiver of a build's progress."""

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        """`step` of `total` objects are done."""

    def note(self, line: str) -> None:
        """A line for the user."""


@dataclass(frozen=True)
class Outcome:
    """The result of a build.

    objects: the number in the set.  drawn: how many of them this call rendered.  skipped: (id, reason) pairs.
    stopped: whether the user interrupted it.
    """

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
    """Renders the shards that are missing in `out`, then writes the lists beside them.

    together: objects per shard.  Raises PriorError when `out` contains a set with other settings or cannot be
    written, UsageError when a source is named twice.
    """
    names = [source.name for source in sources]
    if len(set(names)) < len(names):
        raise UsageError("a source is named twice", "name each once; put meshes into one folder")
    plans = [plan for source in sources for plan in _plans(source, settings, together)]
    _check(out, settings, set(names), {name for name, *_ in plans})
    total = sum(len(rows) for _, _, rows in plans)
    done = 0
    drawn = 0
    skipped: list[tuple[str, str]] = []
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
            shards.write_file(path, shards.pack(records, header))
            drawn += len(records)
            kept = header
        done += len(rows)
        skipped += kept["skipped"]
        for row in kept["skipped"]:
            progress.note(f"skipped {row[0]}: {row[1]}")
        progress.step(done, total, {})
    objects = write_lists(out)
    return Outcome(objects, drawn, tuple((name, reason) for name, reason in skipped), done < total)


def _step(progress: Progress, done: int, total: int, number: int) -> None:
    progress.step(done + number, total, {})


def _plans(
    source: Source, settings: Settings, together: int
) -> list[tuple[str, str, tuple[tuple[Item, Load], ...]]]:
    """(file, digest, objects) of each shard; the digest identifies the settings and objects."""
    out = []
    for number, start in enumerate(range(0, len(source.objects), together)):
        rows = source.objects[start : start + together]
        plan = json.dumps([asdict(settings), [asdict(item) for item, _ in rows]])
        digest = hashlib.sha256(plan.encode()).hexdigest()[:16]
        out.append((f"{source.name}-{number:03d}{shards.SUFFIX}", digest, rows))
    return out


def _check(out: Path, settings: Settings, mine: set[str], wanted: set[str]) -> None:
    """Removes shards that the sources no longer need.  Raises PriorError if the folder has other settings."""
    for path in sorted(out.glob(f"*{shards.SUFFIX}")):
        if path.name.rpartition("-")[0] in mine:
            if path.name not in wanted:
                path.unlink()
            continue
        header = shards.header_of(path)
        if {k: header[k] for k in asdict(settings)} != asdict(settings):
            raise PriorError(
                f"'{path}' was made with other --views, --size, --seed or --depth",
                "use another --out, or name all sources again",
            )


def _records(
    rows: Sequence[tuple[Item, Load]],
    settings: Settings,
    interrupt: Interrupt,
    step: Callable[[int], None],
) -> tuple[list[Record] | None, list[tuple[str, str]]]:
    """(records, skipped (id, reason) pairs) of a shard; records are None when the user interrupts."""
    records, skipped = [], []
    for number, (item, load) in enumerate(rows, 1):
        if interrupt.asked:
            return None, skipped
        try:
            records.append(record(item, load, settings))
        except LOADING as error:  # a third-party file: the others are still rendered
            skipped.append((item.id, getattr(error, "message", f"{type(error).__name__}: {error}")))
        step(number)
    if not records:
        raise PriorError(
            f"none of {len(rows)} objects could be drawn: {skipped[0][1]}", "see above"
        )
    return records, skipped


def record(item: Item, load: Load, settings: Settings) -> Record:
    """An object rendered from its own random cameras, with its main colours.

    Raises PriorError when it covers almost no pixels.
    """
    cameras = views_of(item.id, settings)
    views = draw(fitted(load()), cameras)
    if views.albedo[..., 3].mean() < 255 * MIN_COVERAGE:
        raise PriorError("the object is too thin to be seen", "leave it out")
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
    """The cameras of the object with this id: groups of four with azimuths 90 degrees apart."""
    rng = torch.Generator().manual_seed(zlib.crc32(f"{settings.seed} {name}".encode()))
    groups = [
        random_views(
            rng,
            GROUP,
            settings.size,
            elevation_deg=ELEVATION_DEG,
            distance=DISTANCE,
            fov_deg=FOV_DEG,
        )
        for _ in range(settings.views // GROUP)
    ]
    c2w, K = (torch.cat([getattr(g, k) for g in groups]) for k in ("c2w", "K"))
    return Cameras(c2w, K, settings.size, settings.size)
