"""Default surfaces of the built-in objects: sRGB colour, metallic, roughness."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from sds3d.library.kit.model import Look

T = TypeVar("T")


def matte(r: float, g: float, b: float) -> Look:
    """Paint, plaster, paper, cloth."""
    return Look((r, g, b), 0.0, 0.8)


def glossy(r: float, g: float, b: float) -> Look:
    """Lacquer, glazed ceramic, polished plastic."""
    return Look((r, g, b), 0.0, 0.25)


def metal(r: float, g: float, b: float) -> Look:
    """Bare metal."""
    return Look((r, g, b), 1.0, 0.35)


def wood(r: float, g: float, b: float) -> Look:
    """Planed wood, waxed or oiled."""
    return Look((r, g, b), 0.0, 0.6)


def pick(rng: np.random.Generator, *choices: T) -> T:
    """One of the choices, all equally likely."""
    return choices[int(rng.integers(len(choices)))]


OAK, PINE = wood(0.66, 0.46, 0.26), wood(0.80, 0.62, 0.38)
WALNUT, MAHOGANY = wood(0.38, 0.24, 0.14), wood(0.45, 0.20, 0.12)
STEEL, IRON, BRASS = metal(0.72, 0.73, 0.75), metal(0.30, 0.30, 0.32), metal(0.83, 0.66, 0.30)
CHROME, COPPER = Look((0.80, 0.81, 0.83), 1.0, 0.15), metal(0.75, 0.44, 0.28)
RUBBER, BLACK = matte(0.09, 0.09, 0.10), glossy(0.06, 0.06, 0.07)
GLASS = Look((0.30, 0.40, 0.48), 0.0, 0.1)
PORCELAIN, WHITE, CREAM = glossy(0.94, 0.94, 0.93), matte(0.92, 0.92, 0.90), matte(0.90, 0.85, 0.72)
GREY, CONCRETE, STONE = matte(0.50, 0.50, 0.52), matte(0.66, 0.65, 0.62), matte(0.58, 0.56, 0.52)
SANDSTONE = matte(0.78, 0.68, 0.50)
BRICK, TILES = matte(0.62, 0.28, 0.21), matte(0.66, 0.26, 0.17)
RED, ORANGE, YELLOW = glossy(0.78, 0.08, 0.08), glossy(0.92, 0.45, 0.08), glossy(0.93, 0.76, 0.10)
GREEN, BLUE, NAVY = glossy(0.12, 0.50, 0.20), glossy(0.12, 0.30, 0.72), glossy(0.10, 0.15, 0.36)
LEAF, SKY = matte(0.20, 0.46, 0.16), matte(0.55, 0.75, 0.90)
LAMP_RED, LAMP_WHITE = glossy(0.80, 0.06, 0.06), glossy(0.98, 0.95, 0.78)


def darker(look: Look, factor: float) -> Look:
    """The same surface with its colour multiplied by `factor`."""
    r, g, b = (min(1.0, factor * c) for c in look.color)
    return Look((r, g, b), look.metallic, look.roughness)
