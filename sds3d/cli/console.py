"""The terminal output of a run: progress on stderr, the outcome on stdout."""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sds3d.errors import Sds3dError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from sds3d.runs.job import Job
    from sds3d.runs.result import Result

STAGES = {
    "prior": "reading the prompt",
    "source": "reading what is converted",
    "start": "fitting a scene to the mesh",
    "fit": "optimising",
    "mesh": "mesh and texture",
    "material": "material",
    "pictures": "preview and turntable",
    "draw": "drawing the training set",
}
PARTS = (
    "load",
    "start",
    "prior",
    "source",
    "render",
    "backward",
    "optimizer",
    "student",
    "checkpoint",
    "mesh",
    "material",
    "pictures",
)
PLAIN_EVERY = 50  # steps between lines where there is no terminal
STDOUT, STDERR = 1, 2


def fail(error: Sds3dError) -> None:
    """Prints the error and its fix on stderr, one line each."""
    print(f"error: {error.message}", file=sys.stderr)
    if error.fix:
        print(f"fix:   {error.fix}", file=sys.stderr)


def clock(seconds: float) -> str:
    """m:ss, or h:mm:ss from one hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def counts(completed: float, total: float | None, elapsed: float, left: float | None) -> str:
    """The text beside the bar: "60/120  0:13, 0:12 left", without unknown parts."""
    steps = f"{completed:.0f}/{total:.0f}  " if total else ""
    return steps + clock(elapsed) + (f", {clock(left)} left" if total and left is not None else "")


def bar(console: Console, live: bool) -> Any:
    """A rich progress bar that fits into narrow terminals."""
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.text import Text

    class Counts(ProgressColumn):
        def render(self, task: Task) -> Text:
            text = counts(task.completed, task.total, task.elapsed or 0.0, task.time_remaining)
            return Text(text, style="progress.elapsed", no_wrap=True)

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), Counts())
    return Progress(*columns, console=console, transient=True, disable=not live)


def say_stopping(signal: str) -> None:
    """Announces what the first signal does and what a second one would do.

    It runs inside a signal handler, where stderr may be in use, so it writes to the file descriptor.  After
    SIGHUP the terminal is gone, so later output is discarded.
    """
    again = "press it again" if signal == "Ctrl-C" else "a second signal"
    quits = "to quit at once" if signal == "Ctrl-C" else "quits at once"
    line = f"\r\x1b[K{signal}: saving, then exporting the current state; {again} {quits}\n"
    if not os.isatty(STDERR):
        line = line.removeprefix("\r\x1b[K")
    with suppress(OSError):
        os.write(STDERR, line.encode())
    if signal == "SIGHUP":
        null = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (STDOUT, STDERR):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode):  # a closed terminal is no longer a tty
                os.dup2(null, descriptor)


class Progress:
    """A Report: a progress bar in a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)
        self._live = self._console.is_terminal
        self._bar = bar(self._console, self._live)
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
        """Shows the name of the stage that begins."""
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

    def stopping(self, signal: str) -> None:
        """Announces that the run is saving and ending."""
        say_stopping(signal)

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False)


def title(job: Job) -> str:
    """What a job of a batch makes, in a few words."""
    return f"{job.prompt} ({job.method}, {job.scene}, seed {job.seed})"


def ending(row: Mapping[str, Any]) -> str:
    """How a job of a batch ended."""
    error = row["error"] and f": {row['error']}"
    return f"{row['status']}{error}, {row['seconds']} s"


class Lines:
    """A BatchReport on stderr: two lines per job and, in a terminal, a step counter."""

    def begin(self, number: int, total: int, job: Job) -> None:
        """Prints the job."""
        print(f"[{number}/{total}] {title(job)}", file=sys.stderr)

    def watch(self, number: int) -> Lines:
        """Itself: there is one job at a time."""
        return self

    def end(self, number: int, row: Mapping[str, Any]) -> None:
        """Prints how the job ended."""
        print(f"  {ending(row)}", file=sys.stderr)

    def stage(self, name: str) -> None:
        """Does nothing; the job's two lines suffice."""

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        """Counts the steps in place."""
        if sys.stderr.isatty():
            print(f"  step {step} of {total}", end="\r", file=sys.stderr)

    def note(self, line: str) -> None:
        """Prints a note."""
        print(f"  {line}", file=sys.stderr)

    def stopping(self, signal: str) -> None:
        """Announces that the job is saving and the batch is ending."""
        say_stopping(signal)


