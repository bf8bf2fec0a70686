"""Sweets and small fruit: cupcake, lollipop, tomato, lemon, cherry.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLUE,
    GREEN,
    LEAF,
    ORANGE,
    RED,
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
    capsule,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    lathe,
    loft,
    rod,
    tube,
)

PINK, MINT, VANILLA = matte(0.95, 0.60, 0.72), matte(0.62, 0.88, 0.78), matte(0.97, 0.92, 0.78)
CHOCOLATE = matte(0.34, 0.19, 0.11)


def cupcake(rng: np.random.Generator) -> list[Part]:
    """A cupcake: a pleated paper cup, a swirl of icing, sprinkles, a cherry on top."""
    pleats = 22
    a = np.linspace(0, 2 * np.pi, 2 * pleats, endpoint=False)
    zig = 1 + 0.035 * np.where(np.arange(2 * pleats) % 2, 1, -1)

    def ring(r: float, y: float) -> np.ndarray:
        return np.stack([r * zig * np.sin(a), np.full(len(a), y), r * zig * np.cos(a)], 1)

    cup = loft(
        np.array([ring(0.25, 0), ring(0.355, 0.36), ring(0.325, 0.36), ring(0.31, 0.30)]),
        crease_deg=15,
    )
    crumb = ellipsoid(0.335, 0.14, 0.335, sides=18).move(y=0.34)
    turns, high = rng.uniform(2.6, 3.2), rng.uniform(0.40, 0.48)
    t = np.linspace(0, 1, int(18 * turns))
    radius = 0.245 * (1 - t) ** 0.85 + 0.01
    angle = np.pi + 2 * np.pi * turns * t
    girth = (0.125 * (1 - t) ** 0.55 + 0.02) * np.clip(0.12 + 7 * t, 0, 1)
    way = np.stack([radius * np.sin(angle), 0.42 + high * t**1.15, radius * np.cos(angle)], 1)
    icing = group(
        tube(way, list(girth), 10),
        lathe([(0.30, 0.36), (0.24, 0.50), (0.12, 0.36 + 0.75 * high), (0, 0.40 + 0.9 * high)], 16),
    )
    look = pick(rng, PINK, VANILLA, CHOCOLATE, MINT)
    top = 0.43 + high
    cherry = ellipsoid(0.085, 0.08, 0.085, sides=14).move(y=top + 0.045)
    stalk = tube(
        curve([(0, top + 0.11, 0), (0.02, top + 0.19, 0.01), (0.07, top + 0.25, 0.0)], 3), 0.011, 5
    )
    colors = (RED, BLUE, YELLOW, GREEN, WHITE)
    grains: list[list[Solid]] = [[] for _ in colors]
    for k in range(26):
        i = int(rng.integers(6, int(0.8 * len(t))))
        turn = float(rng.uniform(-0.9, 0.9))
        out = np.array([np.sin(angle[i]), 0, np.cos(angle[i])]) * np.cos(turn) + np.array(
            [0, np.sin(turn), 0]
        )
        spot = way[i] + 0.98 * girth[i] * out
        side = np.array([np.cos(angle[i]), 0.4 * rng.normal(), -np.sin(angle[i])]) * 0.022
        grains[k % len(colors)].append(capsule(spot - side, spot + side, 0.011, sides=5))
    sprinkles = [group(*g).part("sprinkles", c) for g, c in zip(grains, colors, strict=True)]
    paper = pick(
        rng,
        matte(0.90, 0.45, 0.40),
        matte(0.45, 0.68, 0.85),
        matte(0.86, 0.74, 0.52),
        matte(0.60, 0.45, 0.72),
    )
    return [
        icing.part("icing", look, True),
        cup.part("paper cup", paper, True),
        crumb.part("cake", matte(0.72, 0.48, 0.24)),
        cherry.part("cherry", glossy(0.78, 0.05, 0.10)),
        stalk.part("stalk", matte(0.35, 0.45, 0.15)),
        *sprinkles,
    ]


def lollipop(rng: np.random.Generator) -> list[Part]:
    """A lollipop: a disc with a spiral of two colours on both sides, on a stick; some with a bow."""
    first, second = pick(
        rng, (RED, WHITE), (glossy(0.92, 0.35, 0.60), YELLOW), (BLUE, WHITE), (ORANGE, GREEN)
    )
    r, thick, turns = rng.uniform(0.40, 0.46), rng.uniform(0.055, 0.07), rng.uniform(2.4, 3.4)
    y = 0.95 + r
    disc = (
        lathe(
            [
                (0, -thick),
                (0.80 * r, -thick),
                (0.96 * r, -0.6 * thick),
                (r, 0),
                (0.96 * r, 0.6 * thick),
                (0.80 * r, thick),
                (0, thick),
            ],
            30,
            crease_deg=60,
        )
        .turn("x", 90)
        .move(y=y)
    )
    t = np.linspace(0.02, 1, int(20 * turns))
    a = 2 * np.pi * turns * t
    line = np.stack(
        [0.90 * r * t * np.sin(a), y + 0.90 * r * t * np.cos(a), np.full(len(t), thick - 0.012)], 1
    )
    swirl = tube(
        line, list(np.linspace(0.018, 0.062, len(t)) * np.clip(8 * (1.02 - t), 0.05, 1)), 6
    ).both("z")
    stick = rod((0, 0, 0), (0, y - 0.5 * r, 0), 0.034, sides=10)
    parts = [
        disc.part("candy", first, True),
        swirl.part("swirl", second),
        stick.part("stick", matte(0.94, 0.93, 0.90)),
    ]
    if rng.random() < 0.5:
        wing = ellipsoid(0.14, 0.085, 0.05, sides=10).move(0.14, 0.86, 0.02).both()
        tail = capsule((0.02, 0.84, 0.04), (0.12, 0.62, 0.05), 0.028, 0.045, 8).both()
        knot = ellipsoid(0.05, 0.05, 0.055, sides=8).move(0, 0.86, 0.03)
        parts.append(
            group(wing, tail, knot).part("bow", pick(rng, RED, BLUE, glossy(0.55, 0.25, 0.65)))
        )
    return parts


def tomato(rng: np.random.Generator) -> list[Part]:
    """A ripe tomato: a lobed ball with a star of leaves and a stalk; some with a cut half beside it."""
    skin = pick(rng, glossy(0.84, 0.12, 0.08), glossy(0.80, 0.08, 0.10), glossy(0.90, 0.28, 0.08))
    lobes, deep = pick(rng, 5, 6, 7), rng.uniform(0.03, 0.065)
    line = curve(
        [
            (0.0, 0.02),
            (0.18, 0.01),
            (0.36, 0.10),
            (0.45, 0.30),
            (0.42, 0.50),
            (0.30, 0.64),
            (0.16, 0.68),
            (0.05, 0.64),
            (0, 0.63),
        ],
        2,
    )
    ball = lathe(np.maximum(line, 0), 32, crease_deg=80)
    v = ball.vertices.copy()
    a = np.arctan2(v[:, 0], v[:, 2])
    v[:, [0, 2]] *= (1 + deep * np.abs(np.cos(lobes * a / 2)) - deep)[:, None]
    leaf = extrude(
        curve(
            [(0.03, -0.035), (0.14, -0.055), (0.30, 0.0), (0.14, 0.055), (0.03, 0.035)],
            2,
            ring=True,
        ),
        0.02,
    )
    leaf = leaf.turn("x", 90).turn("z", float(rng.uniform(-14, 4))).move(y=0.685)
    stalk = tube(
        curve([(0, 0.65, 0), (0.01, 0.74, 0.01), (0.06, 0.82, 0.0)], 3),
        [0.045, 0.038, 0.034, 0.032, 0.03, 0.03, 0.036],
        8,
    )
    parts = [
        Solid(v, ball.faces, ball.normals).part("skin", skin, True),
        leaf.around(5, start_deg=float(rng.uniform(0, 70))).part("leaves", LEAF),
        stalk.part("stalk", darker(LEAF, 0.8)),
    ]
    if rng.random() < 0.5:
        half = lathe(
            [(0, -0.36), (0.18, -0.34), (0.34, -0.22), (0.40, 0.0), (0, 0)], 24, crease_deg=70
        )
        flesh = cylinder(0.36, 0.02, sides=24)
        seed = ellipsoid(0.105, 0.022, 0.075, sides=10).move(0.20, 0.012, 0).around(5)

        def set_down(solid: Solid) -> Solid:
            return solid.turn("x", 60).turn("y", 22).move(0.44, 0.30, 0.52)

        parts += [
            set_down(half).part("skin", skin, True),
            set_down(flesh).part("flesh", matte(0.92, 0.38, 0.28)),
            set_down(seed).part("seeds", glossy(0.93, 0.62, 0.22)),
        ]
    return parts


def lemon(rng: np.random.Generator) -> list[Part]:
    """A lemon lying on its side with a leaf, and a cut half beside it that shows its segments."""
    skin = pick(rng, glossy(0.96, 0.83, 0.14), glossy(0.94, 0.78, 0.10), glossy(0.97, 0.88, 0.28))
    fat = rng.uniform(0.30, 0.34)
    line = curve(
        [
            (0.0, -0.52),
            (0.055, -0.50),
            (0.085, -0.44),
            (0.80 * fat, -0.27),
            (fat, 0.0),
            (0.84 * fat, 0.26),
            (0.11, 0.42),
            (0.07, 0.47),
            (0.0, 0.485),
        ],
        3,
    )
    line[:, 0] = np.maximum(line[:, 0], 0)
    whole = (
        lathe(line, 22, crease_deg=80)
        .turn("z", 90 + float(rng.uniform(-8, 8)))
        .move(-0.05, fat, -0.12)
    )
    stub = cylinder(0.035, 0.06, sides=8).turn("z", 90).move(0.50, fat, -0.12)
    leaf = (
        ellipsoid(0.17, 0.02, 0.085, sides=10)
        .turn("z", 28)
        .turn("y", 20)
        .move(0.52, fat + 0.13, -0.10)
    )
    r = 0.95 * fat
    peel = lathe(
        [
            (0, -0.95 * r),
            (0.10, -0.90 * r),
            (0.60 * r, -0.66 * r),
            (0.92 * r, -0.28 * r),
            (r, 0),
            (0, 0),
        ],
        22,
        crease_deg=60,
    )
    pith = cylinder(0.92 * r, 0.016, sides=22)
    wedge = extrude(
        [(0.045, 0.0), (0.235, 0.078), (0.262, 0.03), (0.262, -0.03), (0.235, -0.078)], 0.026
    )
    wedges = wedge.turn("x", 90).scale(r / 0.31).around(9).move(y=0.010)

    def set_down(solid: Solid) -> Solid:
        return solid.turn("x", 66).turn("y", -16).move(-0.22, 0.93 * r, 0.42)

    return [
        group(whole, set_down(peel)).part("peel", skin, True),
        set_down(pith).part("pith", matte(0.98, 0.96, 0.82)),
        set_down(wedges).part("segments", glossy(0.97, 0.90, 0.42)),
        stub.part("stalk", matte(0.40, 0.42, 0.18)),
        leaf.part("leaf", LEAF),
    ]


def cherry(rng: np.random.Generator) -> list[Part]:
    """Two cherries on long stalks that meet under a pair of leaves."""
    skin = pick(rng, glossy(0.70, 0.04, 0.10), glossy(0.52, 0.02, 0.09), glossy(0.82, 0.10, 0.12))
    r, apart = rng.uniform(0.205, 0.235), rng.uniform(0.24, 0.30)
    lower = rng.uniform(0.0, 0.09)
    profile = [
        (0, -0.95),
        (0.45, -0.86),
        (0.86, -0.48),
        (1.0, 0.05),
        (0.88, 0.55),
        (0.50, 0.86),
        (0.16, 0.84),
        (0, 0.74),
    ]
    ball = lathe(r * curve(profile, 2), 26, crease_deg=80)
    at = [(-apart, r, 0.03), (apart, r + lower, -0.02)]
    top = (0.02, 1.08, 0.0)
    stalks = [
        tube(
            curve(
                [(x, y + 0.72 * r, z), (0.92 * x, y + 2.0 * r, z), (0.45 * x, 0.86, 0.5 * z), top],
                4,
            ),
            0.018,
            6,
        )
        for x, y, z in at
    ]
    knot = ellipsoid(0.045, 0.038, 0.04, sides=8).move(*top)
    blade = extrude(
        curve(
            [(0, 0), (0.12, 0.10), (0.32, 0.09), (0.46, 0.0), (0.32, -0.09), (0.12, -0.10)],
            2,
            ring=True,
        ),
        0.024,
    )
    vein = capsule((0.02, 0, 0), (0.42, 0, 0), 0.014, 0.006, 6)

    def set_down(solid: Solid) -> Solid:
        near = solid.turn("x", -48).turn("z", -16).move(*top)
        far = solid.turn("x", 40).turn("y", 168).turn("z", 10).scale(0.9).move(*top)
        return group(near, far)

    shine = ellipsoid(0.042, 0.055, 0.02, sides=8)
    glint = group(
        *(shine.turn("z", 30).move(x - 0.42 * r, y + 0.40 * r, z + 0.80 * r) for x, y, z in at)
    )
    return [
        group(*(ball.move(*p) for p in at)).part("fruit", skin, True),
        group(*stalks, knot).part("stalks", matte(0.42, 0.52, 0.18)),
        set_down(blade).part("leaves", LEAF),
        set_down(vein).part("veins", darker(LEAF, 1.4)),
        glint.part("shine", matte(0.96, 0.72, 0.72)),
    ]
