"""Finds the category that a noun names: by name, else by WordNet's hypernym tree."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property

import numpy as np

from sds3d.language.aliases import ALIASES, KINDS, OTHER_THINGS, SAME_THING, WIDER
from sds3d.language.lexicon import (
    DEEPEST,
    base,
    has_vector,
    lexicon,
    plain,
    singulars,
    vector,
)

# Chosen on the development list of benchmarks/words.py, not on its held-out list
A_KIND_OF = (
    0.72  # least score of a match in the tree; below, it is too far away, or the meaning too rare
)
STEP, RANK = 0.04, 0.12  # costs of a step up the tree and of a rarer meaning
ALIKE_KIND = (
    0.35  # least cosine of a hyponym with its category: to most people an altar is not a table
)
RARER = 0.45  # the same for a rarer meaning, which is more likely to be another object


class Relation(StrEnum):
    """How the noun of a prompt relates to the category that is made for it."""

    SAME = "same"  # another name of it
    KIND = "kind"  # the noun is a hyponym; the category is made without what sets it apart
    WIDER = "wider"  # the noun is a hypernym of the category


@dataclass(frozen=True)
class Match:
    """A category, its score (1 by name, less by the tree), the matched name, and the relation."""

    category: str
    score: float
    name: str
    relation: Relation = Relation.SAME


@dataclass(frozen=True)
class Concepts:
    """The categories that a prompt can name.  names: category -> its other names."""

    names: Mapping[str, Sequence[str]]

    @cached_property
    def exact(self) -> dict[str, str]:
        """Name in its base form -> category; a category's own name takes precedence over aliases."""
        out = {plain(other): name for name, others in self.names.items() for other in others}
        out |= {plain(name): name for name in self.names}
        based = {_based(name): category for name, category in reversed(out.items())}
        joined = {name.replace(" ", ""): category for name, category in based.items()}
        return joined | based | out

    @cached_property
    def lines(self) -> dict[str, list[int]]:
        """Category -> the meaning of its name and its hypernyms; empty if the tree lacks the name."""
        own = {name: _meaning(plain(name), others) for name, others in self.names.items()}
        return {name: list(lexicon().above(m)) if m else [] for name, m in own.items()}

    @cached_property
    def meanings(self) -> dict[int, str]:
        """Meaning in the tree -> category: of its name, then of its aliases that are synonyms or hyponyms.

        'Boat' is not one for a sailboat: it would turn all boats into sailboats.
        """
        out = {line[0]: name for name, line in self.lines.items() if line}
        for name, others in self.names.items():
            line = self.lines[name]
            for other in others:
                for meaning, _ in lexicon().senses(plain(other)):
                    if line and line[0] in lexicon().above(meaning):
                        out.setdefault(meaning, name)
        return out

    @cached_property
    def _rows(self) -> tuple[list[tuple[str, str]], np.ndarray]:
        named = [(c, plain(c)) for c in self.names]
        # a rare alias would contribute the vector of a hypernym
        named += [
            (c, plain(n))
            for c, others in self.names.items()
            for n in others
            if has_vector(plain(n))
        ]
        pairs = [(owner, v) for owner in named if (v := vector(owner[1])) is not None]
        rows = np.array([v for _, v in pairs], np.float32)
        return [owner for owner, _ in pairs], rows.reshape(-1, lexicon().vectors.shape[1])

    def by_name(self, phrase: str, *, joined: bool = True) -> Match | None:
        """The category with that name or alias, in any form.

        joined: also try the spelling as one word, so that 'fire place' finds 'fireplace'.
        """
        if not phrase.isascii():
            return None
        forms = [*singulars(phrase)]
        if joined:
            forms += [_based(phrase), phrase.replace(" ", "")]
        for form in forms:
            for name in (form, ALIASES.get(form, "")):
                if name in self.exact:
                    category = self.exact[name]
                    return Match(category, 1.0, name, self._relation(category, form))
        return None

    def _relation(self, category: str, name: str) -> Relation:
        """How a name relates to its category; SAME if neither the tree nor a table knows the name."""
        if name == plain(category) or name in SAME_THING:
            return Relation.SAME
        if name in KINDS:
            return Relation.KIND
        if name in WIDER:
            return Relation.WIDER
        line = self.lines[category]
        senses = [meaning for meaning, _ in lexicon().senses(name)]
        if not line or line[0] in senses:
            return Relation.SAME
        if set(senses) & set(line):
            return Relation.WIDER
        is_kind = any(line[0] in lexicon().above(meaning) for meaning in senses)
        return Relation.KIND if is_kind else Relation.SAME

    def by_kind(self, phrase: str) -> list[Match]:
        """The category of which the phrase is a hyponym, if any."""
        last = phrase.rpartition(" ")[2]
        other = {*singulars(phrase), *singulars(last)} & OTHER_THINGS
        kind = None if other else self._kind_of(phrase)
        return [] if kind is None else [kind]

    def _kind_of(self, phrase: str) -> Match | None:
        """The category of which a meaning of the phrase is a hyponym.

        The commonest meaning decides.  A rarer one counts only where the commonest is a person and the rarer
        is not (a printer), or where the phrase is also used like the category.
        """
        lex = lexicon()
        senses = lex.senses(phrase)
        lines = [list(lex.above(meaning)) for meaning, _ in senses]
        person, plant, food = map(_first, ("person", "flora", "solid food"))
        inanimate = any(person not in line for line in lines)
        edible = any(food in line for line in lines)
        head = self._senses_of_last_word(phrase)
        best: Match | None = None
        for (_, rank), line in zip(senses, lines, strict=True):
            # a printer is a machine before it is a person, a peach a fruit before it is a tree
            if (person in line and (rank > 0 or inanimate)) or (plant in line and edible):
                continue
            for steps, above in enumerate(line):
                category = self.meanings.get(above) or (head.get(above) if steps else None)
                score = 0.97 - STEP * steps - RANK * rank
                if category is None or score < A_KIND_OF:
                    continue
                if self._in_use(phrase, category) >= (RARER if rank else ALIKE_KIND):
                    relation = self._relation(category, phrase)
                    if relation is Relation.SAME and steps:
                        relation = Relation.KIND
                    if best is None or score > best.score:
                        best = Match(category, score, phrase, relation)
                break
        return best

    def _senses_of_last_word(self, phrase: str) -> dict[int, str]:
        """Meaning -> category, for all meanings of the category that the last word of the phrase names.

        A reading lamp is a lamp, whichever meaning of 'lamp' the tree puts it under.
        """
        first, _, last = phrase.rpartition(" ")
        named = self.by_name(last) if first else None
        if named is None or named.relation is not Relation.SAME:
            return {}
        return {meaning: named.category for meaning, _ in lexicon().senses(last)}

    def _in_use(self, phrase: str, category: str) -> float:
        """The cosine of the vectors of the phrase and the category's name; 1 if either has none."""
        name = plain(category)
        own = vector(phrase) if has_vector(phrase) else None
        other = vector(name) if has_vector(name) else None
        return 1.0 if own is None or other is None else float(own @ other)

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
        """The category that the phrase names, or is a hyponym of.  Similarity alone never matches."""
        named = self.by_name(phrase)
        return [named] if named else self.by_kind(phrase)

    def is_alive(self, category: str) -> bool:
        """Whether the category is an animal, a plant or a person."""
        return _first("living thing") in self.lines[category]

    def nearest(self, phrase: str, count: int) -> tuple[tuple[str, float], ...]:
        """The `count` nearest categories with their similarity: by meaning, else by spelling."""
        score = {m.category: m.score for m in reversed(self.by_vector(phrase))}
        for match in self.match(phrase):
            score[match.category] = max(match.score, score.get(match.category, 0.0))
        if not score:  # no word is known: compare the spelling
            alike = {n: difflib.SequenceMatcher(None, plain(n), phrase).ratio() for n in self.names}
            score = {n: ratio / 2 for n, ratio in alike.items()}
        ranked = sorted(score.items(), key=lambda item: -item[1])
        return tuple((name, round(value, 4)) for name, value in ranked[:count])


