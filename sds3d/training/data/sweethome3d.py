"""The furniture libraries of Sweet Home 3D: .sh3f files, each a zip of OBJ models with a catalogue.

The catalogue is a Java properties file (ISO 8859-1, \\u escapes) with keys such as name#12, model#12,
creator#12, width#12; http://www.sweethome3d.com/documentation.jsp.  Models are y up with their front on +Z.
"""

from __future__ import annotations

import functools
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from sds3d.errors import PriorError
from sds3d.mesh.readers import read_bytes
from sds3d.mesh.readers.files import Archive
from sds3d.mesh.shape import Shape, drawn
from sds3d.training.data.items import Item
from sds3d.training.data.names import cleaned
from sds3d.training.data.shapes import TEXTURE, stretched, turned

FOLDER = Path("/usr/share/sweethome3d/furniture")
CATALOGUE = "PluginFurnitureCatalog.properties"
PACKAGE = "sweethome3d-furniture"
NOISE = {"Blend Swap", "SCPTS", "Adjustable"}  # tags of origin, not of kind


def objects(folder: str) -> Iterator[tuple[Item, Callable[[], Shape]]]:
    """Every model of the libraries in `folder` ("" for Debian's location), each with a function that loads it.

    Raises PriorError when there is no library or one cannot be read.
    """
    place = Path(folder) if folder else FOLDER
    libraries = sorted(place.glob("*.sh3f")) if place.is_dir() else []
    if not libraries:
        raise PriorError(
            f"no .sh3f library in '{place}'", f"apt-get install {PACKAGE}, or sweethome3d:FOLDER"
        )
    for path in libraries:
        yield from _library(path)


def _library(path: Path) -> Iterator[tuple[Item, Callable[[], Shape]]]:
    try:
        with zipfile.ZipFile(path) as archive:
            table = properties(archive.read(CATALOGUE))
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise PriorError(f"cannot read '{path}': {error}", "download the library again") from error
    licence = re.split(r"\s{2,}", table.get("license", ""))[0]
    for number in sorted(int(key[6:]) for key in table if re.fullmatch(r"model#\d+", key)):
        row = {k.partition("#")[0]: v for k, v in table.items() if k.endswith(f"#{number}")}
        words = cleaned(row["name"])
        tags = [t.strip() for t in row.get("tags", "").split(",")]
        item = Item(
            id=f"sweethome3d/{path.stem}/{PurePosixPath(row['model']).stem}",
            source="sweethome3d",
            name=words.name,
            categories=(
                row.get("category", "").lower(),
                *(t.lower() for t in tags if t and t not in NOISE),
            ),
            color=words.color,
            material=words.material,
            title=row["name"],
            creator=row.get("creator", ""),
            licence=licence,
        )
        yield item, functools.partial(_load, path, row)


def properties(data: bytes) -> dict[str, str]:
    """The keys and values of a Java properties file."""
    text = re.sub(r"\\\r?\n[ \t]*", "", data.decode("latin-1"))
    rows = {}
    for line in text.splitlines():
        key, found, value = line.strip().partition("=")
        if found and key[:1] not in "#!":
            value = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), value)
            rows[key.strip()] = value.strip()
    return rows


def _load(path: Path, row: dict[str, str]) -> Shape:
    name = PurePosixPath(row["model"].lstrip("/"))
    with zipfile.ZipFile(path) as archive:
        folder = f"{name.parent}/"
        beside = {n: archive.read(n) for n in archive.namelist() if n.startswith(folder)}
        files = Archive(beside, str(name.parent))
        shape = drawn(read_bytes(archive.read(str(name)), name.name, files, longest=TEXTURE).pieces)
    if "modelRotation" in row:
        shape = turned(shape, np.array(row["modelRotation"].split(), float).reshape(3, 3))
    width, height, depth = (float(row[k]) for k in ("width", "height", "depth"))
    return stretched(shape, (width, height, depth))
