"""How nearly a finished run has reached what its prior wants."""

from __future__ import annotations

from pathlib import Path

import torch

from sds3d.language.prompt import parse
from sds3d.mesh.pictures import load_glb
from sds3d.metrics.convergence import convergence
from sds3d.recipe import build as parts
from sds3d.recipe import load as recipes
from sds3d.runs import checkpoint
from sds3d.runs import folder as runs


def converged(folder: Path) -> dict[str, float]:
    """`metrics.convergence` of a finished run with the exact prior."""
    job, _ = runs.read_run(folder)
    recipe = recipes.load(folder / runs.RECIPE)
    scene = parts.scene(recipe, job.seed, torch.device("cpu"))
    checkpoint.unpack_module(scene, checkpoint.read(folder / runs.CHECKPOINT)[0], "scene")
    prompt = parse(job.prompt, job.negative, job.image)
    models = parts.prior(job.prior, recipe, job.seed).members(prompt).named
    return convergence(scene, models, load_glb(folder / "mesh.glb"))
