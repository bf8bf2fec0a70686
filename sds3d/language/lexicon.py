"""Word vectors (distilled from MiniLM) and the hypernym tree of visible things (from WordNet).

The two files in assets/ are read once, in about 30 ms; assets/words.md describes their contents and licences.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

COMMON = (
    130.0  # rarity (0 to 255) up to which a word has the least weight in a caption: 'with', 'new'
)
DEEPEST = 20  # steps up the tree, at most; the deepest object in WordNet has 16
MISSPELLED = 4  # letters in the shortest word whose spelling is corrected
LONG = 8  # letters from which a word may be corrected to any common word, not only to the library's
LONGEST_WORD = 24  # letters; nothing longer is a misspelling
ENDINGS = (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("s", ""))


@dataclass(frozen=True)
class Lexicon:
    """The known words; the first V of `words` have a vector.

    vectors (V, D) int8, not normalised.  rarity (V,): 17 log2 of the frequency rank.  parent (M,): the hypernym
    of each meaning, 0 for the root.  sense, sense_rank: the meanings of all words, concatenated, and the rank
    of each among its word's meanings; a word's begin at sense_start[word].  irregular: plurals like 'geese'.
    """

    words: dict[str, int]
    irregular: dict[str, str]
    vectors: np.ndarray
    rarity: np.ndarray
    parent: np.ndarray
    sense: np.ndarray
    sense_rank: np.ndarray
    sense_start: np.ndarray

    def senses(self, word: str) -> list[tuple[int, int]]:
        """(meaning, rank) pairs of a word or compound, commonest first; empty if it names nothing visible."""
        known = self.words.get(base(word))
        if known is None:
            return []
        run = slice(int(self.sense_start[known]), int(self.sense_start[known + 1]))
        return list(zip(self.sense[run].tolist(), self.sense_rank[run].tolist(), strict=True))

    def above(self, meaning: int) -> Iterator[int]:
        """The meaning itself, then its hypernyms, nearest first."""
        for _ in range(DEEPEST):
            yield meaning
            meaning = int(self.parent[meaning])
            if meaning == 0:
                return


def assets() -> Traversable:
    """The data folder: the installed package's or, when the code runs in place, the repository's."""
    try:
        return files("sds3d.assets")
    except ModuleNotFoundError:
        return Path(__file__).parents[2] / "assets"


@cache
def lexicon() -> Lexicon:
    """The packaged lexicon."""
    folder = assets()
    lines = folder.joinpath("words.txt").read_text("utf-8").split("\n")[:-1]
    with as_file(folder.joinpath("words.safetensors")) as path:
        arrays = load_file(path)
    count = len(arrays["sense_start"]) - 1
    irregular = dict(line.split("\t") for line in lines[count:])
    return Lexicon({w: i for i, w in enumerate(lines[:count])}, irregular, **arrays)


@cache
def _vector_of_meaning() -> dict[int, int]:
    """Meaning -> the row of a word with a vector of which it is the commonest meaning."""
    lex = lexicon()
    out: dict[int, int] = {}
    for row in range(len(lex.vectors)):
        for k in range(int(lex.sense_start[row]), int(lex.sense_start[row + 1])):
            if lex.sense_rank[k] == 0:
                out.setdefault(int(lex.sense[k]), row)
    return out


def plain(text: str) -> str:
    """The text in lower-case ASCII, hyphens as spaces, one space between words."""
    text = unicodedata.normalize("NFKD", text.replace("’", "'")).encode("ascii", "ignore").decode()
    return " ".join(text.lower().replace("-", " ").replace("_", " ").split())


def singulars(word: str) -> Iterator[str]:
    """The word itself, then the words of which it may be the plural."""
    yield word
    head, _, last = word.rpartition(" ")
    front = f"{head} " if head else ""
    irregular = lexicon().irregular
    if last in irregular:
        yield front + irregular[last]
    for ending, singular in ENDINGS:
        if len(last) > len(ending) + 1 and last.endswith(ending) and not last.endswith("ss"):
            yield front + last.removesuffix(ending) + singular


@cache
def base(word: str) -> str:
    """The known word of which `word` is a form (plural, joined or hyphenated); itself if there is none."""
    words = lexicon().words
    for form in singulars(word):
        for spelled in (form, form.replace(" ", "-"), form.replace(" ", "")):
            if spelled in words:
                return spelled
    return word


def is_compound(phrase: str) -> bool:
    """Whether several words, written apart or with hyphens, are one noun: 'golden retriever'."""
    words = lexicon().words
    forms = (f for form in singulars(phrase) for f in (form, form.replace(" ", "-")))
    return " " in phrase and any(form in words for form in forms)


def edits(a: str, b: str, most: int) -> int:
    """The edit distance from a to b, with swaps of neighbours as one edit; `most` + 1 if it is larger."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


