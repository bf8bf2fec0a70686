"""Every method on the same prompts, prior, scene, cameras and budget, against ground truth.

    python benchmarks/methods.py [--prompts 20] [--seeds 3] [--methods sds,vsd] [--scene splats] [--steps 180]
        [--folder outputs/methods] [--score-only] [--sheet docs/methods.png]

Prompts are evenly spaced lines of prompts/embedded.txt. Each run is scored against the library member it
converged to (silhouette IoU, Chamfer distance, PSNR) and by retrieval; `right` is the share with an IoU of at
least 0.85; `members` is the number of different members that a method's seeds reached for a prompt,
`members_fair` its expectation under uniform draws. Finished runs are not repeated; --score-only starts none.
Only prompts and seeds that every method has finished are counted.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path
from statistics import fmean

import numpy as np
from machine import keep
from PIL import Image, ImageDraw

from sds3d.cli.generate import MAKING
from sds3d.runs import compare
from sds3d.runs.batch import DONE, run
from sds3d.runs.folder import read_record
from sds3d.runs.job import RECORD, Job
from sds3d.runs.job_file import place, read_lines

PROMPTS = Path(__file__).parents[1] / "prompts/embedded.txt"
SMALL = (
    "camera.sizes=[32,48]",
    "export.resolution=64",
    "export.texture_size=64",
    "export.faces=2000",
)


def prompts(count: int) -> list[str]:
    """`count` lines of the prompts file, evenly spaced."""
    lines = read_lines(PROMPTS)
    return [lines[i] for i in np.linspace(0, len(lines) - 1, count).astype(int)]


def fair(members: int, seeds: int) -> float:
    """The expected number of different members in `seeds` uniform draws from `members`."""
    return members * (1 - (1 - 1 / members) ** seeds)


def finished(job: Job) -> bool:
    """Whether the job's run is complete."""
    record = job.folder() / RECORD
    return record.is_file() and json.loads(record.read_text(encoding="utf-8"))["status"] in DONE


def per_method(scores: list[dict[str, object]], seeds: int) -> dict[str, dict[str, float]]:
    """Means over prompts and seeds, the share of right objects, and diversity over seeds."""
    out = {}
    for method in dict.fromkeys(s["method"] for s in scores):
        rows = [s for s in scores if s["method"] == method]
        reached = defaultdict(set)
        for s in rows:
            reached[s["prompt"]].add(s["member"])
        numbers = {
            k: round(fmean(float(s[k]) for s in rows), 4) for k in compare.NUMBERS if k in rows[0]
        }
        numbers["runs"] = len(rows)
        numbers["right"] = round(fmean(float(s["iou"] >= 0.85) for s in rows), 3)
        numbers["members"] = round(fmean(len(v) for v in reached.values()), 2)
        numbers["members_fair"] = round(fair(rows[0]["members"], seeds), 2)
        split = [s["split"] for s in rows]
        for part in ("prior", "render", "backward", "student"):
            numbers[f"ms_{part}"] = round(
                1000 * fmean(p.get(part, 0) / s["steps"] for p, s in zip(split, rows, strict=True)),
                2,
            )
        out[method] = numbers
    return out


def sheet(folders: dict[str, dict[str, Path]], path: Path, side: int = 72) -> None:
    """Writes an image from the previews: methods down, prompts across, two views of each mesh."""
    prompts, margin = list(dict.fromkeys(p for row in folders.values() for p in row)), 40
    out = Image.new("RGB", (margin + 2 * side * len(prompts), side * len(folders)), "white")
    write = ImageDraw.Draw(out)
    for y, (method, row) in enumerate(folders.items()):
        write.text((4, side * y + side // 2), method, fill="black")
        for x, prompt in enumerate(prompts):
            with Image.open(row[prompt] / "preview.png") as preview:
                view = preview.width // 8  # eight views in a row; the last row is the mesh
                box = (0, preview.height - view, 2 * view, preview.height)
                out.paste(
                    preview.crop(box).resize((2 * side, side)), (margin + 2 * side * x, side * y)
                )
    out.quantize(128).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--methods", default=",".join(MAKING))
    parser.add_argument("--scene", default="splats")
    parser.add_argument("--steps", type=int, default=180)
    parser.add_argument("--score-only", action="store_true")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--folder", type=Path, default=Path("outputs/methods"))
    options = parser.parse_args()
    jobs = [
        place(Job(prompt, method=method, scene=options.scene, seed=seed, steps=options.steps, overrides=SMALL,
                  turntable_size=64),
              options.folder)
        for prompt in prompts(options.prompts)
        for seed in range(options.seeds)
        for method in options.methods.split(",")
    ]  # fmt: skip
    if not options.score_only:
        run(jobs, options.folder)
    ended = {job: read_record(job.folder()) for job in jobs if finished(job)}
    together = Counter((job.prompt, job.seed) for job in ended)
    scores = []
    for job, record in ended.items():
        if together[job.prompt, job.seed] < len(options.methods.split(",")):
            continue
        kept = job.folder() / "score.json"
        if not kept.is_file():
            row = {"folder": job.folder(), "status": record.status}
            kept.write_text(json.dumps(compare.score(job, row)), encoding="utf-8")
        scores.append(json.loads(kept.read_text(encoding="utf-8")))
    table = per_method(scores, options.seeds)
    for method, numbers in table.items():
        print(method, numbers)
    if options.sheet:
        shown = defaultdict(dict)
        for s in scores:
            shown[s["method"]].setdefault(s["prompt"], Path(s["folder"]))
        sheet(shown, options.sheet)
    for s in scores:
        del s["folder"]
    print(keep("methods", {"settings": {"steps": options.steps, "scene": options.scene, "prior": "exact",
                                        "seeds": options.seeds,
                                        "prompts": list(dict.fromkeys(s["prompt"] for s in scores))},
                           "methods": table, "runs": scores}))  # fmt: skip


if __name__ == "__main__":
    main()
