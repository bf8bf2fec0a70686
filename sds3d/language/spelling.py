"""Misspelled words of a prompt, corrected."""

from __future__ import annotations

from functools import lru_cache

from sds3d.language.aliases import ALIASES
from sds3d.language.grammar import GRAMMAR
from sds3d.language.lexicon import correct
from sds3d.language.matching import Concepts
from sds3d.language.palette import COLORS, MATERIALS, SAME_MATERIAL
from sds3d.language.part_names import ACCENTS, ALSO
from sds3d.language.quantities import is_size_or_count


def corrected(word: str, concepts: Concepts) -> str:
    """The word, corrected if it misspells exactly one known word."""
    is_plain = word.isalpha() and word.isascii()
    if not is_plain or word in GRAMMAR or is_size_or_count(word):
        return word
    return correct(word, _vocabulary(tuple(concepts.exact)))


@lru_cache(maxsize=4)
def _vocabulary(names: tuple[str, ...]) -> frozenset[str]:
    """The words to which misspellings are corrected: of names, colours, materials and common parts."""
    parts = (*ALSO, *(name for row in ALSO.values() for name in row), *ACCENTS)
    spelled = (*names, *ALIASES, *COLORS, *MATERIALS, *SAME_MATERIAL, *parts)
    return frozenset(w for name in spelled for w in name.split() if w.isalpha())
