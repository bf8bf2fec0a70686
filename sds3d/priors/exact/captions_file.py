"""What the meshes of a folder are called: by the table captions.csv, else by their names."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sds3d.errors import PriorError
from sds3d.files import decode
from sds3d.language.captions import from_name
from sds3d.mesh.readers import SUFFIXES
from sds3d.mesh.readers.files import Folder

NAME = "captions.csv"
NEEDED = ("file", "caption")
DELIMITERS = (",", ";", "\t", "|")
MOST_BYTES = 2**26
LONGEST_SHOWN = 40  # characters of a name in a note
GENERIC = {
    "scene",
    "model",
    "mesh",
    "object",
    "untitled",
    "textured",
    "base",
}  # say nothing of a thing


@dataclass(frozen=True)
class Row:
    """A line of the table: the mesh's name, its caption (empty where there is none), and the other columns."""

    file: str
    caption: str
    more: dict[str, str]


def meshes(root: Path) -> tuple[dict[Path, list[Row]], list[str]]:
    """(the meshes that the table in `root` names, each once with all its rows; a note on every other row).

    A row may leave out the suffix, and write slashes and capitals in its own way.  A row without a caption
    gets the one of `caption_of`.  Raises PriorError as `rows`.
    """
    table = root / NAME
    files = Folder(root)
    found: dict[Path, list[Row]] = {}
    notes: list[str] = []
    for row in rows(table):
        names = [row.file, *(row.file + suffix for suffix in SUFFIXES)]
        path = next((p for p in map(files.find, names) if p), None)
        if path is None or path.suffix.lower() not in SUFFIXES:
            shown = row.file
            if len(shown) > LONGEST_SHOWN:
                shown = f"{shown[: LONGEST_SHOWN - 3]}..."
            notes.append(f"{NAME} names '{shown}', which is not a mesh in this folder")
            continue
        named = row if row.caption else replace(row, caption=caption_of(path, root))
        found.setdefault(path, []).append(named)
    return found, notes


def caption_of(path: Path, root: Path) -> str:
    """What a mesh without a caption is called: its file's name, or its folder's where that says nothing.

    The folder's in red_chair/scene.gltf, for example.
    """
    name = from_name(path.stem)
    return from_name(path.parent.name) if name in GENERIC and path.parent != root else name


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
        text = decode(path.read_bytes())
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
