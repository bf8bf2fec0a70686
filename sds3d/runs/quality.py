"""How nearly a finished run has reached what its prior wants."""

from __future__ import annotations

from pathlib import Path

import torch

from sds3d.diffusion.prior import HasMembers
from sds3d.errors import PriorError
from sds3d.language.prompt import parse
from sds3d.mesh.load import load as load_mesh
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
    prior = parts.prior(job.prior, recipe, job.seed)
    if not isinstance(prior, HasMembers):
        raise PriorError(f"'{job.prior}' has no members to compare with", "use --prior exact")
    return convergence(scene, prior.members(prompt), load_mesh(folder / "mesh.glb"))
