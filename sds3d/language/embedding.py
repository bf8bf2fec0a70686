"""Text embeddings for the embedded prior: one row per word or compound."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from sds3d.language.framing import tokens
from sds3d.language.lexicon import has_vector, lexicon, vector
from sds3d.language.palette import COLORS, MATERIALS, SAME_MATERIAL

LENGTH = 16  # rows per text; further words are ignored
DIM = 104
MEANING, KNOWN, COLOR, MATERIAL = slice(0, 96), 96, slice(97, 101), slice(101, 104)
LONGEST = 3  # words in a compound, at most


def spans(text: str) -> list[str]:
    """The words of a text about the object, with compounds ("fire hydrant", "sky blue") kept together."""
    words = [word for word in tokens(text) if word[0].isalnum()]
    out = []
    while words:
        length = next(n for n in range(LONGEST, 0, -1) if n == 1 or _one(" ".join(words[:n])))
        out.append(" ".join(words[:length]))
        words = words[length:]
    return out


def _one(phrase: str) -> bool:
    """Whether the phrase is a compound: a known noun or colour of several words."""
    return phrase.count(" ") > 0 and (
        phrase in COLORS or phrase in lexicon().words or has_vector(phrase)
    )


@cache
def row(span: str) -> np.ndarray:
    """The features (DIM,) of a word: its vector, whether it has one, and the colour or material that it names.

    A colour is (1, r, g, b), sRGB from -1 to 1; a material has its colour, then (1, metallic, roughness).
    """
    out = np.zeros(DIM, np.float32)
    meaning = vector(span)
    if meaning is not None:
        out[MEANING], out[KNOWN] = meaning * np.sqrt(len(meaning)), 1
    look = MATERIALS.get(SAME_MATERIAL.get(span, span))
    color = COLORS.get(span) or (look and look.color)
    if color:
        out[COLOR] = (1, *(2 * c - 1 for c in color))
    if look:
        out[MATERIAL] = (1, look.metallic, look.roughness)
    return out


def embed(texts: Sequence[str]) -> np.ndarray:
    """The rows of N texts, (N, LENGTH, DIM) float32; rows after the last word are zero."""
    out = np.zeros((len(texts), LENGTH, DIM), np.float32)
    for rows, text in zip(out, texts, strict=True):
        for i, span in enumerate(spans(text)[:LENGTH]):
            rows[i] = row(span)
    return out