@cache
def _first(word: str) -> int:
    """The commonest meaning of a word."""
    return lexicon().senses(word)[0][0]


@cache
def _kinds_below() -> np.ndarray:
    """The number of hyponyms of each meaning in the tree (M,)."""
    lex = lexicon()
    out = np.zeros(len(lex.parent), np.int64)
    above = lex.parent.astype(np.int64)
    for _ in range(DEEPEST):
        np.add.at(out, above, 1)
        above = lex.parent[above]
    return out


def _based(phrase: str) -> str:
    return plain(base(phrase))


def _meaning(name: str, others: Sequence[str]) -> int:
    """The meaning of a category's name: the commonest, unless its aliases suggest another; 0 if none."""
    lex = lexicon()
    senses = lex.senses(name)
    if not senses:
        return 0
    around = [set(list(lex.above(m))[:2]) for other in others for m, _ in lex.senses(plain(other))]
    synonyms = {m for other in others for m, _ in lex.senses(plain(other))}

    def fit(sense: tuple[int, int]) -> float:
        meaning, rank = sense
        # a turtle is an animal before it is a collar
        kinds = math.log2(1 + _kinds_below()[meaning])
        person = _first("person") in lex.above(meaning)  # a hot dog is a sausage before a skier
        shared = sum(meaning in near for near in around) + (meaning in synonyms)
        return shared - 0.6 * rank + 0.25 * kinds - 2 * person

    return max(senses, key=fit)[0]
