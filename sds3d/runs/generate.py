"""From a job to a run folder: prior, fit, mesh, pictures, files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor

from sds3d.diffusion.prior import Counted
from sds3d.interrupt import Interrupt, graceful
from sds3d.language.prompt import Prompt, parse
from sds3d.loops.scene import Clock, Learner, Trainer, fit
from sds3d.recipe import build as parts
from sds3d.recipe import load as recipes
from sds3d.recipe import students
from sds3d.recipe.schema import Recipe
from sds3d.runs import checkpoint, outputs
from sds3d.runs import folder as runs
from sds3d.runs.job import Job, resolve
from sds3d.runs.outputs import Report, Result
from sds3d.scenes.render import Render
from sds3d.scenes.scene import Scene


@dataclass(frozen=True)
class Run:
    """What one run works with."""

    job: Job
    recipe: Recipe
    folder: runs.RunFolder
    objective: Callable[..., Tensor]
    prior: Counted
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
        meta["evaluations"] = self.prior.evaluations
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
        self.prior.evaluations = meta["evaluations"]
        return meta["step"]


def generate(job: Job, report: Report) -> Result:
    """Runs the job, or continues it from its checkpoint, or finds it finished.

    Ctrl-C once stops, saves and exports (status "stopped").  Raises Sds3dError, naming the fix, for
    everything a user can mend; nothing is written before the prior knows the prompt.
    """
    prompt, recipe = parse(job.prompt, job.negative, job.image), resolve(job)
    recipe_text, device, clock = recipes.dump(recipe), parts.device(job.device), Clock()
    folder = runs.open_run(job.folder(), job, recipe_text, job.overwrite)
    if folder.finished:
        return _found(folder, job, report)
    objective = parts.objective(recipe)
    runs.forget_peak()
    with clock("load"):
        report.stage("prior")
        prior = Counted(parts.prior(job.prior, recipe, job.seed, device))
        report.note(prior.describe(prompt))
        runs.check_weights(folder, prior.weights)
        scene = parts.scene(recipe, job.seed, device)
        learner = students.learner(job.prior, recipe, prior, job.seed, device)
        trainer = parts.trainer(recipe, scene)
        run = Run(job, recipe, folder, objective, prior, scene, trainer, learner, clock)
        start = run.load()
    runs.begin(folder, job, recipe_text, device, prior.weights)
    runs.trim_metrics(folder.path / runs.METRICS, start)
    with graceful() as interrupt:
        report.stage("fit")
        done, values = _fit(run, prompt, start, report, interrupt)
    made, files = outputs.meshes(scene, folder.path, job, recipe.export, job.formats, report, clock)
    files |= outputs.show(scene, made, folder.path, report, clock)
    status = "finished" if done == recipe.steps else "stopped"
    result = Result(
        folder.path,
        status,
        files,
        clock.rounded(),
        done,
        values,
        runs.peak_gib(),
        prior.evaluations,
    )
    result = replace(result, files=files | outputs.write_page(made[0], job, recipe_text, result))
    _record(run, device, result)
    return result


def _fit(
    run: Run, prompt: Prompt, start: int, report: Report, interrupt: Interrupt
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
            run.prior,
            run.objective,
            prompt,
            parts.sampling(run.recipe, total, run.job.seed, device),
            run.trainer,
            steps=range(start, total),
            total=total,
            seed=run.job.seed,
            gradient=parts.gradient(run.recipe),
            regularizers=run.recipe.regularizers,
            learner=run.learner,
            on_step=on_step,
            clock=run.clock,
        )
    return done, last


def _found(folder: runs.RunFolder, job: Job, report: Report) -> Result:
    """The result of a run that was finished earlier; formats that it lacks are written now."""
    kept = folder.record["result"]
    files = {name: folder.path / file for name, file in kept["files"].items()}
    missing = [suffix for suffix in job.formats if suffix not in files]
    if missing:
        files |= outputs.export_run(folder.path, report, formats=missing).files
        names = {name: file.name for name, file in files.items()}
        folder.write_record(result={**kept, "files": names})
    return Result(
        folder.path,
        "already finished",
        files,
        kept["seconds"],
        kept["steps"],
        kept["values"],
        kept["peak_gib"],
        kept["evaluations"],
    )


def _record(run: Run, device: torch.device, result: Result) -> None:
    kept = asdict(result) | {"files": {name: file.name for name, file in result.files.items()}}
    del kept["folder"]
    run.folder.write_record(
        status=result.status,
        job=asdict(run.job),
        weights=run.prior.weights,
        device=runs.device_name(device),
        versions=runs.versions(),
        result=kept,
    )
