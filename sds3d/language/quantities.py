"""Words of number and size, which have no effect: one object is made, as large as the unit ball."""

from __future__ import annotations

from sds3d.language.words import word_set

COUNTS = word_set(
    "two three four five six seven eight nine ten eleven twelve twenty hundred thousand dozen"
)
COUNTS |= word_set("couple several many few multiple various numerous lots pairs")
SIZES = word_set(
    "big small large little tiny huge giant enormous gigantic massive tall short long wide"
)
SIZES |= word_set(
    "narrow thin thick mini miniature oversized sized full size biggest smallest bigger smaller"
)


def is_count(word: str) -> bool:
    """Whether the word says how many, other than one."""
    return word in COUNTS or (word.isdigit() and word != "1")


def is_size_or_count(word: str) -> bool:
    """Whether the word says how large or how many."""
    return word in SIZES or is_count(word)
