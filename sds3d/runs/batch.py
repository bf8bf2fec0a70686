"""Runs many jobs, one after the other; a failing one does not end the others."""

from __future__ import annotations

import csv
import io
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from sds3d import files
from sds3d.errors import Sds3dError
from sds3d.runs.job import Job
from sds3d.runs.report import Report, Silent

COLUMNS: tuple[str, ...] = (
    "prompt",
    "method",
    "scene",
    "seed",
    "status",
    "seconds",
    "folder",
    "error",
)
DONE = ("finished", "already finished")
BATCH_LOCK = "batch.lock"
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # start of a formula in spreadsheets


class BatchReport(Report, Protocol):
    """A Report that is also notified when each job starts and ends."""

    def begin(self, number: int, total: int, job: Job) -> None:
        """Job `number` of `total`, from 1, starts."""

    def end(self, row: Mapping[str, Any]) -> None:
        """The job has ended; `row` is its row of results.csv."""


class SilentBatch(Silent):
    """A BatchReport that ignores everything."""

    def begin(self, number: int, total: int, job: Job) -> None:
        """Nothing."""

    def end(self, row: Mapping[str, Any]) -> None:
        """Nothing."""


def run(jobs: Sequence[Job], out: Path, report: BatchReport | None = None) -> list[dict[str, Any]]:
    """Runs the jobs and returns one row each (COLUMNS); a stop ends the batch with the job's row "stopped".

    seconds: what the run took in all, also when it was finished earlier.  results.csv is written after each
    job, contact_sheet.png at the end.  A job that fails has a row "failed"; the traceback of an unexpected
    error is in FOLDER.error.txt.  Raises RunError when `out` is in use by another batch or cannot be written.
    """
    report = report or SilentBatch()
    rows: list[dict[str, Any]] = []
    with files.locked(out, BATCH_LOCK):
        for number, job in enumerate(jobs, 1):
            report.begin(number, len(jobs), job)
            row = {**asdict(job), "folder": job.folder(), **_attempt(job, report)}
            rows.append(row)
            report.end(row)
            _write_results(rows, out / "results.csv")
            if row["status"] == "stopped":
                break
        _contact_sheet(rows, out / "contact_sheet.png")
    return rows


def _attempt(job: Job, report: Report) -> dict[str, Any]:
    """status, seconds and error of one job."""
    from sds3d.runs.generate import generate

    start = time.monotonic()
    try:
        result = generate(job, report)
        return {
            "status": result.status,
            "seconds": round(sum(result.seconds.values()), 1),
            "error": "",
        }
    except Sds3dError as error:
        message = f"{error.message} ({error.fix})" if error.fix else error.message
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        trace = job.folder().with_name(f"{job.folder().name}.error.txt")
        try:
            trace.parent.mkdir(parents=True, exist_ok=True)
            files.write(trace, traceback.format_exc())
        except (OSError, Sds3dError):  # the disk may be what failed
            message += f" (the trace could not be written to '{trace}')"
    return {"status": "failed", "seconds": round(time.monotonic() - start, 1), "error": message}


def _write_results(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """A table for spreadsheets; text that they would run as a formula is prefixed with a quote."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    files.write(path, stream.getvalue())


def _cell(value: Any) -> Any:
    return (
        f"'{value}" if isinstance(value, str | Path) and str(value).startswith(FORMULA) else value
    )


def _contact_sheet(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """The previews of all jobs that have one: the first views of the mesh."""
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    from sds3d.mesh.pictures import contact_sheet

    sheet = []
    size = None
    for row in rows:
        picture = Path(row["folder"]) / "preview.png"
        try:
            with Image.open(picture) as opened:
                image = opened.convert("RGB")
        except (OSError, UnidentifiedImageError):  # missing, or damaged
            continue
        half = image.crop((0, image.height // 2, image.width // 2, image.height))
        size = size or half.size  # rows may set other preview sizes
        views = np.asarray(half.resize(size))
        sheet.append((f"{row['prompt']}  ({row['method']}, seed {row['seed']})", [views]))
    if sheet:
        contact_sheet(sheet, path)
