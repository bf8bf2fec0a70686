"""sds3d compare"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sds3d.cli.generate import MAKING
from sds3d.cli.options import Debug, Device, Methods, Overrides, Preset, Prior, Scene, Seeds
from sds3d.errors import INTERRUPTED, UsageError
from sds3d.lookup import one_of
from sds3d.objectives import OBJECTIVES
from sds3d.runs.job import Job
from sds3d.scenes import SCENES

if TYPE_CHECKING:
    from sds3d.runs.compare import Summary
EVERY_METHOD = ",".join(MAKING)


def compare(
    prompts: Annotated[list[str], typer.Argument(help="What to make.")],
    methods: Methods = EVERY_METHOD,
    scene: Scene = "nerf",
    seeds: Seeds = 1,
    preset: Preset = "laptop",
    prior: Prior = "exact",
    steps: Annotated[int | None, typer.Option(help="Budget: steps per run.")] = None,
    budget_nfe: Annotated[
        int | None, typer.Option(help="Budget: prior evaluations per run.")
    ] = None,
    device: Device = "auto",
    set: Overrides = None,
    out: Annotated[Path, typer.Option(help="Folder for the runs and the results.")] = Path(
        "outputs/compare"
    ),
    debug: Debug = False,
) -> None:
    """Compare methods on the same prompts, prior, scene, cameras and budget."""
    del debug  # read by main()
    if seeds < 1:
        raise UsageError(f"--seeds {seeds}: must be at least 1", "give a positive number")
    if steps is not None and budget_nfe is not None:
        raise UsageError("--steps and --budget-nfe both set the budget", "use only one")
    if budget_nfe is not None and budget_nfe < 1:
        raise UsageError(f"--budget-nfe {budget_nfe}: must be at least 1", "give a positive number")
    names = [one_of("method", name.strip(), OBJECTIVES) for name in methods.split(",")]
    one_of("scene", scene, SCENES)
    shared = {"scene": scene, "preset": preset, "prior": prior, "device": device, "steps": steps}
    jobs = [
        Job(prompt, method=name, seed=seed, overrides=tuple(set or ()), **shared)
        for prompt in prompts
        for seed in range(seeds)
        for name in names
    ]
    for job in jobs:
        job.check_files()

    from sds3d.cli.console import Lines
    from sds3d.runs import compare as comparing
    from sds3d.runs.batch import DONE, run
    from sds3d.runs.job_file import place

    jobs = [place(job, out) for job in jobs]
    if budget_nfe is not None:
        jobs = [comparing.with_budget(job, budget_nfe) for job in jobs]
    rows = run(jobs, out, Lines())
    scores = comparing.score_all(jobs, rows)
    if scores:
        page = comparing.write(scores, out)
        show(comparing.summary(scores))
        print(page)
    if rows[-1]["status"] == "stopped":
        raise typer.Exit(INTERRUPTED)
    if not all(row["status"] in DONE for row in rows):
        raise typer.Exit(1)


def show(rows: dict[str, dict[str, Summary]]) -> None:
    """Prints the means over prompts and seeds, one column per method."""
    from rich.console import Console
    from rich.table import Table

    from sds3d.runs.compare import NUMBERS

    table = Table("", *rows)
    for name in next(iter(rows.values())):
        number = NUMBERS[name]
        cells = (numbers[name].text(number.factor) for numbers in rows.values())
        table.add_row(number.heading, *cells)
    Console().print(table)


EXAMPLE = """Examples:

\b
  sds3d compare "a red armchair" "a biplane" --methods sds,vsd,esd --seeds 3 --preset draft
  sds3d compare "a teddy bear" --methods sds,ism,tsm --budget-nfe 5000"""
