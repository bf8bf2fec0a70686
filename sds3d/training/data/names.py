"""The names of objects, and their synonyms, from the titles of models."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sds3d.language.lexicon import base, has_vector, lexicon, plain, vector
from sds3d.language.palette import COLORS
from sds3d.library import CATEGORIES
from sds3d.training.data.titles import EXCLUDED, RULES, SIZES

LEADING_MATERIALS = {
    "wood",
    "wooden",
    "oak",
    "teak",
    "plastic",
    "iron",
    "concrete",
    "rattan",
    "stone",
}
NEAR = 0.55  # least cosine of a synonym; lower ones include 'knoll' for a hammock, 'sinker' for a donut


@dataclass(frozen=True)
class TitleWords:
    """An object's name, with the colour and material from its title, "" when it has none."""

    name: str
    color: str = ""
    material: str = ""


@cache
def held_out_synonyms() -> dict[str, str]:
    """Synonyms that are kept out of captions for evaluation, with the names that captions use instead."""
    return _pairs("held_out.txt")


@cache
def renamed() -> dict[str, str]:
    """Names of models whose title does not say what they show, by plain title."""
    return _pairs("renamed.txt")


def _pairs(file: str) -> dict[str, str]:
    lines = files("sds3d.training.data").joinpath(file).read_text("utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def cleaned(title: str) -> TitleWords:
    """The object that a title names, without numbers, sizes and brands; colour and material separately.

    'Office chair 2' -> office chair; 'Black table' -> table, black; 'VW new beetle' -> car.
    """
    text = re.sub(r"\(.*?\)|\s-\s.*", "", title)
    text = renamed().get(plain(text), plain(text))
    for pattern, name in RULES:
        text = name if re.fullmatch(pattern, text) else text
    words = re.findall(r"[a-z']+", text)
    if plain(title) not in renamed():
        kept = " ".join(w for w in words if w not in SIZES)
        words = renamed().get(kept, kept or text).split()
    color = material = ""
    while len(words) > 1 and base(" ".join(words)) not in lexicon().words:
        if words[0] in COLORS:
            color = words.pop(0)
        elif words[0] in LEADING_MATERIALS:
            material = words.pop(0)
        else:
            break
    name = " ".join(words)
    for word, instead in held_out_synonyms().items():
        name = re.sub(rf"\b{re.escape(word)}\b", instead, name)
    return TitleWords(name, color, material)


def other_names(name: str) -> tuple[str, ...]:
    """Synonyms and hypernyms of a name: 'sofa' -> lounge; 'coffee table' -> table.

    They are WordNet's synonyms, when the meaning is the most common of both words and the word is usual; a
    category's other names of the same or a broader meaning; and the head of a compound that is a kind of it.
    Held-out synonyms are never among them.
    """
    lex = lexicon()
    candidates: list[str] = []
    meaning = _meaning(name)
    above = set(lex.above(meaning)) if meaning is not None else set()
    if meaning is not None:
        candidates += [n for n in _named()[meaning] if _near(name, n)]
    if name in CATEGORIES:
        candidates += [n for n in CATEGORIES[name].also if _meaning(n) in above]
    head = name.rpartition(" ")[2]
    if (
        not re.search(r" (of|and|on|with) ", name)
        and head != name
        and (_meaning(head) in above or base(name) not in lex.words)
    ):
        candidates += [head] if lex.senses(head) else []
    unused = {name, base(name), *EXCLUDED}
    fit = [n for n in candidates if re.fullmatch(r"[a-z' ]+", n) and n not in unused]
    return tuple(dict.fromkeys(n for n in fit if not _holds_out(n)))


def concept(name: str) -> str:
    """The canonical name of an object; names with the same meaning are one concept."""
    if name in CATEGORIES:
        return name
    meaning = _meaning(name)
    own = _categories_by_meaning().get(meaning) if meaning is not None else None
    return own or base(name)


def _near(name: str, other: str) -> bool:
    """Whether a synonym is a common word with similar usage."""
    a, b = vector(name), vector(other)
    return has_vector(other) and a is not None and b is not None and float(a @ b) >= NEAR


def _holds_out(name: str) -> bool:
    return any(re.search(rf"\b{re.escape(word)}\b", name) for word in held_out_synonyms())


def _meaning(name: str) -> int | None:
    senses = lexicon().senses(name)
    return senses[0][0] if senses and senses[0][1] == 0 else None


@cache
def _named() -> dict[int, list[str]]:
    """For each meaning, the words of which it is the most common one."""
    lex, out = lexicon(), defaultdict(list)
    for word, row in lex.words.items():
        for k in range(int(lex.sense_start[row]), int(lex.sense_start[row + 1])):
            if lex.sense_rank[k] == 0:
                out[int(lex.sense[k])].append(word)
    return out


@cache
def _categories_by_meaning() -> dict[int, str]:
    pairs = [(_meaning(name), name) for name in reversed(CATEGORIES)]
    return {meaning: name for meaning, name in pairs if meaning is not None}
