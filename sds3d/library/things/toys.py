"""Toys and figures: robot, ghost, rubber duck, spinning top, rubik cube, chess pawn.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    CHROME,
    CREAM,
    GREEN,
    ORANGE,
    RED,
    STEEL,
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
    box,
    capsule,
    curve,
    cylinder,
    ellipsoid,
    group,
    lathe,
    loft,
    rod,
    tube,
)


def robot(rng: np.random.Generator) -> list[Part]:
    """A tin toy robot: box head with round eyes and antenna, box body with dials, arms with claws."""
    wide, head = rng.uniform(0.44, 0.54), rng.uniform(0.30, 0.36)
    body = box(wide, 0.50, 0.34, 0.03).move(y=0.67)
    skull = box(head + 0.06, 0.30, 0.30, 0.03).move(y=1.14)
    neck = cylinder(0.08, 0.1, sides=12).move(y=0.95)
    hip = wide / 4
    leg = box(0.13, 0.36, 0.15, 0.02).move(hip, 0.26, 0)
    foot = box(0.19, 0.11, 0.30, 0.025).move(hip, 0.055, 0.05)
    shoulder = wide / 2 + 0.05
    lift = float(rng.uniform(-25, 10))
    arm = group(
        rod((shoulder, 0.82, 0), (shoulder + 0.04, 0.50, 0), 0.062, sides=10),
        ellipsoid(0.09, sides=10).move(shoulder, 0.83, 0),
    ).turn("x", lift, (shoulder, 0.83, 0))
    hook = tube(
        [
            (0.06 * np.cos(a) * 1.2, 0.08 * np.sin(a), 0)
            for a in np.radians(np.linspace(110, 430, 11))
        ],
        0.032,
        6,
    )
    claw = hook.move(shoulder + 0.045, 0.41, 0).turn("x", lift, (shoulder, 0.83, 0))
    eye = cylinder(0.065, 0.05, sides=14).turn("x", 90).move(0.09, 1.18, 0.16)
    pupil = cylinder(0.03, 0.03, sides=10).turn("x", 90).move(0.09, 1.18, 0.19)
    mouth = group(
        *(box(0.03, 0.05, 0.03).move(x, 1.055, 0.155) for x in (-0.08, -0.027, 0.027, 0.08))
    )
    panel = box(0.7 * wide, 0.26, 0.03, 0.01).move(y=0.71, z=0.175)
    dials = group(
        *(
            cylinder(0.045, 0.04, sides=12).turn("x", 90).move(x * wide, 0.76, 0.195)
            for x in (-0.2, 0.0)
        )
    )
    lamp = cylinder(0.045, 0.04, sides=12).turn("x", 90).move(0.2 * wide, 0.76, 0.195)
    meter = box(0.45 * wide, 0.055, 0.03).move(y=0.65, z=0.19)
    antenna = rod((0, 1.28, 0), (0, 1.42, 0), 0.026)
    ear = cylinder(0.06, 0.06, sides=12).turn("z", 90).move(head / 2 + 0.05, 1.15, 0)
    look = pick(rng, darker(STEEL, 0.9), glossy(0.35, 0.55, 0.72), RED, glossy(0.25, 0.62, 0.58))
    return [
        body.part("body", look, True),
        skull.part("head", look, True),
        group(leg.both(), neck, arm.both()).part("arms", darker(STEEL, 0.7)),
        foot.both().part("feet", darker(look, 0.7), True),
        group(claw.both(), ear.both(), antenna).part("claws", darker(STEEL, 0.55)),
        eye.both().part("eyes", glossy(0.98, 0.90, 0.35)),
        group(pupil.both(), mouth).part("mouth", BLACK),
        panel.part("panel", CREAM),
        group(dials, meter).part("dials", BLUE),
        group(lamp, ellipsoid(0.055, sides=10).move(y=1.44)).part("lamp", RED),
    ]


def ghost(rng: np.random.Generator) -> list[Part]:
    """A bed-sheet ghost: domed head, short raised arms, wavy hem, black eyes and an open mouth."""
    waves, wide = int(rng.integers(6, 9)), rng.uniform(0.36, 0.42)
    sides = 6 * waves
    a = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    rows = [
        (1.25, 0.0),
        (1.23, 0.35),
        (1.14, 0.66),
        (1.0, 0.84),
        (0.75, 0.9),
        (0.45, 0.97),
        (0.18, 1.1),
        (0.0, 1.18),
    ]
    sections = []
    for y, r in rows:
        fold = 0.10 * max(0.0, 1 - y / 0.9) ** 1.2
        radius = wide * r * (1 + fold * np.sin(waves * a))
        hem = y + (0.09 * np.sin(waves * a) if y < 0.1 else 0.0)
        sections.append(np.stack([radius * np.sin(a), hem + 0 * a, radius * np.cos(a)], 1))
    low = np.stack([0.5 * sections[-1][:, 0], 0.16 + 0 * a, 0.5 * sections[-1][:, 2]], 1)
    sections.append(low)
    sheet = loft(np.array(sections), crease_deg=70)
    arm = capsule((0.8 * wide, 0.66, 0.04), (wide + 0.20, 0.82, 0.16), 0.11, 0.085)
    eye = ellipsoid(0.07, 0.105, 0.04, sides=10).move(0.125, 0.92, 0.79 * wide)
    mouth = ellipsoid(0.07, 0.085, 0.035, sides=10).move(0, 0.72, 0.90 * wide)
    return [
        group(sheet, arm.both()).part("ghost", matte(0.95, 0.95, 0.97), True),
        eye.both().part("eyes", BLACK),
        mouth.part("mouth", BLACK),
    ]


def rubber_duck(rng: np.random.Generator) -> list[Part]:
    """A yellow bath duck: fat body with a pointed tail, round head, orange beak, folded wings."""
    head, body = rng.uniform(0.24, 0.28), rng.uniform(0.38, 0.43)
    hump = ellipsoid(body, 0.34, 0.50, sides=18).move(y=0.30)
    way = curve([(0, 0.30, -0.20), (0, 0.40, -0.45), (0, 0.60, -0.66)], 3)
    tail = tube(way, list(np.linspace(0.28, 0.03, len(way))), 12, flat=1.1)
    skull = ellipsoid(head, 0.95 * head, head, sides=16).move(y=0.84, z=0.20)
    neck = cylinder(0.20, 0.2, top=0.17, sides=14).move(y=0.60, z=0.18)
    wing = ellipsoid(0.08, 0.17, 0.28, sides=12).turn("x", 18).move(0.94 * body, 0.38, -0.08)
    upper = ellipsoid(0.13, 0.045, 0.14, sides=12).turn("x", -14).move(y=0.81, z=0.20 + head)
    lower = ellipsoid(0.10, 0.035, 0.10, sides=10).turn("x", 8).move(y=0.755, z=0.20 + 0.95 * head)
    eye = ellipsoid(0.045, sides=8).move(0.12, 0.92, 0.20 + 0.82 * head)
    shine = ellipsoid(0.018, sides=6).move(0.135, 0.94, 0.235 + 0.82 * head)
    return [
        group(hump, tail, neck).part("body", YELLOW, True),
        skull.part("head", YELLOW, True),
        wing.both().part("wings", darker(YELLOW, 0.92), True),
        group(upper, lower).part("beak", ORANGE),
        eye.both().part("eyes", BLACK),
        shine.both().part("shine", WHITE),
    ]


def spinning_top(rng: np.random.Generator) -> list[Part]:
    """A wooden top on its point, leaning a little: coloured bands and a turned handle."""
    wide, lean = rng.uniform(0.42, 0.50), float(rng.uniform(-14, 14))
    low = lathe(
        [(0, 0.02), (0.06, 0.08), (0.16, 0.16), (0.72 * wide, 0.34), (0.72 * wide, 0.36)], 24
    )
    mid = lathe(
        [(0.70 * wide, 0.34), (wide, 0.48), (wide, 0.54), (0.80 * wide, 0.62), (0.6 * wide, 0.62)],
        24,
    )
    high = lathe(
        [(0.78 * wide, 0.60), (0.80 * wide, 0.63), (0.50 * wide, 0.70), (0.12, 0.75), (0.10, 0.75)],
        24,
    )
    stem = lathe(
        [(0.055, 0.72), (0.05, 0.96), (0.085, 1.0), (0.09, 1.06), (0.05, 1.11), (0, 1.12)], 12
    )
    tip = cylinder(0.02, 0.12, top=0.05, sides=10).move(y=0.03)
    first, second, third = pick(rng, (RED, YELLOW, BLUE), (BLUE, RED, YELLOW), (GREEN, YELLOW, RED))
    return [
        mid.turn("z", lean).part("body", first, True),
        high.turn("z", lean).part("band", second),
        low.turn("z", lean).part("cone", third),
        stem.turn("z", lean).part("handle", matte(0.82, 0.62, 0.36)),
        tip.turn("z", lean).part("tip", CHROME),
    ]


def rubik_cube(rng: np.random.Generator) -> list[Part]:
    """A black cube with nine tiles a side in six mixed colours, the top layer turned a little."""
    colors = (WHITE, YELLOW, RED, ORANGE, BLUE, GREEN)
    drawn = rng.permutation(np.repeat(np.arange(6), 9))
    tile = box(0.28, 0.28, 0.04, 0.012)
    sides = (("y", 0), ("y", 90), ("y", 180), ("y", 270), ("x", 90), ("x", -90))
    twist = float(rng.uniform(3, 22))

    def set_layer(solid: Solid, level: int) -> Solid:
        return solid.turn("y", twist) if level > 0 else solid

    cores = [set_layer(box(0.98, 0.325, 0.98, 0.02).move(y=0.33 * k), k) for k in (-1, 0, 1)]
    rows: list[list[Solid]] = [[] for _ in colors]
    for k in range(54):
        axis, deg = sides[k // 9]
        x, y = k % 3 - 1, k % 9 // 3 - 1
        one = tile.move(0.325 * x, 0.33 * y, 0.49).turn(axis, deg)
        rows[drawn[k]].append(set_layer(one, int(np.round(one.vertices[:, 1].mean() / 0.33))))
    tiles = [group(*row).part("tiles", look) for row, look in zip(rows, colors, strict=True)]
    return [group(*cores).part("cube", BLACK, True), *tiles]


def chess_pawn(rng: np.random.Generator) -> list[Part]:
    """A pawn: wide stepped base, waisted body, collar and a ball on top."""
    wide, ball = rng.uniform(0.30, 0.35), rng.uniform(0.16, 0.19)
    body = lathe([
        (wide, 0), (wide, 0.08), (0.92 * wide, 0.12), (0.92 * wide, 0.16), (0.72 * wide, 0.22),
        (0.16, 0.40), (0.115, 0.62), (0.12, 0.66), (0.21, 0.69), (0.21, 0.73), (0.11, 0.76), (0, 0.76),
    ], 24)  # fmt: skip
    head = ellipsoid(ball, sides=18).move(y=0.74 + 0.9 * ball)
    look = pick(rng, glossy(0.90, 0.84, 0.70), glossy(0.10, 0.09, 0.09), glossy(0.42, 0.23, 0.12))
    return [body.part("base", look, True), head.part("head", look, True)]
