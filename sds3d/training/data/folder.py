"""A folder of a user's meshes as a source, captioned by captions.csv."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from sds3d.errors import PriorError
from sds3d.language.captions import ARTICLES
from sds3d.mesh.shape import Shape
from sds3d.priors.exact import captions_file
from sds3d.training.data.items import Item
from sds3d.training.data.names import TitleWords, cleaned, other_names
from sds3d.training.data.shapes import from_file


def objects(folder: str) -> Iterator[tuple[Item, Callable[[], Shape]]]:
    """The meshes in captions.csv (file,caption[,creator,licence]), each with a function that loads it.

    The files' frame is glTF's: y up, front +Z.  A caption is an object's name, preceded by colour and material
    words ("a red oak chair").  If a mesh has several rows, the first describes it and the others give it more
    names.  Raises PriorError when the table or a file it names is missing.
    """
    root = Path(folder)
    table = root / captions_file.NAME
    if not folder or not table.is_file():
        raise PriorError(f"no captions.csv in '{folder}'", "write one: file,caption")
    meshes, notes = captions_file.meshes(root)
    if notes:
        raise PriorError(f"'{folder}': {notes[0]}", "correct the row")
    if not meshes:
        raise PriorError(f"{table} names no mesh", "add one row per mesh: file,caption")
    for path, rows in meshes.items():
        words, *others = (_words_of(row.caption) for row in rows)
        also = dict.fromkeys([*(other.name for other in others), *other_names(words.name)])
        also.pop(words.name, None)
        file = path.relative_to(root).as_posix()
        item = Item(
            id=f"folder/{file}",
            source="folder",
            name=words.name,
            also=tuple(also),
            color=words.color,
            material=words.material,
            title=rows[0].caption,
            creator=rows[0].more.get("creator", ""),
            licence=rows[0].more.get("licence", ""),
        )
        yield item, functools.partial(from_file, path)


def _words_of(caption: str) -> TitleWords:
    """The object that a caption names, without its article."""
    first, _, rest = caption.partition(" ")
    return cleaned(rest if rest and first.casefold() in ARTICLES else caption)
