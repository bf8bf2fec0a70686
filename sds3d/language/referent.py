"""The object that a prompt is about, as it is being read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sds3d.language.grammar import Term
from sds3d.language.lexicon import plain
from sds3d.language.matching import Match
from sds3d.language.part_names import parts_named
from sds3d.language.surfaces import Surface, describes, surface
from sds3d.language.words import Fate, Use


@dataclass
class Referent:
    """The object as read so far, and the fates of words by position.

    matches: the categories that its noun names.  parts: the names of their parts, as far as they were looked
    up by `find_parts`.  written: the words of the prompt by position.  asked, of_parts: the surfaces that are
    asked for, of the whole and of its parts.  asks: (part, use, terms) of every colour, material and finish, in
    order.  without: parts to leave out.  last_part: the part named last, which 'is red' speaks of.  accented:
    the part that takes the second colour.
    """

    matches: list[Match]
    noun: str
    parts: Sequence[str]
    fates: dict[int, Fate]
    written: Sequence[str]
    asked: Surface = field(default_factory=Surface)
    of_parts: dict[str, Surface] = field(default_factory=dict)
    asks: list[tuple[str, Use, Sequence[Term]]] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    last_part: str = ""
    accented: str = ""
    find_parts: Callable[[bool], Sequence[str]] = lambda _: ()

    def mark(
        self, terms: Iterable[Term], use: Use, read: str = "", why: str = "", part: str = ""
    ) -> None:
        """Sets the fate of the words of some terms; fates already set are kept."""
        for term in terms:
            for place in term.places:
                self.fates.setdefault(
                    place, Fate(self.written[place], use, read, why=why, part=part)
                )

    def mark_part(self, terms: Sequence[Term], part: str, why: str = "") -> None:
        """Sets the fate of terms that name a part."""
        spelled = " ".join(t.text for t in terms)
        self.mark(terms, Use.PART, "" if spelled == plain(part) else part, why, part)

    def parts_named(self, words: Sequence[str]) -> tuple[int, list[str]]:
        """How many of the last words name parts, and those parts; searches all members if needed."""
        count, names, certain = parts_named(words, self.parts)
        if not certain:
            self.parts = self.find_parts(True)
            count, names, _ = parts_named(words, self.parts)
        return count, names

    def name_at_end(self, words: Sequence[str]) -> int:
        """How many of the last words are the name of a part, also where they could describe a surface.

        The mustard of a hot dog, the bamboo of a panda and the black keys of a piano are parts of theirs.
        """
        count, _, certain = parts_named(words, self.parts)
        if not certain and describes(words[-1:]):
            self.parts = self.find_parts(True)
            count, _, certain = parts_named(words, self.parts)
        return count if certain else 0

    def ask(self, terms: Sequence[Term]) -> list[Term]:
        """Takes colours and materials of the whole object from the terms; returns the other terms."""
        asked, rest = self.surface(terms)
        self.asked += asked
        return rest

    def surface(self, terms: Sequence[Term], part: str = "") -> tuple[Surface, list[Term]]:
        """The surface that the terms describe, of a part or ("") the whole object, and the other terms."""
        asked, asks = surface([t.text for t in terms])
        rest = list(terms)
        for ask in asks:
            row = terms[ask.start : ask.start + ask.count]
            self.asks.append((part, ask.use, row))
            self.mark(row, ask.use, part=part)
            rest = [t for t in rest if t not in row]
        return asked, rest

    def unmake(self, part: str, use: Use, kept: int) -> None:
        """Reports the colours or materials of a part after the first `kept` as not made."""
        phrases = [row for of, kind, row in self.asks if of == part and kind is use]
        spelled = [" ".join(t.text for t in row) for row in phrases]
        for i, row in enumerate(phrases):
            if i >= kept and spelled[i] not in spelled[:kept]:
                for place in (place for term in row for place in term.places):
                    self.fates[place] = Fate(
                        self.written[place], Use.NOT_MADE, why=f"one {use} is made"
                    )
