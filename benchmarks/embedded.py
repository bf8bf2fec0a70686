"""The quality of objects that `generate` makes with a network of the embedded prior.

    python benchmarks/embedded.py NETWORK --data SET... [--prompts 40] [--preset laptop] [--seed 0]
        [--folder outputs/embedded] [--sheet docs/embedded.png]

Prompts are random but determined by the seed: a concept from the network's list in one of twenty colours.
Each GLB is rendered under the library's light in four views and ranked against all training objects by
EfficientNet-lite0's features (R@1, R@5); its colours and its seconds are recorded.  --sheet renders all of them
with their ranks for inspection, since no score detects a second face.  Finished runs are not repeated.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from statistics import fmean, median

import torch
from machine import keep
from torch import Tensor

from sds3d.mesh.load import load as load_mesh
from sds3d.mesh.pictures import contact_sheet, render_mesh
from sds3d.metrics.features import imagenet
from sds3d.priors.embedded.prior import CONCEPTS
from sds3d.runs.batch import DONE, run
from sds3d.runs.folder import read_record
from sds3d.runs.job import Job
from sds3d.runs.job_file import place
from sds3d.training.data.drawing import draw
from sds3d.training.data.shapes import from_file
from sds3d.training.data.shards import load_training_set
from sds3d.training.evaluate import (
    lit,
    on_grey,
    prompt_for,
    ranks,
    recalls,
    references,
    right_colors,
)
from sds3d.training.pool import PAINTS, build_pool
from sds3d.training.views import GROUP
from sds3d.views.cameras import orbit
from sds3d.views.lighting import LIGHT


def random_prompts(network: Path, count: int, seed: int) -> list[tuple[str, str]]:
    """`count` (concept, colour) pairs with different concepts."""
    names = (network / CONCEPTS).read_text(encoding="utf-8").splitlines()
    rng = random.Random(seed)
    return [(name, rng.choice(PAINTS)) for name in rng.sample(names, min(count, len(names)))]


def images_of(glb: Path, size: int) -> Tensor:
    """Four views of a GLB under the library's light, over mid-grey: (4, 3, S, S)."""
    views = draw(from_file(glb), orbit(GROUP, size, elevation_deg=20).rotated(25))
    albedo = torch.from_numpy(views.albedo)
    normals = torch.from_numpy(views.normals)
    rgba, shade = lit(albedo, normals, torch.as_tensor(LIGHT))
    return on_grey(rgba[..., :3], rgba[..., 3:], shade)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", type=Path)
    parser.add_argument("--data", nargs="+", type=Path, required=True)
    parser.add_argument("--prompts", type=int, default=40)
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--folder", type=Path, default=Path("outputs/embedded"))
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    pairs = random_prompts(options.network, options.prompts, options.seed)
    jobs = [
        place(Job(prompt_for(name, color), prior=f"embedded:{options.network}", preset=options.preset,
                  overrides=tuple(options.set)), options.folder)
        for name, color in pairs
    ]  # fmt: skip
    run(jobs, options.folder)
    records = [read_record(job.folder()) for job in jobs]
    assert all(record.status in DONE for record in records), "a run failed; see results.csv"
    corpora = [load_training_set(folder) for folder in options.data]
    known = references(build_pool(corpora, LIGHT), corpora, imagenet)
    images = torch.stack(
        [images_of(job.folder() / "mesh.glb", known.images.shape[-1]) for job in jobs]
    )
    places = ranks(images, [name for name, _ in pairs], known, imagenet)
    seconds = [sum(record.result.seconds.values()) for record in records]
    rows = [
        {"prompt": job.prompt, "place": int(place), "seconds": round(s, 1)}
        for job, place, s in zip(jobs, places, seconds, strict=True)
    ]
    values = {
        "preset": options.preset,
        "prompts": len(rows),
        "concepts": len(known.concepts),
        **recalls(places),
        "colours": right_colors(list(images), [color for _, color in pairs]),
        "seconds_median": round(median(seconds), 1),
        "seconds_mean": round(fmean(seconds), 1),
        "seconds_max": round(max(seconds), 1),
    }
    print(json.dumps(values, indent=1))
    if options.sheet:
        cameras = orbit(2 * GROUP, 128, elevation_deg=20).rotated(25)[::2]
        meshes = [load_mesh(job.folder() / "mesh.glb") for job in jobs]
        shown = [
            (f"{row['prompt']} ({row['place'] + 1})", list(render_mesh(mesh, cameras)))
            for row, mesh in zip(rows, meshes, strict=True)
        ]
        contact_sheet(shown, options.sheet, columns=4)
    print(keep("embedded", {**values, "runs": rows}))


if __name__ == "__main__":
    main()
