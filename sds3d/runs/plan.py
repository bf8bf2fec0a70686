"""What a batch would do, before it does it."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sds3d import files
from sds3d.errors import RunError, Sds3dError
from sds3d.runs import checkpoint, difference
from sds3d.runs.edit import begun
from sds3d.runs.folder import Record, read_record
from sds3d.runs.job import RECORD, Job, named_by, resolve
from sds3d.runs.run import prepare

SAME = (
    "method",
    "scene",
    "prior",
    "recipe",
    "preset",
    "overrides",
    "particles",
    "device",
    "formats",
)
ONCE = (
    "load",
    "start",
    "mesh",
    "material",
    "pictures",
)  # parts of a run's time that are not those of its steps


@dataclass(frozen=True)
class Plan:
    """What would be done about a job.

    state: "new", "goes on", "finished", "in use" (by another process) or "cannot run".  done, steps: of the
    optimisation.  seconds: an estimate of what is left, None where nothing is known; of a finished one what it
    took.  why: what is in the way.
    """

    job: Job
    state: str
    done: int = 0
    steps: int = 0
    seconds: float | None = None
    why: str = ""


def plan(jobs: Iterable[Job], out: Path) -> list[Plan]:
    """A plan for each job, with estimates from the finished runs below `out`.

    No prior is loaded and nothing is written, so a prompt that the prior does not know is not noticed.
    """
    known = list(finished_below(out))
    return [_plan(job, known) for job in jobs]


def finished_below(folder: Path) -> Iterator[Record]:
    """The records of the finished runs below a folder."""
    for at, folders, names in os.walk(folder):
        folders.sort()
        if RECORD not in names:
            continue
        try:
            record = read_record(Path(at))
        except RunError:  # a damaged one is no measure
            continue
        if record.status == "finished" and record.result:
            yield record


def estimate(job: Job, left: int, known: Sequence[Record]) -> float | None:
    """Seconds that `left` steps and the export of a job would take, from runs that differ in prompt and seed.

    The median of what such runs took once, and `left` times that of what they took for a step.  None without
    one.  job: as its run would record it.
    """
    once, each = [], []
    for record in known:
        if record.result and record.result.steps and _kind(record.job) == _kind(job):
            single = sum(record.result.seconds.get(part, 0.0) for part in ONCE)
            once.append(single)
            total = sum(record.result.seconds.values())
            each.append((total - single) / record.result.steps)
    return statistics.median(once) + left * statistics.median(each) if once else None


def _kind(job: Job) -> tuple[object, ...]:
    return tuple(getattr(job, name) for name in SAME)


def _plan(job: Job, known: Sequence[Record]) -> Plan:
    """As `generate` would begin, short of loading the prior."""
    try:
        job.check_files()
        started = begun(job)
        recipe = resolve(started)
        named = named_by(recipe, started)
        if files.is_locked(named.folder()):
            return Plan(
                job, "in use", steps=recipe.steps, why=f"another process is at '{job.folder()}'"
            )
        run = prepare(named, recipe)
        record, done = run.folder.record, 0
        if run.folder.has_checkpoint:
            found = difference.differences(run.folder.recipe_text, run.recipe_text)
            difference.require_continuable(run.folder, run.job, found)
            done = checkpoint.steps_done(run.folder.checkpoint)
            difference.require_steps_left(run.folder, done, recipe.steps, found)
    except Sds3dError as error:
        fix = f" ({error.fix})" if error.fix else ""
        return Plan(job, "cannot run", why=f"{error.message}{fix}")
    if record and record.result and record.status == "finished" and done >= recipe.steps:
        return Plan(job, "finished", done, recipe.steps, sum(record.result.seconds.values()))
    state = "goes on" if done else "new"
    return Plan(job, state, done, recipe.steps, estimate(named, recipe.steps - done, known))
