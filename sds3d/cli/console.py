"""What a run looks like in a terminal: progress on stderr, the outcome on stdout."""

from __future__ import annotations

import json
import shlex
import sys
from types import TracebackType
from typing import TYPE_CHECKING

from sds3d.errors import Sds3dError

if TYPE_CHECKING:
    from sds3d.runs.outputs import Result

STAGES = {
    "prior": "reading the prompt",
    "fit": "optimising",
    "mesh": "mesh and texture",
    "pictures": "preview and turntable",
    "draw": "drawing the training set",
}
PARTS = (
    "load",
    "prior",
    "render",
    "backward",
    "optimizer",
    "student",
    "checkpoint",
    "mesh",
    "pictures",
)
PLAIN_EVERY = 50  # steps between lines where there is no terminal


def fail(error: Sds3dError) -> None:
    """The error and its fix on stderr, a line each."""
    print(f"error: {error.message}", file=sys.stderr)
    if error.fix:
        print(f"fix:   {error.fix}", file=sys.stderr)


class Progress:
    """A Report: a bar with the time left in a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar

        self._console = Console(stderr=True)
        self._live = self._console.is_terminal
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._live,
        )
        self._task = None

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def stage(self, name: str) -> None:
        """Names the part of the run that begins."""
        label = STAGES[name]
        if not self._live:
            self._say(label)
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(label, total=None)

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        """Moves the bar; without a terminal, prints a line every PLAIN_EVERY steps."""
        self._bar.update(self._task, completed=step, total=total)
        if not self._live and (step % PLAIN_EVERY == 0 or step == total):
            self._say(f"step {step} of {total}")

    def note(self, line: str) -> None:
        """Prints a line above the bar."""
        self._say(line)

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False)


def as_json(result: Result) -> str:
    """The result as one JSON object."""
    return json.dumps(
        {
            "status": result.status,
            "folder": str(result.folder),
            "files": {name: str(path) for name, path in result.files.items()},
            "steps": result.steps,
            "seconds": result.seconds,
            "values": result.values,
            "evaluations": result.evaluations,
            "peak_gib": round(result.peak_gib, 2),
        }
    )


def closing(result: Result, seed: int) -> None:
    """The closing panel: where the files are, how long each part took, what to do next."""
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    seconds = [
        f"  {part:11}{result.seconds[part]:7.1f} s" for part in PARTS if part in result.seconds
    ]
    lines = [
        *map(str, result.files.values()),
        "",
        f"{result.steps} steps, at most {result.peak_gib:.2f} GiB of memory",
        *seconds,
        "",
        *_next(result, seed),
    ]
    console = Console()
    if max(map(len, lines)) > console.width - 4:  # a frame would cut or fold the paths
        print(f"{result.status}:", *lines, sep="\n")
    else:
        console.print(Panel(Text("\n".join(lines)), title=result.status, expand=False))


def _next(result: Result, seed: int) -> list[str]:
    """What to do next, a line each."""
    lines = ["next:"]
    if result.status == "stopped":
        lines.append("  the same command again goes on from here")
    if result.status == "already finished":
        lines.append("  the same command with --overwrite makes it anew")
    return [
        *lines,
        f"  sds3d export {shlex.quote(str(result.folder))} --format obj",
        "  in Blender: File > Import > glTF 2.0, and choose mesh.glb",
        f"  another object of the kind: the same command with --seed {seed + 1}",
    ]
