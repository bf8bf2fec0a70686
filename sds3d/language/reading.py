"""What a prompt asks for: the category, its colours, materials and parts, and the fate of every word."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sds3d.language.framing import ONE, STATUE_OF, framed
from sds3d.language.grammar import FUNCTION, clauses
from sds3d.language.matching import Concepts, Match
from sds3d.language.modifiers import joined, place_accents, postmodify, premodify
from sds3d.language.nouns import head_of, referent_of
from sds3d.language.referent import Referent
from sds3d.language.spelling import corrected
from sds3d.language.surfaces import Surface, surface
from sds3d.language.words import STOPS, Fate, Use, Word, split, word_set
from sds3d.library.kit.model import Wish

NEAREST = 5
FRAMES = word_set("a an the photo photograph picture image render rendering view of")
# (category, thorough) -> the names of its parts; thorough: also of parts that only few members have
PartNames = Callable[[str, bool], Sequence[str]]


@dataclass(frozen=True)
class Reading:
    """What a prompt was understood to ask for.

    matches: (category, weight) pairs, whose weights sum to 1; empty when the library has nothing of the kind.
    wish: colours and materials.  whole: the object in plain words ("red armchair").  fates: what became of
    every word and mark, in order.  noun: the words that name the object.  nearest: the categories nearest in
    meaning, with their similarity.  parts: required parts, in the category's spelling, and the words that ask
    for them ("black legs").  without: the parts that must be absent.  accent: the part that takes the object's
    second colour.
    """

    matches: tuple[tuple[str, float], ...]
    wish: Wish
    whole: str
    fates: tuple[Fate, ...]
    noun: str
    nearest: tuple[tuple[str, float], ...]
    parts: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    accent: str = ""

    @property
    def understood(self) -> str:
        """The prompt as it was understood: 'red armchair with black legs'."""
        parts = [words for part, words in self.parts.items() if part != self.accent]
        text = f"{self.whole} with {' and '.join(parts)}" if parts else self.whole
        return f"{text} without {' and '.join(self.without)}" if self.without else text

    @property
    def ignored(self) -> tuple[str, ...]:
        """The words that have no effect, each once."""
        return tuple(dict.fromkeys(f.word.lower() for f in self.fates if f.use is Use.NOT_MADE))

    @property
    def note(self) -> str:
        """One line: what is made, which spellings were corrected, and every word without effect."""
        lines = [f"prompt read as '{self.understood}'"] if self.matches else []
        lines += [
            f"spelling of '{f.word}' corrected to '{f.corrected}'"
            for f in self.fates
            if f.corrected
        ]
        named = [f for f in self.fates if f.use is Use.KIND and f.why]
        for why in dict.fromkeys(f.why for f in named):
            lines.append(f"{' '.join(f.word for f in named if f.why == why)}: {why}")
        unmade = {f.word.lower(): f for f in reversed(self.fates) if f.use is Use.NOT_MADE}
        if unmade:
            words = (f"{f.word} ({f.why})" if f.why else f.word for f in reversed(unmade.values()))
            lines.append(f"not made: {', '.join(words)}")
        picture = [
            f.word for f in self.fates if f.use is Use.PICTURE and f.word.lower() not in FRAMES
        ]
        if picture:
            lines.append(f"about the picture, no effect: {' '.join(picture)}")
        return "; ".join(lines)

    def unmade(self, part: str, why: str) -> Reading:
        """The same reading, with every word about a part reported as not made."""
        fates = [
            Fate(f.word, Use.NOT_MADE, why=why)
            if f.part == part and f.use is not Use.NOT_MADE
            else f
            for f in self.fates
        ]
        wishes = {name: wish for name, wish in self.wish.parts.items() if name != part}
        return replace(
            self,
            fates=tuple(fates),
            wish=replace(self.wish, parts=wishes),
            parts={name: words for name, words in self.parts.items() if name != part},
            without=tuple(name for name in self.without if name != part),
        )


def read(text: str, names: Mapping[str, Sequence[str]], parts: PartNames | None = None) -> Reading:
    """What `text` asks for.

    names: category -> its other names.  parts: returns the names of a category's parts; called only for prompts
    that may name one.
    """
    concepts = _concepts(tuple((name, tuple(others)) for name, others in names.items()))
    words = split(text)
    rest, fates = framed(words, lambda phrase: concepts.by_name(phrase) is not None)
    rest = [w for w in rest if not w.is_mark or w.text in STOPS]
    corrections = {w.place: c for w in rest if (c := corrected(w.text, concepts)) != w.text}
    rest = [replace(w, text=corrections.get(w.place, w.text)) for w in rest]
    parsed = clauses(rest, lambda row: concepts.by_name(row) is not None)
    head, after = head_of(parsed, concepts)
    obj, before = referent_of(head, concepts, fates, [w.written for w in words])
    if obj.matches:
        if after or len(surface([t.text for t in before])[0].colors) > 1:
            obj.find_parts = lambda all_: _parts_of(obj.matches, parts, all_)
            obj.parts = obj.find_parts(False)
        premodify(obj, before, concepts)
        for clause in joined(after):
            postmodify(obj, clause)
        place_accents(obj)
    every = _fates(obj, words, corrections)
    nearest = concepts.nearest(obj.noun, NEAREST)
    if not obj.matches:
        every = tuple(_unused(f) for f in every)
        return Reading((), Wish(), "", every, obj.noun, nearest)
    weight = 1 / len(obj.matches)
    return Reading(
        tuple((m.category, weight) for m in obj.matches),
        _wish(obj),
        f"{obj.asked} {' or '.join(m.category for m in obj.matches)}".strip(),
        every,
        obj.noun,
        nearest,
        {name: f"{asked} {name}".strip() for name, asked in obj.of_parts.items()},
        tuple(dict.fromkeys(p for p in obj.without if p not in obj.of_parts)),
        obj.accented,
    )


@lru_cache(maxsize=4)
def _concepts(names: tuple[tuple[str, tuple[str, ...]], ...]) -> Concepts:
    return Concepts(dict(names))


def _parts_of(matches: Sequence[Match], parts: PartNames | None, thorough: bool) -> list[str]:
    rows = [parts(m.category, thorough) for m in matches] if parts else []
    return list(dict.fromkeys(name for row in rows for name in row))


def _fates(
    obj: Referent, words: Sequence[Word], corrections: Mapping[int, str]
) -> tuple[Fate, ...]:
    """The fate of every word and mark of the prompt, in order."""
    pair = any(f.word.lower() in ("pair", "pairs") and f.why == ONE for f in obj.fates.values())
    whole = pair and obj.matches and obj.matches[0].category.endswith("s")
    out = []
    for word in words:
        fate = obj.fates.get(word.place)
        if fate is None and word.is_mark:
            fate = Fate(word.written, Use.PUNCTUATION)
        elif fate is None:
            fate = Fate(word.written, Use.FUNCTION if word.text in FUNCTION else Use.NOT_MADE)
        if fate.word == "1":
            fate = Fate(fate.word, Use.FUNCTION)
        if whole and fate.word.lower() == "pair":
            fate = Fate(fate.word, Use.FUNCTION)  # a pair of glasses is one object
        if fate.why == STATUE_OF and obj.asked.material is not None:
            fate = Fate(fate.word, Use.FUNCTION)  # a golden statue is a statue of gold
        if word.place in corrections and fate.use not in (Use.NOT_MADE, Use.PICTURE, Use.FUNCTION):
            fate = replace(fate, corrected=corrections[word.place])
        out.append(fate)
    return tuple(out)


def _unused(fate: Fate) -> Fate:
    """The fate of a word of a prompt that is refused."""
    if fate.use in (Use.KIND, Use.COLOR, Use.MATERIAL, Use.FINISH, Use.PART):
        return Fate(fate.word, Use.NOT_MADE)
    return fate


def _wish(obj: Referent) -> Wish:
    def wish(asked: Surface) -> Wish:
        return Wish(asked.colors[0] if asked.colors else None, asked.material)

    return replace(
        wish(obj.asked),
        parts={name: wish(asked) for name, asked in obj.of_parts.items() if asked},
    )
