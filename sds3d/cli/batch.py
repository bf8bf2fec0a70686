"""sds3d batch"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sds3d.cli.options import (
    Debug,
    Device,
    Format,
    Json,
    Methods,
    Overrides,
    Preset,
    Prior,
    Scene,
    Seeds,
    Steps,
)
from sds3d.errors import INTERRUPTED, UsageError
from sds3d.lookup import one_of
from sds3d.objectives import OBJECTIVES
from sds3d.scenes import SCENES


def batch(
    file: Annotated[
        Path, typer.Argument(help=".txt (one prompt per line), .jsonl, .json, .csv or .tsv.")
    ],
    methods: Methods = "sds",
    scene: Scene = "nerf",
    seeds: Seeds = 1,
    preset: Preset = "laptop",
    steps: Steps = None,
    prior: Prior = "exact",
    device: Device = "auto",
    format: Format = "glb",
    set: Overrides = None,
    out: Annotated[Path, typer.Option(help="Folder for the runs.")] = Path("outputs/batch"),
    trust_recipe: Annotated[
        bool, typer.Option("--trust-recipe", help="Allow the file to name code to import.")
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make an object for each prompt in a file; finished jobs are skipped when it is repeated."""
    del debug  # read by main()
    if seeds < 1:
        raise UsageError(f"--seeds {seeds}: must be at least 1", "give a positive number")
    names = [one_of("method", name.strip(), OBJECTIVES) for name in methods.split(",")]

    from sds3d.cli.console import Lines
    from sds3d.runs.batch import DONE, run
    from sds3d.runs.job_file import read_jobs

    shared = {
        "scene": one_of("scene", scene, SCENES),
        "preset": preset,
        "steps": steps,
        "prior": prior,
        "device": device,
        "formats": tuple(part.strip() for part in format.split(",")),
        "overrides": tuple(set or ()),
        "trust_recipe": trust_recipe,
    }
    jobs = read_jobs(file, shared, names, range(seeds), out, trust_recipe=trust_recipe)
    rows = run(jobs, out, Lines())
    done = sum(row["status"] in DONE for row in rows)
    if json:
        print(as_json(rows, len(jobs), out))
    else:
        print(f"{done} of {len(jobs)} done; {out / 'results.csv'}")
    if rows[-1]["status"] == "stopped":
        raise typer.Exit(INTERRUPTED)
    if done < len(jobs):
        raise typer.Exit(1)


def as_json(rows: list[dict], total: int, out: Path) -> str:
    """The rows as one JSON object.  total: the number of jobs, including those not run when stopped."""
    import json

    from sds3d.runs.batch import COLUMNS

    kept = [{name: row[name] for name in COLUMNS} for row in rows]
    return json.dumps(
        {"jobs": total, "results": str(out / "results.csv"), "rows": kept}, default=str
    )


EXAMPLE = """Examples:

\b
  sds3d batch prompts/embedded.txt --preset draft
  sds3d batch mine.jsonl --methods sds,vsd --seeds 2 --out outputs/mine

Each line of mine.jsonl is an object with any of a job's keys:

\b
  {"prompt": "a red armchair", "scene": "triplane", "steps": 200, "overrides": ["camera.views=6"]}"""