@cache
def _candidates(preferred: frozenset[str]) -> dict[tuple[str, int], list[str]]:
    """(first letter, length) -> the words to which a misspelling may be corrected."""
    lex = lexicon()
    usual = [w for w, row in lex.words.items() if row < len(lex.rarity) and len(w) >= LONG]
    out: dict[tuple[str, int], list[str]] = {}
    for word in sorted({*preferred, *usual}):
        if word:
            out.setdefault((word[0], len(word)), []).append(word)
    return out


@cache
def correct(word: str, preferred: frozenset[str]) -> str:
    """The known word that an unknown one misspells; the word itself when there is none, or several.

    preferred: the words of the library.  They may be one edit away, or two if the word has seven letters or
    more; other common words may be one edit away, if it has eight or more.  A word with two equally near
    corrections is left alone, since either may be meant.
    """
    lex = lexicon()
    known = base(word) in lex.words or any(form in preferred for form in singulars(word))
    if not MISSPELLED <= len(word) <= LONGEST_WORD or known:
        return word
    most = 1 if len(word) < LONG - 1 else 2
    table = _candidates(preferred)
    near: dict[int, set[str]] = {}
    for length in range(len(word) - most, len(word) + most + 1):
        for candidate in table.get((word[0], length), ()):
            distance = edits(word, candidate, most)
            if distance <= most and (
                candidate in preferred or (distance == 1 and len(word) >= LONG)
            ):
                near.setdefault(distance + (candidate not in preferred), set()).add(candidate)
    if not near:
        return word
    best = near[min(near)]
    bases = {base(w) for w in best}
    return min(best) if len(bases) == 1 else word


def vector(phrase: str) -> np.ndarray | None:
    """The unit vector (D,) of a word or compound, else the rarity-weighted mean of its words' vectors.

    A rare noun takes the vector of its nearest hypernym.  None when no word is known.
    """
    lex = lexicon()
    row = row_of(phrase)
    if row is not None:
        rows, weights = [row], [1.0]
    else:
        pairs = [(r, weight(r)) for r in map(row_of, phrase.split()) if r is not None]
        if not pairs:
            return None
        rows, weights = [r for r, _ in pairs], [w for _, w in pairs]
    vectors = lex.vectors[rows].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    total = np.array(weights, np.float32) @ vectors
    return total / np.linalg.norm(total)


def has_vector(word: str) -> bool:
    """Whether the word or compound has a vector of its own."""
    lex = lexicon()
    return lex.words.get(base(word), len(lex.vectors)) < len(lex.vectors)


def row_of(word: str) -> int | None:
    """The row of the vector of a word or of its nearest hypernym; None if there is none."""
    lex = lexicon()
    if has_vector(word):
        return lex.words[base(word)]
    rows = _vector_of_meaning()
    for meaning, _ in lex.senses(word)[:1]:
        return next((rows[m] for m in lex.above(meaning) if m in rows), None)
    return None


def weight(row: int) -> float:
    """The weight of a word in a caption, from 0.05 for common words to 1 for rare ones."""
    return float(np.clip((float(lexicon().rarity[row]) - COMMON) / (255 - COMMON), 0.05, 1.0))


def is_known(word: str) -> bool:
    """Whether the lexicon has the word in any form."""
    return base(word) in lexicon().words
