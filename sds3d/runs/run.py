"""One run, opened: what generate, export, the metrics and compare all work with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any, ClassVar

import torch

from sds3d.diffusion.prior import HasMembers, Prior
from sds3d.files import digest
from sds3d.kernels.backends import notes
from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import Model, member
from sds3d.loops.clock import Clock
from sds3d.loops.convert import Conversion
from sds3d.loops.edit import Source
from sds3d.loops.step import Optimization
from sds3d.mesh.load import load_shape
from sds3d.recipe import build
from sds3d.recipe import load as recipes
from sds3d.recipe.check import check, require_formats, require_start
from sds3d.recipe.families import compares_with_source, provides, suited
from sds3d.recipe.schema import Recipe
from sds3d.runs import checkpoint
from sds3d.runs.folder import BEGUN, CHECKPOINT, START, RunFolder, look, require_run, require_same
from sds3d.runs.job import (
    RECIPE,
    Job,
    prompt_of,
    recipe_imports,
    require_trust,
    resolve,
    source_of,
)
from sds3d.runs.machine import device
from sds3d.scenes.scene import Scene

MOST_FILES = 10_000  # of a prior's folder that are watched for changes


@dataclass
class Run:
    """A job with its recipe, folder and device.  Prior, scene and optimization are built when first used."""

    READS: ClassVar[str] = "prior"  # what it reads first, as the progress calls it

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
    def optimization(self) -> Optimization | Conversion:
        """Scene, students and optimizers at their beginning; see `resume`."""
        return build.optimization(
            self.suited[0],
            self.prior,
            self.prompt,
            seed=self.job.seed,
            where=self.device,
            clock=self.clock,
            start=self.start if self.job.start else None,
        )

    @cached_property
    def suited(self) -> tuple[Recipe, list[str]]:
        """The recipe as the prior allows it, and what it leaves out; see `families.suited`."""
        return suited(self.recipe, self.job.prior)

    @cached_property
    def start(self) -> Source:
        """What an edit begins with.  Raises RunError, for a mesh as long as no scene is fitted to it."""
        scene = build.scene(self.recipe, self.job.seed, self.device)
        begun = Path(self.job.start)
        path = begun / CHECKPOINT if self.job.begins_with_run else self.folder.path / START
        tensors, _ = checkpoint.read(path)
        checkpoint.restore(path, tensors, {"scene": scene}, {})
        return Source(scene.requires_grad_(False), self.source_prompt)

    @property
    def source_prompt(self) -> Prompt:
        """The checked prompt that describes the start of an edit."""
        return source_of(self.job, self.recipe)

    @cached_property
    def mesh(self) -> tuple[Model, Mapping[str, str]]:
        """(the mesh that an edit begins with, in its scene's frame; SHA-256 of its files).

        Raises MeshError.
        """
        shape, file = load_shape(Path(self.job.start))
        return member(shape, self.job.source or self.job.prompt), file.hashes

    def require_readable_start(self) -> None:
        """Reads the mesh that an edit begins with, before anything large is loaded.  Raises MeshError."""
        if self.job.start and not self.job.begins_with_run:
            _ = self.mesh

    @property
    def must_fit(self) -> bool:
        """Whether the scene of an edit has to be fitted to its mesh first; not again by a run that goes on."""
        if not self.job.start or self.job.begins_with_run:
            return False
        same = self.folder.has_checkpoint or self.folder.recipe_text == self.recipe_text
        return not (same and (self.folder.path / START).is_file())

    @cached_property
    def scene(self) -> Scene:
        """The scene that is optimised, or that of the last checkpoint when nothing else is needed."""
        if "optimization" in self.__dict__:
            return self.optimization.scene
        scene = build.scene(self.recipe, self.job.seed, self.device)
        tensors, *_ = checkpoint.read_run(self.folder.checkpoint)
        checkpoint.restore(self.folder.checkpoint, tensors, {"scene": scene}, {})
        return scene

    def introduction(self) -> list[str]:
        """Lines for the user: how the prompt is read, and what is left out.  Loads the prior."""
        return [self.prior.describe(self.prompt), *notes(self.device), *self.suited[1]]

    def usual_size(self) -> float:
        """The longest side in metres of what the prompt usually is: the mean of the prior's members, else 1."""
        if not provides(self.job.prior, HasMembers) or not isinstance(self.prior, HasMembers):
            return 1.0
        return fmean(model.longest for model in self.prior.members(self.prompt))

    def scores(self) -> dict[str, float]:
        """What is measured of the scene after the last step; nothing, where there is no source."""
        return {}

    @property
    def evaluations(self) -> int:
        """Of the prior so far."""
        return self.prior.evaluations

    def count_from(self, evaluations: int) -> None:
        """Goes on counting evaluations of the prior from there."""
        self.prior.evaluations = evaluations

    @property
    def recipe_text(self) -> str:
        """The recipe as recipe.toml holds it."""
        return recipes.dump(self.recipe)

    def save(self, step: int) -> None:
        """Writes the checkpoint from which `step` would come next."""
        run = self.optimization
        meta = {"step": step, "seconds": dict(run.clock.seconds)}
        meta["evaluations"] = self.evaluations
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
        self.count_from(evaluations)
        return step

    def inputs(self) -> dict[str, str]:
        """SHA-256 of what the run depends on beside its recipe: weights, image, start.  Loads the prior."""
        self.prior.describe(
            self.prompt
        )  # a folder's files are read, and hashed, when they are needed
        if compares_with_source(self.recipe):
            self.prior.describe(self.source_prompt)
        hashes = dict(self.prior.weights)
        if self.job.begins_with_run:
            hashes[f"{BEGUN}{CHECKPOINT}"] = digest(Path(self.job.start) / CHECKPOINT)
        elif self.job.start:
            hashes |= {f"{BEGUN}{name}": sha for name, sha in self.mesh[1].items()}
        if self.job.image:
            hashes["image"] = digest(Path(self.job.image))
        return hashes

    def stamps(self, inputs: Mapping[str, str]) -> dict[str, Any]:
        """Size and time of change of the files behind `inputs`; equal stamps spare hashing them.

        Of a mesh these are all files that it names: an OBJ's materials and their images too.
        """
        source = self.job.prior.partition(":")[2]
        paths = [Path(self.job.image)] if self.job.image else []
        if self.job.start:
            start = Path(self.job.start)
            folder = start if self.job.begins_with_run else start.resolve().parent
            begun = (name.removeprefix(BEGUN) for name in inputs if name.startswith(BEGUN))
            paths += [path for name in begun if (path := folder / name).is_file()]
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
    require_start(recipe, job.start)
    require_formats(recipe, job.formats)
    return Run(job, recipe, folder, where)


def trial(job: Job) -> Run:
    """A run on the CPU of which nothing is read or written: for a look at its prior, or a few steps.

    Raises RecipeError for a recipe that does not load, UsageError for one that needs a start.
    """
    recipe = resolve(job)
    require_start(recipe, job.start)
    return Run(job, recipe, RunFolder(job.folder()), device("cpu"))


def open_run(path: Path, *, trust_recipe: bool = False) -> Run:
    """The run in a folder, for whatever comes after generate; on the CPU.

    Raises RunError when the folder holds no run with a checkpoint, RecipeError when its recipe imports code
    and that is not trusted.
    """
    folder = require_run(path)
    file = str(path / RECIPE)
    require_trust(recipe_imports(file), f"'{file}'", trust_recipe)
    return Run(folder.require_record().job, recipes.load(file), folder, device("cpu"))
