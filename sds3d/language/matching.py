"""Which category a noun names: by its names, by the tree of things, by its vector, in this order."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from sds3d.language.aliases import ALIASES
from sds3d.language.lexicon import DEEPEST, base, has_vector, lexicon, plain, singulars, vector

# Chosen on the development list of benchmarks/words.py, not on its held-out list
NEAR = 0.74  # a cosine below this is not the same thing
A_KIND_OF = 0.72  # a place in the tree that scores less is too far, or too rare a meaning
STEP, RANK = 0.04, 0.12  # what a step up the tree, and a rarer meaning of the word, cost
SHARED = 4  # a word for more categories than this ('thing') says nothing
ALIKE = 6  # steps from the tree's root that two names of a category share; all artifacts share 5
RELATED = 0.5  # an aircraft is an airplane to most; an instrument is no clock
BETWEEN = 0.06  # of the kinds of what was said, those this near the nearest are all meant


@dataclass(frozen=True)
class Match:
    """A category and how sure it is: 1 by name, less by kind or by vector.  name: the name that was meant."""

    category: str
    score: float
    name: str


@dataclass(frozen=True)
class Concepts:
    """The categories one can name.  names: category -> its other names."""

    names: Mapping[str, Sequence[str]]

    @cached_property
    def exact(self) -> dict[str, str]:
        """Name in its base form -> category; a category's own name goes before the others' other names."""
        out = {plain(other): name for name, others in self.names.items() for other in others}
        out |= {plain(name): name for name in self.names}
        based = {_based(name): category for name, category in reversed(out.items())}
        joined = {name.replace(" ", ""): category for name, category in based.items()}
        return joined | based | out

    @cached_property
    def _lines(self) -> dict[str, list[int]]:
        """Category -> the meaning of its name and those above it; empty if the tree has no such name."""
        own = {name: _meaning(plain(name), others) for name, others in self.names.items()}
        return {name: list(lexicon().above(m)) if m else [] for name, m in own.items()}

    @cached_property
    def meanings(self) -> dict[int, str]:
        """Meaning in the tree -> category: of its name, then of its other names if they are no wider."""
        lines = self._lines
        wider = set().union(*map(set, lines.values()))
        out = {line[0]: name for name, line in lines.items() if line}
        for name, others in self.names.items():
            for meaning in (_meaning_beside(plain(other), set(lines[name])) for other in others):
                if meaning and meaning not in wider:
                    out.setdefault(meaning, name)
        return out

    @cached_property
    def _beneath(self) -> dict[int, list[str]]:
        """Meaning -> the categories whose own names are kinds of it."""
        out: dict[int, list[str]] = {}
        for meaning, name in self.meanings.items():
            for above in list(lexicon().above(meaning))[1:]:
                if name not in out.setdefault(above, []):
                    out[above].append(name)
        return out

    @cached_property
    def _rows(self) -> tuple[list[tuple[str, str]], np.ndarray]:
        named = [(c, plain(c)) for c in self.names]
        # a rare other name would bring the vector of something wider
        named += [
            (c, plain(n))
            for c, others in self.names.items()
            for n in others
            if has_vector(plain(n))
        ]
        pairs = [(owner, v) for owner in named if (v := vector(owner[1])) is not None]
        rows = np.array([v for _, v in pairs], np.float32)
        return [owner for owner, _ in pairs], rows.reshape(-1, lexicon().vectors.shape[1])

    def by_name(self, phrase: str) -> Match | None:
        """The category of that name: any form of it, spelled in one word or more, or an alias."""
        for form in (*singulars(phrase), _based(phrase), phrase.replace(" ", "")):
            for said in (form, ALIASES.get(form, "")):
                if said in self.exact:
                    return Match(self.exact[said], 1.0, said)
        return None

    def by_kind(self, phrase: str) -> list[Match]:
        """The category the phrase is a kind of, or the few categories that are kinds of it; or none."""
        lex = lexicon()
        best: Match | None = None
        senses = lex.senses(phrase)
        lines = [set(lex.above(meaning)) for meaning, _ in senses]
        person, plant, food = map(_first, ("person", "flora", "solid food"))
        things = any(person not in line for line in lines)
        eaten = any(food in line for line in lines)
        for (meaning, rank), line in zip(senses, lines, strict=True):
            # a printer is a machine before it is a person, a peach a fruit before it is a tree
            if (person in line and (rank > 0 or things)) or (plant in line and eaten):
                continue
            for steps, above in enumerate(lex.above(meaning)):
                score = 0.97 - STEP * steps - RANK * rank
                if above in self.meanings and score >= A_KIND_OF:
                    if best is None or score > best.score:
                        best = Match(self.meanings[above], score, phrase)
                    break
        if best is not None:
            return [best]
        beneath = self.kinds_of(phrase)
        if len(beneath) > SHARED:
            return []
        meant = {meaning for meaning, rank in senses if rank == 0}
        beneath = [name for name in beneath if meant & set(self._lines[name][1:3])]
        if not beneath:
            return []
        near = {m.category: m.score for m in self.by_vector(phrase)}
        top = max(near.get(name, 0.0) for name in beneath)
        if top < RELATED:
            return []
        return [Match(n, 0.9, phrase) for n in beneath if near.get(n, 0.0) >= top - BETWEEN]

    def kinds_of(self, phrase: str) -> list[str]:
        """The categories that are kinds of what the phrase means most often."""
        senses = lexicon().senses(phrase)
        return self._beneath.get(senses[0][0], []) if senses and senses[0][1] == 0 else []

    def by_vector(self, phrase: str) -> list[Match]:
        """Every category by the cosine of its nearest name, best first; empty for an unknown phrase."""
        own = vector(phrase)
        if own is None:
            return []
        owners, rows = self._rows
        best: dict[str, Match] = {}
        for (category, name), cosine in zip(owners, (rows @ own).tolist(), strict=True):
            if phrase in name.split()[:-1]:  # soup is not a soup bowl
                continue
            if category not in best or cosine > best[category].score:
                best[category] = Match(category, cosine, name)
        return sorted(best.values(), key=lambda m: -m.score)

    def match(self, phrase: str) -> list[Match]:
        """What the phrase names: by name, else by kind, else by vector if near enough; or nothing."""
        named = self.by_name(phrase)
        if named:
            return [named]
        kinds = self.by_kind(phrase)
        if kinds or len(self.kinds_of(phrase)) > SHARED:
            return kinds
        near = self.by_vector(phrase) if has_vector(phrase) else []
        # the mean of a name's words is no measure of the name: a puppy is not a hot dog
        sure = near and near[0].score >= NEAR and has_vector(near[0].name)
        return near[:1] if sure and self._alike(phrase, near[0].category) else []

    def _alike(self, phrase: str, category: str) -> bool:
        """Whether the phrase can mean the same sort of thing: millet and a mill only look alike."""
        line = set(self._lines[category])
        lex = lexicon()
        return not line or any(
            len(line & set(lex.above(m))) >= ALIKE for m, _ in lex.senses(phrase)
        )

    def nearest(self, phrase: str, count: int) -> tuple[tuple[str, float], ...]:
        """The `count` nearest categories with their similarity, whether near enough or not."""
        score = {m.category: m.score for m in reversed(self.by_vector(phrase))}
        for match in self.match(phrase):
            score[match.category] = max(match.score, score.get(match.category, 0.0))
        if not score:  # no word is known: names that look like it
            alike = {n: difflib.SequenceMatcher(None, plain(n), phrase).ratio() for n in self.names}
            score = {n: ratio / 2 for n, ratio in alike.items()}
        ranked = sorted(score.items(), key=lambda item: -item[1])
        return tuple((name, round(value, 4)) for name, value in ranked[:count])


def _first(word: str) -> int:
    """The first meaning of a word."""
    return lexicon().senses(word)[0][0]


@cache
def _kinds_below() -> np.ndarray:
    """How many meanings lie under each meaning of the tree (M,)."""
    lex = lexicon()
    out = np.zeros(len(lex.parent), np.int64)
    above = lex.parent.astype(np.int64)
    for _ in range(DEEPEST):
        np.add.at(out, above, 1)
        above = lex.parent[above]
    return out


def _based(phrase: str) -> str:
    return plain(base(phrase))


def _meaning_beside(other: str, line: set[int]) -> int:
    """The meaning of another name that shares most of what lies above the category's; 0 if too little.

    A ship is a vessel, but not one of blood.
    """
    lex = lexicon()
    shared = [(len(line & set(lex.above(m))), -rank, m) for m, rank in lex.senses(other)]
    most, _, meaning = max(shared, default=(0, 0, 0))
    return meaning if most >= ALIKE else 0


def _meaning(name: str, others: Sequence[str]) -> int:
    """The one meaning of a category's name: the commonest, unless other names point elsewhere; 0 if none."""
    lex = lexicon()
    senses = lex.senses(name)
    if not senses:
        return 0
    around = [set(list(lex.above(m))[:2]) for other in others for m, _ in lex.senses(plain(other))]

    def fit(sense: tuple[int, int]) -> float:
        meaning, rank = sense
        # a turtle is an animal before it is a collar
        kinds = math.log2(1 + _kinds_below()[meaning])
        person = _first("person") in lex.above(
            meaning
        )  # a hot dog is a sausage before it is a skier
        return sum(meaning in near for near in around) - 0.6 * rank + 0.25 * kinds - 2 * person

    return max(senses, key=fit)[0]
