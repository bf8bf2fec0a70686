"""Splits a prompt into the words of the object and the clauses after it ('with', 'is', 'in', ...)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sds3d.language.lexicon import lexicon
from sds3d.language.palette import FINISHES, SHADES, VIVID
from sds3d.language.words import STOPS, Word, word_set

ARTICLE = word_set("a an the some one my your his her its their this these very")
ARTICLE |= word_set("single quite rather just so really both all own")
WITH = word_set("with having has have featuring wearing holding carrying whose showing")
WITHOUT = word_set("without no not minus lacking never except")
IS = word_set("is are painted colored coloured colour color colours colors being was")
MADE = word_set("made built carved crafted constructed cast sculpted woven knitted fashioned")
PLACE = word_set("in on at under over behind near beside by from inside into against above below")
PLACE |= word_set(
    "between among to for like next through around while out across along atop outside"
)
PLACE |= word_set("during off up down covered filled full of surrounded standing lying")
JOIN = STOPS | word_set("and plus or")
PASSED = word_set("that which it there who also entirely completely fully all mostly")
FUNCTION = ARTICLE | WITH | WITHOUT | IS | MADE | PLACE | PASSED | word_set("and plus or")
GRAMMAR = FUNCTION | set(SHADES) | set(VIVID) | set(FINISHES)


@dataclass(frozen=True)
class Term:
    """A word of a prompt, or several that form one name.  places: their positions in the prompt."""

    text: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, words: Sequence[Word | Term]) -> Term:
        """The words as one term."""
        places = (w.places if isinstance(w, Term) else (w.place,) for w in words)
        return cls(" ".join(w.text for w in words), tuple(i for row in places for i in row))


@dataclass
class Clause:
    """Terms of one kind: head, with, without, is, made, place.

    joined: whether it follows 'and' or ','.  article: whether it starts with one, and so names another object.
    opener: the word that opens it ("with", "on").
    """

    kind: str
    terms: list[Term] = field(default_factory=list)
    joined: bool = False
    article: bool = False
    opener: str = ""

    @property
    def words(self) -> list[str]:
        """The texts of the terms."""
        return [t.text for t in self.terms]


def clauses(words: Sequence[Word], named: Callable[[str], bool]) -> list[Clause]:
    """The clauses of a prompt, without articles and joining words.

    named: whether a phrase is the name of something, so that 'chest of drawers' and 'rocking chair' are kept
    together.
    """
    texts = [w.text for w in words]
    out = [Clause("head")]
    i = 0
    while i < len(words):
        count = _name_length(texts, i, named)
        if count:
            out[-1].terms.append(Term.of(words[i : i + count]))
            i += count
            continue
        word = texts[i]
        begins = _begins(texts, i, bool(out[-1].terms), named)
        if word in JOIN:
            if out[-1].terms:
                out.append(Clause(out[-1].kind, joined=True, opener=out[-1].opener))
        elif begins:
            out.append(Clause(begins, joined=word == "whose", opener=word))
            if word.endswith("ing") and begins == "place" and word not in PLACE:
                out[-1].terms.append(Term.of(words[i : i + 1]))
            if (
                word in MADE
                and texts[i + 1 : i + 2]
                and texts[i + 1] in word_set("of from out in with")
            ):
                i += 1 + (texts[i + 1] == "out")
        elif word in ARTICLE:
            out[-1].article = out[-1].article or not out[-1].terms
        elif word not in PASSED:
            out[-1].terms.append(Term.of(words[i : i + 1]))
        i += 1
    return [c for c in out if c.terms]


def _name_length(words: Sequence[str], i: int, named: Callable[[str], bool]) -> int:
    """How many words from i on form a name that the grammar would split: 'chest of drawers'."""
    for n in (5, 4, 3, 2):
        row = words[i : i + n]
        cut = any(w in PLACE | WITH | IS | MADE or w == "and" or w.endswith("ing") for w in row)
        if len(row) == n and cut and not set(row) & {",", ".", ";"} and named(" ".join(row)):
            return n
    return 0


def _begins(words: Sequence[str], i: int, after_words: bool, named: Callable[[str], bool]) -> str:
    """The kind of clause that word i opens, '' if it opens none."""
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
    noun = named(word) or bool(lexicon().senses(word))
    verb = word.endswith("ing") and len(word) > 5 and not noun
    ends = follows == "" or follows in ARTICLE | PLACE | JOIN or follows.endswith("ly")
    return "place" if verb and after_words and ends else ""
