"""The table captions.csv of a folder of meshes, as spreadsheets and people write it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sds3d.errors import PriorError

NAME = "captions.csv"
NEEDED = ("file", "caption")
DELIMITERS = (",", ";", "\t", "|")
MOST_BYTES = 2**26


@dataclass(frozen=True)
class Row:
    """A line of the table: the mesh's name, its caption (empty where there is none), and the other columns."""

    file: str
    caption: str
    more: dict[str, str]


def rows(path: Path) -> list[Row]:
    """The rows of a table with the columns file and caption, in any case and order.

    Reads UTF-8 with or without a byte order mark, UTF-16 and Windows-1252; commas, semicolons, tabs or bars;
    blank lines and lines that begin with # are skipped.  What follows a caption in the last column belongs to
    it: "a red box, with a lid" needs no quotes.

    Raises PriorError when the table cannot be read or lacks a column.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PriorError(f"'{path}' is larger than 64 MiB", "split the folder")
        text = _decoded(path.read_bytes())
    except OSError as error:
        raise PriorError(f"cannot read '{path}': {error.strerror}", "check the file") from error
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    for delimiter in DELIMITERS:
        columns = [c.casefold() for c in _cells(lines[0], delimiter, path)] if lines else []
        if set(NEEDED) <= set(columns):
            table = [_row(columns, _cells(line, delimiter, path), delimiter) for line in lines[1:]]
            return [row for row in table if row.file]
    raise PriorError(
        f"'{path}' needs the columns file,caption", "make its first line: file,caption"
    )


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:200]:
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _cells(line: str, delimiter: str, path: Path) -> list[str]:
    try:
        return [
            cell.strip()
            for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
        ]
    except csv.Error as error:
        raise PriorError(f"'{path}' has a line that is no row: {error}", "correct it") from error


def _row(columns: Sequence[str], cells: list[str], delimiter: str) -> Row:
    if len(cells) > len(columns) and columns[-1] == "caption":
        last = len(columns) - 1
        cells = [*cells[:last], f"{delimiter} ".join(cells[last:])]
    by_name = dict(zip(columns, [*cells, *[""] * len(columns)], strict=False))
    file, caption = by_name.pop("file"), by_name.pop("caption")
    return Row(file, caption, by_name)
