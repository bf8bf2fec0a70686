"""The loop of one scene."""

from __future__ import annotations

from collections.abc import Callable

from sds3d.loops.step import Event, Optimization, take_step


def optimize(run: Optimization, steps: range, on_step: Callable[[Event], bool]) -> None:
    """Takes the steps until `on_step(event)` returns False.  Raises NonFiniteError as `take_step`."""
    for step in steps:
        if not on_step(take_step(run, step)):
            return
