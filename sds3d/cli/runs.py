"""sds3d runs"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sds3d.cli.options import Json

if TYPE_CHECKING:
    from rich.table import Table

    from sds3d.runs.listing import Listed

PLAIN_WIDTH = 120  # columns where there is no terminal: nothing is cut off


def runs(
    folder: Annotated[Path, typer.Argument(help="Below which the runs are.")] = Path("outputs"),
    status: Annotated[
        str, typer.Option(help="Only finished, stopped, running, interrupted or damaged ones.")
    ] = "",
    method: Annotated[str, typer.Option(help="Only those of this objective.")] = "",
    scene: Annotated[str, typer.Option(help="Only those of this kind of scene.")] = "",
    prompt: Annotated[
        str, typer.Option(metavar="TEXT", help="Only those whose prompt holds this text.")
    ] = "",
    json: Json = False,
) -> None:
    """List the runs below a folder."""
    from sds3d.runs.listing import chosen, runs_below

    found = runs_below(folder)
    kept = chosen(found, status=status, method=method, scene=scene, prompt=prompt)
    if json:
        from json import dumps

        print(dumps({"folder": str(folder), "runs": [run.to_json() for run in kept]}, indent=1))
        return
    if kept:
        show(kept, folder)
    print(summary(kept, len(found), folder))
    for run in kept:
        if run.why:
            print(f"damaged: {run.why}")


def show(runs: Sequence[Listed], folder: Path) -> None:
    """Prints the table, in the width of the terminal."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=max(PLAIN_WIDTH, console.width))
    console.print(table(runs, folder))


def table(runs: Sequence[Listed], folder: Path) -> Table:
    """A row for each run; quality is a column only where some run has it."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    measured = any(run.quality for run in runs)
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("prompt", overflow="fold", ratio=3)
    for name in ("method", "scene"):
        made.add_column(name, overflow="fold")
    made.add_column("seed", justify="right")
    made.add_column("status", no_wrap=True)
    made.add_column("seconds", justify="right", no_wrap=True)
    if measured:
        made.add_column("quality", no_wrap=True)
    made.add_column("folder", overflow="fold", ratio=3)
    for run in runs:
        cells = [
            run.prompt,
            run.method,
            run.scene,
            "" if run.seed is None else str(run.seed),
            run.status,
            "" if run.seconds is None else f"{run.seconds:.1f}",
            *([quality(run)] if measured else []),
            str(run.folder.relative_to(folder)),
        ]
        made.add_row(*map(Text, cells))
    return made


def quality(run: Listed) -> str:
    """The overlap of volumes and the likeness of views, where they are known."""
    parts = {"iou": "IoU {:.2f}", "psnr": "{:.1f} dB"}
    return ", ".join(
        text.format(run.quality[name]) for name, text in parts.items() if name in run.quality
    )


def summary(runs: Sequence[Listed], total: int, folder: Path) -> str:
    """How many runs there are of each status, and of how many they were chosen."""
    of = f" of {total}" if len(runs) != total else ""
    counts = {status: 0 for status in sorted({run.status for run in runs})}
    for run in runs:
        counts[run.status] += 1
    split = ", ".join(f"{count} {status}" for status, count in counts.items())
    return f"{len(runs)}{of} runs below '{folder}'" + (f": {split}" if split else "")


EXAMPLE = """Examples:

\b
  sds3d runs
  sds3d runs outputs/mine --status stopped
  sds3d runs --method vsd --prompt chair --json

finished: all steps are done.  stopped, interrupted: the command that made it goes on from its checkpoint.
running: a process works in the folder.  Quality is that which `sds3d compare` has measured."""
