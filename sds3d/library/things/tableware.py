"""Vessels: vase, mug, teapot, bottle, wine glass, bowl, plate.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLUE, CREAM, PORCELAIN, RED, STEEL, WHITE, glossy, matte, pick
from sds3d.library.kit.model import Look, Part
from sds3d.library.kit.shapes import (
    Solid,
    arc,
    curve,
    cylinder,
    ellipsoid,
    group,
    lathe,
    torus,
    tube,
)

Profile = list[tuple[float, float]]


def _vessel(outside: Profile, wall: float, sides: int = 24) -> Solid:
    """A vessel open at the top: the smooth outside from the foot's edge to the lip, thickened inward."""
    line = curve(outside, 3)
    inside = line[::-1] - [wall, 0]
    inside[-1, 1] += wall
    inside = inside[(inside[:, 0] > 0.1 * line[:, 0].max()) & (inside[:, 1] >= inside[-1, 1])]
    floor = inside[-1, 1]
    return lathe([(0, line[0, 1]), *line, *inside, (0, floor)], sides, crease_deg=50)


def vase(rng: np.random.Generator) -> list[Part]:
    """A ceramic vase: amphora, bottle-necked, flaring or bulging, some with two handles or a band."""
    skin = pick(
        rng,
        glossy(0.25, 0.42, 0.62),
        glossy(0.74, 0.42, 0.28),
        glossy(0.88, 0.84, 0.74),
        glossy(0.22, 0.46, 0.40),
    )
    high, belly = rng.uniform(0.30, 0.36), rng.uniform(0.085, 0.115)
    style = pick(rng, "amphora", "bottle", "flare", "jar")
    foot, lip = rng.uniform(0.05, 0.06), rng.uniform(0.05, 0.065)
    outside: Profile = {
        "amphora": [(foot, 0), (0.8 * belly, 0.2 * high), (belly, 0.55 * high), (0.65 * belly, 0.76 * high),
                    (0.036, 0.86 * high), (lip, high)],
        "bottle": [(foot, 0), (belly, 0.16 * high), (belly, 0.34 * high), (0.030, 0.60 * high),
                   (0.026, 0.85 * high), (0.042, high)],
        "flare": [(foot, 0), (0.85 * foot, 0.1 * high), (0.9 * foot, 0.4 * high), (0.08, 0.8 * high),
                  (0.10, high)],
        "jar": [(foot, 0), (1.1 * belly, 0.3 * high), (1.2 * belly, 0.55 * high), (0.75 * belly, 0.84 * high),
                (0.8 * belly, high)],
    }[style]  # fmt: skip
    parts = [_vessel(outside, 0.010).part("body", skin, True)]
    if style == "amphora":
        bow = [
            (0.036, 0.90 * high, 0),
            (0.10, 0.92 * high, 0),
            (0.11, 0.78 * high, 0),
            (0.078, 0.68 * high, 0),
        ]
        parts.append(tube(curve(bow, 3), 0.012, 6).both().part("handles", skin, True))
    elif rng.random() < 0.6:
        radius = float(np.interp(0.4 * high, [p[1] for p in outside], [p[0] for p in outside]))
        band = torus(radius, 0.008, 24, 6).scale(1.04, 1.5, 1.04).move(y=0.4 * high)
        parts.append(band.part("band", pick(rng, WHITE, Look((0.8, 0.64, 0.3), 0.6, 0.4))))
    return parts


def mug(rng: np.random.Generator) -> list[Part]:
    """A cup with a round handle on its right, filled with coffee; straight, or a flaring teacup on a saucer."""
    skin = pick(rng, WHITE, BLUE, RED, glossy(0.92, 0.80, 0.40))
    drink = matte(0.24, 0.13, 0.07)
    if rng.random() < 0.6:
        radius, high = rng.uniform(0.040, 0.046), rng.uniform(0.09, 0.105)
        cup = lathe([(0, 0), (0.94 * radius, 0), (radius, 0.006), (radius, high), (radius - 0.005, high),
                     (radius - 0.005, 0.008), (0, 0.008)], 24)  # fmt: skip
        bow = [(radius + 0.8 * p[0] - 0.004, high / 2 + p[1], 0) for p in arc(0.034, -90, 90, 9)]
        fill = cylinder(radius - 0.003, 0.01, sides=24).move(y=0.86 * high)
        return [
            cup.part("cup", skin, True),
            tube(bow, 0.0075, 8).part("handle", skin, True),
            fill.part("coffee", drink),
        ]
    radius, high = rng.uniform(0.048, 0.054), 0.062
    cup = _vessel([(0.024, 0.008), (0.030, 0.014), (0.042, 0.034), (radius, high + 0.008)], 0.004)
    bow = [(0.045 + 0.85 * p[0], 0.045 + p[1], 0) for p in arc(0.021, -100, 80, 8)]
    saucer = _vessel([(0.04, 0), (0.05, 0.002), (0.085, 0.014)], 0.005)
    fill = cylinder(0.044, 0.006, sides=24).move(y=0.055)
    return [
        cup.part("cup", skin, True),
        tube(bow, 0.006, 8).part("handle", skin, True),
        saucer.part("saucer", skin, True),
        fill.part("coffee", drink),
    ]


