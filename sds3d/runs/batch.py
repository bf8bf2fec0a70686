"""Runs many jobs, one after the other or in several processes; a failing one does not end the others."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from sds3d import files
from sds3d.runs import workers
from sds3d.runs.attempt import attempt
from sds3d.runs.command import command
from sds3d.runs.gallery import write_gallery
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
    "retry",
)
DONE = ("finished", "already finished")
BATCH_LOCK = "batch.lock"
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # start of a formula, also in full width


class BatchReport(Protocol):
    """Is notified when each job starts and ends, and has a Report for what is in between."""

    def begin(self, number: int, total: int, job: Job) -> None:
        """Job `number` of `total`, from 1, starts."""

    def watch(self, number: int) -> Report:
        """Receives the progress of job `number`."""
        ...

    def end(self, number: int, row: Mapping[str, Any]) -> None:
        """Job `number` has ended; `row` is its row of results.csv."""

    def stopping(self, signal: str) -> None:
        """A stop was requested: the running jobs save and end.  Called from a signal handler."""


class SilentBatch(Silent):
    """A BatchReport, and its own Report, that ignores everything."""

    def begin(self, number: int, total: int, job: Job) -> None:
        """Nothing."""

    def watch(self, number: int) -> Report:
        """Itself."""
        return self

    def end(self, number: int, row: Mapping[str, Any]) -> None:
        """Nothing."""


def run(
    jobs: Sequence[Job], out: Path, report: BatchReport | None = None, processes: int = 1
) -> list[dict[str, Any]]:
    """Runs the jobs and returns one row each (COLUMNS), in their order; a stop ends the batch, with the rows of
    the jobs that it stopped as "stopped" and none for those that had not begun.

    processes: with 1 the jobs run here, one after the other; else in that many processes, among which torch's
    threads are divided.  The files of a run are the same, bit for bit, at the same number of threads.

    seconds: what the run took in all, also when it was finished earlier.  results.csv is written after each
    job, contact_sheet.png and gallery.html at the end.  A job that fails has a row "failed", with the command
    that runs it alone as `retry`; the traceback of an unexpected error is in FOLDER.error.txt.
    Raises RunError when `out` is in use by another batch or cannot be written.
    """
    report = report or SilentBatch()
    rows: dict[int, dict[str, Any]] = {}
    with files.locked(out, BATCH_LOCK):
        ended = workers.run(jobs, processes, report) if processes > 1 else _serial(jobs, report)
        with closing(ended):
            for number, outcome in ended:
                job = jobs[number - 1]
                retry = command(job) if outcome["status"] == "failed" else ""
                rows[number] = {**asdict(job), "folder": job.folder(), **outcome, "retry": retry}
                report.end(number, rows[number])
                _write_results(_in_order(rows), out / "results.csv")
        _contact_sheet(_in_order(rows), out / "contact_sheet.png")
        write_gallery(_in_order(rows), out / "gallery.html")
    return _in_order(rows)


def _serial(jobs: Sequence[Job], report: BatchReport) -> Generator[tuple[int, dict[str, Any]]]:
    """(number from 1, outcome) of each job, one after the other."""
    for number, job in enumerate(jobs, 1):
        report.begin(number, len(jobs), job)
        outcome = attempt(job, report.watch(number))
        yield number, outcome
        if outcome["status"] == "stopped":
            return


def _in_order(rows: Mapping[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [rows[number] for number in sorted(rows)]


def _write_results(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """A table for spreadsheets; text that they would run as a formula is prefixed with a quote."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    files.write(path, stream.getvalue())


def _cell(value: Any) -> Any:
    """The value; text whose first visible character begins a formula, behind a quote."""
    dangerous = isinstance(value, str | Path) and str(value).lstrip().startswith(FORMULA)
    return f"'{value}" if dangerous else value


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