class JobTable:
    """A BatchReport of jobs that run at the same time, on stderr.

    In a terminal, a table of those that run, and above it a line for each that has ended; elsewhere lines.
    """

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True)
        self._running: dict[int, JobLine] = {}
        self._ended: list[str] = []
        self._total = 0
        self._began = time.monotonic()
        self._live = Live(
            console=self._console,
            transient=True,
            auto_refresh=self._console.is_terminal,
            get_renderable=self.table,
        )

    def __enter__(self) -> JobTable:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def begin(self, number: int, total: int, job: Job) -> None:
        """Adds a line to the table."""
        self._total = total
        self._running[number] = JobLine(title(job), self.note)
        if not self._console.is_terminal:
            self.note(f"[{number}/{total}] {title(job)}")

    def watch(self, number: int) -> JobLine:
        """The line of the job."""
        return self._running[number]

    def end(self, number: int, row: Mapping[str, Any]) -> None:
        """Moves the job's line above the table, with how it ended."""
        self._ended.append(row["status"])
        line = self._running.pop(number)
        self.note(f"[{number}/{self._total}] {line.title}: {ending(row)}")

    def note(self, line: str) -> None:
        """Prints a line above the table."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def stopping(self, signal: str) -> None:
        """Announces that the jobs are saving and the batch is ending."""
        say_stopping(signal)

    def table(self) -> Table:
        """The jobs that run, below how many have ended."""
        from rich.table import Table
        from rich.text import Text

        failed = self._ended.count("failed")
        head = f"{len(self._ended)} of {self._total} done"
        head += (
            f", {failed} failed" if failed else ""
        ) + f", {clock(time.monotonic() - self._began)}"
        made = Table.grid(padding=(0, 2, 0, 0), expand=True)
        made.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        made.add_column(no_wrap=True, justify="right")
        made.add_row(Text(head, style="bold"), "")
        for number, line in self._running.items():
            made.add_row(Text(f"[{number}] {line.title}"), Text(line.state))
        return made


class JobLine:
    """The Report of one job in a JobTable.  state: what it is doing."""

    def __init__(self, title: str, say: Callable[[str], None]) -> None:
        self.title = title
        self.state = "starting"
        self._say = say
        self._began = time.monotonic()
        self._first = 0

    def stage(self, name: str) -> None:
        """Shows the name of the stage that begins."""
        self.state = STAGES[name]
        self._began = time.monotonic()
        self._first = 0

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        """Counts the steps; the time that is left is that of those that were seen."""
        elapsed = time.monotonic() - self._began
        self._first = self._first or step
        seen = step - self._first
        left = elapsed * (total - step) / seen if seen else None
        self.state = counts(step, total, elapsed, left)

    def note(self, line: str) -> None:
        """Prints what a user should know of this job above the table."""
        self._say(f"{self.title}: {line}")

    def stopping(self, signal: str) -> None:
        """Does nothing: the table announces it, once for all jobs."""


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


def closing(result: Result, job: Job) -> None:
    """The closing panel: where the files are, how long each part took, what to do next."""
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    from sds3d.metrics.fidelity import scored

    total = sum(result.seconds.values())
    seconds = [
        f"  {part:11}{result.seconds[part]:7.1f} s" for part in PARTS if part in result.seconds
    ]
    compared = [scored(result.values)] if job.is_conversion else []
    lines = [
        *map(str, result.files.values()),
        "",
        *compared,
        f"{result.steps} steps in {clock(total)}, peak memory {result.peak_gib:.2f} GiB",
        *seconds,
        f"  {'total':11}{total:7.1f} s",
        "",
        *_next(result, job),
    ]
    console = Console()
    if max(map(len, lines)) > console.width - 4:  # a panel would truncate or wrap the paths
        print(f"{result.status}:", *lines, sep="\n")
    else:
        console.print(Panel(Text("\n".join(lines)), title=result.status, expand=False))


def _next(result: Result, job: Job) -> list[str]:
    """What to do next, one line each."""
    lines = ["next:"]
    if result.status == "stopped":
        lines.append("  to resume: the same command again")
    if result.status == "already finished":
        lines.append("  to train longer: the same command with more --steps")
        lines.append("  to start over: the same command with --overwrite")
    folder = shlex.quote(str(result.folder))
    lines.append(f"  sds3d export {folder} --format obj")
    if "blend" in result.files:
        lines.append("  in Blender: File > Open, and choose mesh.blend")
    else:
        lines.append("  in Blender: File > Import > glTF 2.0, and choose mesh.glb")
    if job.is_conversion:
        lines.append(f'  to change it: sds3d edit {folder} --target "..."')
    elif not job.start:
        lines.append(f"  another object of the kind: the same command with --seed {job.seed + 1}")
        lines.append(f'  to change this one: sds3d edit {folder} --target "..."')
    return lines
