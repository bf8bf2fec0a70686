"""Where the seconds of a run go."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch


@dataclass
class Clock:
    """Seconds spent in each part of a run (prior, render, backward, optimizer, student, ...)."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        elapsed = time.perf_counter() - start
        self.seconds[part] = self.seconds.get(part, 0.0) + elapsed

    def rounded(self) -> dict[str, float]:
        """The seconds of each part, to a thousandth."""
        return {part: round(seconds, 3) for part, seconds in self.seconds.items()}
