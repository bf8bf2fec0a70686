"""The time of one step of every method, against what its evaluations of the prior should cost.

    python benchmarks/steps.py [--scene triplane] [--size 64] [--steps 40]

Rendering, backward and optimiser do not depend on the method and are taken from SDS, since they vary with the
state of the scene. measured = those + the method's conditioning and objective + the student's training;
expected = the step of SDS + (evaluations - those of SDS) x one evaluation + the student's training; `ratio` is
measured / expected. One evaluation is one image's share of `predict_noise` on 8 images, as in a guided step
over four views.
"""

from __future__ import annotations

import argparse
import itertools
import time
from statistics import median

import torch
from machine import keep

from sds3d.cli.generate import MAKING
from sds3d.diffusion.cond import cat
from sds3d.language.prompt import parse
from sds3d.loops.scene import optimize
from sds3d.loops.step import Event
from sds3d.recipe import build as parts
from sds3d.runs.job import Job, resolve

PROMPT, WARM = "a red armchair", 6


def timed(
    method: str,
    scene: str,
    size: int,
    steps: int,
    *,
    warm: int = WARM,
    where: torch.device = parts.CPU,
) -> dict[str, float]:
    """Evaluations per step, and the median seconds of a step's parts, after `warm` steps."""
    job = Job(
        PROMPT,
        method=method,
        scene=scene,
        steps=warm + steps,
        overrides=(f"camera.sizes=[{size}]",),
    )
    recipe = resolve(job)
    total = warm + steps
    prior = parts.prior("exact", recipe, 0, where)
    run = parts.optimization(recipe, prior, parse(PROMPT), seed=0, where=where)
    ends: list[tuple[int, dict[str, float]]] = []

    def on_step(event: Event) -> bool:
        ends.append((prior.evaluations, dict(run.clock.seconds)))
        return True

    optimize(run, range(total), on_step)
    kept = ends[warm - 1 :]
    spent = {
        part: median(b[1].get(part, 0) - a[1].get(part, 0) for a, b in itertools.pairwise(kept))
        for part in ("prior", "render", "backward", "optimizer", "student")
    }
    return {"evaluations": (kept[-1][0] - kept[0][0]) / steps, **spent}


def one_evaluation(method: str, scene: str, size: int) -> float:
    """Median seconds of the prior for one image of a guided batch."""
    job = Job(PROMPT, method=method, scene=scene, overrides=(f"camera.sizes=[{size}]",))
    recipe, rng = resolve(job), torch.Generator().manual_seed(0)
    prior = parts.prior("exact", recipe, 0)
    draw = parts.sampling(recipe, recipe.steps, 0, torch.device("cpu"))
    cond = prior.condition(parse(PROMPT), draw.cameras(rng, 0), draw.background(rng, 0))
    both, times = cat([cond, cond.unconditional()]), []
    z_t, t = torch.randn(len(both), 3, size, size), torch.full((len(both),), 0.5)
    with torch.no_grad():
        for _ in range(50):
            start = time.perf_counter()
            prior.predict_noise(z_t, t, both)
            times.append((time.perf_counter() - start) / len(both))
    return median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scene", default="triplane")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    rows = {m: timed(m, options.scene, options.size, options.steps) for m in MAKING}
    sds = rows["sds"]
    rest = sds["render"] + sds["backward"] + sds["optimizer"]
    for method, row in rows.items():
        each = one_evaluation(method, options.scene, options.size)
        more = (row["evaluations"] - sds["evaluations"]) * each
        measured = rest + row["prior"] + row["student"]
        expected = rest + sds["prior"] + more + row["student"]
        row |= {"one_evaluation": each, "measured": measured, "expected": expected}
        row["ratio"] = measured / expected
        print(method, {name: round(value, 5) for name, value in row.items()})
    print(keep("steps", {"settings": vars(options), "methods": rows}))


if __name__ == "__main__":
    main()
