"""From a job to a run folder: prior, fit, mesh, pictures, files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from sds3d import checkpoint, parts, runs
from sds3d import recipe as recipes
from sds3d.cameras import orbit
from sds3d.export import pictures, save
from sds3d.export.bake import delight
from sds3d.export.mesh import Mesh
from sds3d.fit import Clock, Learner, Trainer, fit
from sds3d.interrupt import Interrupt, graceful
from sds3d.job import Job
from sds3d.priors import Prior
from sds3d.prompts import Prompt, parse
from sds3d.recipe import Export, Recipe
from sds3d.render import Render
from sds3d.scenes import Scene

PREVIEW = {"views": 8, "size": 192}
TURNTABLE = {"views": 72, "size": 320}
FRAMES_PER_SECOND = 24


class Report(Protocol):
    """Where progress goes."""

    def stage(self, name: str) -> None:
        """A part of the run begins: prior, fit, mesh, pictures."""

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        """One optimisation step is done."""

    def note(self, line: str) -> None:
        """Something the user should know."""


@dataclass(frozen=True)
class Result:
    """How a run ended.  status: "finished", "stopped" or "already finished".

    seconds: of each part (load, prior, render, backward, optimizer, student, mesh, pictures).
    """

    folder: Path
    status: str
    files: dict[str, Path]
    seconds: dict[str, float]
    steps: int
    values: dict[str, float]
    peak_gib: float


@dataclass(frozen=True)
class Run:
    """What one run works with."""

    job: Job
    recipe: Recipe
    folder: runs.RunFolder
    objective: Callable[..., Tensor]
    scene: Scene
    trainer: Trainer
    learner: Learner | None
    clock: Clock

    def save(self, step: int) -> None:
        """Writes the checkpoint from which `step` would come next."""
        modules, optimizers = {"scene": self.scene}, {"adam": self.trainer.optimizer}
        if self.learner:
            modules["student"] = self.learner.student
            optimizers["student_adam"] = self.learner.trainer.optimizer
        meta = {"step": step, "seconds": dict(self.clock.seconds)}
        checkpoint.write(self.folder.checkpoint, checkpoint.pack(modules, optimizers), meta)

    def load(self) -> int:
        """Takes up the checkpoint, if there is one, and returns the step to go on from."""
        if not self.folder.record or not self.folder.checkpoint.is_file():
            return 0
        tensors, meta = checkpoint.read(self.folder.checkpoint)
        checkpoint.unpack_module(self.scene, tensors, "scene")
        checkpoint.unpack_optimizer(self.trainer.optimizer, tensors, "adam")
        if self.learner:
            checkpoint.unpack_module(self.learner.student, tensors, "student")
            checkpoint.unpack_optimizer(self.learner.trainer.optimizer, tensors, "student_adam")
        self.clock.seconds.update(meta["seconds"])
        return meta["step"]


def generate(job: Job, report: Report) -> Result:
    """Runs the job, or continues it from its checkpoint, or finds it finished.

    Ctrl-C once stops, saves and exports (status "stopped").  Raises Sds3dError, naming the fix, for
    everything a user can mend; nothing is written before the prior knows the prompt.
    """
    prompt, recipe = parse(job.prompt, job.negative), recipes.resolve(job)
    recipe_text, device, clock = recipes.dump(recipe), parts.device(job.device), Clock()
    folder = runs.open_run(job.folder(), job, recipe_text, job.overwrite)
    if folder.finished:
        return _found(folder)
    objective = parts.objective(recipe)
    with clock("load"):
        report.stage("prior")
        prior = parts.prior(job.prior, recipe, job.seed)
        report.note(prior.describe(prompt))
        scene = parts.scene(recipe, job.seed, device)
        learner = parts.learner(recipe, prior, job.seed, device)
        run = Run(
            job, recipe, folder, objective, scene, parts.trainer(recipe, scene), learner, clock
        )
        start = run.load()
    runs.begin(folder, job, recipe_text, device)
    runs.trim_metrics(folder.path / runs.METRICS, start)
    with graceful() as interrupt:
        report.stage("fit")
        done, values = _fit(run, prior, prompt, start, report, interrupt)
    mesh, files = _meshes(scene, folder.path, job, recipe.export, job.formats, report, clock)
    files |= _pictures(scene, mesh, folder.path, report, clock)
    status = "finished" if done == recipe.steps else "stopped"
    seconds = {name: round(value, 3) for name, value in clock.seconds.items()}
    result = Result(folder.path, status, files, seconds, done, values, runs.peak_gib())
    _record(folder, job, device, result)
    return result


def _fit(
    run: Run, prior: Prior, prompt: Prompt, start: int, report: Report, interrupt: Interrupt
) -> tuple[int, dict[str, float]]:
    """(steps done, values of the last step)."""
    total, every = run.recipe.steps, run.recipe.run.checkpoint_every
    device = next(run.scene.parameters()).device
    last: dict[str, float] = {}
    done = start
    with (run.folder.path / runs.METRICS).open("a", encoding="utf-8") as metrics:

        def on_step(step: int, render: Render, values: dict[str, float]) -> bool:
            nonlocal done, last
            done, last = step + 1, values | {"coverage": render.alpha.mean().item()}
            metrics.write(json.dumps({"step": step, **last}) + "\n")
            if done % every == 0 or done == total or interrupt.asked:
                metrics.flush()
                with run.clock("checkpoint"):
                    run.save(done)
            report.step(done, total, last)
            return not interrupt.asked

        fit(
            run.scene,
            prior,
            run.objective,
            prompt,
            parts.sampling(run.recipe, total, run.job.seed, device),
            run.trainer,
            steps=range(start, total),
            total=total,
            seed=run.job.seed,
            grad_clip=run.recipe.optimizer.grad_clip,
            regularizers=run.recipe.regularizers,
            learner=run.learner,
            on_step=on_step,
            clock=run.clock,
        )
    return done, last


def export_run(
    path: Path,
    report: Report,
    *,
    formats: Sequence[str],
    texture_size: int | None = None,
    faces: int | None = None,
) -> Result:
    """Meshes of a run's last checkpoint in other formats or sizes.  Raises RunError when it has none."""
    job, record = runs.read_run(path)
    recipe = recipes.load(path / runs.RECIPE)
    scene = parts.scene(recipe, job.seed, torch.device("cpu"))
    tensors, meta = checkpoint.read(path / runs.CHECKPOINT)
    checkpoint.unpack_module(scene, tensors, "scene")
    sizes = replace(
        recipe.export,
        texture_size=texture_size or recipe.export.texture_size,
        faces=faces or recipe.export.faces,
    )
    clock = Clock()
    _, files = _meshes(scene, path, job, sizes, formats, report, clock)
    seconds = {name: round(value, 3) for name, value in clock.seconds.items()}
    return Result(path, record["status"], files, seconds, meta["step"], {}, runs.peak_gib())


