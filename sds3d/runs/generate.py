"""From a job to a run folder: prior, fit, mesh, pictures, files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

import torch

from sds3d.interrupt import Interrupt, graceful
from sds3d.language.prompt import parse
from sds3d.loops.clock import Clock
from sds3d.loops.scene import optimize
from sds3d.loops.step import Event, Optimization
from sds3d.recipe import build as parts
from sds3d.recipe import load as recipes
from sds3d.recipe.schema import Recipe
from sds3d.runs import checkpoint, outputs
from sds3d.runs import folder as runs
from sds3d.runs.job import Job, resolve
from sds3d.runs.outputs import Report, Result


@dataclass(frozen=True)
class Run:
    """What one run works with."""

    job: Job
    recipe: Recipe
    folder: runs.RunFolder
    optimization: Optimization

    def save(self, step: int) -> None:
        """Writes the checkpoint from which `step` would come next."""
        run = self.optimization
        meta = {"step": step, "seconds": dict(run.clock.seconds)}
        meta["evaluations"] = run.prior.evaluations
        checkpoint.write(
            self.folder.checkpoint, checkpoint.pack(run.modules(), run.optimizers()), meta
        )

    def load(self) -> int:
        """Takes up the checkpoint, if there is one, and returns the step to go on from."""
        if not self.folder.record or not self.folder.checkpoint.is_file():
            return 0
        run = self.optimization
        tensors, meta = checkpoint.read(self.folder.checkpoint)
        for name, module in run.modules().items():
            checkpoint.unpack_module(module, tensors, name)
        for name, optimizer in run.optimizers().items():
            checkpoint.unpack_optimizer(optimizer, tensors, name)
        run.clock.seconds.update(meta["seconds"])
        run.prior.evaluations = meta["evaluations"]
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
    parts.check(recipe, job.prior, image=bool(job.image))
    runs.forget_peak()
    with clock("load"):
        report.stage("prior")
        prior = parts.prior(job.prior, recipe, job.seed, device)
        report.note(prior.describe(prompt))
        runs.check_weights(folder, prior.weights)
        optimization = parts.optimization(
            recipe, prior, prompt, seed=job.seed, where=device, clock=clock
        )
        scene = optimization.scene
        run = Run(job, recipe, folder, optimization)
        start = run.load()
    runs.begin(folder, job, recipe_text, device, prior.weights)
    runs.trim_metrics(folder.path / runs.METRICS, start)
    with graceful() as interrupt:
        report.stage("fit")
        done, values = _fit(run, start, report, interrupt)
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
    run: Run, start: int, report: Report, interrupt: Interrupt
) -> tuple[int, dict[str, float]]:
    """(steps done, values of the last step)."""
    total, every = run.recipe.steps, run.recipe.run.checkpoint_every
    last: dict[str, float] = {}
    done = start
    with (run.folder.path / runs.METRICS).open("a", encoding="utf-8") as metrics:

        def on_step(event: Event) -> bool:
            nonlocal done, last
            done = event.step + 1
            last = {**event.values, "coverage": event.render.alpha.mean().item()}
            metrics.write(json.dumps({"step": event.step, **last}) + "\n")
            if done % every == 0 or done == total or interrupt.asked:
                metrics.flush()
                with run.optimization.clock("checkpoint"):
                    run.save(done)
            report.step(done, total, last)
            return not interrupt.asked

        optimize(run.optimization, range(start, total), on_step)
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
        weights=run.optimization.prior.weights,
        device=runs.device_name(device),
        versions=runs.versions(),
        result=kept,
    )
