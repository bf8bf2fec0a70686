"""From a job to a run folder: prior, optimisation, mesh, images, files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from sds3d import files
from sds3d.interrupt import Interrupt, graceful
from sds3d.loops.scene import optimize
from sds3d.loops.step import Event
from sds3d.mesh.formats import FORMATS
from sds3d.mesh.save import require_free
from sds3d.recipe import build
from sds3d.runs import checkpoint, difference
from sds3d.runs.convert import prepare_conversion
from sds3d.runs.difference import Difference
from sds3d.runs.edit import begun
from sds3d.runs.export import Exported, export_meshes, planned, written_by
from sds3d.runs.folder import (
    METRICS,
    PROGRESS,
    START,
    Record,
    require_same_inputs,
    trim_metrics,
)
from sds3d.runs.job import Job, named_by, resolve
from sds3d.runs.machine import device_name, gpu_peak_gib, peak_gib, reset_peak, versions
from sds3d.runs.page import write_page
from sds3d.runs.pictures import ProgressPicture, show
from sds3d.runs.report import SILENT, Report
from sds3d.runs.result import Result
from sds3d.runs.run import Run, prepare

AWAY = "move it away: this run has not written it"


def generate(job: Job, report: Report = SILENT) -> Result:
    """Runs the job, resumes it from its checkpoint, or finds it finished.

    A first Ctrl-C, SIGTERM or SIGHUP stops, saves and exports (status "stopped"); a second quits.  A run
    continues under another preset of its recipe, or with more steps; a finished run whose files are missing
    or empty is exported again.

    Raises Sds3dError, with the fix, for everything that a user can act on; RunError, naming the process, when
    another one works in the folder.  Nothing is written before the prior has accepted the prompt.
    """
    job.check_files()
    job = begun(job)
    recipe = resolve(job)
    start = prepare_conversion if job.is_conversion else prepare
    job = named_by(recipe, job)
    with files.locked(job.folder()):
        run = start(job, recipe)
        require_free(planned(run, run.folder.path, job.formats), written_by(run.folder), AWAY)
        found = _differences(run)
        result = _finished(run, found)
        if result is not None:
            return _complete(run, result, found, report)
        return _train(run, found, report)


def _differences(run: Run) -> list[Difference]:
    """The differences between the folder's recipe and this one.  Raises RunError when it cannot continue."""
    if not run.folder.has_checkpoint:
        return []
    found = difference.differences(run.folder.recipe_text, run.recipe_text)
    difference.require_continuable(run.folder, run.job, found)
    return found


def _finished(run: Run, found: Sequence[Difference]) -> Result | None:
    """The result of a run without steps left whose input files are unchanged, else None.

    Raises RunError when the run has done more steps than requested.
    """
    record = run.folder.record
    if record is None or record.result is None or not run.folder.has_checkpoint:
        return None
    if record.status != "finished":
        return None
    if record.result.steps < run.recipe.steps:
        return None
    difference.require_steps_left(run.folder, record.result.steps, run.recipe.steps, found)
    stamps = run.stamps(record.inputs)
    if record.stamps != stamps:
        require_same_inputs(run.folder, run.inputs())
        run.folder = run.folder.update(stamps=stamps)
    return record.result


def _train(run: Run, found: Sequence[Difference], report: Report) -> Result:
    """Optimises from the start or from the checkpoint, and exports."""
    reset_peak()
    with run.clock("load"):
        run.require_readable_start()
        report.stage(run.READS)
        for note in run.introduction():
            report.note(note)
        if run.job.recipe == run.job.default:
            report.note(
                f"recipe {run.job.recipe}, the default for this model: {run.recipe.objective.name}, "
                f"{run.recipe.steps} steps; others with --recipe"
            )
        inputs = run.inputs()
        require_same_inputs(run.folder, inputs)
    record = Record(
        status="running",
        job=run.job,
        files=(),
        inputs=inputs,
        stamps=run.stamps(inputs),
        environment={"device": device_name(run.device), "versions": versions()},
        result=run.folder.record.result if run.folder.record else None,
    )
    if run.must_fit:
        run.folder = run.folder.begin(record, run.recipe_text)
        _fit_start(run, report)
    with run.clock("load"):
        start = run.resume()
    if start:
        difference.require_steps_left(run.folder, start, run.recipe.steps, found)
        change = f", with another recipe: {difference.text(found)}" if found else ""
        report.note(f"going on from step {start} of {run.recipe.steps}{change}")
    files.remove_temporary(run.folder.path)
    run.folder = run.folder.begin(record, run.recipe_text)
    last = trim_metrics(run.folder.path / METRICS, start)
    with graceful(report.stopping) as interrupt:
        report.stage("fit")
        done, values = _fit(run, start, last, report, interrupt)
    status = "finished" if done == run.recipe.steps else "stopped"
    values |= run.scores()
    return _finish(run, status, done, values, run.job.formats, run.usual_size(), report)


