"""One run, opened: what generate, export, the metrics and compare all work with."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from sds3d.diffusion.prior import Prior
from sds3d.files import digest
from sds3d.language.prompt import Prompt
from sds3d.loops.clock import Clock
from sds3d.loops.step import Optimization
from sds3d.recipe import build
from sds3d.recipe import load as recipes
from sds3d.recipe.check import check
from sds3d.recipe.schema import Recipe
from sds3d.runs import checkpoint
from sds3d.runs.folder import RECIPE, RunFolder, look, require_run, require_same
from sds3d.runs.job import Job, prompt_of, recipe_imports, require_trust, resolve
from sds3d.runs.machine import device
from sds3d.scenes.scene import Scene

MOST_FILES = 10_000  # of a prior's folder that are watched for changes


@dataclass
class Run:
    """A job with its recipe, folder and device.  Prior, scene and optimization are built when first used."""

    job: Job
    recipe: Recipe
    folder: RunFolder
    device: torch.device
    clock: Clock = field(default_factory=Clock)

    @cached_property
    def prompt(self) -> Prompt:
        """The checked prompt, with the recipe's negative prompt where the job has none."""
        return prompt_of(self.job, self.recipe)

    @cached_property
    def prior(self) -> Prior:
        """The prior, loaded.  Raises PriorError."""
        return build.prior(self.job.prior, self.recipe, self.job.seed, self.device)

    @cached_property
    def optimization(self) -> Optimization:
        """Scene, students and optimizers at their beginning; see `resume`."""
        return build.optimization(
            self.recipe,
            self.prior,
            self.prompt,
            seed=self.job.seed,
            where=self.device,
            clock=self.clock,
        )

    @cached_property
    def scene(self) -> Scene:
        """The scene that is optimised, or that of the last checkpoint when nothing else is needed."""
        if "optimization" in self.__dict__:
            return self.optimization.scene
        scene = build.scene(self.recipe, self.job.seed, self.device)
        tensors, *_ = checkpoint.read_run(self.folder.checkpoint)
        checkpoint.restore(self.folder.checkpoint, tensors, {"scene": scene}, {})
        return scene

    @property
    def recipe_text(self) -> str:
        """The recipe as recipe.toml holds it."""
        return recipes.dump(self.recipe)

    def save(self, step: int) -> None:
        """Writes the checkpoint from which `step` would come next."""
        run = self.optimization
        meta = {"step": step, "seconds": dict(run.clock.seconds)}
        meta["evaluations"] = run.prior.evaluations
        tensors = checkpoint.pack(run.modules(), run.optimizers())
        checkpoint.write(self.folder.checkpoint, tensors, meta)

    def resume(self) -> int:
        """Restores the checkpoint, if there is one, and returns the number of steps done.  Raises RunError."""
        if not self.folder.has_checkpoint:
            return 0
        run = self.optimization
        path = self.folder.checkpoint
        tensors, step, seconds, evaluations = checkpoint.read_run(path)
        checkpoint.restore(path, tensors, run.modules(), run.optimizers())
        run.clock.seconds.update(seconds)
        run.prior.evaluations = evaluations
        return step

    def inputs(self) -> dict[str, str]:
        """SHA-256 of what the run depends on beside its recipe: prior's weights, image.  Loads the prior."""
        self.prior.describe(
            self.prompt
        )  # a folder's files are read, and hashed, when they are needed
        hashes = dict(self.prior.weights)
        if self.job.image:
            hashes["image"] = digest(Path(self.job.image))
        return hashes

    def stamps(self) -> dict[str, Any]:
        """Size and time of change of the files behind `inputs`; equal stamps spare hashing them."""
        source = self.job.prior.partition(":")[2]
        paths = [Path(self.job.image)] if self.job.image else []
        if source and os.path.isdir(source):
            paths += sorted(p for p in Path(source).rglob("*") if p.is_file())[:MOST_FILES]
        stamps = {}
        for path in paths:
            status = path.stat()
            stamps[str(path)] = [status.st_size, status.st_mtime_ns]
        return stamps


def prepare(job: Job, recipe: Recipe) -> Run:
    """The run of a job with its recipe, in a folder that is new or holds an earlier session of it.

    Nothing heavy is loaded, nothing written.  Raises Sds3dError for everything about recipe, device and
    folder that cannot work.
    """
    where = device(job.device)
    folder = look(job.folder(), overwrite=job.overwrite)
    require_same(folder, job)
    check(recipe, job.prior, image=bool(job.image))
    return Run(job, recipe, folder, where)


def trial(job: Job) -> Run:
    """A run on the CPU of which nothing is read or written: for a look at its prior, or a few steps.

    Raises RecipeError for a recipe that does not load.
    """
    return Run(job, resolve(job), RunFolder(job.folder()), device("cpu"))


def open_run(path: Path, *, trust_recipe: bool = False) -> Run:
    """The run in a folder, for whatever comes after generate; on the CPU.

    Raises RunError when the folder holds no run with a checkpoint, RecipeError when its recipe imports code
    and that is not trusted.
    """
    folder = require_run(path)
    file = str(path / RECIPE)
    require_trust(recipe_imports(file), f"'{file}'", trust_recipe)
    return Run(folder.require_record().job, recipes.load(file), folder, device("cpu"))
