"""The parametric library as a source: variants of every category in random colours and materials."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Iterator

import numpy as np

from sds3d import library
from sds3d.errors import UsageError
from sds3d.language.palette import COLORS, MATERIALS, SAME_MATERIAL
from sds3d.library.kit.model import Wish
from sds3d.training.data.items import Item
from sds3d.training.data.names import held_out_synonyms, other_names
from sds3d.training.data.shapes import Shape, from_model

VARIANTS = 4
# probabilities of a variant's surfaces; the others have a part in another colour
OWN = 0.25  # its own surfaces
COLORED = 0.40  # one colour
MADE = 0.15  # a material
BOTH = 0.08  # a colour and a material
COMMON = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "white", "black")
COMMON += ("grey", "turquoise", "beige")
MADE_OF = ("wooden", "golden", "steel", "stone", "marble", "brass", "copper", "silver", "plastic")
MADE_OF += ("leather", "velvet", "ceramic", "bronze", "oak", "chocolate", "ice", "brick", "glass")


def objects(variants: str) -> Iterator[tuple[Item, Callable[[], Shape]]]:
    """Members of every category, each with a function that builds it.

    variants: how many of each category, "" for 4; the first keeps its own surfaces.  Raises UsageError when it
    is not a positive number.
    """
    if variants and not (variants.isdigit() and int(variants)):
        raise UsageError(f"builtin:{variants}: not a number of variants", "use builtin:4")
    count = int(variants) if variants else VARIANTS
    for variant in range(count):
        for name in library.CATEGORIES:
            yield _member(name, variant)


def _member(name: str, variant: int) -> tuple[Item, Callable[[], Shape]]:
    color, material, parts = _wishes(name, variant)
    item = Item(
        id=f"builtin/{name.replace(' ', '_')}/{variant}",
        source="builtin",
        name=held_out_synonyms().get(name, name),
        also=other_names(name),
        color=color,
        material=material,
        parts=parts,
        title=name,
        creator="sds3d",
        licence="Apache License 2.0",
    )
    return item, functools.partial(_build, name, variant, color, material, parts)


def _build(
    name: str, variant: int, color: str, material: str, parts: tuple[tuple[str, str], ...]
) -> Shape:
    of_parts = {part: Wish(COLORS[word]) for word, part in parts}
    look = MATERIALS[SAME_MATERIAL.get(material, material)] if material else None
    wish = Wish(COLORS[color] if color else None, look, of_parts)
    return from_model(library.model(name, variant, wish))


def _wishes(name: str, variant: int) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """(colour, material, parts) words of a variant, determined by the name and the variant."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), variant, 1])
    kind = rng.random()
    if variant == 0 or kind < OWN:
        return "", "", ()
    palette = COMMON if rng.random() < 0.7 else tuple(COLORS)
    color, second = (str(word) for word in rng.choice(palette, 2, replace=False))
    material = str(rng.choice(MADE_OF))
    if kind < OWN + COLORED:
        return color, "", ()
    if kind < OWN + COLORED + MADE:
        return "", material, ()
    if kind < OWN + COLORED + MADE + BOTH:
        return color, material, ()
    build = library.CATEGORIES[name].build
    parts = build(np.random.default_rng([zlib.crc32(name.encode()), variant]))
    others = sorted({p.name for p in parts if not p.main})
    if not others:
        return color, "", ()
    return color, "", ((second, str(rng.choice(others))),)
