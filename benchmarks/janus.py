"""Does ESD show fewer second faces than VSD where the prior cannot see the camera?

    python benchmarks/janus.py [--prompt "a teddy bear"] [--seeds 30] [--methods vsd,esd] [--steps 120]
        [--folder outputs/janus]

The camera-blind exact prior scores each view alone, over the object turned to any of eight sides, so that
every view may become the likeliest one.  Of each result, eight views are given the side of the nearest
library member that they look most like; `faces` is how many of the five views from the side and from behind
(90 degrees and more from the front) look like the front or its neighbours, and a result with one or more is
counted as Janus.  `sides` is how many different sides the eight views show; of a right object, eight.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import fmean

import torch
from machine import keep

from sds3d import checkpoint, outputs, parts, runs
from sds3d import recipe as recipes
from sds3d.batch import DONE, place, run
from sds3d.cameras import orbit
from sds3d.job import Job
from sds3d.priors.exact import render
from sds3d.prompts import parse

VIEWS, SIZE = 8, 64
SMALL = ("camera.sizes=[48]", "export.resolution=48", "export.texture_size=64", "export.faces=1000",
         "prior.camera_blind=true")  # fmt: skip


def sides(folder: Path) -> list[int]:
    """Which side of the nearest member each of the eight views looks like, 0 the front, counted round."""
    job, _ = runs.read_run(folder)
    recipe = recipes.load(folder / runs.RECIPE)
    scene = parts.scene(recipe, job.seed, torch.device("cpu"))
    checkpoint.unpack_module(scene, checkpoint.read(folder / runs.CHECKPOINT)[0], "scene")
    members = parts.prior(job.prior, recipe, job.seed).members(parse(job.prompt))
    models = [m for m, p in zip(members.models, members.text, strict=True) if p > 0]
    cameras, grey = orbit(VIEWS, SIZE, elevation_deg=15), torch.full((VIEWS, 3), 0.5)
    with torch.no_grad():
        seen = scene.render(cameras, grey).rgb.flatten(1)
    known = render(models, cameras, grey, 2).permute(1, 0, 3, 4, 2).flatten(2)  # (M, side, pixels)
    error = torch.cdist(seen[None], known)  # (M, view, side)
    return error.amin(0).argmin(-1).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompt", default="a teddy bear")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--methods", default="sds,vsd,esd")
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--folder", type=Path, default=Path("outputs/janus"))
    options = parser.parse_args()
    outputs.TURNTABLE = {"views": 2, "size": 32}
    rows = []
    for method in options.methods.split(","):
        jobs = [
            place(Job(options.prompt, method=method, scene="triplane", seed=seed, steps=options.steps,
                      overrides=(*SMALL, *options.set)), options.folder)
            for seed in range(options.seeds)
        ]  # fmt: skip
        done = [row for row in run(jobs, options.folder) if row["status"] in DONE]
        shown = [sides(Path(row["folder"])) for row in done]
        faces = [sum(side in (7, 0, 1) for side in views[2:7]) for views in shown]
        rows.append({
            "method": method, "runs": len(shown), "janus": fmean(n > 0 for n in faces),
            "faces": fmean(faces), "sides": fmean(len(set(views)) for views in shown),
        })  # fmt: skip
        print(rows[-1])
    print(
        keep(
            "janus",
            {"prompt": options.prompt, "steps": options.steps, "set": options.set, "rows": rows},
        )
    )


if __name__ == "__main__":
    main()
