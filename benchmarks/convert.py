"""Conversions between kinds of scene: how closely what is made looks like its source, and how long it takes.

    python benchmarks/convert.py [PROMPT ...] [--preset laptop] [--to nerf,splats] [--folder outputs/convert]

Each prompt is made as a NeRF, a triplane and splats, and the NeRF's mesh.glb is a source too; each of them
is converted to every kind. `psnr` (dB, all pixels over grey), `psnr_object` (those that either covers) and
`iou` are those of `sds3d.metrics.fidelity`. `cpu_seconds` is the processor time of all of it: conversion, mesh,
pictures and report. Rows that results/convert.json has already are kept.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from machine import RESULTS, keep

from sds3d.runs.convert import convert
from sds3d.runs.generate import generate
from sds3d.runs.job import Job
from sds3d.runs.to_mesh import to_mesh
from sds3d.scenes import SCENES

PROMPTS = ("a red armchair", "a yellow school bus")
SCORES = ("psnr", "psnr_object", "iou")


def sources(prompt: str, preset: str, folder: Path) -> dict[str, Path]:
    """kind -> run folder or mesh file, made where they are missing."""
    found = {}
    for scene in SCENES:
        out = folder / f"{prompt.replace(' ', '-')}-{scene}"
        generate(Job(prompt, scene=scene, preset=preset, out=str(out)))
        found[scene] = out
    return found | {"mesh": found["nerf"] / "mesh.glb"}


def kept(preset: str) -> list[dict[str, Any]]:
    """The rows of the same preset that were measured before."""
    path = RESULTS / "convert.json"
    values = json.loads(path.read_text())["values"] if path.is_file() else {}
    return values["rows"] if values.get("preset") == preset else []


def measured(
    prompt: str, kind: str, start: Path, to: str, preset: str, folder: Path
) -> dict[str, Any]:
    """The row of one conversion."""
    out = folder / f"{prompt.replace(' ', '-')}-{kind}-to-{to}"
    began = time.process_time()
    if to == "mesh":
        result = to_mesh(start, prompt=prompt, out=str(out), overwrite=True)
    else:
        job = convert(start, to, prompt=prompt, preset=preset, out=str(out), overwrite=True)
        result = generate(job)
    seconds = time.process_time() - began
    scores = {name: round(result.values[name], 4) for name in SCORES}
    return {"prompt": prompt, "from": kind, "to": to, **scores, "cpu_seconds": round(seconds, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prompts", nargs="*", default=list(PROMPTS))
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--to", default=",".join((*SCENES, "mesh")))
    parser.add_argument("--folder", type=Path, default=Path("outputs/convert"))
    asked = parser.parse_args()
    rows = kept(asked.preset)
    known = {(row["prompt"], row["from"], row["to"]) for row in rows}
    for prompt in asked.prompts:
        for kind, start in sources(prompt, asked.preset, asked.folder).items():
            for to in asked.to.split(","):
                if (prompt, kind, to) in known:
                    continue
                rows.append(measured(prompt, kind, start, to, asked.preset, asked.folder))
                print(rows[-1], flush=True)
                keep("convert", {"preset": asked.preset, "rows": rows})


if __name__ == "__main__":
    main()
