"""The loop of one scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sds3d.loops.step import Event


class Steps(Protocol):
    """Whatever moves a scene step by step."""

    def take(self, step: int) -> Event:
        """Takes a step, 0 the first.  Raises NonFiniteError for what is not finite."""
        ...


def optimize(run: Steps, steps: range, on_step: Callable[[Event], bool]) -> None:
    """Takes the steps until `on_step(event)` returns False.  Raises NonFiniteError as `take_step`."""
    for step in steps:
        if not on_step(run.take(step)):
            return
