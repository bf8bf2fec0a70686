"""The time of a step of every method, beside what its evaluations of the prior should cost.

    python benchmarks/steps.py [--scene triplane] [--size 64] [--steps 40]

expected = the step of SDS + (evaluations - those of SDS) x one evaluation + the student's training, which is
timed by itself; `ratio` is measured / expected.  One evaluation is a picture's share of a `predict_noise` of
8 pictures, as CFG over four views asks for.
"""

from __future__ import annotations

import argparse
import itertools
import time
from statistics import median

import torch
from machine import keep

from sds3d import parts, students
from sds3d import recipe as recipes
from sds3d.fit import Clock, fit
from sds3d.job import METHODS, Job
from sds3d.priors import Counted, cat
from sds3d.prompts import parse

PROMPT, WARM = "a red armchair", 6


def timed(method: str, scene: str, size: int, steps: int) -> dict[str, float]:
    """Median seconds of a step, evaluations a step, and the student's share."""
    job = Job(
        PROMPT,
        method=method,
        scene=scene,
        steps=WARM + steps,
        overrides=(f"camera.sizes=[{size}]",),
    )
    recipe, where, total = recipes.resolve(job), torch.device("cpu"), WARM + steps
    prior, clock, ends = Counted(parts.prior("exact", recipe, 0)), Clock(), []
    made = parts.scene(recipe, 0, where)

    def on_step(step: int, *_: object) -> bool:
        ends.append((time.perf_counter(), prior.evaluations, clock.seconds["student"]))
        return True

    fit(made, prior, parts.objective(recipe), parse(PROMPT), parts.sampling(recipe, total, 0, where),
        parts.trainer(recipe, made), steps=range(total), total=total, seed=0,
        gradient=parts.gradient(recipe), regularizers=recipe.regularizers,
        learner=students.learner("exact", recipe, prior, 0, where), on_step=on_step, clock=clock)  # fmt: skip
    kept = ends[WARM - 1 :]
    seconds = [b[0] - a[0] for a, b in itertools.pairwise(kept)]
    student = [b[2] - a[2] for a, b in itertools.pairwise(kept)]
    return {
        "seconds": median(seconds),
        "evaluations": (kept[-1][1] - kept[0][1]) / steps,
        "student": median(student),
    }


def one_evaluation(method: str, scene: str, size: int) -> float:
    """Median seconds that the prior takes for one picture of a guided batch."""
    job = Job(PROMPT, method=method, scene=scene, overrides=(f"camera.sizes=[{size}]",))
    recipe, rng = recipes.resolve(job), torch.Generator().manual_seed(0)
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
    rows = {m: timed(m, options.scene, options.size, options.steps) for m in METHODS}
    sds = rows["sds"]
    for method, row in rows.items():
        each = one_evaluation(method, options.scene, options.size)
        more = (row["evaluations"] - sds["evaluations"]) * each
        row |= {"one_evaluation": each, "expected": sds["seconds"] + more + row["student"]}
        row["ratio"] = row["seconds"] / row["expected"]
        print(method, {name: round(value, 5) for name, value in row.items()})
    print(keep("steps", {"settings": vars(options), "methods": rows}))


if __name__ == "__main__":
    main()
