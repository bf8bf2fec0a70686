"""The run folder: whose it is, its record, and its log of steps."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sds3d import files
from sds3d.errors import RunError, Sds3dError
from sds3d.runs.job import RECIPE, RECORD, Job
from sds3d.runs.result import Result, expect, is_plain

CHECKPOINT = "checkpoint.safetensors"
START = "start.safetensors"  # the scene that was fitted to the mesh of an edit
METRICS = "metrics.jsonl"
PROGRESS = "progress.png"
BASIC = (RECORD, RECIPE, METRICS, CHECKPOINT, START, PROGRESS)
SCHEMA = "sds3d run 1"  # marks a run.json as ours
BEGUN = "start "  # before the names of the files that an edit begins with, among the inputs
STATUSES = ("running", "stopped", "finished")
IDENTITY = ("prompt", "negative", "image", "method", "scene", "prior", "seed", "source")  # of a Job
ANOTHER = "give another folder with --out"
START_OVER = f"{ANOTHER}, or replace the run with --overwrite"


@dataclass(frozen=True)
class Record:
    """run.json.

    files: the names of all files that the run has written, which --overwrite removes.  inputs: SHA-256 of
    what the run depends on (the prior's weights, the image), by name.  stamps: size and modification time
    of those files.  environment: device, versions.  result: that of the last session that ended normally.
    """

    status: str
    job: Job
    files: tuple[str, ...]
    inputs: Mapping[str, str]
    stamps: Mapping[str, Any]
    environment: Mapping[str, Any]
    result: Result | None = None

    def to_json(self) -> str:
        """The text of run.json."""
        table = {
            "schema": SCHEMA,
            "status": self.status,
            "job": asdict(self.job),
            "files": list(self.files),
            "inputs": dict(self.inputs),
            "stamps": dict(self.stamps),
            **self.environment,
            "result": self.result and self.result.to_record(),
        }
        return json.dumps(table, indent=1) + "\n"


@dataclass(frozen=True)
class RunFolder:
    """A folder for one run.

    record, recipe_text: of the existing run; None and "" for a new one.  leftovers: files of an earlier
    run, which `begin` removes.
    """

    path: Path
    record: Record | None = None
    recipe_text: str = ""
    leftovers: tuple[str, ...] = ()

    @property
    def checkpoint(self) -> Path:
        """The path of the checkpoint, whether it exists or not."""
        return self.path / CHECKPOINT

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is a run with a checkpoint to resume from."""
        return self.record is not None and self.checkpoint.is_file()

    def require_record(self) -> Record:
        """The record of the existing run.  Raises RunError when there is none."""
        if self.record is None:
            raise RunError(f"'{self.path}' holds no run", "give the folder of a run")
        return self.record

    def begin(self, record: Record, recipe_text: str) -> RunFolder:
        """Removes an earlier run's files and writes run.json, then recipe.toml.  Raises RunError.

        In this order, a folder is recognisable as ours from the first file on.
        """
        for name in self.leftovers:
            with suppress(OSError):
                (self.path / name).unlink(missing_ok=True)
        known = self.record.files if self.record else ()
        record = replace(record, files=tuple(dict.fromkeys([*BASIC, *known])))
        files.write(self.path / RECORD, record.to_json())
        files.write(self.path / RECIPE, recipe_text)
        return RunFolder(self.path, record, recipe_text)

    def update(self, *, written: Iterable[str] = (), **values: Any) -> RunFolder:
        """The folder with fields of its record replaced and `written` among its files, also on disk."""
        before = self.require_record()
        names = tuple(dict.fromkeys([*before.files, *written]))
        record = replace(before, files=names, **values)
        files.write(self.path / RECORD, record.to_json())
        return replace(self, record=record)


def look(path: Path, *, overwrite: bool = False) -> RunFolder:
    """The folder as it is: with its run, or ready for a new one.  Nothing is written.

    overwrite: an earlier run counts as absent; its files are the leftovers.

    Raises RunError when the path is a file, when the folder holds something that is not a run of ours, and
    when the run is damaged.
    """
    if path.exists() and not path.is_dir():
        raise RunError(f"'{path}' is a file", "give a folder with --out")
    names = {file.name for file in path.iterdir()} if path.is_dir() else set()
    names = {name for name in names if name != files.LOCK and not files.is_temporary(name)}
    if not names or names == {RECIPE}:  # a run died before its first record
        return RunFolder(path)
    if RECORD not in names:
        raise RunError(f"'{path}' is not empty and holds no run", ANOTHER)
    if overwrite:
        return RunFolder(path, leftovers=_listed(path))
    record = read_record(path)
    if RECIPE not in names:
        if CHECKPOINT not in names:  # a run died between its first two files
            return RunFolder(path, leftovers=record.files)
        raise RunError(f"the run in '{path}' has lost its {RECIPE}", START_OVER)
    return RunFolder(path, record, _recipe_text(path))


def read_record(path: Path) -> Record:
    """run.json of a run folder.  Raises RunError when there is none of ours, or when it is damaged."""
    table = _read_ours(path)
    try:
        return _record(path, table)
    except (ValueError, Sds3dError) as error:
        reason = error.message if isinstance(error, Sds3dError) else error
        raise RunError(f"'{path / RECORD}' is damaged: {reason}", START_OVER) from error


def require_run(path: Path) -> RunFolder:
    """The folder of a run that has a checkpoint.  Raises RunError."""
    record = read_record(path)
    if not (path / CHECKPOINT).is_file():
        raise RunError(f"the run in '{path}' has no checkpoint yet", "run 'sds3d generate' again")
    return RunFolder(path, record, _recipe_text(path))


def require_same(folder: RunFolder, job: Job) -> None:
    """Raises RunError when the folder's run is not the job's: another prompt, prior, seed, ..."""
    if folder.record is None:
        return
    theirs = folder.record.job
    for key in IDENTITY:
        if getattr(job, key) != getattr(theirs, key):
            message = f"'{folder.path}' holds a run with {key} {getattr(theirs, key)!r}"
            raise RunError(message, START_OVER)


def require_same_inputs(folder: RunFolder, inputs: Mapping[str, str]) -> None:
    """Raises RunError, naming one, when the folder's run was started with other weights, meshes or image."""
    if folder.record is None or folder.record.inputs == inputs:
        return
    before = folder.record.inputs
    changed = [name for name in {**before, **inputs} if before.get(name) != inputs.get(name)]
    whose = "whose prior had other weights or files"
    if changed[0].startswith(BEGUN):
        whose = "that began with another scene"
    raise RunError(f"'{folder.path}' holds a run {whose}: {changed[0]} has changed", START_OVER)


def trim_metrics(path: Path, step: int) -> dict[str, float]:
    """Drops damaged lines, and those of steps from `step` on, which a resumed run writes again.

    Returns the values of the last line that is kept, {} where there is none.
    """
    if not path.is_file():
        return {}
    kept = []
    last: dict[str, float] = {}
    with files.writing(path):
        lines = path.read_bytes().splitlines(keepends=True)
    for line in lines:
        values = _step_values(line)
        if values is not None and values["step"] < step:
            kept.append(line)
            last = values
    files.write(path, b"".join(kept))
    return {name: value for name, value in last.items() if name != "step"}


def _step_values(line: bytes) -> dict[str, Any] | None:
    """The values of a line of metrics.jsonl; None when it was cut off or damaged."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = line.endswith(b"\n") and isinstance(values, dict)
    return values if whole and isinstance(values.get("step"), int) else None


def _read_ours(path: Path) -> Mapping[str, Any]:
    """The table of run.json.  Raises RunError when there is none that is ours."""
    fix = "give the folder that 'sds3d generate' named"
    try:
        table = json.loads((path / RECORD).read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(f"'{path}' holds no run", fix) from error
    except OSError as error:
        raise RunError(f"cannot read '{path / RECORD}': {error.strerror}", fix) from error
    except (ValueError, RecursionError) as error:
        raise RunError(f"'{path / RECORD}' is damaged: it is not JSON", ANOTHER) from error
    if not isinstance(table, dict) or table.get("schema") != SCHEMA:
        raise RunError(f"'{path / RECORD}' was not written by this version of sds3d", ANOTHER)
    return table


def _record(path: Path, table: Mapping[str, Any]) -> Record:
    """The record of a table.  Raises ValueError or an Sds3dError of the Job."""
    wanted = {"status", "job", "files", "inputs", "stamps", "result"}
    missing = sorted(wanted - table.keys())
    expect(not missing, f"it lacks {', '.join(missing)}")
    expect(table["status"] in STATUSES, f"its status is {table['status']!r}")
    for name in ("job", "inputs", "stamps"):
        expect(isinstance(table[name], dict), f"its {name} is not a table")
    expect(table["job"].keys() <= Job.__dataclass_fields__.keys(), "its job has unknown keys")
    expect("prompt" in table["job"], "its job has no prompt")
    expect(isinstance(table["files"], list), "its files are not a list")
    expect(all(map(is_plain, table["files"])), "its files are not file names")
    result = table["result"]
    return Record(
        status=table["status"],
        job=Job(**table["job"]),
        files=tuple(table["files"]),
        inputs=table["inputs"],
        stamps=table["stamps"],
        environment={name: table[name] for name in table if name not in {*wanted, "schema"}},
        result=None if result is None else Result.from_record(path, result),
    )


def _listed(path: Path) -> tuple[str, ...]:
    """The files that a run of ours lists, even if the rest of its record is damaged.  Raises RunError."""
    names = _read_ours(path).get("files")
    if isinstance(names, list) and all(map(is_plain, names)):
        return tuple(names)
    return BASIC


def _recipe_text(path: Path) -> str:
    try:
        text = (path / RECIPE).read_text(encoding="utf-8")
        tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise RunError(f"'{path / RECIPE}' is damaged ({error})", START_OVER) from error
    return text
