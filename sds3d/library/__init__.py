"""The built-in objects, by the categories that a prompt can name."""

from __future__ import annotations

import zlib
from functools import cache

import numpy as np

from sds3d.errors import UsageError, nearest
from sds3d.library.categories import CATEGORIES
from sds3d.library.kit.model import Model, Part, Wish, assemble, paint
from sds3d.library.sizes import LONGEST


def model(name: str, variant: int, wish: Wish | None = None, caption: str = "") -> Model:
    """Variant number `variant` of a category, painted as requested; equal arguments give equal bits.

    Raises UsageError for a name that is not in CATEGORIES.
    """
    parts = paint(_build(name, variant), wish or Wish())
    return assemble(parts, caption or name, LONGEST.get(name))


@cache
def parts_of(name: str, variant: int) -> tuple[str, ...]:
    """The names of the parts of variant number `variant` of a category, without repeats."""
    return tuple(dict.fromkeys(part.name for part in _build(name, variant)))


def part_names(name: str, variants: int = 4) -> tuple[str, ...]:
    """The names of the parts of a category's first variants, without repeats."""
    return tuple(dict.fromkeys(part for v in range(variants) for part in parts_of(name, v)))


def _build(name: str, variant: int) -> list[Part]:
    if name not in CATEGORIES:
        raise UsageError(
            f"the library has no '{name}'{nearest(name, CATEGORIES)}",
            "use one of the names in sds3d.library.CATEGORIES",
        )
    rng = np.random.default_rng([zlib.crc32(name.encode()), variant])
    return CATEGORIES[name].build(rng)
