"""A conversion: a run whose scene becomes like that of another run, or like a mesh."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from sds3d.errors import UsageError
from sds3d.files import digest
from sds3d.kernels.backends import notes
from sds3d.loops.convert import Conversion
from sds3d.loops.seen import Seen, SeenMesh
from sds3d.metrics.fidelity import fidelity
from sds3d.objectives import CONVERSIONS
from sds3d.recipe import build
from sds3d.recipe.check import check_conversion, require_formats
from sds3d.recipe.schema import Recipe
from sds3d.runs.folder import BEGUN, CHECKPOINT, look, require_run, require_same
from sds3d.runs.job import Job
from sds3d.runs.machine import device
from sds3d.runs.run import Run, open_run


def convert(start: str | Path, to: str, *, prompt: str = "", **options: Any) -> Job:
    """The job that turns the scene of a run folder, or the mesh in a file, into a scene of another kind.

    to: a name of SCENES.  prompt: what the start shows; by default that of the run, or the file's name.
    options: of the Job.  Prior and seed are by default those of the run.  Raises RunError when the folder holds
    no run with a checkpoint, else as `Job`.
    """
    theirs: dict[str, Any] = {"prompt": prompt or _words(Path(start).stem)}
    if Path(start).is_dir():
        job = require_run(Path(start)).require_record().job
        theirs = {"prior": job.prior, "seed": job.seed, "prompt": prompt or job.prompt}
    method = next(iter(CONVERSIONS))
    known = {"method": method, "scene": to, "recipe": f"convert-{to}", "start": str(start)}
    return Job(**{**theirs, **known, **options})


@dataclass
class ConversionRun(Run):
    """The run of a conversion.  Its prior is not loaded: it only says under which light the start was made."""

    READS: ClassVar[str] = "source"

    @cached_property
    def source_run(self) -> Run:
        """The run that is converted, opened.  Raises RunError."""
        return open_run(Path(self.job.start), trust_recipe=self.job.trust_recipe)

    @cached_property
    def seen(self) -> Seen:
        """What is converted, which stays as it is; of several particles, the first.

        Raises RunError or MeshError.
        """
        if not self.job.begins_with_run:
            return SeenMesh(self.mesh[0], device=self.device)
        return self.source_run.scene.particles[0].to(self.device).requires_grad_(False)

    @cached_property
    def optimization(self) -> Conversion:
        """The new scene and its optimizer at their beginning; see `resume`."""
        return build.conversion(
            self.recipe, self.seen, seed=self.job.seed, where=self.device, clock=self.clock
        )

    @property
    def must_fit(self) -> bool:
        """Never: the start is not fitted first."""
        return False

    def introduction(self) -> list[str]:
        """What is converted, and what of it is left out."""
        kind = self.source_run.recipe.scene.name if self.job.begins_with_run else "mesh"
        lines = [
            f"from {kind} to {self.recipe.scene.name}: '{self.job.prompt}'",
            *notes(self.device),
        ]
        count = self.source_run.recipe.particles if self.job.begins_with_run else 1
        if count > 1:
            lines.append(f"the first of {count} particles is converted")
        return lines

    def usual_size(self) -> float:
        """The longest side of the start, in metres."""
        if not self.job.begins_with_run:
            return self.mesh[0].longest
        result = self.source_run.folder.require_record().result
        return result.longest if result else 1.0

    def scores(self) -> dict[str, float]:
        """How closely the new scene looks like the start, from views between those that it is exported for."""
        return fidelity(self.scene, self.seen, self.device)

    @property
    def evaluations(self) -> int:
        """None: there is no prior."""
        return 0

    def count_from(self, evaluations: int) -> None:
        """Nothing to count."""

    def inputs(self) -> dict[str, str]:
        """SHA-256 of what is converted."""
        if self.job.begins_with_run:
            return {f"{BEGUN}{CHECKPOINT}": digest(Path(self.job.start) / CHECKPOINT)}
        return {f"{BEGUN}{name}": sha for name, sha in self.mesh[1].items()}


def prepare_conversion(job: Job, recipe: Recipe) -> ConversionRun:
    """As `runs.run.prepare`."""
    where = device(job.device)
    folder = look(job.folder(), overwrite=job.overwrite)
    require_same(folder, job)
    check_conversion(recipe, job.prior)
    require_formats(recipe, job.formats)
    if job.begins_with_run:
        require_run(Path(job.start))
    return ConversionRun(job, recipe, folder, where)


def _words(stem: str) -> str:
    """A file's name as words.  Raises UsageError for one without any."""
    words = " ".join(re.findall(r"[^\W_]+", stem))
    if not words:
        raise UsageError(
            f"'{stem}' does not say what it shows", 'say it: --prompt "a red armchair"'
        )
    return words
