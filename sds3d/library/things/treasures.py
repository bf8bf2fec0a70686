"""Trophy, anchor, barrel and treasure chest.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BRASS,
    IRON,
    OAK,
    RED,
    STEEL,
    darker,
    glossy,
    matte,
    metal,
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
    extrude,
    group,
    lathe,
    loft,
    rod,
    torus,
    tube,
)

GOLD = metal(0.90, 0.70, 0.25)


def trophy(rng: np.random.Generator) -> list[Part]:
    """A prize cup with two large handles on a dark base with a plate, a star on its front."""
    wide, tall = rng.uniform(0.30, 0.34), rng.uniform(0.46, 0.56)
    y = 0.42
    cup = lathe([
        (0, y), (0.10, y + 0.02), (0.62 * wide, y + 0.12), (0.9 * wide, y + 0.28), (wide, y + tall),
        (1.08 * wide, y + tall + 0.03), (0.92 * wide, y + tall + 0.03), (0.8 * wide, y + 0.3),
        (0.4 * wide, y + 0.16), (0, y + 0.14),
    ], 24)  # fmt: skip
    stem = lathe([(0.20, 0.20), (0.17, 0.24), (0.06, 0.30), (0.05, 0.36), (0.09, 0.38), (0.05, 0.41),
                  (0.09, y + 0.04), (0, y + 0.04)], 18)  # fmt: skip
    top = y + tall
    loop = curve([(0.96 * wide, top - 0.05, 0), (wide + 0.14, top - 0.02, 0), (wide + 0.19, top - 0.16, 0),
                  (wide + 0.08, top - 0.33, 0), (0.62 * wide, y + 0.13, 0)], 3)  # fmt: skip
    handle = tube(loop, 0.042, 8)
    base = group(
        box(0.50, 0.10, 0.50, 0.015).move(y=0.05), box(0.40, 0.12, 0.40, 0.015).move(y=0.15)
    )
    plate = box(0.26, 0.07, 0.03).move(0, 0.15, 0.20)
    spikes = [
        (r * np.sin(t), r * np.cos(t))
        for t, r in zip(np.arange(10) * np.pi / 5, [0.13, 0.056] * 5, strict=True)
    ]
    emblem = extrude(spikes, 0.06).turn("x", 8).move(0, y + 0.62 * tall, 0.95 * wide)
    look = pick(rng, GOLD, GOLD, metal(0.80, 0.81, 0.83))
    return [
        group(cup, stem).part("cup", look, True),
        handle.both().part("handles", look, True),
        base.part("base", pick(rng, glossy(0.10, 0.08, 0.08), matte(0.32, 0.18, 0.10))),
        plate.part("plate", look, True),
        emblem.part("star", darker(look, 0.72)),
    ]


def anchor(rng: np.random.Generator) -> list[Part]:
    """A ship's anchor upright: ring, stock, shank, curved arms with flukes, a rope wound around."""
    long, span = rng.uniform(0.85, 1.0), rng.uniform(60, 70)
    shank = rod((0, 0, 0), (0, long, 0), 0.07, 0.05, sides=10)
    ring = torus(0.11, 0.036, 18, 7).turn("x", 90).move(y=long + 0.12)
    eye = ellipsoid(0.075, sides=10).move(y=long)
    stock = group(rod((-0.30, long - 0.14, 0), (0.30, long - 0.14, 0), 0.045),
                  *(ellipsoid(0.07, sides=8).move(s * 0.31, long - 0.14) for s in (-1, 1)))  # fmt: skip
    bow = [(x, y, 0) for x, y in arc(0.50, 270, 270 + span, 8, (0, 0.46))]
    arm = tube(bow, list(np.linspace(0.085, 0.05, 9)), 8)
    end, t = np.array(bow[-1]), np.radians(270 + span)
    barb = np.array([(-0.15, -0.03), (0.13, -0.03), (0.03, 0.22)])
    turn = np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
    fluke = extrude(barb @ turn, 0.13).move(end[0], end[1])
    a = np.linspace(0, 2.2 * 2 * np.pi, 34)
    wind = np.stack([0.10 * np.sin(a), np.linspace(long - 0.26, 0.16, 34), 0.10 * np.cos(a)], 1)
    look = pick(rng, darker(IRON, 0.9), glossy(0.12, 0.18, 0.32), darker(STEEL, 0.65))
    return [
        group(shank, eye, arm.both(), fluke.both()).part("anchor", look, True),
        group(ring).part("ring", look, True),
        stock.part("stock", look, True),
        tube(wind, 0.034, 6).part("rope", matte(0.78, 0.64, 0.40)),
    ]


