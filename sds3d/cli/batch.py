"""sds3d batch"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from sds3d.runs.job import Job
    from sds3d.runs.plan import Plan


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
    jobs: Annotated[
        int, typer.Option(metavar="N", help="Processes at a time, among which threads are divided.")
    ] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make an object for each prompt in a file; finished jobs are skipped when it is repeated."""
    del debug  # read by main()
    for name, count in (("seeds", seeds), ("jobs", jobs)):
        if count < 1:
            raise UsageError(f"--{name} {count}: must be at least 1", "give a positive number")
    names = [one_of("method", name.strip(), OBJECTIVES) for name in methods.split(",")]

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
    todo = read_jobs(file, shared, names, range(seeds), out, trust_recipe=trust_recipe)
    if dry_run:
        preview(todo, out, json)
        return

    from sds3d.cli.console import JobTable, Lines
    from sds3d.runs.batch import DONE, run

    processes = min(jobs, len(todo))
    with JobTable() if processes > 1 else nullcontext(Lines()) as report:
        rows = run(todo, out, report, processes)
    done = sum(row["status"] in DONE for row in rows)
    if json:
        print(as_json(rows, len(todo), out))
    else:
        print(*closing(rows, len(todo), done, out), sep="\n")
    if len(rows) < len(todo) or any(row["status"] == "stopped" for row in rows):
        raise typer.Exit(INTERRUPTED)
    if done < len(todo):
        raise typer.Exit(1)


def closing(rows: list[dict], total: int, done: int, out: Path) -> list[str]:
    """The lines after a batch: what failed, with the command that runs it alone, and where the results are."""
    lines = []
    for row in rows:
        if row["status"] == "failed":
            lines += [f"failed: {row['prompt']}: {row['error']}", f"  {row['retry']}"]
    if lines:
        lines.append("The same batch again runs what has failed, and nothing that has finished.")
    elif done < total:
        lines.append("The same batch again goes on from here.")
    return [*lines, f"{done} of {total} done; {out / 'results.csv'}, {out / 'gallery.html'}"]


def preview(jobs: list[Job], out: Path, json: bool) -> None:
    """Prints what a batch would do; exit code 1 when some of its jobs cannot run."""
    from sds3d.runs.plan import plan

    plans = plan(jobs, out)
    if json:
        print(plans_as_json(plans))
    else:
        for number, one in enumerate(plans, 1):
            print(f"[{number}/{len(plans)}] {described(one)}")
        print(forecast(plans))
    if any(one.state in ("cannot run", "in use") for one in plans):
        raise typer.Exit(1)


def described(plan: Plan) -> str:
    """What would be done about a job, in one line."""
    from sds3d.cli.console import clock, title

    about = "" if plan.seconds is None else f", about {clock(plan.seconds)}"
    match plan.state:
        case "finished":
            what = f"finished, in {clock(plan.seconds or 0.0)}"
        case "goes on":
            what = f"goes on from step {plan.done} of {plan.steps}{about}"
        case "new":
            what = f"{plan.steps} steps{about}"
        case state:
            what = f"{state}: {plan.why}"
    return f"{title(plan.job)}: {what}"


def forecast(plans: list[Plan]) -> str:
    """How many jobs there are to run, and the time that they would take one after the other."""
    from sds3d.cli.console import clock

    todo = [plan for plan in plans if plan.state in ("new", "goes on")]
    finished = sum(plan.state == "finished" for plan in plans)
    bad = len(plans) - len(todo) - finished
    counted = f"{len(todo)} to run, {finished} finished" + (f", {bad} cannot run" if bad else "")
    known = [plan.seconds for plan in todo if plan.seconds is not None]
    if not todo:
        return counted
    if not known:
        return f"{counted}; no estimate before a run of the kind has finished"
    rest = f", and {len(todo) - len(known)} without an estimate" if len(known) < len(todo) else ""
    return f"{counted}; about {clock(sum(known))} one after the other{rest}"


def plans_as_json(plans: list[Plan]) -> str:
    """The plans as one JSON object."""
    import json

    kept = [
        {
            **{name: getattr(plan.job, name) for name in ("prompt", "method", "scene", "seed")},
            **{name: getattr(plan, name) for name in ("state", "done", "steps", "seconds", "why")},
            "folder": str(plan.job.folder()),
        }
        for plan in plans
    ]
    return json.dumps({"dry_run": True, "jobs": len(plans), "rows": kept})


def as_json(rows: list[dict], total: int, out: Path) -> str:
    """The rows as one JSON object.  total: the number of jobs, including those not run when stopped."""
    import json

    from sds3d.runs.batch import COLUMNS

    kept = [{name: row[name] for name in COLUMNS} for row in rows]
    files = {"results": str(out / "results.csv"), "gallery": str(out / "gallery.html")}
    return json.dumps({"jobs": total, **files, "rows": kept}, default=str)


EXAMPLE = """Examples:

\b
  sds3d batch prompts/embedded.txt --preset draft
  sds3d batch mine.jsonl --methods sds,vsd --seeds 2 --out outputs/mine
  sds3d batch mine.jsonl --out outputs/mine --dry-run
  sds3d batch mine.jsonl --out outputs/mine --jobs 4

Each line of mine.jsonl is an object with any of a job's keys:

\b
  {"prompt": "a red armchair", "scene": "triplane", "steps": 200, "overrides": ["camera.views=6"]}"""
