"""What a prompt asks for: the category, its colours, materials and parts, and the fate of every word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sds3d.language.aliases import ALIASES, COLORED, OTHER_THINGS
from sds3d.language.framing import ONE, STATUE_OF, framed
from sds3d.language.grammar import FUNCTION, GRAMMAR, Clause, Term, clauses
from sds3d.language.lexicon import base, correct, is_compound, lexicon, plain, singulars
from sds3d.language.matching import Concepts, Match, Relation
from sds3d.language.palette import COLORS, MATERIALS, SAME_MATERIAL, TYPICAL
from sds3d.language.part_names import ACCENTS, ALSO, parts_named
from sds3d.language.surfaces import Surface, describes, surface
from sds3d.language.words import STOPS, Fate, Use, Word, split, word_set
from sds3d.library.kit.model import Wish

NEAREST = 5
LONGEST_NAME = 5  # words
MODELS = word_set("model replica miniature figurine figure icon design mesh asset object ornament")
STATUES = word_set("statue statuette sculpture carving bust toy plush plushie")
YOUNG = word_set("cub pup puppy kitten calf foal chick fawn hatchling baby")
GROWN = "a grown one is made"
COUNTS = word_set(
    "two three four five six seven eight nine ten eleven twelve twenty hundred thousand dozen"
)
COUNTS |= word_set("couple several many few multiple various numerous lots pairs")
SIZES = word_set(
    "big small large little tiny huge giant enormous gigantic massive tall short long wide"
)
SIZES |= word_set(
    "narrow thin thick mini miniature oversized sized full size biggest smallest bigger smaller"
)
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


FRAMES = word_set("a an the photo photograph picture image render rendering view of")


@dataclass
class _Object:
    """The object as read so far, and the fates of words by position."""

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


def read(text: str, names: Mapping[str, Sequence[str]], parts: PartNames | None = None) -> Reading:
    """What `text` asks for.

    names: category -> its other names.  parts: returns the names of a category's parts; called only for prompts
    that may name one.
    """
    concepts = _concepts(tuple((name, tuple(others)) for name, others in names.items()))
    words = split(text)
    rest, fates = framed(words, lambda phrase: concepts.by_name(phrase) is not None)
    rest = [w for w in rest if not w.is_mark or w.text in STOPS]
    corrections = {w.place: c for w in rest if (c := _correct(w.text, concepts)) != w.text}
    rest = [replace(w, text=corrections.get(w.place, w.text)) for w in rest]
    parsed = clauses(rest, lambda row: concepts.by_name(row) is not None)
    head, after = _head(parsed, concepts)
    obj, before = _noun(head, concepts, fates, [w.written for w in words])
    if obj.matches:
        if after or len(surface([t.text for t in before])[0].colors) > 1:
            obj.find_parts = lambda all_: _parts_of(obj.matches, parts, all_)
            obj.parts = obj.find_parts(False)
        _modifiers(obj, before, concepts)
        for clause in _joined(after):
            _read_clause(obj, clause)
        _accents(obj)
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


@lru_cache(maxsize=4)
def _vocabulary(names: tuple[str, ...]) -> frozenset[str]:
    """The words to which misspellings are corrected: of names, colours, materials and common parts."""
    parts = (*ALSO, *(name for row in ALSO.values() for name in row), *ACCENTS)
    spelled = (*names, *ALIASES, *COLORS, *MATERIALS, *SAME_MATERIAL, *parts)
    return frozenset(w for name in spelled for w in name.split() if w.isalpha())


def _correct(word: str, concepts: Concepts) -> str:
    """The word, corrected if it misspells exactly one known word."""
    if (
        word in GRAMMAR
        or word in COUNTS
        or word in SIZES
        or not (word.isalpha() and word.isascii())
    ):
        return word
    return correct(word, _vocabulary(tuple(concepts.exact)))


def _parts_of(matches: Sequence[Match], parts: PartNames | None, thorough: bool) -> list[str]:
    rows = [parts(m.category, thorough) for m in matches] if parts else []
    return list(dict.fromkeys(name for row in rows for name in row))


def _head(parsed: list[Clause], concepts: Concepts) -> tuple[list[Term], list[Clause]]:
    """The terms up to the object's noun, and the clauses after it.

    'red and white car' and 'a small, cute dog' are split at 'and' and the comma; the pieces are joined again as
    long as none of them names an object.
    """
    if not parsed:
        return [], []
    head = list(parsed[0].terms)
    for i, clause in enumerate(parsed[1:], 1):
        last = head[-1].text
        matches = concepts.match(last)
        adjective = not lexicon().senses(last) and is_known(last) and not clause.article
        continues = adjective or describes([last]) or last in SIZES
        if (
            clause.kind != "head"
            or not clause.joined
            or not continues
            or (matches and clause.article)
        ):
            return head, parsed[i:]
        head += clause.terms
    return head, []


def is_known(word: str) -> bool:
    """Whether the lexicon has the word in any form."""
    return base(word) in lexicon().words


def _noun(
    terms: list[Term], concepts: Concepts, fates: dict[int, Fate], written: Sequence[str]
) -> tuple[_Object, list[Term]]:
    """The object named by the longest known name at the end of the terms, and the terms before it."""
    obj = _Object([], "", (), fates, written)
    after = []
    while len(terms) > 1 and _follows_name(terms, concepts):
        after.append(terms[-1])
        terms = terms[:-1]  # a cat statue is a cat, and a lion cub a lion
    for i in range(max(0, len(terms) - LONGEST_NAME), len(terms)):
        matches, colored = _named_by(terms[i:], concepts)
        if matches is None:
            continue
        before = terms[:i]
        obj.noun = " ".join(t.text for t in terms[i:])
        qualified = bool(before) and _names_thing(before[-1].text)
        if matches and not (qualified and matches[0].relation is Relation.WIDER):
            obj.matches = matches
            # in 'wooden chair', a chair, the other word still describes its surface
            before = terms[:-1] if colored else before
            _mark_noun(obj, terms[len(before) :], before, concepts, plain_kind=not colored)
            for term in after:
                obj.mark([term], *_after_name(term.text))
        elif qualified:
            # a wizard hat is a hat, but not the library's top hat
            obj.noun = f"{before[-1].text} {obj.noun}"
        elif obj.noun in COLORS:
            obj.noun = ""  # colours alone name no object
        return obj, before
    return obj, []


def _named_by(named: Sequence[Term], concepts: Concepts) -> tuple[list[Match] | None, bool]:
    """What some terms name together, and whether all but the last are colours and materials.

    None if they do not form a name; an empty list if they do, of an object that the library lacks.
    """
    phrase = " ".join(t.text for t in named)
    if len(named) == 1:
        return concepts.match(phrase), False
    first, last = [t.text for t in named[:-1]], named[-1].text
    colored = describes(first)
    if {*singulars(phrase)} & COLORED:
        return None, False
    match = concepts.by_name(phrase, joined=not colored)
    if match is not None:
        own = match.category in {*singulars(last), plain(base(last))}
        alive = concepts.is_alive(match.category) and is_compound(phrase)
        return [match], own and colored and not alive
    one = {*singulars(phrase)} & OTHER_THINGS or is_compound(phrase)
    if not one and (colored or not lexicon().senses(phrase)):
        return None, False
    matches = concepts.by_kind(phrase)
    if matches:
        # the gold of a golden retriever is in its name; the straw of a straw hat is what it is made of
        return matches, colored and not concepts.is_alive(matches[0].category)
    return (None if colored and not _other_than(phrase, last, concepts) else []), False


def _other_than(phrase: str, last: str, concepts: Concepts) -> bool:
    """Whether a compound that starts with a colour or a material is something other than its last word.

    A red panda is not a panda, nor a straw hat a top hat; but 'golden star', a flower, may be a star of gold.
    """
    own = concepts.match(last)
    if {*singulars(phrase)} & OTHER_THINGS:
        return True
    if not own:
        return False
    alive = concepts.is_alive(own[0].category) and _is_alive(phrase)
    return alive or own[0].relation is Relation.WIDER


def _is_alive(phrase: str) -> bool:
    lex = lexicon()
    living = lex.senses("living thing")[0][0]
    return any(living in lex.above(meaning) for meaning, _ in lex.senses(phrase))


def _names_thing(word: str) -> bool:
    """Whether a word before a noun may turn it into another object: a noun, or an unknown word."""
    describing = describes([word]) or word in SIZES | COUNTS or word in MODELS | STATUES
    return not describing and (bool(lexicon().senses(word)) or not is_known(word))


def _mark_noun(
    obj: _Object,
    named: Sequence[Term],
    before: Sequence[Term],
    concepts: Concepts,
    *,
    plain_kind: bool,
) -> None:
    """Sets the fates of the words that name the object.

    plain_kind: whether all words of a hyponym are among them.
    """
    match = obj.matches[0]
    for term in before:
        if _is_count(term.text):
            obj.mark([term], Use.NOT_MADE, why=ONE)
    counted = any(fate.why == ONE for fate in obj.fates.values())
    reasons = []
    if match.relation is Relation.KIND and plain_kind:
        reasons.append(_plain(match.category))
    if _is_plural(named[-1].text, concepts) and not counted:
        reasons.append(ONE)
    same = {*singulars(obj.noun)} & {plain(match.category)}
    obj.mark(named, Use.KIND, "" if same else match.category, ", ".join(reasons))


def _plain(category: str) -> str:
    return f"a plain {category} is made"


def _is_plural(word: str, concepts: Concepts) -> bool:
    """Whether the noun is a plural: 'boots', but not 'glasses', which names one object."""
    if plain(word) in concepts.exact or word in lexicon().words:
        return False
    return any(form in concepts.exact or form in lexicon().words for form in [*singulars(word)][1:])


def _follows_name(terms: Sequence[Term], concepts: Concepts) -> bool:
    """Whether the last term makes the name before it a statue, a model or a young animal."""
    name, last = terms[-2].text, terms[-1].text
    form = {*singulars(last)}
    matches = concepts.match(name) if form & (MODELS | STATUES | YOUNG) else []
    return bool(matches) and (not form & YOUNG or concepts.is_alive(matches[0].category))


def _after_name(word: str) -> tuple[Use, str, str]:
    """(use, read, why) of a word after the name of the object."""
    form = {*singulars(word)}
    if form & MODELS:
        return Use.FUNCTION, "", ""
    return Use.NOT_MADE, "", GROWN if form & YOUNG else STATUE_OF


def _modifiers(obj: _Object, before: list[Term], concepts: Concepts) -> None:
    """Reads the words before the noun: colours, materials, kinds, counts, sizes and others."""
    rest = obj.ask(_compounds(before, concepts))
    category = obj.matches[0].category
    typical = [obj.noun]
    for term in rest:
        matches = concepts.match(term.text)
        if matches and matches[0].category == category and not _is_size_or_count(term.text):
            kind = matches[0].relation is Relation.KIND
            obj.mark([term], Use.KIND, category, _plain(category) if kind else "")
            typical.append(term.text)
        elif term.text in SIZES:
            obj.mark([term], Use.NOT_MADE, why="size")
        else:
            obj.mark([term], Use.NOT_MADE)
    for name in (form for noun in typical for form in (plain(base(noun)), noun)):
        if not obj.asked and name in TYPICAL:
            obj.asked = Surface((COLORS[TYPICAL[name]],), (TYPICAL[name],))


def _is_count(word: str) -> bool:
    return word in COUNTS or (word.isdigit() and word != "1")


def _is_size_or_count(word: str) -> bool:
    return word in SIZES or _is_count(word)


def _compounds(terms: Sequence[Term], concepts: Concepts) -> list[Term]:
    """The terms, with names joined, and compounds that only seem to contain a colour, material or count.

    'golden retriever' before 'puppy' makes nothing gold; 'red oak' before 'table' is still a material.
    """
    out = []
    i = 0
    while i < len(terms):
        count = 1
        for n in (4, 3, 2):
            row = [t.text for t in terms[i : i + n]]
            if len(row) == n and _is_one_name(row, concepts):
                count = n
                break
        out.append(Term.of(terms[i : i + count]))
        i += count
    return out


def _is_one_name(row: Sequence[str], concepts: Concepts) -> bool:
    phrase = " ".join(row)
    if concepts.by_name(phrase, joined=False) is not None:
        return True
    if describes(row[-1:]) or {*singulars(phrase)} & COLORED:
        return False
    return is_compound(phrase) and any(describes([word]) or _is_count(word) for word in row[:-1])


def _read_clause(obj: _Object, clause: Clause) -> None:
    """Reads one clause after the noun."""
    if clause.kind == "head":
        if describes(clause.words) and not clause.article:
            obj.ask(clause.terms)  # 'a car, red'
        _mark_rest(obj, clause.terms)
        return
    asks = surface(clause.words)[1]
    used = {i for ask in asks for i in range(ask.start, ask.start + ask.count)}
    left = [t for i, t in enumerate(clause.terms) if i not in used]
    if clause.kind == "without":
        count, names = obj.parts_named([t.text for t in left])
        if names and len(left) == len(clause.terms):
            obj.without += names
            obj.mark_part(left[-count:], names[0], "left out")
        _mark_rest(obj, clause.terms)
        return
    if clause.kind in ("is", "made") and asks:
        _ask(obj, obj.last_part, clause.terms)
    elif not left or clause.terms[-1] is not left[-1]:
        if _is_about_object(clause):
            _ask(obj, "", clause.terms)
    else:
        count, names = obj.parts_named([t.text for t in left])
        if names:
            obj.last_part = names[0]
            obj.mark_part(left[-count:], names[0])
            _ask(obj, names[0], clause.terms)
            for name in names[1:]:
                obj.of_parts[name] = obj.of_parts.get(name, Surface()) + surface(clause.words)[0]
    _mark_rest(obj, clause.terms)


def _is_about_object(clause: Clause) -> bool:
    """Whether colours and materials after 'in', 'of' or 'with' are the object's: 'in blue', 'of gold'.

    Those of 'on ice', 'in the snow' and 'with mustard' are not: they are places and objects.
    """
    if clause.kind == "place":
        return clause.opener in ("in", "of", "from") and clause.words[-1] not in (
            "snow",
            "ice",
            "straw",
        )
    is_thing = any(word in COLORS and lexicon().senses(word) for word in clause.words[-1:])
    return not (clause.kind == "with" and is_thing)


def _ask(obj: _Object, part: str, terms: Sequence[Term]) -> None:
    """Adds the surface that the terms describe to a part or ("") the whole object."""
    asked, _ = obj.surface(terms, part)
    if part:
        obj.of_parts[part] = obj.of_parts.get(part, Surface()) + asked
    else:
        obj.asked += asked


def _joined(parsed: Sequence[Clause]) -> list[Clause]:
    """The clauses, with colours before 'and' joined to what follows: 'with red and white stripes'."""
    out: list[Clause] = []
    for clause in parsed:
        before = out[-1] if out else None
        joins = (
            before and before.kind == clause.kind == "with" and clause.joined and not clause.article
        )
        if before and joins and describes(before.words) and not describes(clause.words):
            out[-1] = replace(before, terms=[*before.terms, *clause.terms])
        else:
            out.append(clause)
    return out


def _mark_rest(obj: _Object, terms: Sequence[Term]) -> None:
    """Marks the terms of a clause that have not been used as not made."""
    for term in terms:
        why = (
            "size"
            if term.text in SIZES
            else "their number is not counted"
            if _is_count(term.text)
            else ""
        )
        obj.mark([term], Use.NOT_MADE, why=why)


def _accents(obj: _Object) -> None:
    """Gives the object's second colour to a suitable part; surplus colours and materials are not made."""
    accent = Surface(obj.asked.colors[1:2], obj.asked.color_words[1:2])
    free = [p for p in ACCENTS if p in obj.parts and not obj.of_parts.get(p)]
    count = 2 if accent and free else 1
    if accent and free:
        obj.of_parts[free[0]] = accent
        obj.accented = free[0]
    obj.asked = obj.asked.only(count)
    obj.unmake("", Use.COLOR, count)
    obj.unmake("", Use.MATERIAL, 1)
    for part, asked in obj.of_parts.items():
        obj.of_parts[part] = asked.only(1)
        obj.unmake(part, Use.COLOR, 1)
        obj.unmake(part, Use.MATERIAL, 1)


def _fates(obj: _Object, words: Sequence[Word], corrections: Mapping[int, str]) -> tuple[Fate, ...]:
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


def _wish(obj: _Object) -> Wish:
    def wish(asked: Surface) -> Wish:
        return Wish(asked.colors[0] if asked.colors else None, asked.material)

    return replace(
        wish(obj.asked),
        parts={name: wish(asked) for name, asked in obj.of_parts.items() if asked},
    )
