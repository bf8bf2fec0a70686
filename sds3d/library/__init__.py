"""The built-in objects: members of the categories that a prompt can name."""

from __future__ import annotations

import zlib

import numpy as np

from sds3d.errors import UsageError, nearest
from sds3d.library.categories import CATEGORIES
from sds3d.library.kit.model import Model, Wish, assemble, paint


def model(name: str, variant: int, wish: Wish | None = None, caption: str = "") -> Model:
    """The library member `variant` of a category, painted as wished; the same arguments, the same bits.

    Raises UsageError for a name that is not in CATEGORIES.
    """
    if name not in CATEGORIES:
        raise UsageError(
            f"the library has no '{name}'{nearest(name, CATEGORIES)}",
            "use one of the names in sds3d.library.CATEGORIES",
        )
    rng = np.random.default_rng([zlib.crc32(name.encode()), variant])
    parts = CATEGORIES[name].build(rng)
    return assemble(paint(parts, wish or Wish()), caption or name)


def part_names(name: str, variants: int = 4) -> tuple[str, ...]:
    """What the parts of a category's first variants are called."""
    builds = (CATEGORIES[name].build(np.random.default_rng(v)) for v in range(variants))
    return tuple(dict.fromkeys(part.name for parts in builds for part in parts))
