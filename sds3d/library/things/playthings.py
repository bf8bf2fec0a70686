"""Playthings: basketball, soccer ball, dice, balloon."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLACK, BLUE, GREEN, RED, WHITE, YELLOW, glossy, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    cylinder,
    ellipsoid,
    group,
    hull,
    lathe,
    rounded_box,
    torus,
    tube,
)

PINK = glossy(0.92, 0.40, 0.58)


def basketball(rng: np.random.Generator) -> list[Part]:
    """An orange ball with its eight-panel black seams."""
    ball = ellipsoid(0.5, sides=30)
    hoop = torus(0.497, 0.018, 36, 6)
    a = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    x = rng.uniform(0.28, 0.34) + 0.09 * np.cos(2 * a)
    side = np.stack([x, 0.40 * np.sin(a), 0.40 * np.cos(a)], 1)
    side *= 0.497 / np.linalg.norm(side, axis=1, keepdims=True)
    curl = tube(side, 0.018, 6, ring=True)
    seams = group(hoop, hoop.turn("z", 90), hoop.turn("x", 90), curl.both())
    tilt = float(rng.uniform(-20, 20))

    def lean(solid: Solid) -> Solid:
        return solid.turn("z", 20 + tilt).turn("x", 18).turn("y", 2 * tilt)

    return [
        lean(ball).part("ball", pick(rng, matte(0.85, 0.40, 0.12), matte(0.78, 0.33, 0.10)), True),
        lean(seams).part("seams", BLACK),
    ]


def soccer_ball(rng: np.random.Generator) -> list[Part]:
    """A white ball with twelve black pentagons and the seams between the hexagons."""
    g = (1 + 5**0.5) / 2
    ico = np.array([p for s in (-1, 1) for t in (-g, g) for p in ((0, s, t), (s, t, 0), (t, 0, s))])
    ico /= np.linalg.norm(ico, axis=1, keepdims=True)
    edge = np.linalg.norm(ico[0] - ico, axis=1)
    edge = edge[edge > 0.1].min()
    patches, seams = [], []
    for i, axis in enumerate(ico):
        near = np.flatnonzero(np.abs(np.linalg.norm(ico - axis, axis=1) - edge) < 1e-6)
        corners = np.array([axis + 0.36 * (ico[j] - axis) for j in near])
        corners /= np.linalg.norm(corners, axis=1, keepdims=True)
        grid = [axis + t * (0.36 * (u * ico[j] + (1 - u) * ico[k]) - 0.36 * axis)
                for j in near for k in near if np.linalg.norm(ico[j] - ico[k]) < 1.01 * edge
                for t in (0.55, 1.0) for u in (1.0, 0.5)]  # fmt: skip
        grid = np.array([*grid, axis])
        grid /= np.linalg.norm(grid, axis=1, keepdims=True)
        patches.append(hull(np.concatenate([grid * 0.509, corners * 0.45]), crease_deg=60))
        for j in near[near > i]:
            p, q = axis + 0.34 * (ico[j] - axis), axis + 0.66 * (ico[j] - axis)
            line = np.array([p + t * (q - p) for t in (0, 0.5, 1)])
            line *= 0.497 / np.linalg.norm(line, axis=1, keepdims=True)
            seams.append(tube(line, 0.013, 5))
    ball = ellipsoid(0.5, sides=28)
    turn, tilt = float(rng.uniform(0, 72)), float(rng.uniform(-20, 20))

    def lean(solid: Solid) -> Solid:
        return solid.turn("y", turn).turn("x", 30 + tilt)

    return [
        lean(ball).part("ball", matte(0.94, 0.94, 0.94), True),
        lean(group(*patches)).part("pentagons", matte(0.07, 0.07, 0.08)),
        lean(group(*seams)).part("seams", matte(0.30, 0.30, 0.32)),
    ]


PIPS = {
    1: [(0, 0)],
    2: [(-1, -1), (1, 1)],
    3: [(-1, -1), (0, 0), (1, 1)],
    4: [(-1, -1), (-1, 1), (1, -1), (1, 1)],
    5: [(-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1)],
    6: [(-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1)],
}


def dice(rng: np.random.Generator) -> list[Part]:
    """One die with round corners and pips; opposite faces add up to seven."""
    radius, turn = rng.uniform(0.09, 0.14), float(rng.uniform(-12, 12))
    cube = rounded_box(1, 1, 1, radius)
    pip = cylinder(0.105, 0.02, sides=14).turn("x", 90)
    faces = ((1, "y", 0), (6, "y", 180), (2, "y", 90), (5, "y", -90), (3, "x", -90), (4, "x", 90))
    pips = []
    for count, axis, deg in faces:
        dots = (pip.move(0.26 * x, 0.26 * y, 0.497) for x, y in PIPS[count])
        pips.append(group(*dots).turn(axis, deg))
    look, dot = pick(rng, (glossy(0.94, 0.93, 0.90), BLACK), (RED, WHITE), (BLUE, WHITE))
    return [
        cube.turn("y", turn).part("cube", look, True),
        group(*pips).turn("y", turn).part("dots", dot),
    ]


def balloon(rng: np.random.Generator) -> list[Part]:
    """A toy balloon, fuller above, with its knot and a wavy string."""
    wide, wave = rng.uniform(0.36, 0.41), rng.uniform(0.03, 0.06)
    skin = lathe([(0.03, 0.0), (0.10, 0.06), (0.24, 0.20), (0.93 * wide, 0.42), (wide, 0.60),
                  (0.90 * wide, 0.78), (0.60 * wide, 0.92), (0.28 * wide, 0.97), (0, 0.985)], 22,
                 crease_deg=70)  # fmt: skip
    knot = cylinder(0.08, 0.07, top=0.025, sides=10).move(y=-0.02)
    y = np.linspace(-0.04, -0.70, 15)
    line = np.stack([wave * np.sin(10 * y), y, 0.6 * wave * np.cos(10 * y) - 0.6 * wave], 1)
    look = pick(rng, RED, BLUE, YELLOW, GREEN, PINK)
    return [
        group(skin, knot).part("balloon", look, True),
        tube(line, 0.022, 6).part("string", matte(0.93, 0.93, 0.93)),
    ]
