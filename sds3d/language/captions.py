"""How near captions are to a prompt: for a user's own folder of meshes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from sds3d.language.lexicon import plain, row_of, vector, weight
from sds3d.language.palette import COLORS, MATERIALS, SAME_MATERIAL

SURFACES = {*COLORS, *MATERIALS, *SAME_MATERIAL}
SURFACE = 0.25  # weight of a word of colour or material: a red chair is no red car


def similarity(text: str, captions: Sequence[str]) -> np.ndarray:
    """How near each caption is in meaning to the text (N,), at most 1; 0 if no word is known.

    Half the cosine of the mean word vectors, half the mean over the text's words of the cosine to the
    caption's nearest word ('kitten' is in 'the statue of a cat'); words weigh by their rarity,
    colours and materials little.
    """
    own = _words_in(text)
    return np.array([_nearness(own, _words_in(caption)) for caption in captions])


def _nearness(own: list[tuple[np.ndarray, float]], other: list[tuple[np.ndarray, float]]) -> float:
    if not own or not other:
        return 0.0
    (a, weight_a), (b, weight_b) = (map(np.array, zip(*x, strict=True)) for x in (own, other))
    means = weight_a @ a, weight_b @ b
    mean = float(means[0] @ means[1] / np.prod([np.linalg.norm(m) for m in means]))
    return 0.5 * mean + 0.5 * float(weight_a @ (a @ b.T).max(1) / weight_a.sum())


def _words_in(text: str) -> list[tuple[np.ndarray, float]]:
    """(vector, weight) of the known words of a text, compounds in one."""
    words = re.findall(r"[a-z0-9]+", plain(text))
    out = []
    while words:
        n = next(
            (n for n in (3, 2) if len(words) >= n and row_of(" ".join(words[:n])) is not None), 1
        )
        word, words = " ".join(words[:n]), words[n:]
        row, found = row_of(word), vector(word)
        if row is not None and found is not None:
            out.append((found, weight(row) * (SURFACE if word in SURFACES else 1.0)))
    return out
