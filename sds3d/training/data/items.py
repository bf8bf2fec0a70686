"""The metadata of a training object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Swatch = tuple[int, int, int, float, str]  # sRGB 0-255, share of the pixels, the colour's name


@dataclass(frozen=True)
class Item:
    """A training object's description and origin.

    id: unique, "source/...".  name: the concept, singular ("office chair").  also: other names that captions
    may use.  categories: the source's, from broad to narrow.  color, material: words known to be true of it,
    "" when unknown.  parts: pairs such as ("black", "legs").  palette: the albedo's three main colours, largest
    first.  title, creator, licence: for the attribution.
    """

    id: str
    source: str
    name: str
    also: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    color: str = ""
    material: str = ""
    parts: tuple[tuple[str, str], ...] = ()
    palette: tuple[Swatch, ...] = ()
    title: str = ""
    creator: str = ""
    licence: str = ""


def to_json(item: Item) -> dict[str, object]:
    """The item as a JSON object."""
    return asdict(item)


def from_json(row: Mapping[str, Any]) -> Item:
    """The inverse of `to_json`."""
    pairs = {k: tuple(map(tuple, row[k])) for k in ("parts", "palette")}
    return Item(
        **{**row, **pairs, "also": tuple(row["also"]), "categories": tuple(row["categories"])}
    )
