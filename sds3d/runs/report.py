"""The interface through which a run reports its progress."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """Receives the progress of a run.  The command line's draws a bar; `SILENT` ignores everything."""

    def stage(self, name: str) -> None:
        """A part of the run starts: "prior", "source", "start", "fit", "mesh", "material" or "pictures"."""

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        """`step` of `total` optimisation steps are done; `values` are those of metrics.jsonl."""

    def note(self, line: str) -> None:
        """A note for the user, one line."""

    def stopping(self, signal: str) -> None:
        """A stop was requested, by "Ctrl-C" or a signal's name; the run saves, exports and ends.

        Called from a signal handler, in the middle of any statement.
        """


class Silent:
    """A Report that ignores everything."""

    def stage(self, name: str) -> None:
        """Nothing."""

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        """Nothing."""

    def note(self, line: str) -> None:
        """Nothing."""

    def stopping(self, signal: str) -> None:
        """Nothing."""


SILENT = Silent()
