"""Arms: axe, sword, shield.  Flat side +Z."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    BRASS,
    GREEN,
    IRON,
    OAK,
    PINE,
    RED,
    STEEL,
    darker,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    block,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    hull,
    torus,
    tube,
)
from sds3d.library.things.tools import BLADE


def axe(rng: np.random.Generator) -> list[Part]:
    """A felling axe: a curved wooden handle and a wedge head with a wide bright edge."""
    long, wide = rng.uniform(1.0, 1.2), rng.uniform(0.20, 0.26)
    way = curve([(-0.06, 0, 0), (0.02, 0.16, 0), (0.02, 0.6 * long, 0), (-0.01, long, 0)], 4)
    radii = [0.055, 0.05, 0.045, *[0.042] * (len(way) - 3)]
    shaft = tube(way, radii, 10, flat=0.8)
    x, y = -0.01, long - 0.13
    top, low, out = 0.07, -0.09, 0.34

    def ring(px: float, high: float, deep: float, half: float) -> np.ndarray:
        return np.array([(px, h, z) for h in (high, deep) for z in (-half, half)])

    poll = hull(np.concatenate([ring(-0.12, top, low, 0.06), ring(0.09, top, low, 0.065)]))
    cheek = hull(
        np.concatenate([ring(0.08, top, low, 0.065), ring(out - 0.08, 0.75 * wide, -wide, 0.032)])
    )
    bow = curve([(out - 0.08, 0.75 * wide), (out + 0.03, 0), (out - 0.08, -wide)], 4)
    edge = np.array([(px, py, z * f) for px, py in bow for z, f in ((0.004, 1), (-0.004, 1))])
    bevel = hull(np.concatenate([ring(out - 0.10, 0.72 * wide, -0.96 * wide, 0.034), edge]))
    paint = pick(rng, RED, darker(IRON, 1.1), darker(STEEL, 0.7))
    return [
        group(poll, cheek).move(x, y).part("head", paint, True),
        bevel.move(x, y).part("blade", BLADE),
        shaft.part("handle", pick(rng, OAK, PINE)),
    ]


def sword(rng: np.random.Generator) -> list[Part]:
    """A knight's sword upright, point up: fullered blade, cross guard, wrapped grip, round pommel."""
    wide, guard = rng.uniform(0.065, 0.085), rng.uniform(0.20, 0.27)
    long = rng.uniform(0.95, 1.1)

    def diamond(y: float, half: float) -> list[tuple[float, float, float]]:
        return [(half, y, 0), (0, y, 0.032 * half / wide + 0.004), (-half, y, 0),
                (0, y, -0.032 * half / wide - 0.004)]  # fmt: skip

    points = [*diamond(0.30, wide), *diamond(0.18 + long, 0.8 * wide), (0, 0.30 + long, 0)]
    blade = hull(np.array(points), crease_deg=8)
    droop = float(rng.uniform(-0.05, 0.05))
    bar = tube(
        [(0, 0.30, 0), (0.6 * guard, 0.30, 0), (guard, 0.30 + droop, 0)], [0.042, 0.034, 0.042]
    )
    ends = ellipsoid(0.048, sides=8).move(guard, 0.30 + droop)
    pommel = ellipsoid(0.072, 0.068, 0.05, sides=12).move(y=0.02)
    grip = cylinder(0.036, 0.24, sides=10).move(y=0.17)
    wraps = group(*(torus(0.034, 0.012, 10, 5).move(y=y) for y in (0.09, 0.14, 0.19, 0.24)))
    return [
        blade.part("blade", BLADE, True),
        group(bar.both(), ends.both(), pommel).part("guard", BRASS),
        group(grip, wraps).part("handle", pick(rng, matte(0.30, 0.16, 0.09), BLACK, RED)),
    ]


def shield(rng: np.random.Generator) -> list[Part]:
    """A heater shield bulging forward with a metal rim, a cross and a strap behind."""
    wide, tall = rng.uniform(0.40, 0.46), rng.uniform(0.98, 1.1)
    half = curve([(wide, tall), (wide, 0.72 * tall), (0.86 * wide, 0.42 * tall),
                  (0.45 * wide, 0.14 * tall), (0, 0)], 4)  # fmt: skip
    xy = np.concatenate([half, (half * [-1, 1])[-2::-1]])

    def bulge(solid: Solid) -> Solid:
        """Bent backwards towards the sides."""
        v = solid.vertices
        v = v + np.stack([0 * v[:, 0], 0 * v[:, 0], -0.7 * v[:, 0] ** 2], 1)
        n = solid.normals + np.stack(
            [1.4 * v[:, 0] * solid.normals[:, 2], 0 * v[:, 0], 0 * v[:, 0]], 1
        )
        return Solid(v, solid.faces, n / np.linalg.norm(n, axis=1, keepdims=True))

    columns = np.linspace(-wide, wide, 9)
    strips = []
    for a, b in pairwise(columns):
        low = [np.interp(abs(x), half[::-1, 0].clip(0, wide), half[::-1, 1]) for x in (a, b)]
        low = np.minimum(low, 0.72 * tall)
        strips.append(extrude([(a, low[0]), (b, low[1]), (b, tall), (a, tall)], 0.07))
    line = np.column_stack([xy, np.full(len(xy), 0.0)])
    rim = bulge(tube(line, 0.042, 6, ring=True))
    band = 0.075
    rows = np.linspace(0.06, tall - 0.02, 3)
    upright = block((-band, rows[0] + 0.06, 0.02), (band, rows[-1], 0.062))
    across = [
        block((a, 0.60 * tall, 0.02), (b, 0.60 * tall + 2 * band, 0.062))
        for a, b in pairwise(columns)
        if abs(a + b) < 1.95 * wide
    ]
    boss = ellipsoid(0.10, 0.10, 0.06, sides=12).move(y=0.60 * tall + band, z=0.06)
    strap = tube([(-0.16, 0.6 * tall, -0.05), (-0.12, 0.6 * tall, -0.16),
                  (0.12, 0.6 * tall, -0.16), (0.16, 0.6 * tall, -0.05)], 0.035, 6)  # fmt: skip
    field, cross = pick(
        rng, (RED, BRASS), (BLUE, BRASS), (BLUE, matte(0.9, 0.9, 0.9)), (GREEN, BRASS)
    )
    return [
        bulge(group(*strips)).part("shield", field, True),
        rim.part("rim", STEEL),
        group(bulge(group(upright, *across)), boss).part("cross", cross),
        strap.part("strap", matte(0.35, 0.2, 0.1)),
    ]
