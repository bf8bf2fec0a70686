"""Plants: cactus in a pot, palm tree, tree, fir, sunflower, mushroom.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import LEAF, RED, YELLOW, darker, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    capsule,
    curve,
    cylinder,
    ellipsoid,
    group,
    lathe,
    torus,
    tube,
)

TERRACOTTA, SOIL, BARK = matte(0.72, 0.38, 0.22), matte(0.22, 0.15, 0.10), matte(0.42, 0.29, 0.18)
CACTUS, FIR = matte(0.18, 0.48, 0.20), matte(0.10, 0.34, 0.18)


def _pot(radius: float, high: float) -> tuple[Solid, Solid]:
    """A flower pot with a rim, and the soil in it."""
    pot = lathe([
        (0.72 * radius, 0), (0.95 * radius, 0.78 * high), (1.08 * radius, 0.78 * high),
        (1.08 * radius, high), (0.92 * radius, high), (0.90 * radius, 0.84 * high),
    ], 20)  # fmt: skip
    return pot, cylinder(0.91 * radius, 0.05, sides=18).move(y=0.82 * high)


def _ribs(radius: float, bottom: float, top: float, count: int = 8) -> Solid:
    """The ribs of a column cactus, standing out of its sides."""
    rib = capsule((0, bottom, radius), (0, top, radius), 0.16 * radius, sides=6)
    return rib.around(count)


def cactus(rng: np.random.Generator) -> list[Part]:
    """A saguaro in a terracotta pot: ribbed column, two bent arms, sometimes a flower on top."""
    green = pick(rng, CACTUS, matte(0.24, 0.52, 0.26), matte(0.14, 0.42, 0.22))
    wide, high = rng.uniform(0.15, 0.18), rng.uniform(0.78, 0.95)
    pot, soil = _pot(rng.uniform(0.26, 0.30), 0.36)
    column = capsule((0, 0.30, 0), (0, 0.30 + high - wide, 0), wide, sides=14)
    body = group(column, _ribs(wide, 0.34, 0.26 + high - wide))
    for side, start, reach, tall in (
        (1, rng.uniform(0.50, 0.58), 0.34, rng.uniform(0.26, 0.36)),
        (-1, rng.uniform(0.64, 0.72), 0.31, rng.uniform(0.18, 0.28)),
    ):
        elbow = [(0, start, 0), (0.75 * reach, start, 0), (reach, start + 0.09, 0)]
        way = curve([(side * x, y, z) for x, y, z in [*elbow, (reach, start + tall, 0)]], 4)
        body = group(
            body,
            tube(way, 0.56 * wide, 10),
            ellipsoid(0.56 * wide, sides=10).move(side * reach, start + tall, 0),
        )
    parts = [body.part("cactus", green, True), pot.part("pot", TERRACOTTA), soil.part("soil", SOIL)]
    if rng.random() < 0.5:
        petal = ellipsoid(0.05, 0.03, 0.03, sides=6).move(x=0.05).around(6)
        flower = petal.move(y=0.31 + high)
        parts.append(flower.part("flower", pick(rng, RED, matte(0.90, 0.40, 0.60), YELLOW)))
    return parts


def _frond(reach: float, droop: float) -> Solid:
    """A palm leaf along +x: a wide blade that rises and hangs down."""
    way = curve([
        (0, 0, 0), (0.35 * reach, 0.16, 0), (0.75 * reach, 0.10 - 0.35 * droop, 0),
        (reach, -0.10 - droop, 0),
    ], 3)  # fmt: skip
    along = np.linspace(0, 1, len(way))
    return tube(way, list(0.018 + 0.030 * np.sin(np.pi * along) ** 0.8), 6, flat=4.2)


def palm_tree(rng: np.random.Generator) -> list[Part]:
    """A leaning ringed trunk, a crown of hanging fronds, coconuts."""
    lean, high = rng.uniform(-0.25, 0.25), rng.uniform(1.25, 1.5)
    way = curve([(0, 0, 0), (0.35 * lean, 0.45 * high, 0), (lean, high, 0)], 5)
    radii = list(np.linspace(0.115, 0.065, len(way)))
    rings = group(
        *(
            torus(r, 0.018, 12, 5).move(x, y, z)
            for (x, y, z), r in list(zip(way, radii, strict=True))[1:-1]
        )
    )
    count, reach = int(rng.integers(8, 11)), rng.uniform(0.68, 0.80)
    fronds = group(
        *(
            _frond(reach * rng.uniform(0.9, 1.1), rng.uniform(0.12, 0.32))
            .turn("y", 360 * k / count + rng.uniform(-8, 8))
            .move(lean, high, 0)
            for k in range(count)
        ),
        ellipsoid(0.09, 0.07, 0.09, sides=10).move(lean, high, 0),
    )
    nut = ellipsoid(0.065, sides=8).move(0.10, -0.07, 0).around(3, start_deg=40).move(lean, high, 0)
    return [
        fronds.part("leaves", pick(rng, LEAF, matte(0.26, 0.52, 0.18)), True),
        group(tube(way, radii, 12), rings).part("trunk", pick(rng, BARK, matte(0.52, 0.40, 0.26))),
        nut.part("coconuts", matte(0.35, 0.22, 0.12)),
    ]


def tree(rng: np.random.Generator) -> list[Part]:
    """A broad-leaved tree: a trunk that forks into a crown of leafy clouds."""
    green = pick(rng, LEAF, matte(0.30, 0.52, 0.16), matte(0.16, 0.40, 0.18))
    high = rng.uniform(0.55, 0.75)
    trunk = group(
        cylinder(0.10, high, top=0.07, sides=10),
        capsule((0, 0.8 * high, 0), (0.20, high + 0.20, 0.04), 0.05, 0.03),
        capsule((0, 0.75 * high, 0), (-0.20, high + 0.16, -0.05), 0.05, 0.03),
    )
    clouds = [ellipsoid(0.40, 0.36, 0.40, sides=12).move(y=high + 0.36)]
    for k in range(6):
        a, r = 2 * np.pi * k / 6 + rng.uniform(-0.3, 0.3), rng.uniform(0.24, 0.29)
        x, z = 0.33 * np.cos(a), 0.33 * np.sin(a)
        clouds.append(ellipsoid(r, 0.9 * r, r, sides=10).move(x, high + rng.uniform(0.16, 0.34), z))
    return [group(*clouds).part("leaves", green, True), trunk.part("trunk", BARK)]


def pine_tree(rng: np.random.Generator) -> list[Part]:
    """A fir of stacked skirts; some variants are decorated for Christmas."""
    tiers, wide = int(rng.integers(4, 6)), rng.uniform(0.42, 0.50)
    skirts = []
    for k in range(tiers):
        r = wide * (1 - 0.72 * k / (tiers - 1))
        skirts.append(cylinder(r, 0.42, top=0.06, sides=14).move(y=0.20 + 0.26 * k))
    top = 0.20 + 0.26 * (tiers - 1) + 0.42
    parts = [
        group(*skirts).part("branches", pick(rng, FIR, matte(0.14, 0.42, 0.20)), True),
        cylinder(0.07, 0.24, sides=10).part("trunk", BARK),
    ]
    if rng.random() < 0.5:
        ball = []
        for k in range(14):
            a, level = 2.4 * k, k / 14
            r = wide * (1 - 0.78 * level) * 0.92
            ball.append(
                ellipsoid(0.045, sides=8).move(r * np.cos(a), 0.27 + 0.95 * level, r * np.sin(a))
            )
        parts += [
            group(*ball).part("baubles", RED),
            ellipsoid(0.07, 0.07, 0.035, sides=8).move(y=top + 0.03).part("star", YELLOW),
        ]
    return parts


def sunflower(rng: np.random.Generator) -> list[Part]:
    """A tall stem with two leaves and a big head facing the front."""
    high, petals = rng.uniform(0.95, 1.15), int(rng.integers(13, 17))
    petal = ellipsoid(0.055, 0.13, 0.02, sides=8).move(y=0.25).around(petals, axis="z")
    head = petal.move(y=high, z=0.06)
    core = ellipsoid(0.17, 0.17, 0.07, sides=14).move(y=high, z=0.08)
    stem = tube(curve([(0, 0, 0), (0.03, 0.5 * high, -0.03), (0, high, 0)], 4), 0.035, 8)
    leaf = ellipsoid(0.17, 0.02, 0.08, sides=8).turn("z", 25).move(0.18, 0.38 * high, 0)
    return [
        head.part("petals", YELLOW, True),
        core.part("seeds", matte(0.26, 0.15, 0.08)),
        group(stem, leaf.both()).part("stem", LEAF),
    ]


def mushroom(rng: np.random.Generator) -> list[Part]:
    """A toadstool: white stem with a skirt, red cap with white spots."""
    wide, high = rng.uniform(0.36, 0.44), rng.uniform(0.48, 0.60)
    cap = lathe([
        (0.10, high), (wide, high - 0.02), (0.98 * wide, high + 0.06), (0.75 * wide, high + 0.20),
        (0.40 * wide, high + 0.28), (0, high + 0.30),
    ], 20, crease_deg=60)  # fmt: skip
    stem = lathe([(0.16, 0), (0.13, 0.15), (0.10, 0.6 * high), (0.11, high + 0.02)], 14)
    skirt = cylinder(0.18, 0.05, top=0.11, sides=14).move(y=0.62 * high)
    spots = []
    for k in range(9):
        a, r = 2.4 * k + rng.uniform(-0.2, 0.2), wide * (0.25 + 0.62 * (k / 9))
        y = high + 0.30 - 0.24 * (r / wide) ** 2
        spots.append(ellipsoid(0.06, 0.03, 0.06, sides=8).move(r * np.cos(a), y, r * np.sin(a)))
    white = matte(0.95, 0.92, 0.85)
    return [
        cap.part("cap", RED, True),
        group(stem, skirt).part("stem", darker(white, 0.97)),
        group(*spots).part("spots", white),
    ]
