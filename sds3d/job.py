"""One run as plain data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sds3d.errors import RunError
from sds3d.prompts import parse

METHODS = ("sds", "vsd")
SCENES = ("nerf", "triplane", "splats")
FORMATS = ("glb", "obj", "ply")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Job:
    """What `sds3d generate` is asked for.

    recipe: a shipped recipe's name or a file; empty means METHOD-SCENE.  out: the run folder itself; empty
    means outputs/<slug>-<hash>/<method>-<seed>, with the scene beside the method unless it is a NeRF.
    overrides: "table.key=value", applied last.
    """

    prompt: str
    negative: str = ""
    method: str = "sds"
    scene: str = "nerf"
    prior: str = "exact"
    recipe: str = ""
    preset: str = "laptop"
    steps: int | None = None
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
        slug = parse(self.prompt, self.negative).slug
        kind = self.method if self.scene == SCENES[0] else f"{self.method}-{self.scene}"
        return Path("outputs") / slug / f"{kind}-{self.seed}"

    def check(self) -> None:
        """Refuses, before anything heavy loads, what cannot work: prompt, recipe, folder.

        Raises UsageError, RecipeError or RunError.
        """
        from sds3d.recipe import resolve

        parse(self.prompt, self.negative)
        resolve(self)
        folder = self.folder()
        parent = next(p for p in (folder, *folder.parents) if p.exists())
        if not os.access(parent, os.W_OK):
            raise RunError(f"cannot write to '{parent}'", "give another folder with --out")