def teapot(rng: np.random.Generator) -> list[Part]:
    """A round pot with a curved spout on the right, a bow handle on the left, and a lid with a knob."""
    skin = pick(rng, PORCELAIN, glossy(0.62, 0.25, 0.16), BLUE, glossy(0.35, 0.52, 0.40), STEEL)
    belly, high = rng.uniform(0.085, 0.10), rng.uniform(0.125, 0.15)
    neck = rng.uniform(0.045, 0.055)
    body = curve(
        [
            (0.055, 0),
            (0.062, 0.006),
            (belly, 0.36 * high),
            (0.95 * belly, 0.62 * high),
            (neck, high),
        ],
        3,
    )
    pot = lathe([(0, 0), *body, (0, high)], 24, crease_deg=50)
    lid = lathe([(neck + 0.006, high - 0.004), (neck + 0.006, high + 0.006), (0.6 * neck, high + 0.024),
                 (0, high + 0.030)], 20, crease_deg=50)  # fmt: skip
    knob = ellipsoid(0.015, sides=10).move(y=high + 0.040)
    beak = curve([(0.75 * belly, 0.30 * high, 0), (1.28 * belly, 0.42 * high, 0),
                  (1.50 * belly, 0.80 * high, 0), (1.85 * belly, 1.02 * high, 0)], 3)  # fmt: skip
    spout = tube(beak, np.linspace(0.026, 0.011, len(beak)), 10)
    bow = curve([(-0.72 * belly, 0.84 * high, 0), (-1.35 * belly, 0.98 * high, 0),
                 (-1.72 * belly, 0.62 * high, 0), (-1.35 * belly, 0.28 * high, 0),
                 (-0.85 * belly, 0.26 * high, 0)], 3)  # fmt: skip
    return [
        pot.part("body", skin, True),
        (lid + knob).part("lid", skin, True),
        spout.part("spout", skin, True),
        tube(bow, 0.0105, 8).part("handle", skin, True),
    ]


def bottle(rng: np.random.Generator) -> list[Part]:
    """A wine bottle with a label and a capsule: high shoulders, sloping shoulders, or a beer's."""
    glass = pick(rng, glossy(0.08, 0.26, 0.12), glossy(0.30, 0.16, 0.06), glossy(0.12, 0.20, 0.16))
    radius, high = rng.uniform(0.038, 0.045), rng.uniform(0.27, 0.31)
    style = pick(rng, "high", "sloping")
    shoulder = [(radius, 0.60 * high), (0.85 * radius, 0.68 * high), (0.017, 0.74 * high)]
    if style == "sloping":
        shoulder = [
            (radius, 0.45 * high),
            (0.85 * radius, 0.56 * high),
            (0.6 * radius, 0.67 * high),
            (0.017, 0.78 * high),
        ]
    body = lathe(
        [(0.9 * radius, 0), (radius, 0.008), *shoulder, (0.015, 0.97 * high), (0.015, high)],
        20,
        crease_deg=50,
    )
    cap = lathe([(0.0165, 0.80 * high), (0.0165, 0.955 * high), (0.020, 0.96 * high), (0.020, 0.985 * high),
                 (0.0165, high + 0.003)], 16)  # fmt: skip
    low, top = (0.14, 0.38) if style == "sloping" else (0.18, 0.48)
    label = cylinder(radius + 0.0012, (top - low) * high, sides=20).move(y=(low + top) / 2 * high)
    stripe = cylinder(radius + 0.002, 0.03 * high, sides=20).move(
        y=(0.75 * top + 0.25 * low) * high
    )
    return [
        body.part("glass", glass, True),
        label.part("label", CREAM),
        stripe.part("stripe", pick(rng, matte(0.62, 0.12, 0.14), matte(0.75, 0.6, 0.25))),
        cap.part(
            "cap",
            pick(rng, matte(0.55, 0.10, 0.14), matte(0.76, 0.62, 0.28), matte(0.1, 0.1, 0.11)),
        ),
    ]


