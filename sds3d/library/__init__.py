"""The built-in objects: members of the categories that a prompt can name."""

from __future__ import annotations

import zlib
from functools import cache

import numpy as np

from sds3d.errors import UsageError, nearest
from sds3d.library.categories import CATEGORIES
from sds3d.library.kit.model import Model, Part, Wish, assemble, paint


def model(name: str, variant: int, wish: Wish | None = None, caption: str = "") -> Model:
    """The library member `variant` of a category, painted as wished; the same arguments, the same bits.

    Raises UsageError for a name that is not in CATEGORIES.
    """
    return assemble(paint(_build(name, variant), wish or Wish()), caption or name)


@cache
def parts_of(name: str, variant: int) -> tuple[str, ...]:
    """What the parts of the library member `variant` of a category are called, each once."""
    return tuple(dict.fromkeys(part.name for part in _build(name, variant)))


def part_names(name: str, variants: int = 4) -> tuple[str, ...]:
    """What the parts of a category's first variants are called, each once."""
    return tuple(dict.fromkeys(part for v in range(variants) for part in parts_of(name, v)))


def _build(name: str, variant: int) -> list[Part]:
    if name not in CATEGORIES:
        raise UsageError(
            f"the library has no '{name}'{nearest(name, CATEGORIES)}",
            "use one of the names in sds3d.library.CATEGORIES",
        )
    rng = np.random.default_rng([zlib.crc32(name.encode()), variant])
    return CATEGORIES[name].build(rng)
