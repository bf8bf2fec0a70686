"""sds3d batch"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sds3d.errors import INTERRUPTED, UsageError
from sds3d.lookup import one_of
from sds3d.objectives import OBJECTIVES
from sds3d.scenes import SCENES


def batch(
    file: Annotated[Path, typer.Argument(help=".txt (a prompt a line), .jsonl or .csv.")],
    methods: Annotated[str, typer.Option(help="Objectives, with commas.")] = "sds",
    scene: Annotated[str, typer.Option(help="nerf, triplane or splats.")] = "nerf",
    seeds: Annotated[int, typer.Option(help="Seeds 0 to N - 1 of each prompt.")] = 1,
    preset: Annotated[str, typer.Option(help="draft, laptop or quality.")] = "laptop",
    prior: Annotated[str, typer.Option(help="exact, exact:FOLDER, or diffusers:MODEL.")] = "exact",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    out: Annotated[Path, typer.Option(help="Where the run folders go.")] = Path("outputs/batch"),
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
) -> None:
    """Make an object for each prompt of a file; finished work is skipped when run again."""
    del debug  # read by main()
    if seeds < 1:
        raise UsageError(f"--seeds {seeds}: must be at least 1", "give a positive number")
    names = [one_of("method", name.strip(), OBJECTIVES) for name in methods.split(",")]

    from sds3d.runs.batch import DONE, read_jobs, run

    shared = {
        "scene": one_of("scene", scene, SCENES),
        "preset": preset,
        "prior": prior,
        "device": device,
    }
    jobs = read_jobs(file, shared, names, range(seeds), out)
    rows = run(jobs, out)
    done = sum(row["status"] in DONE for row in rows)
    print(f"{done} of {len(jobs)} done; {out / 'results.csv'}")
    if rows[-1]["status"] == "stopped":
        raise typer.Exit(INTERRUPTED)
    if done < len(jobs):
        raise typer.Exit(1)


batch.example = """Examples:

\b
  sds3d batch prompts/embedded.txt --preset draft
  sds3d batch mine.jsonl --methods sds,vsd --seeds 2 --out outputs/mine

A line of mine.jsonl is an object with any of the keys of a job:

\b
  {"prompt": "a red armchair", "scene": "triplane", "steps": 200, "overrides": ["camera.views=6"]}"""
