"""Fruit: pear, orange, strawberry, pineapple, watermelon."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import LEAF, ORANGE, darker, glossy, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    hull,
    lathe,
    loft,
    tube,
)
from sds3d.library.kit.solid import close

STALK = matte(0.35, 0.24, 0.14)


def pear(rng: np.random.Generator) -> list[Part]:
    """A pear: fat below, narrow above, a bent stalk and a leaf."""
    tall, wide = rng.uniform(0.98, 1.12), rng.uniform(0.37, 0.42)
    body = lathe([(0, 0.04), (0.4 * wide, 0.0), (0.85 * wide, 0.12), (wide, 0.32), (0.88 * wide, 0.52),
                  (0.58 * wide, 0.72), (0.44 * wide, 0.88), (0.30 * wide, 0.98), (0, 1.0)], 22,
                 crease_deg=70).scale(1, tall, 1)  # fmt: skip
    stalk = tube(curve([(0, 0.96, 0), (0.01, 1.1, 0), (0.06, 1.22, 0)], 3), 0.03, 8).move(
        y=tall - 1
    )
    leaf = ellipsoid(0.15, 0.022, 0.075, sides=10).turn("z", 24).move(0.17, 1.10 + tall - 1, 0)
    look = pick(rng, matte(0.72, 0.76, 0.20), matte(0.84, 0.74, 0.22), matte(0.56, 0.68, 0.20))
    return [
        body.part("pear", look, True),
        stalk.part("stalk", STALK),
        leaf.part("leaf", LEAF),
    ]


def orange(rng: np.random.Generator) -> list[Part]:
    """An orange with a green star at the stalk and two leaves, a cut half beside it showing its segments."""
    radius, turn = rng.uniform(0.38, 0.42), float(rng.uniform(-15, 15))
    ball = ellipsoid(radius, 0.95 * radius, radius, sides=22).move(0, 0.95 * radius, -0.12)
    star = ellipsoid(0.06, 0.02, 0.03, sides=6).move(0.04).around(5).move(0, 1.9 * radius, -0.12)
    leaf = (
        ellipsoid(0.15, 0.025, 0.075, sides=10).turn("z", 22).move(0.17, 1.9 * radius + 0.05, -0.12)
    )
    half = [
        (0, -0.9 * radius),
        (0.5 * radius, -0.78 * radius),
        (0.86 * radius, -0.42 * radius),
        (radius, 0),
        (0, 0),
    ]
    peel = lathe([(0.92 * r, 0.92 * y) for r, y in half], 22, crease_deg=60)
    pith = cylinder(0.86 * radius, 0.02, sides=22)
    wedge = extrude(
        [(0.07, 0.0), (0.30, 0.115), (0.33, 0.06), (0.34, 0.0), (0.33, -0.06), (0.30, -0.115)], 0.03
    )
    wedge = wedge.turn("x", 90).scale(radius / 0.42).around(8).move(y=0.012)

    def set_down(solid: Solid) -> Solid:
        return solid.turn("x", 62).turn("y", turn + 8).move(0.12, 0.40 * radius + 0.17, 0.48)

    return [
        group(ball, set_down(peel)).part("peel", ORANGE, True),
        set_down(pith).part("pith", matte(0.96, 0.88, 0.68)),
        set_down(wedge).part("segments", glossy(0.96, 0.56, 0.10)),
        group(star, leaf).part("leaf", LEAF),
    ]


def strawberry(rng: np.random.Generator) -> list[Part]:
    """A strawberry point down: pale seeds all over, a crown of leaves and a stalk."""
    wide, tall = rng.uniform(0.37, 0.43), rng.uniform(0.85, 1.0)
    profile = np.array(
        [
            (0, 0),
            (0.28, 0.05),
            (0.62, 0.27),
            (0.92, 0.58),
            (1.0, 0.78),
            (0.84, 0.94),
            (0.4, 1.0),
            (0, 0.98),
        ]
    )
    body = lathe(profile * [wide, tall], 22, crease_deg=70)
    seeds = []
    for row, y in enumerate((0.16, 0.31, 0.46, 0.61, 0.76, 0.89)):
        r = float(wide * np.interp(y, profile[:6, 1], profile[:6, 0]))
        count = max(5, round(r * 26))
        seed = ellipsoid(0.022, 0.034, 0.016, sides=6).move(0, y * tall, r)
        seeds.append(seed.around(count, start_deg=180 / count * (row % 2)))
    leaf = ellipsoid(0.085, 0.025, 0.20, sides=8).turn("x", 14).move(0, tall + 0.0, 0.19)
    stalk = tube([(0, tall - 0.02, 0), (0.01, tall + 0.10, 0), (0.05, tall + 0.19, 0.02)], 0.035, 8)
    return [
        body.part("strawberry", glossy(0.83, 0.08, 0.10), True),
        group(*seeds).part("seeds", matte(0.96, 0.82, 0.40)),
        group(leaf.around(7), stalk).part("leaves", LEAF),
    ]


def pineapple(rng: np.random.Generator) -> list[Part]:
    """A pineapple: a golden barrel of diamond knobs with a tuft of stiff leaves."""
    tall, wide, rows = rng.uniform(0.78, 0.92), rng.uniform(0.30, 0.34), 8
    y = np.linspace(0, 1, 9)
    r = wide * (0.62 + 0.38 * np.sin(np.pi * (0.12 + 0.80 * y)) ** 0.8)
    body = lathe([(0, 0), *zip(0.95 * r, y * tall, strict=True), (0, tall)], 20, crease_deg=70)
    count = 11
    knobs = []
    for k in range(rows):
        h = (k + 0.5) / rows
        at = float(np.interp(h, y, r))
        half, high = 1.05 * np.pi * at / count, 0.95 * tall / rows
        points = [
            (half, 0, 0),
            (-half, 0, 0),
            (0, high, 0),
            (0, -high, 0),
            (0, 0, 0.055),
            (0, 0, -0.05),
        ]
        knob = hull(np.array(points), crease_deg=10).move(0, h * tall, 0.96 * at)
        knobs.append(knob.around(count, start_deg=180 / count * (k % 2)))
    leaves = []
    for lean, size, n in ((52, 0.36, 7), (30, 0.46, 6), (10, 0.52, 4)):
        way = [(0, 0, 0.02), (0, 0.45 * size, 0.05), (0, 0.8 * size, 0.07), (0, size, 0.13)]
        blade = tube(way, [0.035, 0.042, 0.028, 0.0], 5, flat=1.7).turn("x", lean)
        leaves.append(blade.around(n, start_deg=3 * lean))
    look = pick(rng, matte(0.85, 0.58, 0.14), matte(0.90, 0.66, 0.16), matte(0.74, 0.52, 0.15))
    return [
        body.part("skin", darker(look, 0.62), True),
        group(*knobs).part("knobs", look, True),
        group(*leaves).move(y=tall - 0.03).part("leaves", matte(0.22, 0.48, 0.16)),
    ]


def watermelon(rng: np.random.Generator) -> list[Part]:
    """A striped watermelon with a wedge taken out towards the front, the red flesh and seeds seen."""
    radius, gap = rng.uniform(0.44, 0.48), rng.uniform(95, 120)
    long = rng.uniform(1.05, 1.25)

    def sphere(r: float, start: float, end: float, steps: int) -> Solid:
        lat = np.linspace(-np.pi / 2, np.pi / 2, 13)
        sections = []
        for deg in np.linspace(start, end, steps):
            t = np.radians(deg)
            arc_ = [
                (r * np.cos(b) * np.sin(t), r * np.sin(b), r * np.cos(b) * np.cos(t)) for b in lat
            ]
            sections.append([*arc_])
        skin = loft(np.array(sections))
        places, index = np.unique(np.round(skin.vertices, 9), axis=0, return_inverse=True)
        faces = index.ravel()[skin.faces]
        return close(places, faces[(faces != np.roll(faces, 1, 1)).all(1)], crease_deg=50)

    def lay_down(solid: Solid) -> Solid:
        return solid.turn("x", -28).turn("z", 90).scale(long, 1, 1)

    rind = sphere(radius, gap / 2, 360 - gap / 2, 25)
    width = (360 - gap) / 11
    dark = group(*(
        sphere(1.012 * radius, gap / 2 + (k - 0.38) * width, gap / 2 + (k + 0.38) * width, 4)
        for k in (1, 3, 5, 7, 9)
    ))  # fmt: skip
    pale = sphere(0.955 * radius, gap / 2 - 0.8, 360 - gap / 2 + 0.8, 9)
    red = sphere(0.89 * radius, gap / 2 - 1.6, 360 - gap / 2 + 1.6, 9)
    seeds = []
    for side in (1, -1):
        t = np.radians(side * (gap / 2 - 2.2))
        for r, b in (
            (0.62, 50),
            (0.70, 25),
            (0.62, 0),
            (0.70, -25),
            (0.62, -50),
            (0.36, 30),
            (0.36, -30),
        ):
            d, u = radius * r * np.cos(np.radians(b)), radius * r * np.sin(np.radians(b))
            seeds.append(
                ellipsoid(0.026, 0.036, 0.026, sides=6).move(d * np.sin(t), u, d * np.cos(t))
            )
    return [
        lay_down(rind).part("rind", matte(0.36, 0.62, 0.22), True),
        lay_down(dark).part("stripes", matte(0.08, 0.28, 0.10)),
        lay_down(pale).part("pith", matte(0.88, 0.94, 0.74)),
        lay_down(red).part("flesh", glossy(0.88, 0.16, 0.18)),
        lay_down(group(*seeds)).part("seeds", matte(0.08, 0.05, 0.04)),
    ]
