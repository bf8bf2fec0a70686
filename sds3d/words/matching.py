"""Which category a noun names: by its names, by the tree of things, by its vector, in this order."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sds3d.words.lexicon import base, lexicon, plain, singulars, vector

# Chosen on the development list of benchmarks/words.py, not on its held-out list
NEAR = 0.74  # a cosine below this is not the same thing
A_KIND_OF = 0.72  # a place in the tree that scores less is too far, or too rare a meaning
STEP, RANK = 0.04, 0.12  # what a step up the tree, and a rarer meaning of the word, cost
SHARED = 4  # a word for more categories than this ('thing') says nothing
BETWEEN = 0.06  # of the kinds of what was said, those this near the nearest are all meant
# what people say that neither WordNet (1985-2006) nor the vectors know
SLANG = {
    "plushie": "teddy bear",
    "plushy": "teddy bear",
    "stuffed animal": "teddy bear",
    "suv": "car",
    "doggo": "dog",
    "pupper": "dog",
    "catto": "cat",
    "telly": "television",
    "flatscreen": "television",
    "smartphone": "telephone",
    "choo choo": "train",
    "choo choo train": "train",
    "moggy": "cat",
    "chopper": "helicopter",
    "wheelie bin": "trash can",
    "jumbo": "airplane",
    "jumbo jet": "airplane",
    "cheeseburger": "hamburger",
}


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
    def meanings(self) -> dict[int, str]:
        """Meaning in the tree -> category: of its name, then of its other names if they are no wider."""
        lex = lexicon()
        own = {
            m: name for name, others in self.names.items() for m in _meaning(plain(name), others)
        }
        wider = {m for meaning in own for m in lex.above(meaning)}
        out = dict(own)
        for name, others in self.names.items():
            for other in others:
                for meaning in [m for m, rank in lex.senses(plain(other)) if rank == 0]:
                    if meaning not in wider:
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
        named = [(c, plain(n)) for c, others in self.names.items() for n in (c, *others)]
        pairs = [(owner, v) for owner in named if (v := vector(owner[1])) is not None]
        return [owner for owner, _ in pairs], np.stack([v for _, v in pairs])

    def by_name(self, phrase: str) -> Match | None:
        """The category of that name: any form of it, spelled in one word or more, or slang for it."""
        for form in (*singulars(phrase), _based(phrase), phrase.replace(" ", "")):
            for said in (form, SLANG.get(form, "")):
                if said in self.exact:
                    return Match(self.exact[said], 1.0, said)
        return None

    def by_kind(self, phrase: str) -> list[Match]:
        """The category the phrase is a kind of, or the few categories that are kinds of it; or none."""
        lex = lexicon()
        best: Match | None = None
        for meaning, rank in lex.senses(phrase):
            for steps, above in enumerate(lex.above(meaning)):
                score = 0.97 - STEP * steps - RANK * rank
                if above in self.meanings and score >= A_KIND_OF:
                    if best is None or score > best.score:
                        best = Match(self.meanings[above], score, phrase)
                    break
        if best is not None:
            return [best]
        for meaning, rank in lex.senses(phrase):
            beneath = self._beneath.get(meaning, [])
            if rank == 0 and 0 < len(beneath) <= SHARED:
                near = {m.category: m.score for m in self.by_vector(phrase)}
                top = max(near.get(name, 0.0) for name in beneath)
                return [Match(n, 0.9, phrase) for n in beneath if near.get(n, 0.0) >= top - BETWEEN]
        return []

    def by_vector(self, phrase: str) -> list[Match]:
        """Every category by the cosine of its nearest name, best first; empty for an unknown phrase."""
        own = vector(phrase)
        if own is None:
            return []
        owners, rows = self._rows
        best: dict[str, Match] = {}
        for (category, name), cosine in zip(owners, (rows @ own).tolist(), strict=True):
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
        near = self.by_vector(phrase)
        return near[:1] if near and near[0].score >= NEAR else []

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


def _based(phrase: str) -> str:
    return plain(base(phrase))


def _meaning(name: str, others: Sequence[str]) -> list[int]:
    """The one meaning of a category's name: the commonest, unless the other names point to another."""
    lex = lexicon()
    senses = lex.senses(name)
    if not senses:
        return []
    around = [set(list(lex.above(m))[:2]) for other in others for m, _ in lex.senses(plain(other))]

    def fit(sense: tuple[int, int]) -> float:
        meaning, rank = sense
        return sum(meaning in near for near in around) - 0.6 * rank

    return [max(senses, key=fit)[0]]
