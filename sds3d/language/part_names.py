"""Which parts of an object a prompt's word names."""

from __future__ import annotations

from collections.abc import Sequence

from sds3d.language.lexicon import base, lexicon, plain, singulars, vector

NEAR = 0.62  # least cosine of a part's name with the prompt's word for it
# the same part in other words, where neither tree nor vectors see it
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
# parts that take an object's second colour ("a blue and white car"), the first that there is
ACCENTS = ("patches", "spots", "stripes", "trim", "roof", "cushions", "panels", "bands", "belly")
ACCENTS += ("seat", "top", "lid", "wings", "sail", "sails", "doors", "drawers", "legs")


def singular(word: str) -> list[str]:
    """The forms of a word that may be its singular, with the word itself."""
    return [*singulars(word), plain(base(word))]


def parts_named(words: Sequence[str], parts: Sequence[str]) -> tuple[int, list[str], bool]:
    """How many of the last words name parts, those parts as the category spells them, and whether by name.

    (0, [], False) if none.  A part is named by its own name, else by another word for it, by a common meaning
    in the tree of things, or by the nearest vector.
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
