"""One run as plain data."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from sds3d.errors import PriorError, RunError, UsageError, nearest
from sds3d.language.prompt import Prompt, parse
from sds3d.lookup import one_of
from sds3d.mesh.formats import EXPORTERS
from sds3d.objectives import OBJECTIVES
from sds3d.priors import PRIORS
from sds3d.priors.hub import MODEL_INDEX
from sds3d.recipe.load import load
from sds3d.recipe.schema import Recipe
from sds3d.scenes import SCENES

DEFAULT_SCENE = next(iter(SCENES))

FOLDERS = {
    "exact": "give a folder of GLB or OBJ files",
    "embedded": "give the folder of a network that 'sds3d prior train' made",
    "diffusers": "give --prior diffusers:FOLDER, or diffusers:OWNER/MODEL of the hub",
}
WITH_IMAGE = ("csm",)  # methods that use an image prompt
OF_DENSITY = ("fvsd",)  # methods that ask the prior for its density, which the exact one has
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
        if self.image and not self.recipe and self.method not in WITH_IMAGE:
            raise UsageError(
                f"--method {self.method} takes no image prompt", f"use --method {WITH_IMAGE[0]}"
            )
        for suffix in self.formats:
            one_of("format", suffix, EXPORTERS)
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"seed {self.seed}: must be from 0 to 2^32 - 1", "give 0, 1, 2, ...")
        kind, colon, path = self.prior.partition(":")
        if kind not in PRIORS:
            raise PriorError(f"unknown prior '{kind}'{nearest(kind, PRIORS)}", "use --prior exact")
        if kind != "exact" and not self.recipe and self.method in OF_DENSITY:
            raise PriorError(
                f"--method {self.method} needs the prior's density, which '{kind}' does not have",
                "use --prior exact",
            )
        on_hub = kind == "diffusers" and re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", path)
        here = path and Path(path).is_dir()
        if (colon or kind == "diffusers") and not here and not on_hub:
            raise PriorError(f"'{path}' is not a folder", FOLDERS[kind])
        if kind == "diffusers" and here and not (Path(path) / MODEL_INDEX).is_file():
            raise PriorError(
                f"'{path}' is not in the diffusers layout: it has no {MODEL_INDEX}",
                f"give the folder that holds {MODEL_INDEX}, scheduler/ and unet/ or transformer/",
            )
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
