"""Time and peak memory of `sds3d generate`, measured on whole processes, one after another.

python benchmarks/generate.py ["a red armchair" ...] [--presets draft,laptop] [--methods sds,vsd]
    [--scenes nerf,triplane,splats]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import keep

PARTS = ("prior", "render", "backward", "optimizer", "student", "mesh", "pictures")


def run(prompt: str, preset: str, method: str, scene: str, folder: Path) -> dict[str, object]:
    """Seconds from the start of the process to the GLB and to its end, peak memory, and seconds per part."""
    command = [sys.executable, "-m", "sds3d", "generate", prompt, "--preset", preset, "--json"]
    command += ["--method", method, "--scene", scene, "--out", str(folder)]
    began = time.time()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    ended = time.time()
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{out}")
    result = json.loads(out)
    return {
        "prompt": prompt,
        "preset": preset,
        "method": method,
        "scene": scene,
        "seconds_to_glb": round((folder / "mesh.glb").stat().st_mtime - began, 1),
        "seconds": round(ended - began, 1),
        "peak_gib": round(usage.ru_maxrss / 2**20, 2),
        "steps": result["steps"],
        "split": {part: round(result["seconds"].get(part, 0.0), 1) for part in PARTS},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prompts", nargs="*", default=["a red armchair"])
    parser.add_argument("--presets", default="draft,laptop")
    parser.add_argument("--methods", default="sds")
    parser.add_argument("--scenes", default="nerf")
    options = parser.parse_args()
    rows = []
    print(
        f"{'prompt':28}{'preset':9}{'method':8}{'scene':10}{'GLB s':>7}{'all s':>7}{'GiB':>6}  split"
    )
    with tempfile.TemporaryDirectory() as scratch:
        for prompt in options.prompts:
            for preset in options.presets.split(","):
                for method in options.methods.split(","):
                    for scene in options.scenes.split(","):
                        row = run(prompt, preset, method, scene, Path(scratch) / str(len(rows)))
                        rows.append(row)
                        split = "  ".join(f"{k} {v}" for k, v in row["split"].items() if v)
                        print(
                            f"{prompt[:26]:28}{preset:9}{method:8}{scene:10}{row['seconds_to_glb']:7}"
                            f"{row['seconds']:7}{row['peak_gib']:6}  {split}"
                        )
    print(keep("generate", rows))


if __name__ == "__main__":
    main()
