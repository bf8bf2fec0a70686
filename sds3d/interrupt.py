"""Requests to stop: the first Ctrl-C, SIGTERM or SIGHUP asks a run to save and end, the second quits."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SIGNALS = {
    signal.SIGINT: "Ctrl-C",
    signal.SIGTERM: "SIGTERM",  # a batch system's time is up: Slurm, Kubernetes
    signal.SIGHUP: "SIGHUP",  # the terminal was closed
}


@dataclass
class Interrupt:
    """Whether a stop was asked for."""

    asked: bool = False


@contextmanager
def graceful(notify: Callable[[str], None] | None = None) -> Iterator[Interrupt]:
    """An Interrupt that the first signal sets; the second, unless it is SIGHUP, raises KeyboardInterrupt.

    notify: called at once with the first signal's name ("Ctrl-C", "SIGTERM", "SIGHUP"), inside the signal
    handler and so in the middle of any statement.

    A signal that the process was started to ignore (nohup) stays ignored.  Outside the main thread, where no
    handler can be set, nothing changes.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    handled = [number for number in SIGNALS if before[number] is not signal.SIG_IGN]

    def on_signal(number: int, frame: object) -> None:
        if interrupt.asked and number == signal.SIGHUP:
            return  # a closing terminal sends it twice: the shell and the kernel
        if interrupt.asked:
            raise KeyboardInterrupt
        interrupt.asked = True
        if notify is not None:
            notify(SIGNALS[signal.Signals(number)])

    for number in handled:
        signal.signal(number, on_signal)
    try:
        yield interrupt
    finally:
        for number in handled:
            signal.signal(number, before[number])
