"""Processes on this machine that run the jobs of a batch, each of them one job after another.

A worker keeps what it has loaded, so that a prior is read once in each.  It talks with the batch through a
pipe: jobs and the wish to stop one way, progress and outcomes the other.  Signals are the batch's: workers
ignore Ctrl-C, which a terminal sends to all, and save and end when the batch says so or has gone away.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from sds3d.interrupt import SIGNALS, graceful
from sds3d.runs.attempt import attempt, failed
from sds3d.runs.job import Job
from sds3d.runs.machine import keep_freed_memory
from sds3d.runs.report import Report

if TYPE_CHECKING:
    from sds3d.runs.batch import BatchReport

POLL = 0.2  # seconds between looks at whether a stop was asked for
EVERY = 0.1  # seconds between reports of a job's steps
STOP = "stop"


def run(
    jobs: Sequence[Job], processes: int, report: BatchReport
) -> Generator[tuple[int, dict[str, Any]]]:
    """(number from 1, outcome) of each job as it ends; a first signal stops all, a second one kills them.

    A worker that dies fails the job it was at, and is replaced.  torch's threads are divided among the workers.
    """
    import torch

    crew: list[Worker] = []
    waiting = deque(enumerate(jobs, 1))
    threads = max(1, torch.get_num_threads() // processes)
    told = False
    try:
        with graceful(report.stopping) as interrupt:
            while True:
                if interrupt.asked and not told:
                    told = True
                    waiting.clear()
                    for worker in crew:
                        worker.stop()
                while waiting and len(crew) < processes:
                    crew.append(Worker(threads))
                for worker in crew:
                    if worker.job is None and waiting:
                        number, job = waiting.popleft()
                        report.begin(number, len(jobs), job)
                        worker.give(number, job)
                busy = {worker.connection: worker for worker in crew if worker.job is not None}
                if not busy:
                    return
                for connection in wait(list(busy), POLL):
                    worker = next(worker for worker in crew if worker.connection is connection)
                    number = worker.number
                    outcome = worker.hear(report.watch(number))
                    if outcome is None:
                        continue
                    if not worker.alive:
                        crew.remove(worker)
                    interrupt.asked = interrupt.asked or outcome["status"] == "stopped"
                    yield number, outcome
    finally:
        for worker in crew:
            worker.kill()


class Worker:
    """One process, as the batch sees it.  job: what it is at, None when it waits."""

    def __init__(self, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs, threads), daemon=True)
        with _blocked_signals():
            self._process.start()
        theirs.close()
        self.alive = True
        self.job: Job | None = None
        self.number = 0
        self._began = 0.0

    def give(self, number: int, job: Job) -> None:
        """Lets it run the job; a process that has died is noticed by `hear`."""
        self.job = job
        self.number = number
        self._began = time.monotonic()
        with suppress(OSError):
            self.connection.send(job)

    def stop(self) -> None:
        """Asks it to save its job and end it."""
        with suppress(OSError):
            self.connection.send(STOP)

    def hear(self, report: Report) -> dict[str, Any] | None:
        """Passes a message on to the report, or returns the outcome of the job."""
        try:
            kind, *values = self.connection.recv()
        except (EOFError, OSError):
            self.alive = False
            self.job = None
            self._process.join()
            return failed(_death(self._process.exitcode), time.monotonic() - self._began)
        if kind == "ended":
            self.job = None
            return values[0]
        getattr(report, kind)(*values)
        return None

    def kill(self) -> None:
        """Ends the process at once; its run stands at its last checkpoint."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _death(code: int | None) -> str:
    """Why a process ended that should not have."""
    if code is None or code >= 0:
        return f"its process ended with exit code {code} (the same command goes on)"
    name = signal.Signals(-code).name
    memory = "; memory may have run out: use fewer --jobs" if name == "SIGKILL" else ""
    return f"its process was ended by {name} (the same command goes on{memory})"


@contextmanager
def _blocked_signals() -> Iterator[None]:
    """A process that is started meanwhile has the signals blocked until it can answer them; none is lost."""
    resource_tracker.ensure_running()  # which would unblock them when it is started by the first process
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def work(connection: Connection, threads: int) -> None:
    """The main function of a worker: runs the jobs that come until the batch ends."""
    import torch

    link = Link(connection)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, link.on_signal)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    torch.set_num_threads(threads)
    keep_freed_memory()
    while True:
        try:
            job = connection.recv()
        except (EOFError, OSError):
            return
        if job != STOP:
            link.asked = False
            link.send("ended", attempt(job, link))


class Link:
    """A Report that passes everything on to the batch, and stops the run when the batch wishes it.

    wanted: whether it does, or a signal said so.  asked: whether the run has been told.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sent = 0.0
        self.wanted = False
        self.asked = False

    def on_signal(self, number: int, frame: object) -> None:
        """A signal outside a run's steps: the run ends after its next one."""
        self.wanted = True

    def send(self, *message: Any) -> None:
        """To the batch; one that has gone away wishes the run to end."""
        try:
            self._connection.send(message)
        except OSError:
            self.wanted = True

    def stage(self, name: str) -> None:
        """Passes it on."""
        self.send("stage", name)

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        """Passes it on, though not too often, and stops the run if that is wished."""
        now = time.monotonic()
        if now - self._sent >= EVERY or step == total:
            self._sent = now
            self.send("step", step, total, values)
        self._listen()
        if self.wanted and not self.asked:
            signal.raise_signal(signal.SIGTERM)  # as from outside: `graceful` knows what to do

    def note(self, line: str) -> None:
        """Passes it on."""
        self.send("note", line)

    def stopping(self, signal: str) -> None:
        """The run has been told; the batch has announced it, or will see the outcome."""
        self.asked = True

    def _listen(self) -> None:
        """During a job nothing comes but the wish to stop, or the end of the pipe."""
        try:
            while self._connection.poll():
                self._connection.recv()
                self.wanted = True
        except (EOFError, OSError):
            self.wanted = True
