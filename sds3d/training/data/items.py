"""What a training set says of its objects."""

from __future__ import annotations

from dataclasses import asdict, dataclass

Swatch = tuple[int, int, int, float, str]  # sRGB 0-255, share of the pixels, the colour's name


@dataclass(frozen=True)
class Item:
    """An object's words and its origin.

    id: unique, "source/...".  name: the concept, singular ("office chair").  also: other names that captions
    may use.  categories: from wide to narrow, as the source sorts it.  color, material: words that are
    already true of it ("" where not known), and `parts`: ("black", "legs") pairs.  palette: the albedo's
    three main colours, largest first.  title, creator, licence: for the attribution.
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
    """The item as JSON holds it."""
    return asdict(item)


def from_json(row: dict[str, object]) -> Item:
    """The item that `to_json` wrote."""
    pairs = {k: tuple(map(tuple, row[k])) for k in ("parts", "palette")}
    return Item(
        **{**row, **pairs, "also": tuple(row["also"]), "categories": tuple(row["categories"])}
    )
