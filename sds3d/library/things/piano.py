"""The grand piano.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLACK, BRASS, glossy, pick
from sds3d.library.kit.model import Look, Part
from sds3d.library.kit.shapes import Solid, block, curve, extrude, group, rod

FLOOR, RIM = 0.60, 0.95  # heights of the case's underside and of its rim
IVORY, PLATE = glossy(0.96, 0.95, 0.90), Look((0.80, 0.62, 0.25), 0.6, 0.4)


def _plan(length: float, inset: float) -> np.ndarray:
    """The case from above, (x, depth behind the keys): straight on the bass side, bent on the treble."""
    x = 0.74 - inset
    bent = [
        (x, 0.42),
        (x - 0.03, 0.58),
        (x - 0.20, 0.76),
        (x - 0.45, 0.92),
        (x - 0.60, 0.66 * length),
    ]
    tail = [
        (x - 0.66, length - 0.18),
        (x - 0.84, length - inset - 0.01),
        (x - 1.12, length - inset),
    ]
    tail += [(-x + 0.12, length - inset - 0.05), (-x, length - 0.22)]
    return np.concatenate([[(-x, inset), (x, inset)], curve([*bent, *tail], 2)])


def _lying(
    outline: np.ndarray, low: float, high: float, holes: tuple[np.ndarray, ...] = ()
) -> Solid:
    """A plate of that plan between two heights, its depth going to -z."""
    plate = extrude(outline, high - low, holes, crease_deg=35)
    return plate.turn("x", -90).move(y=(low + high) / 2)


def _keys() -> tuple[Solid, Solid]:
    """The white keys, and the black ones in their groups of two and three."""
    white = block((-0.62, 0.70, 0.02), (0.62, 0.735, 0.235), 0.006)
    step, octaves = 1.24 / 21, 3
    black = [7 * octave + k for octave in range(octaves) for k in (1, 2, 4, 5, 6)]
    bars = [block((-0.018, 0.73, 0.02), (0.018, 0.76, 0.15)).move(-0.62 + step * k) for k in black]
    return white, group(*bars)


def grand_piano(rng: np.random.Generator) -> list[Part]:
    """A lacquered wing-shaped case with the lid up, a gold plate inside, keys in front, on three legs.

    The lid is hinged on the straight bass side (-x) and leans on its prop on the other.
    """
    length, lacquer = rng.uniform(1.45, 1.95), pick(rng, BLACK, BLACK, glossy(0.05, 0.05, 0.06))
    outer, inner = _plan(length, 0.0), _plan(length, 0.07)
    rim = _lying(outer, FLOOR, RIM, (inner,))
    plate = _lying(inner, FLOOR + 0.05, RIM - 0.10)
    opening = rng.uniform(34, 42)
    hinge = (-0.74, RIM + 0.02, 0.0)
    lid = _lying(outer * [1.02, 1.0] + [0.0, 0.02], RIM + 0.012, RIM + 0.05).turn(
        "z", opening, hinge
    )
    reach = 1.15
    prop = np.array([np.cos(np.radians(opening)), np.sin(np.radians(opening))]) * reach
    stick = rod(
        (0.68, RIM - 0.03, -0.40), (hinge[0] + prop[0], hinge[1] + prop[1], -0.42), 0.022, sides=6
    )
    bed = block((-0.74, FLOOR + 0.02, -0.02), (0.74, 0.70, 0.27), 0.01)
    cheek = block((0.62, 0.68, -0.05), (0.74, 0.86, 0.27), 0.03).both()
    fall = block((-0.63, 0.70, -0.02), (0.63, 0.90, 0.02)).turn("x", -10, (0, 0.7, 0))
    music = block((-0.36, 0, -0.015), (0.36, 0.26, 0.015), 0.01).turn("x", -18).move(0, RIM, -0.16)
    leg = rod((0, 0.06, 0), (0, FLOOR + 0.02, 0), 0.045, 0.075)
    caster = rod((0, 0, 0), (0, 0.07, 0), 0.05, 0.05)
    spots = [(0.60, -0.06), (-0.60, -0.06), (-0.30, -length + 0.34)]
    lyre = block((-0.10, 0.10, 0.0), (-0.06, FLOOR, 0.04)).both() + block(
        (-0.14, 0.08, -0.02), (0.14, 0.14, 0.06)
    )
    pedals = group(
        *(block((x - 0.02, 0.09, 0.05), (x + 0.02, 0.115, 0.17)) for x in (-0.08, 0, 0.08))
    )
    white, black = _keys()
    struts = group(
        *(rod((x, RIM - 0.08, -0.20), (x - 0.28, RIM - 0.08, -length + 0.35 + 0.9 * max(x, 0)), 0.02, sides=6)
          for x in (-0.25, 0.08, 0.38))
    )  # fmt: skip
    return [
        (rim + bed + cheek + fall).part("case", lacquer, True),
        lid.part("lid", lacquer, True),
        music.part("music stand", lacquer, True),
        group(*(leg.move(x, 0, z) for x, z in spots)).part("legs", lacquer, True),
        lyre.move(z=-0.12).part("lyre", lacquer, True),
        stick.part("prop", lacquer, True),
        white.part("keys", IVORY),
        black.part("black keys", BLACK),
        (plate + struts).part("plate", PLATE),
        group(*(caster.move(x, 0, z) for x, z in spots)).part("casters", BRASS),
        pedals.move(z=-0.12).part("pedals", BRASS),
    ]
