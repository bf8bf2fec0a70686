"""Household lights: lamp, floor lamp, chandelier, light bulb, flashlight, candle.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BRASS,
    CHROME,
    CREAM,
    LAMP_WHITE,
    OAK,
    RED,
    STEEL,
    WHITE,
    YELLOW,
    darker,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    arc,
    block,
    box,
    curve,
    cylinder,
    ellipsoid,
    group,
    lathe,
    rod,
    torus,
    tube,
)


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


def chandelier(rng: np.random.Generator) -> list[Part]:
    """A chandelier on a chain: a turned stem, a ring of arms with burning candles, hanging drops."""
    metal = pick(rng, BRASS, BRASS, matte(0.13, 0.12, 0.12), darker(STEEL, 0.9))
    arms, reach = pick(rng, 6, 8), rng.uniform(0.36, 0.44)
    stem = lathe(
        [
            (0, -0.20),
            (0.025, -0.185),
            (0.012, -0.16),
            (0.05, -0.11),
            (0.075, -0.06),
            (0.05, -0.01),
            (0.022, 0.03),
            (0.032, 0.10),
            (0.055, 0.16),
            (0.03, 0.22),
            (0.02, 0.30),
            (0.04, 0.34),
            (0.015, 0.38),
            (0, 0.38),
        ],
        12,
        crease_deg=60,
    )
    way = curve(
        [(0, -0.04, 0.05), (0, -0.12, 0.45 * reach), (0, -0.09, 0.85 * reach), (0, 0.02, reach)], 3
    )
    arm = tube(way, 0.0125, 5)
    curl = tube(
        curve(
            [
                (0, 0.16, 0.04),
                (0, 0.22, 0.30 * reach),
                (0, 0.10, 0.55 * reach),
                (0, -0.08, 0.62 * reach),
            ],
            3,
        ),
        0.008,
        4,
    )
    pan = lathe(
        [(0, 0.02), (0.055, 0.035), (0.062, 0.045), (0.02, 0.048), (0.020, 0.07), (0, 0.07)], 8
    ).move(z=reach)
    stick = cylinder(0.016, 0.11, sides=6).move(0, 0.115, reach)
    flame = lathe(
        [(0, 0), (0.016, 0.018), (0.018, 0.030), (0.010, 0.060), (0, 0.085)], 6, crease_deg=80
    ).move(0, 0.168, reach)
    drop = lathe([(0, -0.055), (0.013, -0.030), (0.010, -0.014), (0, 0.004)], 4)
    drops = group(
        drop.move(0, 0.024, reach + 0.052),
        drop.move(0, 0.024, reach - 0.052),
        drop.move(0, -0.115, 0.50 * reach),
    )
    garland = [
        (
            0.62 * reach * np.sin(t),
            -0.03 - 0.05 * np.abs(np.sin(arms * t / 2)),
            0.62 * reach * np.cos(t),
        )
        for t in np.linspace(0, 2 * np.pi, 3 * arms, endpoint=False)
    ]
    beads = group(*(ellipsoid(0.0115, sides=5).move(*p) for p in garland))
    ball = ellipsoid(0.035, 0.045, sides=10).move(y=-0.235)
    links = [
        torus(0.020, 0.006, 6, 3)
        .scale(0.8, 1, 1.5)
        .turn("x", 90)
        .turn("y", 90 * (k % 2))
        .move(y=0.405 + 0.042 * k)
        for k in range(int(rng.integers(4, 8)))
    ]
    top = 0.405 + 0.042 * len(links)
    rose = lathe(
        [
            (0.02, top - 0.02),
            (0.07, top + 0.0),
            (0.095, top + 0.025),
            (0.095, top + 0.04),
            (0, top + 0.04),
        ],
        18,
    )
    return [
        group(stem, group(arm, pan).around(arms)).part("frame", metal, True),
        curl.around(arms).part("scrolls", metal, True),
        group(*links, rose).part("chain", metal, True),
        stick.around(arms).part("candles", CREAM),
        flame.around(arms).part("flames", matte(1.0, 0.80, 0.28)),
        group(drops.around(arms), beads, ball).part("drops", glossy(0.80, 0.88, 0.94)),
    ]


def light_bulb(rng: np.random.Generator) -> list[Part]:
    """A light bulb, its screw cap below: a pale glowing pear of glass, a threaded metal cap, a black foot."""
    glow = pick(rng, glossy(0.98, 0.93, 0.66), glossy(0.96, 0.96, 0.90), glossy(0.99, 0.84, 0.42))
    fat, neck = rng.uniform(0.29, 0.33), rng.uniform(0.13, 0.15)
    line = curve(
        [
            (neck, 0.26),
            (0.98 * neck, 0.34),
            (0.68 * fat, 0.55),
            (fat, 0.82),
            (0.80 * fat, 1.03),
            (0.34 * fat, 1.135),
            (0.0, 1.155),
        ],
        3,
    )
    line[:, 0] = np.maximum(line[:, 0], 0)
    glass = lathe(line, 26, crease_deg=80)
    cap = lathe(
        [(0.10, 0.05), (0.128, 0.07), (0.128, 0.26), (0.16, 0.27), (0.155, 0.30), (0, 0.30)], 20
    )
    turns = np.linspace(0, 2 * np.pi * 3.6, 62)
    thread = tube(
        np.stack(
            [0.128 * np.sin(turns), 0.085 + 0.155 * turns / turns[-1], 0.128 * np.cos(turns)], 1
        ),
        0.016,
        5,
    )
    foot = lathe([(0, 0.0), (0.045, 0.004), (0.085, 0.055), (0, 0.055)], 16)
    shine = tube(
        [
            (-0.62 * fat, 0.74, 0.70 * fat),
            (-0.66 * fat, 0.84, 0.68 * fat),
            (-0.58 * fat, 0.95, 0.62 * fat),
        ],
        [0.012, 0.026, 0.012],
        6,
    )
    return [
        glass.part("bulb", glow, True),
        (cap + thread).part("cap", pick(rng, BRASS, STEEL)),
        foot.part("foot", BLACK),
        shine.part("shine", WHITE),
    ]


def flashlight(rng: np.random.Generator) -> list[Part]:
    """A flashlight that lies and points to the front: a ribbed barrel, a wide head with a bright lens."""
    skin = pick(
        rng, matte(0.13, 0.13, 0.14), RED, YELLOW, darker(STEEL, 0.85), glossy(0.12, 0.28, 0.62)
    )
    long, fat, head = rng.uniform(0.60, 0.72), rng.uniform(0.085, 0.098), rng.uniform(0.145, 0.17)
    barrel = lathe(
        [(0.88 * fat, 0), (fat, 0.02), (fat, 0.06), (0.93 * fat, 0.07), (0.93 * fat, long)], 20
    )
    cone = lathe(
        [
            (0.93 * fat, long - 0.02),
            (1.02 * fat, long),
            (head, long + 0.13),
            (head, long + 0.20),
            (1.05 * head, long + 0.205),
            (1.05 * head, long + 0.245),
            (0.86 * head, long + 0.25),
            (0.86 * head, long + 0.22),
            (0, long + 0.22),
        ],
        24,
    )
    ribs = group(
        *(torus(0.945 * fat, 0.010, 20, 5).move(y=h) for h in np.linspace(0.12, long - 0.22, 8))
    )
    fins = group(*(torus(0.96 * head, 0.012, 24, 5).move(y=long + h) for h in (0.135, 0.165)))
    lens = lathe(
        [
            (0, long + 0.215),
            (0.86 * head, long + 0.215),
            (0.80 * head, long + 0.236),
            (0, long + 0.245),
        ],
        22,
    )
    switch = box(0.045, 0.10, 0.035, 0.012).move(0, long - 0.12, fat)
    pad = box(0.065, 0.15, 0.03, 0.012).move(0, long - 0.12, 0.93 * fat)
    tail = lathe([(0.45 * fat, -0.022), (0.50 * fat, 0.0), (0, 0.0)], 12)

    aside = float(pick(rng, -1, 1) * rng.uniform(22, 34))

    def lay_down(solid: Solid) -> Solid:
        return (
            solid.turn("y", 180)
            .turn("x", 90)
            .move(0, 0, -0.5 * long)
            .turn("x", -9)
            .turn("y", aside)
        )

    return [
        lay_down(group(barrel, cone)).part("body", skin, True),
        lay_down(group(ribs, fins, tail)).part("ribs", darker(skin, 0.7), True),
        lay_down(lens).part("lens", LAMP_WHITE),
        lay_down(pad).part("plate", CHROME),
        lay_down(switch).part("switch", pick(rng, RED, BLACK)),
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
