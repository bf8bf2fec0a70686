"""Random captions of training objects.  Needs only the standard library."""

from __future__ import annotations

import random

from sds3d.training.data.items import Item

KNOWN = 0.8  # probability that a known colour or material is named
MEASURED = 0.3  # probability that a measured colour is named
CLEAR = 0.55  # share of the pixels from which on a measured colour is the object's
SYNONYM = 0.25  # probability of another name in place of the first
TEMPLATES = (
    ("{a} {x}", 8),
    ("{x}", 5),
    ("a photo of {a} {x}", 2),
    ("a picture of {a} {x}", 1),
    ("a 3d model of {a} {x}", 1),
    ("a render of {a} {x}", 1),
)
MADE_OF = 0.25  # probability that a material follows the name
NOUNS = {"wooden": "wood", "golden": "gold", "metallic": "metal", "oaken": "oak"}
PAIRS = {"scissors", "glasses", "sunglasses", "trousers", "shorts", "headphones", "pliers"}
PAIRS |= {"sneakers", "slippers", "cutting pliers", "high heels", "jeans", "binoculars"}
MASS = {"bread", "cheese", "milk", "butter", "sugar", "soap", "folded clothes", "hanging clothes"}


def caption(rng: random.Random, item: Item, colour: str | None = None) -> str:
    """A caption: 'a red armchair', 'sofa', 'a photo of a table made of oak with black legs'.

    colour: the name of the colour that the object's main swatch was repainted in, always part of the caption;
    without it, a known colour is usually named and a measured one sometimes.  Deterministic in `rng`.
    """
    name = rng.choice(item.also) if item.also and rng.random() < SYNONYM else item.name
    color = colour or _color(rng, item)
    material = item.material if item.material and rng.random() < KNOWN else ""
    suffix = material if material and rng.random() < MADE_OF else ""
    words = [color, "" if suffix else material, name]
    phrase = " ".join(w for w in words if w)
    tail = f" made of {NOUNS.get(suffix, suffix)}" if suffix else ""
    if item.parts and rng.random() < KNOWN:
        tail += " with " + " and ".join(f"{what} {part}" for what, part in item.parts)
    templates, weights = zip(*TEMPLATES, strict=True)
    template = rng.choices(templates, weights)[0]
    text = template.format(a=article(phrase, name), x=phrase + tail)
    return " ".join(text.split())


def _color(rng: random.Random, item: Item) -> str:
    if item.color:
        return item.color if rng.random() < KNOWN else ""
    if item.palette and item.palette[0][3] >= CLEAR and not item.material:
        return item.palette[0][4] if rng.random() < MEASURED else ""
    return ""


def article(phrase: str, name: str) -> str:
    """'a', 'an', 'a pair of', or "" before plurals and mass nouns."""
    if name in PAIRS:
        return "a pair of"
    last = name.rsplit(maxsplit=1)[-1]
    several = last.endswith("s") and not last.endswith(("ss", "us", "is"))
    if name in MASS or last in MASS or (several and " of " not in name):
        return ""
    return "an" if phrase[0] in "aeiou" else "a"
