"""Many jobs, one after the other; each is plain data, and none can end the others."""

from __future__ import annotations

import csv
import json
import sys
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from sds3d.errors import Sds3dError, UsageError, nearest
from sds3d.runs.job import Job, settled

COLUMNS = ("prompt", "method", "scene", "seed", "status", "seconds", "folder", "error")
KEYS = {f.name: f for f in fields(Job)}
DONE = ("finished", "already finished")
YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are neither empty nor `#` comments.  Raises UsageError."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except FileNotFoundError as error:
        raise UsageError(f"there is no file '{path}'", "give a file of prompts") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read '{path}': {error}", "give a UTF-8 text file") from error
    return [line for line in lines if line and not line.startswith("#")]


def read_jobs(
    path: Path,
    shared: Mapping[str, Any],
    methods: Sequence[str],
    seeds: Iterable[int],
    out: Path,
) -> list[Job]:
    """The jobs of a .txt, .jsonl or .csv file: each row with each method and seed it does not set itself.

    A row's keys are the fields of a Job and win over `shared`.  Raises UsageError naming the entry.
    """
    jobs, seeds = [], list(seeds)
    for number, row in enumerate(_rows(path), 1):
        where = f"{path.name}, entry {number}"
        for key in row:
            if key not in KEYS:
                raise UsageError(
                    f"{where}: unknown key '{key}'{nearest(str(key), KEYS)}", "correct it"
                )
        if not row.get("prompt"):
            raise UsageError(f"{where}: no prompt", "each entry needs a prompt")
        by_recipe = "recipe" in row or "method" in row
        for method in [row.get("method", methods[0])] if by_recipe else methods:
            for seed in [row["seed"]] if "seed" in row else seeds:
                values = {**shared, **row, "method": method, "seed": seed}
                job = Job(**{k: _typed(k, v, where) for k, v in values.items()})
                jobs.append(_settled(job, out, where))
    if not jobs:
        raise UsageError(f"'{path}' holds no prompts", "write a prompt a line")
    return jobs


def place(job: Job, out: Path) -> Job:
    """The job with its folder below `out`, where it names none."""
    return job if job.out else replace(job, out=str(out / job.slug / f"{job.kind}-{job.seed}"))


def _settled(job: Job, out: Path, where: str) -> Job:
    """The job with its recipe's method and scene, and with its folder below `out`."""
    try:
        job = settled(job) if job.recipe else job
    except Sds3dError as error:
        raise UsageError(f"{where}: {error.message}", error.fix) from error
    return place(job, out)


def _rows(path: Path) -> list[dict[str, Any]]:
    lines = read_lines(path)
    match path.suffix:
        case ".txt":
            return [{"prompt": line} for line in lines]
        case ".jsonl":
            try:
                rows = [json.loads(line) for line in lines]
            except json.JSONDecodeError as error:
                raise UsageError(f"'{path}': {error}", "write one JSON object a line") from error
            return [row if isinstance(row, dict) else {"prompt": row} for row in rows]
        case ".csv":
            return [{k: v for k, v in row.items() if v} for row in csv.DictReader(lines)]
    raise UsageError(f"'{path}' is not .txt, .jsonl or .csv", "name the file by what it holds")


def _typed(key: str, value: Any, where: str) -> Any:
    """A value of a file as the Job's field has it."""
    try:
        if key in {"seed", "steps", "particles"}:
            return None if value is None else int(value)
        if key in {"formats", "overrides"}:
            found = value.split(",") if isinstance(value, str) else value
            return tuple(str(part).strip() for part in found)
        if key == "overwrite":
            return value if isinstance(value, bool) else YES_NO[value.lower()]
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UsageError(f"{where}: {key} = {value!r} does not fit", "correct it") from error
    if not isinstance(value, str):
        raise UsageError(f"{where}: {key} = {value!r} is no text", "put it in quotes")
    return value


class Line:
    """A Report of a line a job, on stderr; in a terminal the steps are counted on it."""

    def stage(self, name: str) -> None:
        """Nothing: the line of the job says enough."""

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        """Counts the steps in place."""
        if sys.stderr.isatty():
            print(f"  step {step} of {total}", end="\r", file=sys.stderr)

    def note(self, line: str) -> None:
        """Prints what the user should know."""
        print(f"  {line}", file=sys.stderr)


def run(jobs: Sequence[Job], out: Path) -> list[dict[str, Any]]:
    """Runs the jobs and returns a row each (COLUMNS); Ctrl-C ends the batch with the job's row "stopped".

    results.csv is written after each job, contact_sheet.png at the end.  A job's failure is its row
    "failed"; the trace of an unexpected error is kept in FOLDER.error.txt.
    """
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for number, job in enumerate(jobs, 1):
        what = f"{job.prompt} ({job.method}, {job.scene}, seed {job.seed})"
        print(f"[{number}/{len(jobs)}] {what}", file=sys.stderr)
        began = time.monotonic()
        status, error = _attempt(job)
        seconds = round(time.monotonic() - began, 1)
        print(f"  {status}{error and ': '}{error}, {seconds} s", file=sys.stderr)
        row = {**asdict(job), "status": status, "seconds": seconds, "folder": job.folder()}
        rows.append(row | {"error": error})
        _write_results(rows, out / "results.csv")
        if status == "stopped":
            break
    _contact_sheet(rows, out / "contact_sheet.png")
    return rows


def _attempt(job: Job) -> tuple[str, str]:
    """(status, error) of one job."""
    from sds3d.runs.generate import generate

    try:
        job.check()
        return generate(job, Line()).status, ""
    except Sds3dError as error:
        return "failed", f"{error.message} ({error.fix})" if error.fix else error.message
    except Exception as error:
        trace = job.folder().with_name(f"{job.folder().name}.error.txt")
        trace.parent.mkdir(parents=True, exist_ok=True)
        trace.write_text(traceback.format_exc(), encoding="utf-8")
        return "failed", f"{type(error).__name__}: {error}"


def _write_results(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    partial.replace(path)


def _contact_sheet(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """The previews of all jobs that have one: the first views of the mesh."""
    import numpy as np
    from PIL import Image

    from sds3d.mesh.pictures import contact_sheet

    sheet = []
    for row in rows:
        picture = Path(row["folder"]) / "preview.png"
        if picture.is_file():
            image = np.asarray(Image.open(picture).convert("RGB"))
            mesh_row = image[image.shape[0] // 2 :, : image.shape[1] // 2]
            sheet.append((f"{row['prompt']}  ({row['method']}, seed {row['seed']})", [mesh_row]))
    if sheet:
        contact_sheet(sheet, path)
