"""Numbers that move over the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar

from sds3d.bounds import Bounds, Fraction
from sds3d.errors import RecipeError

Number = TypeVar("Number", bound=float)
Step = Annotated[int, Bounds(0, 1_000_000)]


@dataclass(frozen=True, kw_only=True)
class Schedule(Generic[Number]):
    """A table such as `{ start = 10.0, end = 1.0, until = 0.5 }`, which may stand where a single number may.

    It is `start` up to the fraction `after` of the run and `end` from the fraction `until` on, as
    threestudio's [after_step, start, end, until_step].  Where `until` is not beyond `after`, it jumps.

    Attributes:
        start: the number at first.
        end: the number at last.
        after: fraction of the run up to which it stays at `start`.
        until: fraction of the run from which on it stays at `end`.
        after_step: `after` as a step instead; 0 means `after`.
        until_step: `until` as a step instead; 0 means `until`.
        curve: `linear`, or `exponential`, by the same factor at every step.
    """

    start: Number
    end: Number
    after: Fraction = 0.0
    until: Fraction = 1.0
    after_step: Step = 0
    until_step: Step = 0
    curve: Literal["linear", "exponential"] = "linear"

    def violation(self) -> tuple[str, str]:
        """(a key whose value does not go with the others, what it must be); ("", "") when there is none."""
        for name in ("after", "until"):
            moved = getattr(self, name) != (0.0 if name == "after" else 1.0)
            if moved and getattr(self, f"{name}_step"):
                return f"{name}_step", f"must not stand beside `{name}`, the same as a fraction"
        for name in ("start", "end"):
            if self.curve == "exponential" and getattr(self, name) <= 0:
                return name, "must be above 0, for the curve is exponential"
        return "", ""

    def at(self, step: int, steps: int) -> float:
        """The number at `step` (0 is the first) of `steps`.

        start + (end - start) x, or start (end / start)^x, with x = (step - a) / (b - a) kept within 0 and 1.
        """
        begin = self.after_step or self.after * steps
        finish = self.until_step or self.until * steps
        if step >= finish and step > begin:
            return self.end
        x = max(step - begin, 0.0) / (finish - begin) if finish > begin else 0.0
        if self.curve == "exponential":
            return self.start * (self.end / self.start) ** x
        return self.start + (self.end - self.start) * x


def require_ascending(
    low: float | Schedule, high: float | Schedule, steps: int, where: str
) -> None:
    """Raises RecipeError, naming the first step, where the lower end of a range lies above the upper one."""
    moves = isinstance(low, Schedule) or isinstance(high, Schedule)
    for step in range(steps if moves else 1):
        ends = at(low, step, steps), at(high, step, steps)
        if ends[0] > ends[1]:
            raise RecipeError(
                f"{where}: at step {step} it starts at {ends[0]:g} and ends at {ends[1]:g}",
                "let its start stay below its end over the whole run",
            )


def at(number: float | Schedule, step: int, steps: int) -> float:
    """The number at `step` of `steps`, whether it moves or not."""
    return number.at(step, steps) if isinstance(number, Schedule) else number
