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
from sds3d.job import Job
from sds3d.prompts import Prompt

COLUMNS = ("prompt", "method", "scene", "seed", "status", "seconds", "folder", "error")
KEYS = {f.name: f for f in fields(Job)}


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are neither empty nor `#` comments.  Raises UsageError."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
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

    A row's keys are the fields of a Job and win over `shared`.  Raises UsageError naming the line.
    """
    jobs = []
    for number, row in enumerate(_rows(path), 1):
        where = f"{path.name}, entry {number}"
        if not row.get("prompt"):
            raise UsageError(f"{where}: no prompt", "each entry needs a prompt")
        for key in row:
            if key not in KEYS:
                raise UsageError(f"{where}: unknown key '{key}'{nearest(key, KEYS)}", "correct it")
        for method in [row["method"]] if "method" in row else methods:
            for seed in [row["seed"]] if "seed" in row else seeds:
                values = {**shared, **row, "method": method, "seed": seed}
                job = Job(**{k: _typed(k, v, where) for k, v in values.items()})
                if not job.out:
                    name = f"{job.method}-{job.scene}-{job.seed}"
                    job = replace(job, out=str(out / Prompt(job.prompt, job.negative).slug / name))
                jobs.append(job)
    if not jobs:
        raise UsageError(f"'{path}' holds no prompts", "write a prompt a line")
    return jobs


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
            return [row if isinstance(row, dict) else {"prompt": str(row)} for row in rows]
        case ".csv":
            return [{k: v for k, v in row.items() if v} for row in csv.DictReader(lines)]
    raise UsageError(f"'{path}' is not .txt, .jsonl or .csv", "name the file by what it holds")


def _typed(key: str, value: Any, where: str) -> Any:
    """A value of a file as the Job's field has it."""
    try:
        if key in {"seed", "steps"}:
            return int(value)
        if key in {"formats", "overrides"}:
            return tuple(value.split(",") if isinstance(value, str) else value)
        if key == "overwrite":
            return value if isinstance(value, bool) else value.lower() in {"1", "true", "yes"}
    except (ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{where}: {key} = {value!r} does not fit", "correct it") from error
    return str(value)


class Line:
    """A Report of one line a job."""

    def stage(self, name: str) -> None:
        """Nothing: a job is one line."""

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        if sys.stderr.isatty():
            print(f"\r  step {step} of {total}", end="\r", file=sys.stderr)

    def note(self, line: str) -> None:
        print(f"  {line}", file=sys.stderr)


def run(jobs: Sequence[Job], out: Path) -> bool:
    """Runs the jobs, writes results.csv after each and contact_sheet.png at the end; True if all succeeded.

    An unexpected error is kept with its trace in the job's folder and does not end the batch.
    """
    from sds3d.generate import generate

    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for number, job in enumerate(jobs, 1):
        print(
            f"[{number}/{len(jobs)}] {job.prompt} ({job.method}, {job.scene}, seed {job.seed})",
            file=sys.stderr,
        )
        began, error, status = time.monotonic(), "", "failed"
        try:
            status = generate(job, Line()).status
        except Sds3dError as caught:
            error = f"{caught.message} ({caught.fix})" if caught.fix else caught.message
        except Exception as caught:
            error = f"{type(caught).__name__}: {caught}"
            job.folder().mkdir(parents=True, exist_ok=True)
            (job.folder() / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        if error:
            print(f"  failed: {error}", file=sys.stderr)
        values = {**asdict(job), "status": status, "folder": job.folder(), "error": error}
        rows.append({**values, "seconds": round(time.monotonic() - began, 1)})
        _write_results(rows, out / "results.csv")
        if status == "stopped":
            break
    _contact_sheet(rows, out / "contact_sheet.png")
    done = sum(row["status"] in {"finished", "already finished"} for row in rows)
    print(f"{done} of {len(jobs)} done; {out / 'results.csv'}")
    return done == len(jobs)


def _write_results(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    partial.replace(path)


def _contact_sheet(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """The previews of all jobs that have one."""
    import numpy as np
    from PIL import Image

    from sds3d.export.pictures import contact_sheet

    sheet = []
    for row in rows:
        picture = Path(row["folder"]) / "preview.png"
        if picture.is_file():
            image = np.asarray(Image.open(picture).convert("RGB"))
            mesh_row = image[image.shape[0] // 2 :, : image.shape[1] // 2]
            sheet.append((f"{row['prompt']}  ({row['method']}, seed {row['seed']})", [mesh_row]))
    if sheet:
        contact_sheet(sheet, path)
