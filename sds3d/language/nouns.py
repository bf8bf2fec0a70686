"""The noun of a prompt: which words name the object, and which of the library's categories they name."""

from __future__ import annotations

from collections.abc import Sequence

from sds3d.language.aliases import COLORED, OTHER_THINGS
from sds3d.language.framing import ONE, STATUE_OF
from sds3d.language.grammar import Clause, Term
from sds3d.language.lexicon import base, is_compound, is_known, lexicon, plain, singulars
from sds3d.language.matching import Concepts, Match, Relation
from sds3d.language.palette import COLORS
from sds3d.language.quantities import COUNTS, SIZES, is_count
from sds3d.language.referent import Referent
from sds3d.language.surfaces import describes
from sds3d.language.words import Fate, Use, word_set

LONGEST_NAME = 5  # words
MODELS = word_set("model replica miniature figurine figure icon design mesh asset object ornament")
STATUES = word_set("statue statuette sculpture carving bust toy plush plushie")
YOUNG = word_set("cub pup puppy kitten calf foal chick fawn hatchling baby")
GROWN = "a grown one is made"


def head_of(parsed: list[Clause], concepts: Concepts) -> tuple[list[Term], list[Clause]]:
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


def referent_of(
    terms: list[Term], concepts: Concepts, fates: dict[int, Fate], written: Sequence[str]
) -> tuple[Referent, list[Term]]:
    """The object named by the longest known name at the end of the terms, and the terms before it."""
    obj = Referent([], "", (), fates, written)
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
    obj: Referent,
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
        if is_count(term.text):
            obj.mark([term], Use.NOT_MADE, why=ONE)
    counted = any(fate.why == ONE for fate in obj.fates.values())
    reasons = []
    if match.relation is Relation.KIND and plain_kind:
        reasons.append(plain_made(match.category))
    if _is_plural(named[-1].text, concepts) and not counted:
        reasons.append(ONE)
    same = {*singulars(obj.noun)} & {plain(match.category)}
    obj.mark(named, Use.KIND, "" if same else match.category, ", ".join(reasons))


def plain_made(category: str) -> str:
    """The note for a word that names a kind of the category."""
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
