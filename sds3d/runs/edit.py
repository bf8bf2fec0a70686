"""An edit: a run that begins with the scene of another run, or with a mesh."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sds3d.runs.folder import require_run
from sds3d.runs.job import Job


def edit(start: str | Path, prompt: str, *, method: str = "dds", **options: Any) -> Job:
    """The job that changes the scene of a run folder, or the mesh in a file, to what the prompt says.

    options: of the Job.  Prior and seed are by default those of the run, whose members the exact prior then
    finds again.  Raises RunError when the folder holds no run with a checkpoint, else as `Job`.
    """
    theirs = {}
    if Path(start).is_dir():
        job = require_run(Path(start)).require_record().job
        theirs = {"prior": job.prior, "seed": job.seed, "scene": job.scene, "source": job.prompt}
    return Job(**{**theirs, "prompt": prompt, "method": method, "start": str(start), **options})


def begun(job: Job) -> Job:
    """The job of an edit with the scene and, where it names none, the prompt of the run that it begins with.

    Raises RunError when the folder holds no run with a checkpoint.
    """
    if not job.begins_with_run or job.is_conversion:
        return job
    theirs = require_run(Path(job.start)).require_record().job
    scene = job.scene if job.recipe else theirs.scene
    return replace(job, scene=scene, source=job.source or theirs.prompt)