def _fit_start(run: Run, report: Report) -> None:
    """Fits a scene to the mesh that an edit begins with, and keeps it in the run folder.

    What interrupts it ends the run, and the next one fits again.
    """
    report.stage("start")
    model, _ = run.mesh
    problem = build.fitting(run.recipe, model, seed=run.job.seed, where=run.device)

    def on_step(event: Event) -> bool:
        report.step(event.step + 1, problem.steps, dict(event.values))
        return True

    with run.clock("start"):
        optimize(problem, range(problem.steps), on_step)
        tensors = checkpoint.pack({"scene": problem.scene}, {})
        checkpoint.write(run.folder.path / START, tensors, {"steps": problem.steps})


def _fit(
    run: Run, start: int, last: dict[str, float], report: Report, interrupt: Interrupt
) -> tuple[int, dict[str, float]]:
    """(steps done, values of the last step)."""
    total = run.recipe.steps
    every = run.recipe.run.checkpoint_every
    done = start
    values = last
    look = ProgressPicture(run.folder.path / PROGRESS)
    with files.Log(run.folder.path / METRICS) as metrics:

        def on_step(event: Event) -> bool:
            nonlocal done, values
            done = event.step + 1
            values = dict(event.values)
            if event.render is not None:
                values["coverage"] = event.render.alpha.mean().item()
            metrics.write(json.dumps({"step": event.step, **values}))
            with run.clock("pictures"):
                look.update(run.scene)
            report.step(done, total, values)
            stop = interrupt.asked  # read once: a later signal is for the next step
            if stop or done % every == 0 or done == total:
                metrics.flush()
                with run.clock("checkpoint"):
                    run.save(done)
            return not stop

        optimize(run.optimization, range(start, total), on_step)
    return done, values


def _finish(
    run: Run,
    status: str,
    done: int,
    values: dict[str, float],
    formats: Iterable[str],
    longest: float,
    report: Report,
) -> Result:
    """Exports the scene as it is: meshes, images and the report; and records them."""
    path = run.folder.path
    report.stage("mesh")
    exported, made = _export(run, tuple(formats), longest, report)
    report.stage("pictures")
    made |= show(run.scene, [one.mesh for one in exported], path, run.job, run.clock)
    with suppress(OSError):
        (path / PROGRESS).unlink(missing_ok=True)
    on_gpu = gpu_peak_gib(run.device)
    if on_gpu:
        report.note(f"at most {on_gpu:.2f} GiB were held on the GPU")
    result = Result(
        path,
        status,
        made,
        run.clock.rounded(),
        done,
        values | {"mesh_iou": fmean(one.iou for one in exported)},
        peak_gib(),
        _evaluations(run),
        longest,
        _reading(run),
    )
    page = write_page(exported[0], run.job, run.recipe_text, result)
    result = replace(result, files={**made, "report": page})
    names = [file.name for file in result.files.values()]
    run.folder = run.folder.update(written=names, status=status, job=run.job, result=result)
    return result


def _export(
    run: Run, formats: Sequence[str], longest: float, report: Report
) -> tuple[list[Exported], dict[str, Path]]:
    """Meshes in the run folder, where only what the run has written is replaced."""
    ours = written_by(run.folder)
    path, sizes = run.folder.path, run.recipe.export
    return export_meshes(run, path, sizes, formats, longest, ours, fix=AWAY, report=report)


def _complete(run: Run, result: Result, found: Sequence[Difference], report: Report) -> Result:
    """The result of a finished run, after exporting what is missing, empty or requested differently."""
    missing = [name for name, file in result.files.items() if not _has_content(file)]
    formats = [name for name in FORMATS if name in result.files]
    new = [name for name in run.job.formats if name not in formats]
    if missing or found:
        why = (
            f"{result.files[missing[0]].name} is missing or empty"
            if missing
            else difference.text(found)
        )
        report.note(f"already finished; exporting again: {why}")
        _restore_clock(run, result)
        if found and run.folder.record:
            run.folder = run.folder.begin(replace(run.folder.record, job=run.job), run.recipe_text)
        values, longest = result.values, result.longest
        result = _finish(run, "finished", result.steps, values, [*formats, *new], longest, report)
    elif new:
        report.stage("mesh")
        _, made = _export(run, new, result.longest, report)
        result = replace(result, files={**result.files, **made})
        names = [file.name for file in made.values()]
        run.folder = run.folder.update(written=names, result=result)
    return replace(result, status="already finished")


def _restore_clock(run: Run, result: Result) -> None:
    """The seconds of the optimisation belong to the run; those of the export are measured again."""
    kept = {
        name: s
        for name, s in result.seconds.items()
        if name not in {"mesh", "material", "pictures"}
    }
    run.clock.seconds.update(kept)


def _evaluations(run: Run) -> int:
    """Of the prior, in all sessions; a run that is only exported again has not loaded it."""
    if "prior" in run.__dict__:
        return run.prior.evaluations
    record = run.folder.record
    return record.result.evaluations if record and record.result else 0


def _reading(run: Run) -> str:
    """How the prior understood the prompt; as recorded if it is not loaded."""
    if "prior" in run.__dict__:
        return run.prior.describe(run.prompt)
    record = run.folder.record
    return record.result.reading if record and record.result else ""


def _has_content(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except OSError:
        return False
