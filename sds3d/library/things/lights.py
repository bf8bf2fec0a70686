"""Lights about the house: lamp, floor lamp, candle.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BRASS,
    CREAM,
    LAMP_WHITE,
    OAK,
    STEEL,
    WHITE,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import Solid, arc, block, curve, ellipsoid, lathe, rod, tube


def _shade(low: float, high: float, bottom: float, top: float) -> Solid:
    """A lampshade: an open cone with a wall, between two heights."""
    profile = [(bottom, low), (top, high), (0.9 * top, high), (0.92 * bottom, low), (bottom, low)]
    return lathe(profile, 24)


def lamp(rng: np.random.Generator) -> list[Part]:
    """A table lamp: a ceramic or metal body under a wide cloth shade."""
    skin = pick(rng, glossy(0.25, 0.45, 0.55), BRASS, glossy(0.72, 0.36, 0.26), WHITE)
    belly, body = rng.uniform(0.075, 0.11), rng.uniform(0.24, 0.32)
    style = pick(rng, "urn", "ball", "column")
    waist, full = 0.45 * body, 0.65 * body
    profile = {
        "urn": [(0.09, 0), (0.09, 0.025), (0.045, 0.05), (belly, waist), (belly, full), (0.025, body)],
        "ball": [
            (0.085, 0), (0.085, 0.02), (0.03, 0.035), (belly, 0.3 * body), (1.15 * belly, 0.5 * body),
            (belly, 0.7 * body), (0.03, body - 0.01), (0.025, body),
        ],
        "column": [
            (0.11, 0), (0.11, 0.03), (0.035, 0.045), (0.03, body - 0.03), (0.045, body - 0.02), (0.03, body),
        ],
    }[style]  # fmt: skip
    base = lathe(curve(profile, 2) if style == "urn" else profile, 18, crease_deg=50)
    wide, tall = rng.uniform(0.16, 0.20), rng.uniform(0.18, 0.23)
    shade = _shade(body + 0.02, body + 0.02 + tall, wide, wide * rng.uniform(0.55, 0.85))
    bulb = ellipsoid(0.05, 0.065, sides=10).move(y=body + 0.10)
    stem = rod((0, body - 0.02, 0), (0, body + 0.07, 0), 0.016)
    ring = block(
        (-0.9 * wide * 0.6, body + tall - 0.005, -0.008), (0.54 * wide, body + tall + 0.01, 0.008)
    )
    return [
        base.part("base", skin, True),
        shade.part(
            "shade", pick(rng, CREAM, matte(0.94, 0.90, 0.80), matte(0.85, 0.74, 0.58)), True
        ),
        bulb.part("bulb", LAMP_WHITE),
        (stem + ring).part("stem", BRASS),
    ]


def floor_lamp(rng: np.random.Generator) -> list[Part]:
    """A standing lamp: a tall pole or three legs, a shade at head height."""
    metal = pick(rng, matte(0.15, 0.15, 0.16), BRASS, STEEL)
    high, wide = rng.uniform(1.25, 1.4), rng.uniform(0.20, 0.25)
    shade = _shade(high, high + rng.uniform(0.24, 0.30), wide, wide * rng.uniform(0.6, 0.95))
    bulb = ellipsoid(0.06, 0.08, sides=10).move(y=high + 0.10)
    if rng.random() < 0.5:
        leg = rod((0, 0, 0.30), (0, high - 0.18, 0.03), 0.028, 0.034)
        stand = leg.around(3) + rod((0, high - 0.24, 0), (0, high + 0.05, 0), 0.03)
        metal = pick(rng, OAK, metal)
    else:
        stand = lathe(
            [(0.17, 0), (0.17, 0.03), (0.04, 0.06), (0.032, 0.10), (0.032, high + 0.05)], 16
        )
    return [
        stand.part("stand", metal, True),
        shade.part("shade", pick(rng, CREAM, WHITE, matte(0.84, 0.72, 0.54)), True),
        bulb.part("bulb", LAMP_WHITE),
    ]


def candle(rng: np.random.Generator) -> list[Part]:
    """A burning candle in a brass holder with a ring handle, or a thick one on a saucer."""
    wax = pick(rng, matte(0.95, 0.91, 0.80), matte(0.72, 0.12, 0.14), matte(0.93, 0.93, 0.90))
    thick = rng.random() < 0.5
    radius, high = (rng.uniform(0.05, 0.06), 0.15) if thick else (0.024, rng.uniform(0.17, 0.21))
    rim = radius * 0.8
    stick = lathe(
        [(radius, 0.015), (radius, high), (rim, high + 0.004), (0.3 * rim, high - 0.004)], 16
    )
    drip = rod((0, high - 0.05, radius), (0, high, 0.92 * radius), 0.2 * radius, 0.25 * radius, 6)
    drips = drip.turn("y", 40) + drip.scale(1, 0.98, 1).turn("y", 190)
    flame = lathe(
        [(0, 0), (0.011, 0.014), (0.013, 0.024), (0.008, 0.045), (0, 0.068)], 10, crease_deg=70
    )
    wick = rod((0, high - 0.01, 0), (0, high + 0.016, 0), 0.005, sides=5)
    dish_r = radius + rng.uniform(0.035, 0.05)
    dish = lathe(
        [(0.7 * dish_r, 0), (dish_r, 0.025), (0.92 * dish_r, 0.025), (0.66 * dish_r, 0.012)], 20
    )
    holder = dish
    if not thick:
        socket = lathe([(0.034, 0.005), (0.03, 0.05), (0.034, 0.055)], 12)
        handle = tube(
            [(p[0] + dish_r + 0.018, p[1] + 0.03, 0) for p in arc(0.025, 0, 324, 9)],
            0.008,
            6,
            ring=True,
        )
        holder = dish + socket + handle
    return [
        (stick + drips).part("wax", wax, True),
        flame.move(y=high + 0.008).part("flame", matte(1.0, 0.72, 0.18)),
        wick.part("wick", BLACK),
        holder.part("holder", pick(rng, BRASS, STEEL)),
    ]
