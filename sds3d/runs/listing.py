"""The runs below a folder, as their records describe them; nothing heavy is imported."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sds3d import files
from sds3d.errors import Sds3dError, UsageError
from sds3d.lookup import one_of
from sds3d.runs.folder import SCHEMA, look, read_record
from sds3d.runs.job import RECORD
from sds3d.runs.result import is_number

STATUSES = {
    "finished": "all steps are done",
    "stopped": "saved and exported; the same command goes on",
    "running": "a process works in the folder now",
    "interrupted": "its process has ended without a word; the same command goes on",
    "damaged": "its files do not describe a run",
}
COMPARISON = "compare.json"  # of sds3d compare, with the quality of its runs
QUALITY = ("iou", "chamfer_percent", "psnr")  # what is shown of it
FAMILY = SCHEMA.rpartition(" ")[0]  # of the schemas of all versions


@dataclass(frozen=True)
class Listed:
    """A run.  seconds: of all its sessions that ended normally.  quality: as `sds3d compare` measured it.

    why: what is wrong with a damaged one, of which only the folder is known.
    """

    folder: Path
    status: str
    prompt: str = ""
    method: str = ""
    scene: str = ""
    seed: int | None = None
    steps: int = 0
    seconds: float | None = None
    quality: Mapping[str, float] = field(default_factory=dict)
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a table of plain values."""
        return asdict(self) | {"folder": str(self.folder)}


def runs_below(folder: Path) -> list[Listed]:
    """The runs in a folder and below it, in the order of their names.  Links are not followed.

    Raises UsageError when there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no folder '{folder}'", "give the folder of some runs")
    found = []
    quality: dict[Path, Mapping[str, float]] = {}
    for at, folders, names in os.walk(folder):
        folders.sort()
        if COMPARISON in names:
            quality |= _qualities(Path(at) / COMPARISON)
        if RECORD in names and _is_ours(Path(at)):
            folders.clear()
            found.append(listed(Path(at)))
    return [replace(run, quality=quality.get(run.folder.resolve(), {})) for run in found]


def listed(path: Path) -> Listed:
    """The run in a folder."""
    try:
        look(path)
        record = read_record(path)
    except Sds3dError as error:
        return Listed(path, "damaged", why=error.message)
    except OSError as error:
        return Listed(path, "damaged", why=f"cannot read '{path}': {error.strerror}")
    job, result, status = record.job, record.result, record.status
    if status == "running" and not files.is_locked(path):
        status = "interrupted"
    return Listed(
        path,
        status,
        job.prompt,
        job.method,
        job.scene,
        job.seed,
        result.steps if result else 0,
        round(sum(result.seconds.values()), 1) if result else None,
    )


def chosen(
    runs: list[Listed], *, status: str = "", method: str = "", scene: str = "", prompt: str = ""
) -> list[Listed]:
    """The runs with that status, method and scene whose prompt holds the text, in any case; "" is any.

    Raises UsageError, with the nearest name, for a status that there is not, and for a method or a scene that
    no run has.
    """
    if status:
        one_of("status", status, STATUSES)
    for name, value in (("method", method), ("scene", scene)):
        present = tuple(sorted({getattr(run, name) for run in runs} - {""}))
        if value and present:
            one_of(name, value, present)
    return [
        run
        for run in runs
        if status in ("", run.status)
        and method in ("", run.method)
        and scene in ("", run.scene)
        and prompt.casefold() in run.prompt.casefold()
    ]


def _is_ours(path: Path) -> bool:
    """Whether run.json may be one of sds3d: it says so, or it is no longer readable."""
    try:
        table = json.loads((path / RECORD).read_bytes())
    except (OSError, ValueError, RecursionError):
        return True
    return isinstance(table, dict) and str(table.get("schema", "")).startswith(FAMILY)


def _qualities(path: Path) -> Iterator[tuple[Path, Mapping[str, float]]]:
    """(run folder, numbers) of each run in a comparison; none where the file is damaged."""
    try:
        rows = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("folder"), str):
            numbers = {name: row[name] for name in QUALITY if is_number(row.get(name))}
            yield Path(row["folder"]).resolve(), numbers