def _meshes(
    scene: Scene,
    path: Path,
    job: Job,
    sizes: Export,
    formats: Sequence[str],
    report: Report,
    clock: Clock,
) -> tuple[Mesh, dict[str, Path]]:
    """The asset, with the prior's light taken out where it is known, and its files."""
    report.stage("mesh")
    light = parts.light(job.prior)
    extras = {"prompt": job.prompt, "method": job.method, "seed": job.seed}
    with clock("mesh"), torch.no_grad():
        mesh = scene.to_asset(
            resolution=sizes.resolution, texture_size=sizes.texture_size, faces=sizes.faces
        )
        mesh = delight(mesh, light) if light else mesh
        files = {suffix: path / f"mesh.{suffix}" for suffix in formats}
        for file in files.values():
            save(mesh, file, extras)
    return mesh, files


def _pictures(
    scene: Scene, mesh: Mesh, path: Path, report: Report, clock: Clock
) -> dict[str, Path]:
    """preview.png: the scene as the prior saw it, above the exported mesh; turntable.mp4: the mesh."""
    report.stage("pictures")
    device = next(scene.parameters()).device
    with clock("pictures"), torch.no_grad():
        cameras = orbit(**PREVIEW)
        grey = torch.full((1, 3), 0.5, device=device)
        seen = [scene.render(cameras[i : i + 1].to(device), grey).rgb for i in range(len(cameras))]
        rgb = (torch.cat(seen).clamp(0, 1) * 255).round().byte().cpu().numpy()
        pictures.preview(
            np.concatenate([rgb, pictures.render_mesh(mesh, cameras)]), path / "preview.png"
        )
        turn = orbit(**TURNTABLE)
        pictures.turntable(
            pictures.render_mesh(mesh, turn), path / "turntable.mp4", FRAMES_PER_SECOND
        )
    return {"preview": path / "preview.png", "turntable": path / "turntable.mp4"}


def _found(folder: runs.RunFolder) -> Result:
    """The result of a run that was finished earlier."""
    kept = folder.record["result"]
    files = {name: folder.path / file for name, file in kept["files"].items()}
    return Result(
        folder.path,
        "already finished",
        files,
        kept["seconds"],
        kept["steps"],
        kept["values"],
        kept["peak_gib"],
    )


def _record(folder: runs.RunFolder, job: Job, device: torch.device, result: Result) -> None:
    kept = asdict(result) | {"files": {name: file.name for name, file in result.files.items()}}
    del kept["folder"]
    folder.write_record(
        status=result.status,
        job=asdict(job),
        device=runs.device_name(device),
        versions=runs.versions(),
        result=kept,
    )
