"""The words of a prompt as written, and what became of each."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


def word_set(text: str) -> frozenset[str]:
    """The words of a text, separated by white space."""
    return frozenset(text.split())


STOPS = frozenset(",;.&!?:+")  # punctuation that separates the clauses of a prompt


class Use(StrEnum):
    """What a word of a prompt was used for."""

    KIND = "kind"
    COLOR = "colour"
    MATERIAL = "material"
    FINISH = "finish"
    PART = "part"
    FUNCTION = "function word"
    PICTURE = "about the picture"
    PUNCTUATION = "punctuation"
    NOT_MADE = "not made"


@dataclass(frozen=True)
class Word:
    """A word or a mark of a prompt.

    written: its characters in the prompt.  text: the form that is looked up: lower case, no accents, no
    possessive 's.  place: its index among the prompt's words.
    """

    written: str
    text: str
    place: int

    @property
    def is_mark(self) -> bool:
        """Whether it is punctuation."""
        return all(unicodedata.category(c)[0] == "P" for c in self.written) and self.text[0] != "#"


@dataclass(frozen=True)
class Fate:
    """What became of one word of a prompt.

    word: as written.  use: what it was used for.  read: what it was read as, if that is another word.
    corrected: its corrected spelling.  why: the reason, or what is made instead.  part: the part of the object
    that it is about, in the library's spelling.
    """

    word: str
    use: Use
    read: str = ""
    corrected: str = ""
    why: str = ""
    part: str = ""

    def __str__(self) -> str:
        more = [
            f"corrected to '{self.corrected}'" if self.corrected else "",
            f"read as '{self.read}'" if self.read else "",
            f"of the {self.part}" if self.part and self.use is not Use.PART else "",
            self.why,
        ]
        detail = "; ".join(x for x in more if x)
        return f"{self.use} ({detail})" if detail else str(self.use)


def split(text: str) -> list[Word]:
    """The words and marks of a prompt, in order; together they cover all but the white space.

    A word is a run of letters and digits of any script, with apostrophes inside, or a colour like #ff8800;
    any other visible character stands alone.  Hyphens and underscores separate words.
    """
    return [Word(piece, _looked_up(piece), i) for i, piece in enumerate(_pieces(text))]


def _pieces(text: str) -> Iterator[str]:
    piece = ""
    for char, following in zip(text, f"{text} "[1:], strict=True):
        group = unicodedata.category(char)[0]
        if char.isspace():
            if piece:
                yield piece
            piece = ""
            continue
        inner = bool(piece) and _is_letter(piece[-1])
        joins = group in "MC" or (group in "LN" and (inner or piece == "#"))
        joins = joins or (char in "'’" and inner and unicodedata.category(following)[0] in "LN")
        joins = joins or (group in "LN" and piece[-1:] in ("'", "’") and len(piece) > 1)
        if piece and not joins:
            yield piece
            piece = ""
        piece += char
    if piece:
        yield piece


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNMC"


def _looked_up(piece: str) -> str:
    folded = unicodedata.normalize("NFKD", piece.casefold().replace("’", "'"))
    letters = "".join(c for c in folded if unicodedata.category(c)[0] not in "MCZ")
    for ending in ("'s", "'"):
        if len(letters) > len(ending):
            letters = letters.removesuffix(ending)
    return letters or piece
