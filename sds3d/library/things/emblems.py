"""Emblems: star, heart, rose.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import RED, YELLOW, darker, glossy, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import Solid, curve, ellipsoid, group, loft, rod, tube
from sds3d.library.kit.solid import close
from sds3d.library.things.treasures import GOLD


def star(rng: np.random.Generator) -> list[Part]:
    """A thick five-pointed star standing on two points, ridged from its middle to the points."""
    inner, deep = rng.uniform(0.42, 0.52), rng.uniform(0.15, 0.22)
    a = np.arange(10) * np.pi / 5
    r = np.where(np.arange(10) % 2, inner, 1.0)
    xy = np.stack([r * np.sin(a), r * np.cos(a)], 1)
    rim, n = 0.09, 10
    rows = np.concatenate([np.column_stack([xy, np.full(n, z)]) for z in (-rim, rim)])
    points = np.concatenate([rows, [(0, 0, -rim - deep), (0, 0, rim + deep)]])
    faces = []
    for i in range(n):
        j = (i + 1) % n
        faces += [(i, i + n, j), (j, i + n, j + n), (i, j, 2 * n), (j + n, i + n, 2 * n + 1)]
    core = close(points, np.array(faces), crease_deg=12)
    edge = tube(np.column_stack([xy, np.zeros(n)]), 0.055, 6, ring=True)
    look = pick(rng, YELLOW, glossy(0.96, 0.80, 0.22), GOLD)
    return [core.part("star", look, True), edge.part("edge", darker(look, 0.85), True)]


def heart(rng: np.random.Generator) -> list[Part]:
    """A plump heart standing on its point."""
    plump, tall = rng.uniform(0.30, 0.40), rng.uniform(0.92, 1.06)
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    xy = np.stack([x, y * tall], 1) / 17
    middle = np.array([0.0, 0.12])
    sections = []
    for b in np.linspace(-np.pi / 2, np.pi / 2, 13):
        flat = (xy - middle) * np.cos(b) ** 0.9 + middle if abs(b) < 1.57 else 0 * xy + middle
        sections.append(np.column_stack([flat, np.full(len(xy), plump * np.sin(b))]))
    solid = loft(np.array(sections), crease_deg=50)
    look = pick(rng, RED, glossy(0.85, 0.10, 0.22), glossy(0.92, 0.30, 0.48))
    return [solid.part("heart", look, True)]


def rose(rng: np.random.Generator) -> list[Part]:
    """A rose: overlapping curled petals in a spiral, sepals, a long stem with leaves and thorns."""
    long, full = rng.uniform(0.85, 1.05), rng.uniform(0.95, 1.1)

    def petal(radius: float, high: float, half: float, lean: float) -> Solid:
        """A cupped sheet standing in front (+z) of the axis, its top curled outward."""
        u = np.linspace(-1, 1, 7)
        front, back = [], []
        for v in np.linspace(0, 1, 6):
            r = radius * (0.35 + 0.65 * np.sin(0.5 * np.pi * min(1.0, 1.5 * v))) + lean * v**3
            width = np.radians(half) * (0.75 + 0.25 * np.sin(np.pi * min(1.0, v + 0.2)))
            y = high * v - 0.10 * high * u**2 * v**2 * 2
            ang = u * width
            front.append(np.stack([r * np.sin(ang), y, r * np.cos(ang)], 1))
            q = r - 0.045
            back.append(np.stack([q * np.sin(ang), y, q * np.cos(ang)], 1))
        return loft(
            np.array([np.concatenate([f, b[::-1]]) for f, b in zip(front, back, strict=True)]),
            crease_deg=60,
        )

    outer = petal(0.30 * full, 0.34, 46, 0.10).around(5)
    middle = petal(0.215 * full, 0.40, 52, 0.045).around(4, start_deg=25)
    inner = group(
        petal(0.13 * full, 0.43, 70, 0.015).around(3, start_deg=70),
        ellipsoid(0.075, 0.20, 0.075, sides=10).move(y=0.21),
    )
    sepal = ellipsoid(0.06, 0.022, 0.15, sides=8).turn("x", 35).move(0, -0.04, 0.13).around(5)
    hip = ellipsoid(0.13, 0.10, 0.13, sides=12)
    way = curve(
        [(0.04, -long, 0), (0.0, -0.6 * long, 0.02), (0.02, -0.3 * long, 0), (0, 0.0, 0)], 3
    )
    stem = tube(way, 0.042, 8)
    leaf = group(
        ellipsoid(0.18, 0.025, 0.095, sides=10).move(0.17), rod((-0.02, 0, 0), (0.06, 0, 0), 0.025)
    )
    leaves = group(
        leaf.turn("z", 28).move(0.02, -0.42 * long), leaf.turn("z", 24).turn("y", 180).move(0.0, -0.60 * long),
        leaf.turn("z", 20).turn("y", 80).move(0.0, -0.72 * long),
    )  # fmt: skip
    look = pick(rng, matte(0.78, 0.06, 0.12), matte(0.90, 0.35, 0.50), matte(0.93, 0.78, 0.30))
    return [
        outer.part("petals", look, True),
        middle.part("inner petals", darker(look, 0.90), True),
        inner.part("bud", darker(look, 0.78), True),
        group(sepal, hip).part("sepals", matte(0.19, 0.44, 0.15)),
        stem.part("stem", matte(0.20, 0.42, 0.15)),
        leaves.part("leaves", matte(0.17, 0.44, 0.15)),
    ]
