"""How a run ended."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Result:
    """How a run ended.

    status: "finished", "stopped" or "already finished".  files: what was made, by name ("glb", "preview",
    ...). seconds: of each part (load, prior, render, backward, optimizer, student, mesh, pictures), over
    all sessions. steps: done in all.  values: scalars of the last step.  peak_gib: the most host memory.
    evaluations: of the prior, one for each image.  longest: the usual longest side of such an object, metres.
    reading: how the prior understood the prompt, one line; "" without a prior.
    """

    folder: Path
    status: str
    files: dict[str, Path]
    seconds: dict[str, float]
    steps: int
    values: dict[str, float]
    peak_gib: float
    evaluations: int = 0
    longest: float = 1.0
    reading: str = ""

    def to_record(self) -> dict[str, Any]:
        """As run.json holds it: file names are relative to the folder."""
        record = asdict(self) | {"files": {name: file.name for name, file in self.files.items()}}
        del record["folder"]
        return record

    @classmethod
    def from_record(cls, folder: Path, record: Any) -> Result:
        """The inverse of `to_record`.  Raises ValueError when it has another form."""
        expect(isinstance(record, Mapping), "result is not a table")
        expect(
            REQUIRED <= record.keys() <= RECORDED,
            f"result has the keys {sorted(map(str, record))}",
        )
        record = LATER | dict(record)
        for name, file in _table(record, "files").items():
            expect(is_plain(file), f"result.files.{name} is not a file name")
        for table in ("seconds", "values"):
            for name, value in _table(record, table).items():
                expect(is_number(value), f"result.{table}.{name} is not a number")
        for name in ("steps", "evaluations"):
            expect(is_count(record[name]), f"result.{name} is not a count")
        for name in ("peak_gib", "longest"):
            expect(is_number(record[name]), f"result.{name} is not a number")
        expect(record["longest"] > 0, "result.longest is not positive")
        for name in ("status", "reading"):
            expect(isinstance(record[name], str), f"result.{name} is not text")
        files = {name: folder / file for name, file in record["files"].items()}
        return cls(folder, **{**record, "files": files})


REQUIRED = {"status", "files", "seconds", "steps", "values", "peak_gib", "evaluations"}
LATER = {"longest": 1.0, "reading": ""}  # what runs of earlier versions have not recorded
RECORDED = REQUIRED | LATER.keys()


def expect(holds: bool, otherwise: str) -> None:
    """Raises ValueError when the condition does not hold."""
    if not holds:
        raise ValueError(otherwise)


def is_number(value: object) -> bool:
    """Whether the value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_count(value: object) -> bool:
    """Whether the value is a whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_plain(name: object) -> bool:
    """Whether the value is the name of a file in the folder itself, so that no path leads out of it."""
    return isinstance(name, str) and name not in {"", ".", ".."} and not set(name) & set("/\\\0")


def _table(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    expect(isinstance(record[name], Mapping), f"result.{name} is not a table")
    return record[name]
