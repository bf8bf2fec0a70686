"""Finds the parts of an object that the words of a prompt name."""

from __future__ import annotations

from collections.abc import Sequence

from sds3d.language.lexicon import base, lexicon, plain, singulars, vector

NEAR = 0.62  # least cosine of a part's name and the prompt's word for it
# synonyms of parts that neither WordNet nor the vectors connect
ALSO = {
    "tyre": ("wheel",),
    "tire": ("wheel",),
    "rim": ("wheel",),
    "foot": ("leg", "base", "foot"),
    "top": ("tabletop", "lid"),
    "tabletop": ("top",),
    "upholstery": ("seat", "cushion"),
    "lampshade": ("shade",),
    "lamp shade": ("shade",),
    "eye": ("eye",),
    "pane": ("window",),
    "frond": ("leaf",),
    "foliage": ("leaf", "crown", "canopy"),
    "frosting": ("icing", "cream", "glaze"),
    "icing": ("frosting", "cream", "glaze"),
}
# parts that may take an object's second colour ("a blue and white car"), in order of preference
ACCENTS = ("patches", "spots", "stripes", "trim", "roof", "cushions", "panels", "bands", "belly")
ACCENTS += ("seat", "top", "lid", "wings", "sail", "sails", "doors", "drawers", "legs")


def singular(word: str) -> list[str]:
    """The word and its possible singulars."""
    return [*singulars(word), plain(base(word))]


def parts_named(words: Sequence[str], parts: Sequence[str]) -> tuple[int, list[str], bool]:
    """How many of the last words name parts, those parts in the category's spelling, and whether by name.

    (0, [], False) if none.  A part is found by its name, else by a synonym, a shared meaning in WordNet or the
    nearest vector.
    """
    if not words:
        return 0, [], False
    forms = {p: {*singular(plain(p))} for p in parts}
    for n in (2, 1):
        if len(words) < n:
            continue
        own = {*singular(" ".join(words[-n:]))}
        also = [other for form in own for other in ALSO.get(form, ())]
        same = [p for p in parts if own & forms[p]]
        if same:
            return n, same, True
        other = next((p for name in also for p in parts if name in forms[p]), None)
        if other:
            return n, [other], False
    meanings = {m for m, _ in lexicon().senses(words[-1])}
    kin = [p for p in parts if meanings & {m for m, _ in lexicon().senses(plain(p))}]
    own_vector = vector(words[-1])
    if kin or own_vector is None:
        return len(kin[:1]), kin[:1], False
    near = [(float(own_vector @ v), p) for p in parts if (v := vector(plain(p))) is not None]
    cosine, part = max(near, default=(0.0, ""))
    return (1, [part], False) if cosine >= NEAR else (0, [], False)
