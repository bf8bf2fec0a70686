"""A prompt taken apart: the words of the object, and what is said of it after 'with', 'is', 'in', ..."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sds3d.language.palette import FINISHES, SHADES, VIVID

ARTICLE = {
    "a",
    "an",
    "the",
    "some",
    "one",
    "my",
    "your",
    "his",
    "her",
    "its",
    "their",
    "this",
    "these",
    "very",
}
ARTICLE |= {"single", "quite", "rather", "just", "so", "really", "both", "all", "own"}
WITH = {
    "with",
    "having",
    "has",
    "have",
    "featuring",
    "wearing",
    "holding",
    "carrying",
    "whose",
    "showing",
}
WITHOUT = {"without", "no", "not", "minus", "lacking", "never", "except"}
IS = {
    "is",
    "are",
    "painted",
    "colored",
    "coloured",
    "colour",
    "color",
    "colours",
    "colors",
    "being",
    "was",
}
MADE = {
    "made",
    "built",
    "carved",
    "crafted",
    "constructed",
    "cast",
    "sculpted",
    "woven",
    "knitted",
    "fashioned",
}
PLACE = {
    "in",
    "on",
    "at",
    "under",
    "over",
    "behind",
    "near",
    "beside",
    "by",
    "from",
    "inside",
    "into",
    "against",
}
PLACE |= {
    "above",
    "below",
    "between",
    "among",
    "to",
    "for",
    "like",
    "next",
    "through",
    "around",
    "while",
    "out",
}
PLACE |= {
    "across",
    "along",
    "atop",
    "outside",
    "during",
    "off",
    "up",
    "down",
    "covered",
    "filled",
    "full",
    "of",
}
PLACE |= {"surrounded", "standing", "lying"}
JOIN = {"and", ",", "&", "plus", ";", ".", "or", "!", "?", ":", "+"}
PASSED = {
    "that",
    "which",
    "it",
    "there",
    "who",
    "also",
    "entirely",
    "completely",
    "fully",
    "all",
    "mostly",
}
GRAMMAR = (
    ARTICLE | WITH | WITHOUT | IS | MADE | PLACE | PASSED | set(SHADES) | set(VIVID) | set(FINISHES)
)


@dataclass
class Clause:
    """Words of one kind: head, with, without, is, made, place.

    joined: it follows an 'and' or ','.  anew: it begins with an article.
    """

    kind: str
    words: list[str]
    joined: bool = False
    anew: bool = False


def clauses(words: Sequence[str], named: Callable[[str], bool]) -> list[Clause]:
    """The prompt in clauses, articles left out.

    named: whether a row of words is the name of something, so that 'chest of drawers' and 'rocking chair'
    are not taken apart.
    """
    out = [Clause("head", [])]
    i = 0
    while i < len(words):
        n = _name_length(words, i, named)
        if n:
            out[-1].words.append(" ".join(words[i : i + n]))
            i += n
            continue
        word = words[i]
        begins = _begins(words, i, bool(out[-1].words), named)
        if word in JOIN:
            if out[-1].words:
                out.append(Clause(out[-1].kind, [], joined=True))
        elif begins:
            out.append(Clause(begins, [], word in {"whose"}))
            if word.endswith("ing") and begins == "place" and word not in PLACE:
                out[-1].words.append(word)
            if (
                word in MADE
                and i + 1 < len(words)
                and words[i + 1] in {"of", "from", "out", "in", "with"}
            ):
                i += 1 + (words[i + 1] == "out")
        elif word in ARTICLE:
            out[-1].anew = out[-1].anew or not out[-1].words
        elif word not in PASSED:
            out[-1].words.append(word)
        i += 1
    return [c for c in out if c.words]


def _name_length(words: Sequence[str], i: int, named: Callable[[str], bool]) -> int:
    """How many words from i on are a name that grammar would cut: 'chest of drawers', 'rocking chair'."""
    for n in (5, 4, 3, 2):
        row = words[i : i + n]
        cut = any(w in PLACE | WITH | IS | MADE or w == "and" or w.endswith("ing") for w in row)
        if len(row) == n and cut and not set(row) & {",", ".", ";"} and named(" ".join(row)):
            return n
    return 0


def _begins(words: Sequence[str], i: int, after_words: bool, named: Callable[[str], bool]) -> str:
    """The kind of clause that word i begins, '' if it begins none."""
    word = words[i]
    for kind, starts in (
        ("with", WITH),
        ("without", WITHOUT),
        ("is", IS),
        ("made", MADE),
        ("place", PLACE),
    ):
        if word in starts:
            return kind
    follows = words[i + 1] if i + 1 < len(words) else ""
    verb = word.endswith("ing") and len(word) > 5 and not named(word)
    ends = follows == "" or follows in ARTICLE | PLACE | JOIN or follows.endswith("ly")
    return "place" if verb and after_words and ends else ""
