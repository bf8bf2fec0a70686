"""Methods side by side: the same prompts, prior, scene, camera stream and budget; a row of numbers per run."""

from __future__ import annotations

import base64
import json
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from importlib.resources import files as resources
from pathlib import Path
from string import Template
from typing import Any

from sds3d.errors import RunError
from sds3d.files import write as write_file
from sds3d.mesh.load import exported_frame, load_shape
from sds3d.metrics.retrieval import guesses, ranking, shape_images, variety
from sds3d.priors.exact.choose import reading
from sds3d.runs.batch import DONE
from sds3d.runs.job import Job
from sds3d.runs.quality import converged
from sds3d.runs.run import open_run, trial

PROBES = 5  # steps at which a method's evaluations are counted for a budget
PROBE_SIZE = 16  # pixels


@dataclass(frozen=True)
class Number:
    """How a number of a run is displayed: its name, its unit, and the factor from its stored value."""

    name: str
    unit: str = ""
    factor: float = 1.0

    @property
    def heading(self) -> str:
        """The name with its unit."""
        return f"{self.name}, {self.unit}" if self.unit else self.name


NUMBERS = {
    "iou": Number("overlap of volumes (IoU)"),
    "chamfer_percent": Number("Chamfer distance", "% of the size"),
    "psnr": Number("likeness of views (PSNR)", "dB"),
    "r1": Number("right kind nearest", "%", 100),
    "r5": Number("right kind among five", "%", 100),
    "iv": Number("variety of views", "nats"),
    "ig": Number("gain of variety", "nats"),
    "seconds": Number("time to the mesh", "s"),
    "evaluations": Number("evaluations of the prior", "images"),
    "peak_gib": Number("memory", "GiB"),
}


def with_budget(job: Job, evaluations: int) -> Job:
    """The job with the step count that a budget of `evaluations` (images that the prior denoises) affords.

    Counted over PROBES steps, from the first to the last, of the run at PROBE_SIZE pixels.
    """
    run = trial(replace(job, overrides=(*job.overrides, f"camera.sizes=[{PROBE_SIZE}]")))
    for probe in range(PROBES):
        run.optimization.take(probe * (run.recipe.steps - 1) // (PROBES - 1))
    return replace(job, steps=max(1, round(evaluations * PROBES / run.prior.evaluations)))


def score(job: Job, row: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a finished run; `row` is the batch's.  Raises RunError when the run cannot be read."""
    run = open_run(Path(row["folder"]))
    result = run.folder.record.result if run.folder.record else None
    if result is None:
        raise RunError(f"the run in '{run.folder.path}' has no result", "run the comparison again")
    file = run.folder.path / "mesh.glb"
    shape, _ = load_shape(file)
    points = exported_frame(file).to_scene(shape.vertices)
    pictures = shape_images(points, shape.faces, shape.normals)
    numbers = {"prompt": job.prompt, "method": job.method, "scene": job.scene, "seed": job.seed}
    if job.prior == "exact":
        wanted = {name for name, _ in reading(run.prompt).matches}
        order = ranking(pictures)
        place = min(order.index(name) for name in wanted)
        numbers |= converged(run) | {"r1": float(place < 1), "r5": float(place < 5)}
    numbers |= variety(guesses(pictures))
    timed = {name: value for name, value in result.seconds.items() if name != "pictures"}
    numbers |= {"seconds": round(sum(timed.values()), 2), "steps": result.steps}
    numbers |= {"evaluations": result.evaluations, "peak_gib": round(result.peak_gib, 2)}
    return numbers | {"split": timed, "folder": str(run.folder.path)}


def score_all(jobs: Sequence[Job], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The numbers of the runs that finished, in order."""
    pairs = zip(jobs, rows, strict=False)
    return [score(job, row) for job, row in pairs if row["status"] in DONE]


@dataclass(frozen=True)
class Summary:
    """A number over `count` runs."""

    mean: float
    std: float
    count: int

    def text(self, factor: float = 1.0) -> str:
        """The mean, with the standard deviation where there is more than one run."""
        spread = f" ± {factor * self.std:.2g}" if self.count > 1 else ""
        return f"{factor * self.mean:.3g}{spread}"


def summary(scores: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Summary]]:
    """Method -> number -> its mean and standard deviation over prompts and seeds."""
    out: dict[str, dict[str, Summary]] = {}
    for method in dict.fromkeys(s["method"] for s in scores):
        rows = [s for s in scores if s["method"] == method]
        known = [name for name in NUMBERS if name in rows[0]]
        values = {name: [float(s[name]) for s in rows] for name in known}
        out[method] = {
            name: Summary(statistics.fmean(v), statistics.pstdev(v), len(v))
            for name, v in values.items()
        }
    return out


def write(scores: Sequence[Mapping[str, Any]], out: Path) -> Path:
    """Writes compare.json and compare.html, a self-contained page; returns the page's path."""
    write_file(out / "compare.json", json.dumps(list(scores), indent=1) + "\n")
    page = Template(resources("sds3d.runs").joinpath("compare.html").read_text(encoding="utf-8"))
    text = page.substitute(table=_table(summary(scores)), rows=_turntables(scores, out))
    write_file(out / "compare.html", text)
    return out / "compare.html"


def _table(rows: Mapping[str, Mapping[str, Summary]]) -> str:
    known = [name for name in NUMBERS if name in next(iter(rows.values()))]
    head = "".join(f"<th>{escape(NUMBERS[name].heading)}" for name in known)
    body = []
    for method, numbers in rows.items():
        cells = (f"<td>{number.text(NUMBERS[name].factor)}" for name, number in numbers.items())
        body.append(f"<tr><th>{escape(method)}{''.join(cells)}")
    return f"<tr><th>method{head}" + "\n".join(body)


def _turntables(scores: Sequence[Mapping[str, Any]], out: Path) -> str:
    """A row of turntables for each prompt and seed, one per method, linked to the runs' pages."""
    parts = []
    for prompt, seed in dict.fromkeys((s["prompt"], s["seed"]) for s in scores):
        parts.append(f"<h2>{escape(prompt)}, seed {seed}</h2><div>")
        for s in scores:
            if (s["prompt"], s["seed"]) == (prompt, seed):
                parts.append(_figure(s, out))
        parts.append("</div>")
    return "\n".join(parts)


def _figure(s: Mapping[str, Any], out: Path) -> str:
    folder = Path(s["folder"])
    try:
        film = base64.b64encode((folder / "turntable.mp4").read_bytes()).decode()
    except OSError as error:
        message = f"cannot read '{folder / 'turntable.mp4'}': {error.strerror}"
        raise RunError(message, "run the comparison again") from error
    video = f'<video src="data:video/mp4;base64,{film}" autoplay loop muted playsinline></video>'
    page = escape(os.path.relpath(folder / "report.html", out))
    return f'<figure>{video}<figcaption><a href="{page}">{escape(s["method"])}</a></figcaption></figure>'
