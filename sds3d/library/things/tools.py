"""Tools: hammer, saw, screwdriver, drill, key, scissors, wrench, shovel, ladder.  Flat side +Z."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    BRASS,
    CREAM,
    GREEN,
    IRON,
    OAK,
    ORANGE,
    PINE,
    RED,
    RUBBER,
    STEEL,
    WALNUT,
    YELLOW,
    darker,
    matte,
    metal,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    arc,
    box,
    capsule,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    hull,
    lathe,
    loft,
    rod,
    rounded_box,
    torus,
    tube,
)

BLADE = metal(0.78, 0.80, 0.83)


def hammer(rng: np.random.Generator) -> list[Part]:
    """A claw hammer standing on its handle: a round face on one side, two curved claws on the other."""
    long, thick = rng.uniform(0.92, 1.08), rng.uniform(0.054, 0.062)
    shaft = lathe([(0.9 * thick, 0), (1.1 * thick, 0.1), (thick, 0.3), (0.75 * thick, 0.6),
                   (0.8 * thick, long)], 12).scale(1, 1, 0.85)  # fmt: skip
    grip = lathe([(0.9 * thick, -0.02), (1.35 * thick, 0.02), (1.2 * thick, 0.2),
                  (1.3 * thick, 0.36), (0.9 * thick, 0.38)], 12)  # fmt: skip
    eye = rounded_box(0.20, 0.17, 0.17, 0.04).move(y=long)
    face = lathe([(0.062, 0), (0.062, 0.13), (0.095, 0.15), (0.095, 0.24), (0.08, 0.26)], 16)
    way = curve([(-0.06, 0.01, 0.05), (-0.20, 0.0, 0.055), (-0.33, -0.06, 0.065),
                 (-0.42, -0.17, 0.075)], 3)  # fmt: skip
    claw = tube(way, list(np.linspace(0.055, 0.022, len(way))), 8)
    head = group(eye, face.turn("z", -90).move(0.06, long), claw.both("z").move(y=long))
    wood = pick(rng, OAK, PINE)
    grips = pick(rng, RUBBER, RED, BLUE)
    return [
        head.part("head", STEEL, True),
        shaft.part("handle", wood, True),
        grip.part("grip", grips),
    ]


def saw(rng: np.random.Generator) -> list[Part]:
    """A hand saw lying along x: a tapering toothed blade and a closed wooden handle."""
    long, teeth = rng.uniform(0.95, 1.15), int(rng.integers(11, 15))
    low = []
    for k in range(teeth):
        x = 0.05 + long * k / teeth
        y = -0.16 + 0.05 * k / teeth
        low += [(x, y), (x + 0.55 * long / teeth, y - 0.055)]
    blade = extrude([*low, (long + 0.05, -0.10), (long + 0.05, 0.0), (0, 0.13)], 0.045)
    outline = curve([(0.10, -0.12), (0.14, 0.12), (-0.04, 0.19), (-0.24, 0.17), (-0.21, 0.02),
                     (-0.27, -0.13), (-0.12, -0.17)], 3, ring=True)  # fmt: skip
    hole = curve([(-0.02, -0.06), (-0.02, 0.08), (-0.13, 0.10), (-0.13, -0.07)], 3, ring=True)
    handle = extrude(outline, 0.11, [hole])
    screw = rod((0.06, 0.08, -0.07), (0.06, 0.08, 0.07), 0.026, sides=8)
    screws = group(screw, screw.move(y=-0.13))
    return [
        blade.part("blade", BLADE),
        handle.part("handle", pick(rng, OAK, WALNUT, RED), True),
        screws.part("screws", BRASS),
    ]


def screwdriver(rng: np.random.Generator) -> list[Part]:
    """A screwdriver upright, tip below: a fluted two-coloured handle, a long shank, a flat or a cross tip."""
    long, fat = rng.uniform(0.50, 0.68), rng.uniform(0.085, 0.10)
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    flutes = 1 + 0.07 * np.cos(6 * turns)

    def ring(y: float, r: float, fluted: float) -> np.ndarray:
        k = r * (1 + fluted * (flutes - 1))
        return np.stack([k * np.sin(turns), np.full(24, y), k * np.cos(turns)], 1)

    grip = loft(
        np.array(
            [
                ring(long, 0.6 * fat, 0),
                ring(long + 0.03, 0.72 * fat, 0),
                ring(long + 0.09, 0.62 * fat, 0.2),
                ring(long + 0.15, 0.92 * fat, 1),
                ring(long + 0.24, fat, 1),
                ring(long + 0.36, 0.95 * fat, 1),
                ring(long + 0.42, 0.80 * fat, 0.2),
                ring(long + 0.44, 0.5 * fat, 0),
            ]
        ),
        crease_deg=50,
    )
    cap = lathe(
        [
            (0.80 * fat, long + 0.405),
            (0.78 * fat, long + 0.44),
            (0.45 * fat, long + 0.465),
            (0, long + 0.472),
        ],
        20,
        crease_deg=60,
    )
    collar = lathe([(0.036, long - 0.03), (0.055, long - 0.02), (0.062, long + 0.02)], 16)
    shank = rod((0, 0.09, 0), (0, long + 0.02, 0), 0.026, sides=10)
    if rng.random() < 0.5:
        tip = hull(
            np.array(
                [
                    (sx * x, y, sz * z)
                    for x, y, z in (
                        (0.024, 0.11, 0.022),
                        (0.040, 0.045, 0.012),
                        (0.036, 0.0, 0.006),
                    )
                    for sx in (-1, 1)
                    for sz in (-1, 1)
                ]
            ),
            crease_deg=30,
        )
    else:
        blade = hull(
            np.array(
                [
                    (sx * x, y, sz * 0.007)
                    for x, y in ((0.027, 0.11), (0.027, 0.06), (0.007, 0.0))
                    for sx in (-1, 1)
                    for sz in (-1, 1)
                ]
            ),
            crease_deg=30,
        )
        tip = group(blade, blade.turn("y", 90), rod((0, 0.02, 0), (0, 0.11, 0), 0.010, 0.025, 8))
    color = pick(rng, RED, YELLOW, BLUE, ORANGE, GREEN)
    return [
        grip.part("handle", color, True),
        group(cap, collar).part("cap", BLACK),
        shank.part("shank", STEEL),
        tip.part("tip", darker(STEEL, 0.6)),
    ]


def drill(rng: np.random.Generator) -> list[Part]:
    """A cordless drill that points to the right: a housing, a chuck with a bit, a grip, a battery."""
    skin = pick(rng, YELLOW, ORANGE, BLUE, GREEN, RED)
    dark = darker(RUBBER, 1.3)
    long, lean = rng.uniform(0.40, 0.48), float(rng.uniform(-12, -6))
    body = lathe(
        [(0.075, -0.30), (0.125, -0.27), (0.135, -0.20), (0.135, 0.06), (0.115, long - 0.20)], 20
    ).turn("z", -90)
    sleeve = lathe([(0.118, long - 0.22), (0.118, long - 0.12), (0.085, long - 0.10)], 20).turn(
        "z", -90
    )
    chuck = lathe(
        [(0.075, long - 0.11), (0.082, long - 0.09), (0.080, long + 0.02), (0.034, long + 0.10)], 16
    ).turn("z", -90)
    ribs = torus(0.083, 0.007, 16, 4).turn("z", 90)
    ribs = group(*(ribs.move(long - d) for d in (0.075, 0.045, 0.015)))
    bit = rod((long + 0.09, 0, 0), (long + 0.36, 0, 0), 0.017, sides=8)
    t = np.linspace(0, 1, 34)
    spiral = tube(
        np.stack([long + 0.14 + 0.20 * t, 0.018 * np.sin(22 * t), 0.018 * np.cos(22 * t)], 1),
        0.009,
        5,
    )
    point = rod((long + 0.36, 0, 0), (long + 0.40, 0, 0), 0.019, 0.002, 8)
    handle = rounded_box(0.155, 0.46, 0.125, 0.055).turn("z", lean).move(-0.13, -0.29, 0)
    grip = rounded_box(0.162, 0.27, 0.132, 0.055).turn("z", lean).move(-0.135, -0.29, 0)
    trigger = rounded_box(0.07, 0.11, 0.07, 0.022).move(-0.035, -0.165, 0)
    shoe = rounded_box(0.30, 0.085, 0.19, 0.03).move(-0.14, -0.52, 0)
    pack = rounded_box(0.33, 0.15, 0.20, 0.04).move(-0.125, -0.615, 0)
    vents = group(
        *(box(0.018, 0.085, 0.29, 0.004).move(x, 0.01, 0) for x in (-0.245, -0.205, -0.165))
    )
    badge = box(0.16, 0.055, 0.276, 0.01).move(0.0, 0.03, 0)
    return [
        group(body, handle, shoe).part("body", skin, True),
        group(sleeve, grip, trigger).part("grip", dark),
        (chuck + ribs).part("chuck", matte(0.16, 0.16, 0.17)),
        group(bit, spiral, point).part("bit", STEEL),
        pack.part("battery", matte(0.12, 0.12, 0.13)),
        vents.part("vents", matte(0.06, 0.06, 0.06)),
        badge.part("badge", pick(rng, BLACK, CREAM)),
    ]


def key(rng: np.random.Generator) -> list[Part]:
    """An old door key upright: a trefoil bow above, a collared shank, a notched bit below."""
    long, ring = rng.uniform(0.62, 0.75), rng.uniform(0.105, 0.125)
    shank = rod((0, 0, 0), (0, long, 0), 0.045, sides=10)
    collar = cylinder(0.075, 0.05, sides=12).move(y=long - 0.02)
    loop = torus(ring, 0.042, 16, 7).turn("x", 90)
    y = long + 0.1
    bow = group(loop.move(-0.9 * ring, y), loop.move(0.9 * ring, y), loop.move(0, y + 1.6 * ring))
    bits = [(0.03, 0.04), (0.26, 0.04), (0.26, 0.10), (0.18, 0.10), (0.18, 0.15), (0.28, 0.15),
            (0.28, 0.21), (0.17, 0.21), (0.17, 0.25), (0.24, 0.25), (0.24, 0.31), (0.03, 0.31)]  # fmt: skip
    bit = extrude(np.array(bits) * [rng.uniform(0.9, 1.1), 1.0], 0.07)
    look = pick(rng, BRASS, metal(0.86, 0.68, 0.25), darker(STEEL, 0.85))
    return [
        bow.part("bow", look, True),
        group(shank, collar, ellipsoid(0.05, sides=8)).part("shank", look, True),
        bit.part("teeth", look, True),
    ]


def scissors(rng: np.random.Generator) -> list[Part]:
    """A pair of scissors open in an X, points up, two oval finger rings below."""
    gape, long = rng.uniform(13, 20), rng.uniform(0.6, 0.72)
    blade = extrude([(-0.045, -0.10), (0.05, -0.10), (0.055, 0.10), (0.03, long), (0.0, long + 0.05),
                     (-0.045, 0.10)], 0.045)  # fmt: skip
    shank = tube([(0, -0.06, 0), (-0.01, -0.18, 0), (-0.05, -0.26, 0)], 0.045, 8)
    oval = torus(0.125, 0.04, 18, 7).turn("x", 90).scale(0.85, 1.25, 1).move(-0.10, -0.42)
    half, grip = blade.move(z=0.022), group(shank, oval).move(z=0.0)
    return [
        group(half.turn("z", -gape), half.turn("z", -gape).turn("y", 180)).part("blades", BLADE),
        group(grip.turn("z", -gape), grip.turn("z", -gape).turn("y", 180)).part(
            "handles", pick(rng, RED, ORANGE, BLUE, BLACK), True
        ),
        rod((0, 0, -0.065), (0, 0, 0.065), 0.04, sides=12).part("screw", darker(STEEL, 0.7)),
    ]


def wrench(rng: np.random.Generator) -> list[Part]:
    """A combination spanner upright: an open jaw on top, a ring below."""
    long, jaw = rng.uniform(0.9, 1.1), rng.uniform(0.17, 0.20)
    gap = 0.52 * jaw
    open_deg = np.degrees(np.arcsin(gap / jaw))
    head = [*arc(jaw, 90 + open_deg, 450 - open_deg, 18), (gap, -0.05), (0.5 * gap, -0.11),
            (-0.5 * gap, -0.11), (-gap, -0.05)]  # fmt: skip
    head = extrude(np.array(head) * [1.0, 1.1], 0.12).turn("z", 15).move(0, long)
    hexagon = arc(0.085, 0, 300, 5)
    ring = extrude(arc(0.155, 0, 345, 23), 0.12, [hexagon])
    shaft = box(0.14, long - 0.26, 0.085, 0.02).move(y=long / 2 - 0.0)
    web = box(0.055, long - 0.4, 0.10, 0.01).move(y=long / 2)
    look = pick(rng, STEEL, darker(STEEL, 0.8), metal(0.80, 0.80, 0.82))
    return [
        group(head, ring).part("head", look, True),
        group(shaft, web).part("handle", darker(look, 0.9), True),
    ]


def shovel(rng: np.random.Generator) -> list[Part]:
    """A spade upright, blade down: a curved pointed blade, a long shaft, a D handle on top."""
    long, wide = rng.uniform(0.72, 0.9), rng.uniform(0.22, 0.26)
    rows = [
        (0.0, 0.02, 0.0),
        (0.06, 0.45, 0.01),
        (0.14, 0.8, 0.02),
        (0.28, 1.0, 0.03),
        (0.44, 0.98, 0.03),
    ]
    u = np.linspace(-1, 1, 7)
    solids = []
    for (y0, w0, z0), (y1, w1, z1) in pairwise(rows):
        for a, b in pairwise(u):
            pts = [
                (wide * w * s, y, z + 0.09 * s * s * w * w + d)
                for (y, w, z) in ((y0, w0, z0), (y1, w1, z1))
                for s in (a, b)
                for d in (-0.02, 0.02)
            ]
            solids.append(hull(np.array(pts), crease_deg=20))
    socket = rod((0, 0.28, 0.02), (0, 0.62, 0.0), 0.03, 0.048)
    shaft = rod((0, 0.5, 0), (0, 0.5 + long, 0), 0.036, sides=10)
    y = 0.5 + long
    fork = tube([(0, y - 0.03, 0), (0.09, y + 0.05, 0), (0.115, y + 0.17, 0)], 0.03, 8)
    bar = capsule((-0.13, y + 0.17, 0), (0.13, y + 0.17, 0), 0.042)
    wood = pick(rng, OAK, PINE)
    return [
        group(*solids, socket).part("blade", pick(rng, STEEL, IRON, GREEN), True),
        shaft.part("shaft", wood),
        group(fork.both(), bar).part("handle", pick(rng, wood, BLACK, RED)),
    ]


def ladder(rng: np.random.Generator) -> list[Part]:
    """A step ladder: two rails with flat treads in front, two struts behind, joined at the top."""
    steps, spread = int(rng.integers(4, 6)), rng.uniform(0.44, 0.52)
    tall = 1.25
    wide, narrow = 0.30, 0.20
    front = tube([(wide, 0, spread / 2 + 0.05), (narrow, tall, 0.06)], 0.045, 4)
    back = tube([(wide, 0, -spread / 2 - 0.05), (narrow, tall, -0.05)], 0.036, 4)
    treads = []
    for k in range(steps):
        h = (k + 0.8) / (steps + 0.5)
        x, z = wide + (narrow - wide) * h, (spread / 2 + 0.05) * (1 - h) + 0.06 * h
        treads.append(box(2 * x, 0.05, 0.13).move(y=h * tall, z=z))
    braces = [rod((-0.28, 0.2, -spread / 2), (0.28, 0.2, -spread / 2), 0.025, sides=6),
              rod((-0.24, 0.75, -0.14), (0.24, 0.75, -0.14), 0.025, sides=6)]  # fmt: skip
    top = rounded_box(0.5, 0.06, 0.26, 0.02).move(y=tall)
    look = pick(rng, PINE, YELLOW, metal(0.78, 0.79, 0.8))
    return [
        group(front.both(), back.both(), *braces).part("rails", look, True),
        group(*treads).part("steps", look, True),
        top.part("top", pick(rng, look, RED)),
    ]
