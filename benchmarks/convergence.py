"""How closely each scene and method matches the library member that it converged to.

    python benchmarks/convergence.py ["a red armchair" ...] [--preset laptop] [--seeds 1]

For each run: the silhouette IoU of the scene over 12 held-out views, and the Chamfer distance of the exported
mesh over its visible points, in percent of the member's diagonal.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from machine import keep

from sds3d.runs.generate import generate
from sds3d.runs.job import Job
from sds3d.runs.quality import converged


class Quiet:
    """A report that prints nothing."""

    def stage(self, name: str) -> None:
        pass

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        pass

    def note(self, line: str) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prompts", nargs="*", default=["a red armchair"])
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--scenes", default="nerf,triplane,splats")
    parser.add_argument("--methods", default="sds,vsd")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    rows = []
    print(f"{'prompt':28}{'scene':10}{'method':8}{'seed':>5}{'IoU':>8}{'Chamfer %':>11}{'s':>7}")
    for prompt in options.prompts:
        for scene in options.scenes.split(","):
            for method in options.methods.split(","):
                for seed in range(options.seeds):
                    with tempfile.TemporaryDirectory() as scratch:
                        folder = str(Path(scratch) / "run")
                        job = Job(
                            prompt=prompt,
                            scene=scene,
                            method=method,
                            seed=seed,
                            preset=options.preset,
                            out=folder,
                        )
                        result = generate(job, Quiet())
                        score = converged(result.folder)
                    seconds = sum(v for k, v in result.seconds.items() if k != "pictures")
                    row = {"prompt": prompt, "scene": scene, "method": method, "seed": seed}
                    rows.append(row | {"seconds": round(seconds, 1)} | score)
                    print(
                        f"{prompt[:26]:28}{scene:10}{method:8}{seed:5}{score['iou']:8.3f}"
                        f"{score['chamfer_percent']:11.2f}{seconds:7.0f}"
                    )
    print(keep("convergence", rows))


if __name__ == "__main__":
    main()
