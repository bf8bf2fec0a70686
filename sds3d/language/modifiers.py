"""Modifiers of a prompt's noun: the words before it and the clauses after it, read into the object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sds3d.language.aliases import COLORED
from sds3d.language.grammar import Clause, Term
from sds3d.language.lexicon import base, is_compound, lexicon, plain, singulars
from sds3d.language.matching import Concepts, Relation
from sds3d.language.nouns import plain_made
from sds3d.language.palette import COLORS, TYPICAL
from sds3d.language.part_names import ACCENTS
from sds3d.language.quantities import SIZES, is_count, is_size_or_count
from sds3d.language.referent import Referent
from sds3d.language.surfaces import Surface, describes, surface
from sds3d.language.words import Use


def premodify(obj: Referent, before: list[Term], concepts: Concepts) -> None:
    """Reads the words before the noun: colours, materials, kinds, counts, sizes and others."""
    rest = obj.ask(_compounds(before, concepts))
    category = obj.matches[0].category
    typical = [obj.noun]
    for term in rest:
        matches = concepts.match(term.text)
        if matches and matches[0].category == category and not is_size_or_count(term.text):
            kind = matches[0].relation is Relation.KIND
            obj.mark([term], Use.KIND, category, plain_made(category) if kind else "")
            typical.append(term.text)
        elif term.text in SIZES:
            obj.mark([term], Use.NOT_MADE, why="size")
        else:
            obj.mark([term], Use.NOT_MADE)
    for name in (form for noun in typical for form in (plain(base(noun)), noun)):
        if not obj.asked and name in TYPICAL:
            obj.asked = Surface((COLORS[TYPICAL[name]],), (TYPICAL[name],))


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
    return is_compound(phrase) and any(describes([word]) or is_count(word) for word in row[:-1])


def postmodify(obj: Referent, clause: Clause) -> None:
    """Reads one clause after the noun."""
    if clause.kind == "head":
        if describes(clause.words) and not clause.article:
            obj.ask(clause.terms)  # 'a car, red'
        _mark_rest(obj, clause.terms)
        return
    count = obj.name_at_end(clause.words) if clause.kind in ("with", "without") else 0
    described = clause.terms[: len(clause.terms) - count]
    asks = surface([t.text for t in described])[1]
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
            _ask(obj, names[0], described)
            asked = surface([t.text for t in described])[0]
            for name in names[1:]:
                obj.of_parts[name] = obj.of_parts.get(name, Surface()) + asked
    _mark_rest(obj, clause.terms)


def _is_about_object(clause: Clause) -> bool:
    """Whether colours and materials after 'in', 'of' or 'with' are the object's: 'in blue', 'of gold'.

    Those of 'on ice', 'in the snow' and 'a chair with mustard' are not: they are places and objects.
    """
    if clause.kind == "place":
        return clause.opener in ("in", "of", "from") and clause.words[-1] not in (
            "snow",
            "ice",
            "straw",
        )
    is_thing = any(word in COLORS and lexicon().senses(word) for word in clause.words[-1:])
    return not (clause.kind == "with" and is_thing)


def _ask(obj: Referent, part: str, terms: Sequence[Term]) -> None:
    """Adds the surface that the terms describe to a part or ("") the whole object."""
    asked, _ = obj.surface(terms, part)
    if part:
        obj.of_parts[part] = obj.of_parts.get(part, Surface()) + asked
    else:
        obj.asked += asked


def joined(parsed: Sequence[Clause]) -> list[Clause]:
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


def _mark_rest(obj: Referent, terms: Sequence[Term]) -> None:
    """Marks the terms of a clause that have not been used as not made."""
    for term in terms:
        why = (
            "size"
            if term.text in SIZES
            else "their number is not counted"
            if is_count(term.text)
            else ""
        )
        obj.mark([term], Use.NOT_MADE, why=why)


def place_accents(obj: Referent) -> None:
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
