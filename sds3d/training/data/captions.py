"""Sentences about an object of a training set, drawn at random.  Needs the standard library only."""

from __future__ import annotations

import random

from sds3d.training.data.items import Item

TRUE = 0.8  # how often a colour or a material that is known is said
SEEN = 0.3  # how often a colour that was only measured is said
CLEAR = 0.55  # the share of the pixels from which on a measured colour is the object's
OTHER = 0.25  # how often another name stands for the first
TEMPLATES = (
    ("{a} {x}", 8),
    ("{x}", 5),
    ("a photo of {a} {x}", 2),
    ("a picture of {a} {x}", 1),
    ("a 3d model of {a} {x}", 1),
    ("a render of {a} {x}", 1),
)
MADE_OF = 0.25  # of the captions with a material say it after the name
NOUNS = {"wooden": "wood", "golden": "gold", "metallic": "metal", "oaken": "oak"}
PAIRS = {"scissors", "glasses", "sunglasses", "trousers", "shorts", "headphones", "pliers"}
PAIRS |= {"sneakers", "slippers", "cutting pliers", "high heels", "jeans", "binoculars"}
MASS = {"bread", "cheese", "milk", "butter", "sugar", "soap", "folded clothes", "hanging clothes"}


def caption(rng: random.Random, item: Item, colour: str | None = None) -> str:
    """A caption of the object: 'a red armchair', 'sofa', 'a photo of a table made of oak with black legs'.

    colour: the word for the colour that its main swatch was painted in, which is always said; without it, a
    known colour is said most of the time, and a measured one sometimes.  The same state of `rng`, the same
    words.
    """
    name = rng.choice(item.also) if item.also and rng.random() < OTHER else item.name
    said = colour or _color(rng, item)
    material = item.material if item.material and rng.random() < TRUE else ""
    behind = material if material and rng.random() < MADE_OF else ""
    words = [said, "" if behind else material, name]
    phrase = " ".join(w for w in words if w)
    tail = f" made of {NOUNS.get(behind, behind)}" if behind else ""
    if item.parts and rng.random() < TRUE:
        tail += " with " + " and ".join(f"{what} {part}" for what, part in item.parts)
    templates, weights = zip(*TEMPLATES, strict=True)
    template = rng.choices(templates, weights)[0]
    text = template.format(a=article(phrase, name), x=phrase + tail)
    return " ".join(text.split())


def _color(rng: random.Random, item: Item) -> str:
    if item.color:
        return item.color if rng.random() < TRUE else ""
    if item.palette and item.palette[0][3] >= CLEAR and not item.material:
        return item.palette[0][4] if rng.random() < SEEN else ""
    return ""


def article(phrase: str, name: str) -> str:
    """'a', 'an', 'a pair of', or nothing before plurals and stuffs."""
    if name in PAIRS:
        return "a pair of"
    last = name.rsplit(maxsplit=1)[-1]
    several = last.endswith("s") and not last.endswith(("ss", "us", "is"))
    if name in MASS or last in MASS or (several and " of " not in name):
        return ""
    return "an" if phrase[0] in "aeiou" else "a"
