"""Methods side by side: the same prompts, prior, scene, camera stream and budget; a row of numbers a run."""

from __future__ import annotations

import base64
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from sds3d.language.prompt import parse
from sds3d.loops.step import take_step
from sds3d.mesh.load import load as load_mesh
from sds3d.metrics.retrieval import guesses, ranking, shape_images, variety
from sds3d.priors.exact.choose import reading
from sds3d.recipe import build as parts
from sds3d.runs import folder as runs
from sds3d.runs.batch import DONE
from sds3d.runs.job import Job, resolve
from sds3d.runs.quality import converged

NUMBERS = (
    "iou",
    "chamfer_percent",
    "psnr",
    "r1",
    "r5",
    "iv",
    "ig",
    "seconds",
    "evaluations",
    "peak_gib",
)
PROBES = 5  # steps at which a method's evaluations are counted for a budget
PROBE_SIZE = 16  # pixels


def with_budget(job: Job, evaluations: int) -> Job:
    """The job with the step count that a budget of `evaluations` (images that the prior denoises) affords.

    Counted over PROBES steps, from the first to the last, of the run at PROBE_SIZE pixels.
    """
    recipe = resolve(replace(job, overrides=(*job.overrides, f"camera.sizes=[{PROBE_SIZE}]")))
    prompt = parse(job.prompt, job.negative, job.image)
    prior = parts.prior(job.prior, recipe, job.seed)
    run = parts.optimization(recipe, prior, prompt, seed=job.seed, where=parts.CPU)
    for probe in range(PROBES):
        take_step(run, probe * (recipe.steps - 1) // (PROBES - 1))
    return replace(job, steps=max(1, round(evaluations * PROBES / prior.evaluations)))


def score(job: Job, row: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a finished run; `row` is the batch's."""
    folder = Path(row["folder"])
    _, record = runs.read_run(folder)
    result = record["result"]
    mesh = load_mesh(folder / "mesh.glb")
    pictures = shape_images(mesh.vertices, mesh.faces, mesh.normals)
    numbers = {"prompt": job.prompt, "method": job.method, "scene": job.scene, "seed": job.seed}
    if job.prior == "exact":
        wanted = {name for name, _ in reading(parse(job.prompt)).matches}
        order = ranking(pictures)
        place = min(order.index(name) for name in wanted)
        numbers |= converged(folder) | {"r1": float(place < 1), "r5": float(place < 5)}
    numbers |= variety(guesses(pictures))
    timed = {name: value for name, value in result["seconds"].items() if name != "pictures"}
    numbers |= {"seconds": round(sum(timed.values()), 2), "steps": result["steps"]}
    numbers |= {"evaluations": result["evaluations"], "peak_gib": round(result["peak_gib"], 2)}
    return numbers | {"split": timed, "folder": str(folder)}


def score_all(jobs: Sequence[Job], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The numbers of the runs that finished, in order."""
    pairs = zip(jobs, rows, strict=False)
    return [score(job, row) for job, row in pairs if row["status"] in DONE]


def summary(scores: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, tuple[float, float]]]:
    """Method -> number -> (mean, standard deviation over prompts and seeds)."""
    out: dict[str, dict[str, tuple[float, float]]] = {}
    for method in dict.fromkeys(s["method"] for s in scores):
        rows = [s for s in scores if s["method"] == method]
        known = [name for name in NUMBERS if name in rows[0]]
        values = {name: [float(s[name]) for s in rows] for name in known}
        out[method] = {
            name: (statistics.fmean(v), statistics.pstdev(v)) for name, v in values.items()
        }
    return out


def write(scores: Sequence[Mapping[str, Any]], out: Path) -> Path:
    """Writes compare.json and compare.html, a page that needs no other file; returns the page's path."""
    (out / "compare.json").write_text(json.dumps(list(scores), indent=1) + "\n", encoding="utf-8")
    page = Template(files("sds3d.runs").joinpath("compare.html").read_text(encoding="utf-8"))
    text = page.substitute(table=_table(summary(scores)), rows=_turntables(scores))
    runs.write_text(out / "compare.html", text)
    return out / "compare.html"


def _table(rows: Mapping[str, Mapping[str, tuple[float, float]]]) -> str:
    known = [name for name in NUMBERS if name in next(iter(rows.values()))]
    head = "".join(f"<th>{name}" for name in ("method", *known))
    body = []
    for method, numbers in rows.items():
        cells = (f"<td>{m:.3g} <small>± {s:.2g}</small>" for m, s in numbers.values())
        body.append(f"<tr><th>{escape(method)}{''.join(cells)}")
    return f"<tr>{head}" + "\n".join(body)


def _turntables(scores: Sequence[Mapping[str, Any]]) -> str:
    """A row of videos for each prompt and seed, a method each."""
    out = []
    for prompt, seed in dict.fromkeys((s["prompt"], s["seed"]) for s in scores):
        out.append(f"<h2>{escape(prompt)}, seed {seed}</h2><div>")
        for s in scores:
            if (s["prompt"], s["seed"]) == (prompt, seed):
                video = base64.b64encode(
                    (Path(s["folder"]) / "turntable.mp4").read_bytes()
                ).decode()
                source = f'src="data:video/mp4;base64,{video}"'
                film = f"<video {source} autoplay loop muted playsinline></video>"
                out.append(f"<figure>{film}<figcaption>{escape(s['method'])}</figcaption></figure>")
        out.append("</div>")
    return "\n".join(out)
