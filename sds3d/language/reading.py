"""What a prompt asks for: the category, its colours and materials, and what of the prompt is not understood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sds3d.language.aliases import ALIASES
from sds3d.language.framing import tokens
from sds3d.language.grammar import GRAMMAR, Clause, clauses
from sds3d.language.lexicon import base, correct, lexicon, plain
from sds3d.language.matching import Concepts, Match
from sds3d.language.palette import COLORS, MATERIALS, PLANTED, PLANTS, TYPICAL
from sds3d.language.part_names import ACCENTS, parts_named, singular
from sds3d.language.surfaces import Surface, surface
from sds3d.library.kit.model import Wish

NEAREST = 5
SHAPES = {
    "model",
    "statue",
    "statuette",
    "sculpture",
    "figurine",
    "figure",
    "replica",
    "miniature",
    "toy",
}
SHAPES |= {"ornament", "plush", "plushie", "icon", "design", "mesh", "asset", "object"}


@dataclass(frozen=True)
class Reading:
    """What a prompt was understood to ask for.

    matches: (category, weight), the weights sum to 1; empty when nothing is near enough.  understood: the
    prompt as it was understood ("red armchair with black legs").  ignored: words that have no effect.
    nearest: the categories nearest in meaning, with their similarity.
    """

    matches: tuple[tuple[str, float], ...]
    wish: Wish
    understood: str
    ignored: tuple[str, ...]
    nearest: tuple[tuple[str, float], ...]


@dataclass
class _Object:
    """The object as far as it has been read."""

    matches: list[Match]
    phrase: str
    parts: Sequence[str]
    asked: Surface = field(default_factory=Surface)
    of_parts: dict[str, Surface] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    last_part: str = ""
    accented: str = ""

    def ask(self, words: Sequence[str]) -> list[str]:
        """Colours and materials of the whole object taken from the words; the words that are left."""
        found, rest = surface(words)
        self.asked += found
        return rest


def read(
    text: str, names: Mapping[str, Sequence[str]], parts: Mapping[str, Sequence[str]] | None = None
) -> Reading:
    """What `text` asks for.  names: category -> its other names.  parts: category -> the names of its parts."""
    concepts = _concepts(tuple((name, tuple(others)) for name, others in names.items()))
    parts = parts or {}
    every_part = {name for row in parts.values() for name in row}
    words = _corrected(tokens(text), concepts, every_part)
    said = clauses(words, lambda row: concepts.by_name(row) is not None)
    head, rest = _head(said, concepts)
    thing, before = _noun(head, concepts, parts)
    _modifiers(thing, before)
    if not thing.matches:
        return Reading((), Wish(), "", tuple(_words(said)), concepts.nearest(thing.phrase, NEAREST))
    for clause in rest:
        _say(thing, clause, rest)
    _accents(thing)
    weight = 1 / len(thing.matches)
    return Reading(
        tuple((m.category, weight) for m in thing.matches),
        _wish(thing),
        _understood(thing),
        tuple(dict.fromkeys(thing.ignored)),
        concepts.nearest(thing.phrase, NEAREST),
    )


@lru_cache(maxsize=4)
def _concepts(names: tuple[tuple[str, tuple[str, ...]], ...]) -> Concepts:
    return Concepts(dict(names))


def _corrected(words: list[str], concepts: Concepts, parts: Iterable[str]) -> list[str]:
    """The words with misspellings of known ones put right; words of categories and parts are preferred."""
    names = {w for name in (*concepts.exact, *ALIASES, *map(plain, parts)) for w in name.split()}
    preferred = frozenset(names | {w for name in (*COLORS, *MATERIALS) for w in name.split()})
    return [w if w in GRAMMAR or not w.isalpha() else correct(w, preferred) for w in words]


def _words(said: Sequence[Clause]) -> list[str]:
    return [w for clause in said for w in clause.words if surface([w])[1]]


def _head(said: list[Clause], concepts: Concepts) -> tuple[list[str], list[Clause]]:
    """The words up to the object's noun, and the clauses after it.

    'red and white car' and 'a small, cute dog' are cut by their joining words; the pieces go together as long
    as no piece names a thing.
    """
    if not said:
        return [], []
    head = list(said[0].words)
    for i, clause in enumerate(said[1:], 1):
        thing = concepts.by_name(head[-1]) or concepts.by_kind(head[-1])
        describes = not surface(head[-1:])[1] or not (thing or clause.anew)
        if clause.kind != "head" or not clause.joined or not describes:
            return head, said[i:]
        head += clause.words
    return head, []


def _noun(
    words: list[str], concepts: Concepts, parts: Mapping[str, Sequence[str]]
) -> tuple[_Object, list[str]]:
    """The object that the longest known name at the end of `words` names, and the words before that name."""
    while len(words) > 1 and words[-1] in SHAPES and concepts.match(words[-2]):
        words = words[:-1]  # a cat statue is a cat
    for i in range(len(words)):
        phrase, last = " ".join(words[i:]), i == len(words) - 1
        if not last and not concepts.by_name(phrase) and not lexicon().senses(phrase):
            continue
        matches = concepts.match(phrase)
        if not last and not matches and not surface(words[i:-1])[1]:
            continue  # a 'golden star' is a flower, but if there is no such flower it is a star, golden
        before = words[:i]
        if not last and matches and matches[0].category in singular(words[-1]):
            before = words[
                :-1
            ]  # a 'wooden chair' is a chair: its other words still say how it looks
        own = parts.get(matches[0].category, ()) if matches else ()
        return _Object(matches, phrase, own), before
    return _Object([], "", ()), []


def _modifiers(thing: _Object, before: list[str]) -> None:
    """The words before the noun: colours, materials, and others."""
    if thing.phrase.split()[-1:] and thing.phrase.split()[-1] in PLANTED:
        before = [w for w in before if w not in PLANTS]
    rest = thing.ask(before)
    for name in (plain(base(thing.phrase)), thing.phrase):
        if not thing.asked and name in TYPICAL:
            thing.asked = Surface((COLORS[TYPICAL[name]],), (TYPICAL[name],))
    thing.ignored += [w for w in rest if w not in thing.phrase.split()]


def _say(thing: _Object, clause: Clause, rest: Sequence[Clause]) -> None:
    """Take in one clause after the noun."""
    if clause.kind in ("without", "head"):
        thing.ignored += clause.words
        return
    found, left = surface(clause.words)
    if clause.kind in ("is", "made") and found:
        if thing.last_part:
            _ask_part(thing, thing.last_part, found)
        else:
            thing.asked += found
        thing.ignored += left
        return
    if not left or clause.words[-1:] != left[-1:]:
        # 'in blue', 'of gold', 'with red' are about the object as long as no part was named
        thing.asked += found
        thing.ignored += left
        return
    used, names = parts_named(left, thing.parts)
    if not names:
        thing.ignored += clause.words
        return
    thing.last_part = names[0]
    thing.ignored += left[: len(left) - used]
    for name in names:
        _ask_part(thing, name, found)


def _ask_part(thing: _Object, name: str, found: Surface) -> None:
    if found:
        thing.of_parts[name] = thing.of_parts.get(name, Surface()) + found


def _accents(thing: _Object) -> None:
    """Give the object's second colour to a part that bears it; colours that find no place are ignored."""
    accent = Surface(thing.asked.colors[1:2], thing.asked.color_words[1:2])
    free = [p for p in ACCENTS if p in thing.parts and p not in thing.of_parts]
    if accent and free:
        thing.of_parts[free[0]] = accent
        thing.accented = free[0]
    thing.ignored += thing.asked.color_words[2 if free else 1 :]
    thing.asked = thing.asked.only(2 if free else 1)


def _wish(thing: _Object) -> Wish:
    def wish(asked: Surface) -> Wish:
        return Wish(asked.colors[0] if asked.colors else None, asked.material)

    return replace(
        wish(thing.asked), parts={name: wish(asked) for name, asked in thing.of_parts.items()}
    )


def _understood(thing: _Object) -> str:
    whole = f"{thing.asked} {' or '.join(m.category for m in thing.matches)}".strip()
    spoken = [
        f"{asked} {p}" for p, asked in thing.of_parts.items() if asked and p != thing.accented
    ]
    return f"{whole} with {' and '.join(spoken)}" if spoken else whole
