"""Garden and playground: wheelbarrow, watering can, swing.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLUE,
    COPPER,
    GREEN,
    OAK,
    PINE,
    RED,
    RUBBER,
    STEEL,
    YELLOW,
    darker,
    matte,
    metal,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    box,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    lathe,
    loft,
    rod,
    rounded_box,
    torus,
    tube,
)

CORNER = np.radians([0, 30, 60, 90])


def _tray(levels: list[tuple[float, float, float, float, float]], wall: float) -> Solid:
    """An open tray of rounded rectangles: rows of (y, half width, rear z, front z, rise to the front)."""

    def outline(row: tuple[float, float, float, float, float], less: float) -> np.ndarray:
        y, x, z0, z1, rise = row
        x, z0, z1, r = x - less, z0 + less, z1 - less, 0.3 * x
        corners = [
            (x - r, z1 - r, 0),
            (-x + r, z1 - r, 90),
            (-x + r, z0 + r, 180),
            (x - r, z0 + r, 270),
        ]
        flat = np.array([
            (cx + r * np.cos(np.radians(start) + a), cz + r * np.sin(np.radians(start) + a))
            for cx, cz, start in corners for a in CORNER
        ])  # fmt: skip
        up = y + rise * (flat[:, 1] - z0) / (z1 - z0)
        return np.stack([flat[:, 0], up, flat[:, 1]], 1)

    outside = [outline(row, 0.0) for row in levels]
    inside = [outline(row, wall) for row in levels[::-1]]
    inside[-1][:, 1] += wall
    return loft(np.array([*outside, *inside]))


def wheelbarrow(rng: np.random.Generator) -> list[Part]:
    """A wheelbarrow: a deep tray on two shafts with one wheel in front, two legs, and handles behind."""
    paint = pick(rng, GREEN, RED, BLUE, metal(0.70, 0.72, 0.73), GREEN)
    r, deep, wide = rng.uniform(0.20, 0.23), rng.uniform(0.30, 0.38), rng.uniform(0.34, 0.40)
    axle = 0.86
    tray = _tray([
        (0.36, 0.20, -0.26, 0.26, 0.02), (0.36 + 0.5 * deep, 0.28, -0.40, 0.50, 0.06),
        (0.36 + deep, wide, -0.52, 0.72, 0.12),
    ], 0.022)  # fmt: skip
    rim = [
        (s * x, 0.36 + deep + h, z)
        for s, x, h, z in (
            (1, 0.7 * wide, 0.0, -0.52),
            (1, wide, 0.01, -0.36),
            (1, wide, 0.11, 0.52),
            (1, 0.68 * wide, 0.12, 0.72),
            (-1, 0.68 * wide, 0.12, 0.72),
            (-1, wide, 0.11, 0.52),
            (-1, wide, 0.01, -0.36),
            (-1, 0.7 * wide, 0.0, -0.52),
        )
    ]
    bead = tube(rim, 0.022, 6, ring=True)
    way = curve([(0.045, r, axle), (0.14, 0.27, 0.5), (0.22, 0.34, 0.1), (0.28, 0.42, -0.45),
                 (0.30, 0.58, -0.85), (0.30, 0.60, -1.05)], 3)  # fmt: skip
    shaft = tube(way, 0.026, 8).both()
    grip = rod((0.30, 0.592, -0.95), (0.30, 0.607, -1.16), 0.040).both()
    leg = tube(
        curve([(0.24, 0.38, -0.10), (0.28, 0.05, -0.26), (0.27, 0.02, -0.34), (0.27, 0.40, -0.40)], 3),
        0.022, 6,
    )  # fmt: skip
    brace = rod((-0.275, 0.14, -0.235), (0.275, 0.14, -0.235), 0.018, sides=6)
    stay = rod(
        (0.06, r + 0.03, axle - 0.02), (0.17, 0.36 + 0.75 * deep, 0.60), 0.02, sides=6
    ).both()
    tyre = torus(r - 0.055, 0.055, 20, 8).turn("z", 90).move(0, r, axle)
    hub = cylinder(r - 0.075, 0.05, sides=16).turn("z", 90) + rod((-0.07, 0, 0), (0.07, 0, 0), 0.03)
    wood = rng.random() < 0.4
    return [
        tray.part("tray", paint, True),
        bead.part("rim", darker(paint, 0.85), True),
        shaft.part("shafts", pick(rng, OAK, PINE) if wood else darker(STEEL, 0.8)),
        group(leg.both(), brace, stay).part("legs", darker(STEEL, 0.7)),
        grip.part("handles", pick(rng, RUBBER, RED)),
        tyre.part("wheel", RUBBER),
        hub.move(0, r, axle).part("hub", pick(rng, RED, YELLOW, STEEL)),
    ]


def watering_can(rng: np.random.Generator) -> list[Part]:
    """A watering can: a round body, a long spout with a rose at the right, a bow handle over the top."""
    skin = pick(rng, metal(0.62, 0.66, 0.68), GREEN, COPPER, BLUE, RED)
    r, high = rng.uniform(0.26, 0.30), rng.uniform(0.44, 0.54)
    body = lathe([
        (0.97 * r, 0), (r, 0.02), (r, 0.06), (0.97 * r, 0.07), (0.97 * r, high - 0.05), (r, high - 0.04),
        (r, high), (0.75 * r, high + 0.07), (0.70 * r, high + 0.07), (0.70 * r, high + 0.02), (0, high + 0.02),
    ], 26)  # fmt: skip
    far, top = r + rng.uniform(0.42, 0.52), high + rng.uniform(0.06, 0.16)
    way = [(0.85 * r, 0.12, 0), (r + 0.10, 0.20, 0), (far - 0.10, top - 0.09, 0), (far, top, 0)]
    spout = tube(curve(way, 3), np.linspace(0.085, 0.042, 10), 10)
    brace = rod((0.9 * r, high - 0.02, 0), (r + 0.24, 0.62 * high, 0), 0.018, sides=6)
    rose = lathe([(0.04, -0.03), (0.06, 0.02), (0.135, 0.10), (0.135, 0.12), (0, 0.145)], 18)
    rose = rose.turn("z", -48).move(far, top, 0)
    hole = ellipsoid(0.014, 0.01, 0.014, sides=6).move(0, 0.132, 0.09)
    holes = group(hole.around(8), hole.move(z=-0.045).around(5)).turn("z", -48).move(far, top, 0)
    bow = curve([(0.55 * r, high + 0.04, 0), (0.40 * r, high + 0.30, 0), (-0.45 * r, high + 0.34, 0),
                 (-1.35 * r, high + 0.16, 0), (-1.72 * r, 0.62 * high, 0), (-1.35 * r, 0.30 * high, 0),
                 (-0.9 * r, 0.26 * high, 0)], 3)  # fmt: skip
    handle = tube(bow, 0.027, 8)
    half_lid = extrude([*_half_circle(0.80 * r)], 0.018).turn("x", -90).move(0, high + 0.075, 0)
    trim = pick(rng, skin, skin, darker(skin, 0.7))
    return [
        body.part("body", skin, True),
        group(spout, brace).part("spout", skin, True),
        rose.part("rose", pick(rng, COPPER, skin, YELLOW), True),
        holes.part("holes", matte(0.1, 0.1, 0.1)),
        handle.part("handle", trim, True),
        half_lid.part("lid", darker(skin, 0.9), True),
    ]


def _half_circle(r: float) -> np.ndarray:
    """The half of a disc that is in front, as an outline."""
    a = np.radians(np.linspace(-90, 90, 12))
    return np.stack([r * np.sin(a)[::-1], -r * np.cos(a)], 1)


def swing(rng: np.random.Generator) -> list[Part]:
    """A garden swing: two splayed pairs of legs, a beam across, and one or two seats on ropes."""
    frame = pick(rng, PINE, OAK, RED, GREEN, BLUE)
    seats, tall = pick(rng, 1, 2, 2), rng.uniform(1.9, 2.2)
    x, spread = (0.75 if seats == 1 else 1.2), rng.uniform(0.55, 0.70)
    thick = rng.uniform(0.05, 0.062)
    leg = rod((x + 0.16, 0, spread), (x, tall + 0.05, 0), thick, sides=8)
    cross = rod((x + 0.125, 0.5 * tall, 0.5 * spread + 0.02), (x + 0.125, 0.5 * tall, -0.5 * spread - 0.02),
                0.75 * thick, sides=8)  # fmt: skip
    beam = rod((-x - 0.16, tall, 0), (x + 0.16, tall, 0), 1.15 * thick, sides=10)
    places = [0.0] if seats == 1 else [-0.52, 0.52]
    swung = [float(rng.uniform(-22, 22)) for _ in places]
    half = 0.26
    rope = rod((half - 0.03, 0.56, 0), (half - 0.03, tall, 0), 0.022, sides=6).both()
    ring = torus(0.045, 0.016, 10, 5).turn("z", 90).move(half - 0.03, tall - thick - 0.03, 0).both()
    board = rounded_box(2 * half, 0.055, 0.26, 0.025).move(0, 0.55, 0)

    def hang(solid: Solid) -> Solid:
        turns = zip(places, swung, strict=True)
        return group(*(solid.turn("x", deg, (0, tall, 0)).move(p) for p, deg in turns))

    ground = box(0.1, 0.03, 0.1).move(x + 0.16, 0.015, spread)
    return [
        group(leg.four(), cross.both(), ground.four(), beam).part("frame", frame, True),
        hang(rope).part("ropes", pick(rng, matte(0.80, 0.68, 0.46), darker(STEEL, 0.7))),
        hang(ring).part("rings", STEEL),
        hang(board).part("seat", pick(rng, RED, YELLOW, BLUE, OAK)),
    ]
