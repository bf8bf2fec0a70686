"""A folder of a user's meshes as a source, captioned by captions.csv."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from sds3d.errors import PriorError
from sds3d.mesh.readers import SUFFIXES
from sds3d.mesh.shape import Shape
from sds3d.training.data.items import Item
from sds3d.training.data.names import cleaned, other_names
from sds3d.training.data.shapes import from_file


def objects(folder: str) -> Iterator[tuple[Item, Callable[[], Shape]]]:
    """The meshes that captions.csv (file,caption and, if wanted, creator,licence) names, and how to load each.

    The files' frame is glTF's: y up, front +Z.  A caption is a thing's name, with colour and material words
    before it ("red oak chair").  Raises PriorError when the table or a file of it is not there.
    """
    table = Path(folder) / "captions.csv"
    if not folder or not table.is_file():
        raise PriorError(f"no captions.csv in '{folder}'", "write one: file,caption")
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or not {"file", "caption"} <= rows[0].keys():
        raise PriorError(
            f"{table} needs the columns file,caption", "add a first line: file,caption"
        )
    for row in rows:
        path = Path(folder) / row["file"]
        if not path.is_file() or path.suffix.lower() not in SUFFIXES:
            raise PriorError(
                f"{table} names '{row['file']}', which is no mesh there", "correct the row"
            )
        words = cleaned(row["caption"])
        item = Item(
            id=f"folder/{row['file']}",
            source="folder",
            name=words.name,
            also=other_names(words.name),
            color=words.color,
            material=words.material,
            title=row["caption"],
            creator=row.get("creator") or "",
            licence=row.get("licence") or "",
        )
        yield item, functools.partial(from_file, path)