def barrel(rng: np.random.Generator) -> list[Part]:
    """A standing wooden barrel of bulging staves with iron hoops and a bung."""
    wide, tall, staves = rng.uniform(0.36, 0.42), rng.uniform(0.95, 1.1), 14
    ys = np.linspace(0, 1, 7)
    r = wide * (0.80 + 0.20 * np.sin(np.pi * ys))
    inner = lathe(
        [(0, 0.04), *zip(0.93 * r, 0.02 + 0.96 * ys * tall, strict=True), (0, tall - 0.04)], 28
    )
    a = np.linspace(0, 2 * np.pi, 4 * staves, endpoint=False)
    groove = np.where(np.arange(4 * staves) % 4 == 0, 0.945, 1.0)
    wall = []
    for rr, y in [
        *zip(r, ys * tall, strict=True),
        (0.86 * r[-1], tall),
        (0.86 * r[-1], tall - 0.05),
    ]:
        wall.append(np.stack([rr * groove * np.sin(a), y + 0 * a, rr * groove * np.cos(a)], 1))
    wood = loft(np.array(wall), crease_deg=25)
    hoops = []
    for h in (0.07, 0.29, 0.71, 0.93):
        at = [float(np.interp(h + d, ys, r)) + 0.016 for d in (-0.045, 0.045)]
        y0, y1 = (h - 0.045) * tall, (h + 0.045) * tall
        hoops.append(
            lathe(
                [
                    (at[0] - 0.05, y0),
                    (at[0], y0),
                    (at[1], y1),
                    (at[1] - 0.05, y1),
                    (at[0] - 0.05, y0),
                ],
                28,
            )
        )
    bung = cylinder(0.06, 0.06, sides=12).turn("x", 90).move(0, tall / 2, wide + 0.01)
    look = pick(rng, OAK, matte(0.56, 0.36, 0.19), matte(0.48, 0.29, 0.15))
    return [
        wood.part("barrel", look, True),
        inner.part("staves", darker(look, 0.7), True),
        group(*hoops).part("hoops", pick(rng, IRON, darker(STEEL, 0.6))),
        bung.part("bung", darker(look, 0.5)),
    ]


def treasure_chest(rng: np.random.Generator) -> list[Part]:
    """An open pirate's chest: planks, brass bands and lock, a rounded lid leaning back, gold heaped in it."""
    long, deep = rng.uniform(0.95, 1.1), rng.uniform(0.58, 0.64)
    high, gape = 0.40, rng.uniform(48, 62)
    x, z = long / 2, deep / 2
    walls = group(
        block((-x, 0, -z), (x, 0.06, z)),
        block((-x, 0, z - 0.06), (x, high, z)), block((-x, 0, -z), (x, high, -z + 0.06)),
        block((-x, 0, -z), (-x + 0.06, high, z)), block((x - 0.06, 0, -z), (x, high, z)),
    )  # fmt: skip

    def vault(outer: float, inner: float, length: float) -> Solid:
        rim = arc(outer, 0, 180, 12) + arc(inner, 180, 0, 12)
        return extrude(rim, length).turn("y", 90).scale(1, 0.72, 1).move(y=high)

    def open_lid(solid: Solid) -> Solid:
        return solid.turn("x", -gape, (0, high, -z))

    ends = (
        extrude(arc(z - 0.02, 0, 180, 12), 0.06)
        .turn("y", 90)
        .scale(1, 0.72, 1)
        .move(x - 0.03, high)
        .both()
    )
    lid = open_lid(group(vault(z, z - 0.06, long - 0.01), ends))
    bands, lid_bands = [], []
    for at in (-x + 0.05, -0.24 * long, 0.24 * long, x - 0.05):
        bands += [box(0.09, high, 0.05).move(at, high / 2, s * z) for s in (1, -1)]
        lid_bands.append(vault(z + 0.025, z - 0.03, 0.09).move(at))
    for s in (-1, 1):
        bands += [box(0.05, 0.07, deep + 0.04).move(s * x, h) for h in (0.05, high - 0.05)]
    lock = group(box(0.17, 0.18, 0.06, 0.015).move(0, high - 0.09, z + 0.02))
    hole = cylinder(0.03, 0.03, sides=10).turn("x", 90).move(0, high - 0.08, z + 0.05)
    heap = ellipsoid(x - 0.05, 0.20, z - 0.05, sides=18).move(y=high - 0.07)
    coins = []
    for k in range(34):
        t, q = 2.4 * k, 0.90 * np.sqrt((k + 0.5) / 34)
        px, pz = (x - 0.09) * q * np.cos(t), (z - 0.09) * q * np.sin(t)
        coin = cylinder(0.055, 0.024, sides=10).turn("x", float(rng.uniform(-35, 45)))
        coins.append(
            coin.turn("z", float(rng.uniform(-30, 30))).move(
                px, high - 0.05 + 0.19 * np.sqrt(1 - q * q), pz
            )
        )
    jewels = [
        ellipsoid(0.06, sides=6).move(px, high + 0.12, pz) for px, pz in ((-0.2, 0.1), (0.22, 0.04))
    ]
    wood = pick(rng, matte(0.45, 0.26, 0.13), matte(0.55, 0.34, 0.17), matte(0.38, 0.20, 0.10))
    trim = pick(rng, BRASS, darker(IRON, 1.2))
    return [
        walls.part("chest", wood, True),
        lid.part("lid", darker(wood, 1.12), True),
        group(*bands, open_lid(group(*lid_bands))).part("bands", trim),
        lock.part("lock", GOLD),
        hole.part("keyhole", BLACK),
        group(heap, *coins).part("gold", metal(0.95, 0.76, 0.22)),
        jewels[0].part("ruby", RED),
        jewels[1].part("emerald", glossy(0.05, 0.6, 0.3)),
    ]
