"""Constraints on settings, as metadata of their annotations: `Annotated[int, Bounds(1, 64)]`.

`sds3d.recipe.toml` enforces them in the tables of a recipe and in the keyword parameters of the
functions that a recipe names: scenes, objectives, priors, students.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any


@dataclass(frozen=True)
class Bounds:
    """A number from `low` to `high`, both included.  reason: why not more, for the error message."""

    low: float
    high: float
    reason: str = ""

    def violation(self, value: float) -> str:
        """What the value must be, when it is not; "" when it is."""
        if self.low <= value <= self.high:
            return ""
        reason = f" ({self.reason})" if self.reason and value > self.high else ""
        return f"must be from {self.text}{reason}"

    @property
    def text(self) -> str:
        """The range in words: "0 to 1"."""
        return f"{_plain(self.low)} to {_plain(self.high)}"


def _plain(number: float) -> str:
    if number != int(number):
        return f"{number:g}"
    return f"{int(number):,}" if abs(number) >= 10_000 else f"{int(number)}"


@dataclass(frozen=True)
class MultipleOf:
    """A multiple of `factor`."""

    factor: int

    def violation(self, value: float) -> str:
        """What the value must be, when it is not; "" when it is."""
        return f"must be a multiple of {self.factor}" if value % self.factor else ""


@dataclass(frozen=True)
class Ascending:
    """A range: each number is at least as large as the one before it."""

    def violation(self, values: Sequence[Any]) -> str:
        """What the values must be, when they are not; "" when they are, or when some of them move."""
        if not all(isinstance(value, int | float) for value in values):
            return ""
        return "" if list(values) == sorted(values) else "must not end below its start"


Constraint = Bounds | MultipleOf | Ascending

Fraction = Annotated[float, Bounds(0, 1)]
"""A share, a probability, or a diffusion time."""

PositiveFraction = Annotated[float, Bounds(0.001, 1)]
"""A fraction that something is divided by; 0.001 is one step of the 1,000 that networks are trained on."""

Scale = Annotated[float, Bounds(0, 1000)]
"""A factor that is not negative, such as a guidance scale."""

Factor = Annotated[float, Bounds(0, 1e6)]
"""A factor on a gradient or a penalty."""
