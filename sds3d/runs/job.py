"""One run as plain data."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from sds3d.errors import RunError, UsageError
from sds3d.language.prompt import Prompt, parse
from sds3d.lookup import one_of
from sds3d.mesh.formats import EXPORTERS
from sds3d.objectives import OBJECTIVES
from sds3d.priors import parse_prior
from sds3d.recipe.load import load
from sds3d.recipe.schema import Recipe
from sds3d.scenes import SCENES

DEFAULT_SCENE = next(iter(SCENES))

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Job:
    """What `sds3d generate` is asked for.

    recipe: a shipped recipe's name or a file; empty means METHOD-SCENE.  prior: a name, exact:FOLDER, or
    diffusers:FOLDER or the name of a model on the hub.
    out: the run folder itself; empty means outputs/<slug>-<hash>/<method>-<seed>, with the scene beside the
    method unless it is a NeRF.  overrides: "table.key=value", applied last.
    """

    prompt: str
    negative: str = ""
    image: str = ""
    method: str = "sds"
    scene: str = "nerf"
    prior: str = "exact"
    recipe: str = ""
    preset: str = "laptop"
    steps: int | None = None
    particles: int | None = None
    seed: int = 0
    out: str = ""
    device: str = "auto"
    formats: tuple[str, ...] = ("glb",)
    overrides: tuple[str, ...] = ()
    overwrite: bool = False

    def folder(self) -> Path:
        """The run folder."""
        if self.out:
            return Path(self.out)
        return Path("outputs") / self.slug / f"{self.kind}-{self.seed}"

    @property
    def slug(self) -> str:
        """The prompt as folders are named."""
        texts = (" ".join(text.split()) for text in (self.prompt, self.negative))
        return Prompt(*texts, self.image).slug

    @property
    def kind(self) -> str:
        """METHOD or METHOD-SCENE, as folders are named."""
        name = self.method if self.scene == DEFAULT_SCENE else f"{self.method}-{self.scene}"
        return re.sub(r"[^\w-]+", "-", name)

    def check(self) -> None:
        """Refuses what cannot work, but for what the recipe checks.

        Raises UsageError for the prompt, a name or a number, PriorError for the prior, RunError for a folder
        that cannot be written.
        """
        parse(self.prompt, self.negative)
        if not self.recipe:  # a recipe may name objectives and scenes of the user's own
            one_of("method", self.method, OBJECTIVES)
            one_of("scene", self.scene, SCENES)
        one_of("device", self.device, DEVICES)
        if self.image and not Path(self.image).is_file():
            raise UsageError(f"'{self.image}' is not a file", "give a PNG or JPEG of one object")
        for suffix in self.formats:
            one_of("format", suffix, EXPORTERS)
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"seed {self.seed}: must be from 0 to 2^32 - 1", "give 0, 1, 2, ...")
        parse_prior(self.prior)
        folder = self.folder()
        existing = next(p for p in (folder, *folder.parents) if p.exists())
        if not existing.is_dir() or not os.access(existing, os.W_OK):
            raise RunError(f"cannot write to '{existing}'", "give another folder with --out")


def resolve(job: Job) -> Recipe:
    """The job's recipe with its preset, its --set overrides and its --steps applied."""
    asked = {"steps": job.steps, "particles": job.particles}
    options = [f"{key}={value}" for key, value in asked.items() if value is not None]
    return load(job.recipe or f"{job.method}-{job.scene}", job.preset, [*job.overrides, *options])


def settled(job: Job) -> Job:
    """The job with the method and the scene that its recipe names.  Raises RecipeError."""
    recipe = resolve(job)
    return replace(job, method=recipe.objective.name, scene=recipe.scene.name)