def wine_glass(rng: np.random.Generator) -> list[Part]:
    """A stemmed glass, half full of red or white wine."""
    clear = glossy(0.78, 0.86, 0.90)
    wine = pick(rng, glossy(0.45, 0.04, 0.10), glossy(0.90, 0.78, 0.42))
    stem, belly = rng.uniform(0.085, 0.11), rng.uniform(0.040, 0.048)
    tall, lip = rng.uniform(0.09, 0.11), rng.uniform(0.72, 0.95)
    foot = lathe(
        [
            (0.038, 0),
            (0.038, 0.004),
            (0.008, 0.014),
            (0.006, 0.03),
            (0.006, stem - 0.01),
            (0.012, stem),
        ],
        18,
    )
    line = curve(
        [(0.010, stem - 0.002), (0.8 * belly, stem + 0.2 * tall), (belly, stem + 0.45 * tall)], 3
    )
    level = line[-1, 1]
    cup = lathe([(0, line[0, 1]), *line, (0, level)], 22, crease_deg=50)
    rim = [
        (belly, level - 0.001),
        (0.5 * (1 + lip) * belly, level + 0.3 * tall),
        (lip * belly, stem + tall),
    ]
    wall = curve(rim, 3)
    upper = lathe([*wall, *(wall[::-1] - [0.0035, 0]), wall[0]], 22, crease_deg=50)
    return [
        foot.part("stem", clear, True),
        upper.part("glass", clear, True),
        cup.part("wine", wine),
    ]


def bowl(rng: np.random.Generator) -> list[Part]:
    """An open round bowl on a foot ring, some with a painted rim."""
    skin = pick(
        rng, WHITE, glossy(0.30, 0.50, 0.62), matte(0.60, 0.40, 0.22), glossy(0.86, 0.46, 0.30)
    )
    radius, high = rng.uniform(0.10, 0.13), rng.uniform(0.06, 0.09)
    body = _vessel(
        [(0.05, 0.0), (0.05, 0.008), (0.78 * radius, 0.4 * high), (radius, high)], 0.007, 28
    )
    parts = [body.part("body", skin, True)]
    if rng.random() < 0.6:
        rim = torus(radius - 0.004, 0.006, 28, 6).move(y=high)
        parts.append(rim.part("rim", pick(rng, BLUE, matte(0.75, 0.55, 0.25), WHITE)))
    return parts


def plate(rng: np.random.Generator) -> list[Part]:
    """A dinner plate with a raised border and coloured lines, leaning on a small easel.

    Standing, because a plate lying flat is a line from the side.
    """
    skin, trim = (
        pick(rng, WHITE, CREAM, PORCELAIN),
        pick(rng, BLUE, matte(0.74, 0.58, 0.24), matte(0.55, 0.16, 0.14)),
    )
    radius, well = rng.uniform(0.125, 0.14), rng.uniform(0.60, 0.70)
    disc = _vessel([(0.5 * radius, 0), (well * radius, 0.006), (radius, 0.024)], 0.009, 32)
    lines = torus(radius - 0.006, 0.0075, 32, 6).move(y=0.025) + torus(
        well * radius, 0.005, 28, 5
    ).move(y=0.016)
    disc, lines = (s.turn("x", 74).move(0, radius + 0.022, 0) for s in (disc, lines))
    lip = tube([(0.055, 0.005, -0.075), (0.055, 0.012, 0.045), (0.055, 0.04, 0.055)], 0.0075, 6)
    prop = tube([(0.055, 0.01, -0.075), (0.035, 0.17, -0.060)], 0.0075, 6)
    bars = group(
        *(
            tube([(-0.055, y, z), (0.055, y, z)], 0.0065, 6)
            for y, z in ((0.008, -0.07), (0.1, -0.065))
        )
    )
    wood = matte(0.36, 0.22, 0.12)
    return [
        disc.part("plate", skin, True),
        lines.part("rim", trim),
        ((lip + prop).both() + bars).part("stand", wood),
    ]
