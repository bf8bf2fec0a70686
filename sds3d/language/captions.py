"""How well captions of a user's own meshes match a prompt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sds3d.language.lexicon import plain, row_of, vector, weight
from sds3d.language.palette import COLORS, MATERIALS, SAME_MATERIAL

SURFACES = {*COLORS, *MATERIALS, *SAME_MATERIAL}
SURFACE = 0.25  # weight of colour and material words: a red chair is not a red car
ARTICLES = {"a", "an", "the", "some"}
TIED = 0.05  # captions within this of the best similarity count as equally good
SPELLED = 0.6  # least spelling similarity at which unknown words count as forms of one word
CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
DIGITS = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
WORD = re.compile(r"[^\W_]+")
# Tags of exporters and game engines: kind of file, level of detail, version.
TAGS = {"sm", "sk", "skm", "geo", "lod", "lowpoly", "highpoly", "v", "ver", "version", "final"}
NUMBERED = {"lod", "v", "ver", "version"}


@dataclass(frozen=True)
class WeighedWord:
    """A word or compound, its weight and, if it is known, its meaning (a unit vector)."""

    text: str
    weight: float
    meaning: np.ndarray | None = None


def from_name(stem: str) -> str:
    """The caption that a file name stands for: "SM_RedBox_LOD0" is "red box", "box01" is "box 1".

    Words are split at separators and inner capitals; engine tags, versions and leading zeros are dropped.  A
    name made only of tags is kept.
    """
    spaced = DIGITS.sub(" ", CAMEL.sub(" ", unicodedata.normalize("NFC", stem)))
    words = [word.casefold() for word in WORD.findall(spaced)]
    kept = []
    for i, word in enumerate(words):
        after_tag = i > 0 and words[i - 1] in NUMBERED
        if word not in TAGS and not (word.isdecimal() and after_tag):
            kept.append(word.lstrip("0") or "0" if word.isdecimal() else word)
    return " ".join(kept or words)


def best(text: str, captions: Sequence[Sequence[str]], least: float) -> np.ndarray:
    """How well the text matches each of N objects, given the captions of each: (N,), zero for no match.

    Captions equal to the text up to case, articles and punctuation win outright.  Otherwise the captions within
    TIED of the greatest similarity match, if that is at least `least`; among these, only the ones that agree
    best with the text's colours, materials and numbers.
    """
    own = _normal(text)
    equal = np.array([any(_normal(c) == own for c in names) for names in captions])
    if equal.any():
        return equal.astype(np.float64)
    flat = [caption for names in captions for caption in names]
    ends = np.cumsum([len(names) for names in captions])[:-1]
    near = np.array([part.max(initial=0) for part in np.split(similarity(text, flat), ends)])
    if near.max(initial=0) < least:
        return np.zeros(len(captions))
    tied = near >= near.max() - TIED
    agreement = np.array(
        [max((_agreement(own, _normal(c)) for c in n), default=0) for n in captions]
    )
    tied &= agreement == agreement[tied].max()
    return np.where(tied, near, 0.0)


def similarity(text: str, captions: Sequence[str]) -> np.ndarray:
    """The similarity in meaning of each caption to the text: (N,), at most 1, and 1 for the same words.

    The mean of two terms: the cosine of the mean word vectors, and the average over the text's words of the
    cosine to the caption's nearest word (so 'kitten' matches 'the statue of a cat').  Rare words weigh more,
    colours and materials less.  Words without a vector, in any script, are compared by spelling.
    """
    own = _words(text)
    normal = _normal(text)
    return np.array(
        [
            1.0 if _normal(caption) == normal else _nearness(own, _words(caption))
            for caption in captions
        ]
    )


def _normal(text: str) -> tuple[str, ...]:
    """The words of a text in the form that is compared: case-folded, without articles and leading zeros."""
    words = WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    words = [w.lstrip("0") or "0" if w.isdecimal() else w for w in words]
    return tuple(w for w in words if w not in ARTICLES) or tuple(words)


def _agreement(own: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many colours, materials and numbers two texts share, minus how many only one of them has.

    0 when `own` has none, since it then asks for none.
    """
    asked, given = ({w for w in words if w in SURFACES or w.isdecimal()} for words in (own, other))
    return len(asked & given) - len(asked ^ given) if asked else 0


def _nearness(own: list[WeighedWord], other: list[WeighedWord]) -> float:
    if not own or not other:
        return 0.0
    weights = np.array([word.weight for word in own])
    covered = np.array([max(_alike(word, another) for another in other) for word in own])
    share = float(weights @ covered / weights.sum())
    means = [_mean(words) for words in (own, other)]
    if means[0] is None or means[1] is None:
        return share
    return 0.5 * float(means[0] @ means[1]) + 0.5 * share


def _mean(words: list[WeighedWord]) -> np.ndarray | None:
    known = [word.weight * word.meaning for word in words if word.meaning is not None]
    if not known:
        return None
    total = np.sum(known, 0)
    return total / np.linalg.norm(total)


def _alike(a: WeighedWord, b: WeighedWord) -> float:
    """The cosine of two words' vectors; for unknown words, their spelling similarity, 0 below SPELLED."""
    if a.text == b.text:
        return 1.0
    if a.meaning is not None and b.meaning is not None:
        return float(a.meaning @ b.meaning)
    pairs = [[word.text[i : i + 2] for i in range(len(word.text) - 1)] for word in (a, b)]
    total = len(pairs[0]) + len(pairs[1])
    shared = sum(min(pairs[0].count(p), pairs[1].count(p)) for p in set(pairs[0]))
    dice = 2 * shared / total if total else 0.0
    return dice if dice >= SPELLED else 0.0


def _words(text: str) -> list[WeighedWord]:
    """The words of a text, with each compound as one word."""
    words = list(_normal(text))
    out = []
    while words:
        n = next(
            (n for n in (3, 2) if len(words) >= n and row_of(_ascii(words[:n])) is not None), 1
        )
        phrase = _ascii(words[:n])
        row = row_of(phrase) if phrase else None
        meaning = vector(phrase) if row is not None else None
        if row is None or meaning is None:
            number = words[0].isdecimal()
            out.append(WeighedWord(words[0], SURFACE if number else 1.0))
        else:
            out.append(
                WeighedWord(phrase, weight(row) * (SURFACE if phrase in SURFACES else 1.0), meaning)
            )
        words = words[n:]
    return out


def _ascii(words: Sequence[str]) -> str:
    """The words in the lexicon's spelling; empty when one of them is in another script."""
    spelled = [plain(word) for word in words]
    return " ".join(spelled) if all(spelled) else ""
