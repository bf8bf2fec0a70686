"""The run folder: what belongs to a run, whether it can be continued, and its records."""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from sds3d.errors import RunError
from sds3d.runs.job import Job

CHECKPOINT, RECIPE, RECORD, METRICS = (
    "checkpoint.safetensors",
    "recipe.toml",
    "run.json",
    "metrics.jsonl",
)
PICTURES = ("preview.png", "turntable.mp4", "report.html")
MESHES = ("mesh.glb", "mesh.obj", "mesh.mtl", "mesh.png", "mesh.ply", "splats.ply")
FILES = (CHECKPOINT, RECIPE, RECORD, METRICS, *PICTURES, *MESHES)
PACKAGES = (
    "sds3d",
    "torch",
    "numpy",
    "numba",
    "gsplat",
    "nerfacc",
    "diffusers",
    "transformers",
    "peft",
)
IDENTITY = (
    "prompt",
    "negative",
    "image",
    "method",
    "scene",
    "prior",
    "seed",
)  # of a Job: what makes it this run


@dataclass(frozen=True)
class RunFolder:
    """A folder that holds one run.  record: run.json as it was found, {} in a new run."""

    path: Path
    record: Mapping[str, Any]

    @property
    def finished(self) -> bool:
        return self.record.get("status") == "finished"

    @property
    def checkpoint(self) -> Path:
        return self.path / CHECKPOINT

    def write_record(self, **values: object) -> None:
        """Replaces run.json whole."""
        text = json.dumps({**self.record, **values}, indent=1, default=str) + "\n"
        write_text(self.path / RECORD, text)


def open_run(path: Path, job: Job, recipe_text: str, overwrite: bool) -> RunFolder:
    """The job's folder as it stands; nothing is written.

    Raises RunError when the folder holds another run, or something that is not a run; with `overwrite` an
    earlier run counts as absent.
    """
    if path.exists() and not path.is_dir():
        raise RunError(f"'{path}' is a file", "give a folder with --out")
    names = {p.name for p in path.iterdir()} if path.is_dir() else set()
    if not names or (overwrite and RECORD in names):
        return RunFolder(path, {})
    if RECORD not in names:
        raise RunError(f"'{path}' is not empty and holds no run", "give another folder with --out")
    try:
        record = json.loads((path / RECORD).read_text(encoding="utf-8"))
        earlier = (path / RECIPE).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RunError(
            f"the run in '{path}' is damaged ({error})", "start anew with --overwrite"
        ) from error
    ours = {key: getattr(job, key) for key in IDENTITY}
    theirs = {"image": ""} | {k: v for k, v in record.get("job", {}).items() if k in IDENTITY}
    differs = [key for key in IDENTITY if ours[key] != theirs.get(key)]
    if differs or earlier != recipe_text:
        what = f"{differs[0]} {theirs.get(differs[0])!r}" if differs else "another recipe"
        raise RunError(
            f"'{path}' holds a run with {what}",
            "give another folder with --out, or replace the run with --overwrite",
        )
    return RunFolder(path, record)


def check_weights(folder: RunFolder, weights: Mapping[str, str]) -> None:
    """Raises RunError when the run in the folder was begun with other weights of the prior, by their hashes."""
    if folder.record and folder.record.get("weights", {}) != weights:
        raise RunError(
            f"'{folder.path}' holds a run whose prior had other weights",
            "give another folder with --out, or replace the run with --overwrite",
        )


def begin(
    folder: RunFolder,
    job: Job,
    recipe_text: str,
    device: torch.device,
    weights: Mapping[str, str],
) -> None:
    """Makes the folder, clears an overwritten run's files, and writes recipe.toml and run.json.

    Raises RunError when the disk refuses.
    """
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        if not folder.record:
            for file in list(folder.path.iterdir()):
                if (
                    re.sub(r"-\d+(?=\.)", "", file.name) in FILES
                ):  # mesh-1.glb is a particle's mesh.glb
                    file.unlink()
        write_text(folder.path / RECIPE, recipe_text)
        folder.write_record(
            status="running",
            job=asdict(job),
            weights=dict(weights),
            device=device_name(device),
            versions=versions(),
        )
    except OSError as error:
        raise RunError(
            f"cannot write to '{folder.path}': {error.strerror}", "give another folder with --out"
        ) from error


def read_run(path: Path) -> tuple[Job, dict[str, Any]]:
    """The job and the record of a run folder.  Raises RunError when it is none."""
    try:
        record = json.loads((path / RECORD).read_text(encoding="utf-8"))
        job = Job(**{k: tuple(v) if isinstance(v, list) else v for k, v in record["job"].items()})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"'{path}' holds no run that can be read", "give the folder that 'sds3d generate' named"
        ) from error
    if not (path / CHECKPOINT).is_file():
        raise RunError(f"the run in '{path}' has no checkpoint yet", "run 'sds3d generate' again")
    return job, record


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 file whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def trim_metrics(path: Path, step: int) -> None:
    """Drops the lines of steps from `step` on, which a resumed run makes again."""
    if path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] < step]
        write_text(path, "".join(kept))


def device_name(device: torch.device) -> str:
    """The GPU's name, or the processor's architecture and thread count."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu ({platform.machine()}, {torch.get_num_threads()} threads)"


def versions() -> dict[str, str]:
    """Python's and the packages' versions, those that are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def forget_peak() -> None:
    """Begins `peak_gib` anew, where the system can (Linux); elsewhere it is the process's."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak_gib() -> float:
    """The largest memory this process has held since `forget_peak`, GiB."""
    status = Path("/proc/self/status")
    if status.is_file():
        found = re.search(
            r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii", errors="replace")
        )
        if found:
            return int(found[1]) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)
