"""Small electronics: smartphone, headphones, microphone, watch, game controller.  Front +Z."""

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
    metal,
    pick,
)
from sds3d.library.kit.model import Look, Part
from sds3d.library.kit.shapes import (
    Solid,
    arc,
    box,
    capsule,
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
from sds3d.library.kit.solid import turn_part

GOLD, ROSE = Look((0.86, 0.68, 0.30), 1.0, 0.25), metal(0.85, 0.62, 0.56)


def _slab(x: float, y: float, radius: float, depth: float, bevel: float = 0.0) -> Solid:
    """An upright plate with round corners: half width, half height, radius of the corners, depth."""
    corners = ((x, y, 0), (-x, y, 90), (-x, -y, 180), (x, -y, 270))
    outline = [
        p for cx, cy, start in corners
        for p in arc(radius, start, start + 90, 4, (cx - np.sign(cx) * radius, cy - np.sign(cy) * radius))
    ]  # fmt: skip
    return extrude(outline, depth, bevel=bevel)


def smartphone(rng: np.random.Generator) -> list[Part]:
    """A smartphone upright: a screen with rows of app icons, side keys, a camera block on its back."""
    skin = pick(
        rng, matte(0.12, 0.12, 0.13), metal(0.75, 0.76, 0.78), ROSE, glossy(0.20, 0.34, 0.55), WHITE
    )
    x, y, z = rng.uniform(0.345, 0.37), rng.uniform(0.71, 0.77), 0.042
    body = _slab(x, y, 0.09, 2 * z, 0.016)
    edge = 0.026
    frame = _slab(x - 0.014, y - 0.014, 0.08, 0.012).move(z=z)
    screen = _slab(x - edge, y - edge, 0.07, 0.012).move(z=z + 0.003)
    tile = _slab(0.058, 0.058, 0.020, 0.012)
    colors = [RED, glossy(0.15, 0.55, 0.90), GREEN, YELLOW, WHITE, ORANGE, glossy(0.55, 0.25, 0.70)]
    step = (2 * x - 0.10) / 4
    places = [
        (step * (c - 1.5), y - 0.27 - 0.178 * r) for r in range(pick(rng, 4, 5)) for c in range(4)
    ]
    places += [(step * (c - 1.5), -y + 0.115) for c in range(4)]
    drawn = rng.integers(len(colors), size=len(places))
    rows: list[list[Solid]] = [[] for _ in colors]
    for (px, py), k in zip(places, drawn, strict=True):
        rows[k].append(tile.move(px, py, z + 0.008))
    icons = [group(*row).part("icons", look) for row, look in zip(rows, colors, strict=True) if row]
    dock = _slab(x - 0.045, 0.085, 0.05, 0.010).move(0, -y + 0.115, z + 0.006)
    island = _slab(0.075, 0.018, 0.0175, 0.010).move(0, y - 0.075, z + 0.006)
    keys = group(
        box(0.014, 0.16, 0.03, 0.004).move(x, 0.26, 0),
        box(0.014, 0.09, 0.03, 0.004).move(-x, 0.36, 0),
        box(0.014, 0.09, 0.03, 0.004).move(-x, 0.22, 0),
    )
    bump = _slab(0.135, 0.135, 0.05, 0.03, 0.006).move(x - 0.175, y - 0.175, -z - 0.008)
    lens = cylinder(0.052, 0.03, sides=18).turn("x", 90)
    ring = torus(0.052, 0.008, 18, 6).turn("x", 90)
    spots = pick(rng, [(-0.06, 0.06), (0.06, 0.06), (-0.06, -0.06)], [(0.06, 0.06), (0.06, -0.06)])
    at = [(x - 0.175 + a, y - 0.175 + b, -z - 0.022) for a, b in spots]
    flash = cylinder(0.018, 0.012, sides=10).turn("x", 90).move(x - 0.235, y - 0.235, -z - 0.022)
    wall = pick(rng, glossy(0.12, 0.18, 0.38), glossy(0.20, 0.40, 0.60), glossy(0.38, 0.22, 0.48))
    return [
        body.part("body", skin, True),
        frame.part("bezel", BLACK),
        screen.part("screen", wall),
        *icons,
        (dock + island).part("dock", darker(wall, 0.55)),
        keys.part("buttons", darker(skin, 0.8), True),
        bump.part("camera", darker(skin, 0.85), True),
        group(*(lens.move(*p) for p in at)).part("lenses", BLACK),
        group(*(ring.move(p[0], p[1], p[2] - 0.012) for p in at), flash).part("rings", CHROME),
    ]


def headphones(rng: np.random.Generator) -> list[Part]:
    """Headphones: a padded band over the head, and two ear cups with thick cushions."""
    skin = pick(
        rng, matte(0.12, 0.12, 0.13), WHITE, RED, glossy(0.22, 0.32, 0.50), matte(0.72, 0.66, 0.58)
    )
    r, drop = rng.uniform(0.50, 0.55), rng.uniform(0.20, 0.28)
    turns = arc(r, 8, 172, 16)
    band = tube([(p[0], 1.06 * p[1] + drop, 0) for p in turns], 0.032, 8, flat=2.3)
    pad = tube(
        [(0.945 * p[0], p[1] * 1.0 + drop, 0) for p in arc(r, 38, 142, 12)], 0.040, 8, flat=2.0
    )
    slide = rod((r - 0.008, drop + 0.10, 0), (r + 0.005, 0.05, 0), 0.026, sides=8)
    yoke = (
        tube([(p[0], p[1], 0) for p in arc(0.24, 0, 180, 10)], 0.026, 6)
        .turn("y", 90)
        .move(r + 0.055, 0, 0)
    )
    joint = group(
        ellipsoid(0.042, sides=8).move(r + 0.055, 0, 0.24),
        ellipsoid(0.042, sides=8).move(r + 0.055, 0, -0.24),
        ellipsoid(0.05, sides=10).move(r + 0.03, 0.24, 0),
    )
    tall = rng.uniform(1.0, 1.22)
    cup = lathe(
        [(0.20, -0.055), (0.225, -0.04), (0.225, 0.035), (0.16, 0.085), (0.10, 0.095), (0, 0.095)],
        24,
    )
    cushion = torus(0.155, 0.075, 24, 8).scale(1, 1.1, 1).move(y=-0.10)
    mesh = cylinder(0.14, 0.02, sides=18).move(y=-0.075)
    plate = lathe([(0.105, 0.09), (0.10, 0.104), (0, 0.106)], 20)
    tilt = 5.0

    def ear(solid: Solid) -> Solid:
        return solid.scale(tall, 1, 1).turn("z", -90 + tilt).move(r + 0.055, 0, 0).both()

    cord_free = rng.random() < 0.5
    wire = curve(
        [
            (r + 0.06, -0.22, 0.02),
            (r + 0.05, -0.50, 0.06),
            (r - 0.16, -0.66, 0.10),
            (0.16, -0.60, 0.14),
        ],
        4,
    )
    parts = [
        band.part("headband", skin, True),
        ear(cup).part("ear cups", skin, True),
        ear(plate).part("plates", pick(rng, STEEL, RED, BLUE, darker(skin, 0.7))),
        pad.part("padding", matte(0.20, 0.19, 0.19)),
        ear(cushion).part("cushions", pick(rng, matte(0.14, 0.14, 0.14), matte(0.42, 0.28, 0.20))),
        ear(mesh).part("mesh", matte(0.28, 0.28, 0.30)),
        group(slide, yoke, joint).both().part("yokes", pick(rng, STEEL, darker(STEEL, 0.5))),
    ]
    if not cord_free:
        parts.append(tube(wire, 0.016, 6).part("cable", matte(0.1, 0.1, 0.1)))
    return parts


def microphone(rng: np.random.Generator) -> list[Part]:
    """A microphone: a wire-mesh ball on a tapered grip, held upright on a round foot; or an old ribbed one."""
    foot = lathe(
        [(0.24, 0), (0.25, 0.02), (0.22, 0.05), (0.05, 0.075), (0.035, 0.085), (0.035, 0.10)], 24
    )
    base = pick(rng, matte(0.12, 0.12, 0.13), CHROME)
    if rng.random() < 0.6:
        lean, rise = float(rng.uniform(12, 38)), rng.uniform(0.12, 0.36)
        grip = lathe([(0.050, 0.0), (0.054, 0.02), (0.085, 0.52), (0.092, 0.54), (0.092, 0.60)], 18)
        collar = lathe([(0.098, 0.585), (0.125, 0.615), (0.125, 0.645), (0.10, 0.66)], 20)
        ball = ellipsoid(0.140, 0.150, 0.140, sides=18).move(y=0.75)
        rings = [torus(0.1425 * np.cos(a), 0.0075, 20, 5).move(y=0.75 + 0.152 * np.sin(a))
                 for a in np.radians((-35, -17, 0, 17, 35, 54))]  # fmt: skip
        ribs = tube(
            [
                (0, 0.75 + 0.154 * np.sin(a), 0.1435 * np.cos(a))
                for a in np.radians(np.linspace(-45, 88, 9))
            ],
            0.0065,
            4,
        ).around(16)
        belt = torus(0.1445, 0.014, 24, 6).scale(1, 1.3, 1).move(y=0.745)
        switch = box(0.03, 0.085, 0.03, 0.008).move(0, 0.40, 0.075)
        plug = lathe([(0.030, -0.10), (0.034, -0.09), (0.036, 0.0)], 12)
        clip = lathe([(0.072, 0.17), (0.088, 0.175), (0.088, 0.27), (0.074, 0.275)], 16)
        pivot = (0, 0.22, 0)

        def up(solid: Solid) -> Solid:
            return solid.turn("x", lean, pivot).move(0, rise, 0)

        stem = rod((0, 0.06, 0), (0, rise + 0.19, 0), 0.024, sides=10)
        skin = pick(rng, matte(0.13, 0.13, 0.14), CHROME, GOLD, RED)
        return [
            up(grip).part("body", skin, True),
            up(ball).part("grille", darker(STEEL, 0.55)),
            up(group(*rings, ribs)).part("mesh", metal(0.78, 0.79, 0.80)),
            up(group(collar, belt)).part("collar", pick(rng, CHROME, darker(STEEL, 0.6))),
            up(switch).part("switch", pick(rng, STEEL, RED)),
            up(group(plug, clip)).part("clip", matte(0.09, 0.09, 0.09)),
            (foot + stem).part("stand", base),
        ]
    wide, y = rng.uniform(0.17, 0.19), 0.30
    head = rounded_box(2 * wide, 0.56, 0.26, 0.125, 5).move(y=y + 0.30)
    bars = [
        box(0.026, 0.50, 0.31, 0.010).move(x, y + 0.31, 0)
        for x in np.linspace(-0.62 * wide, 0.62 * wide, 4)
    ]
    hoop = rounded_box(2 * wide + 0.045, 0.075, 0.305, 0.035).move(y=y + 0.30)
    lower = rounded_box(2 * wide + 0.02, 0.06, 0.28, 0.028).move(y=y + 0.13)
    badge = rounded_box(0.13, 0.060, 0.03, 0.012).move(0, y + 0.30, 0.152)
    neck = lathe([(0.05, y - 0.10), (0.055, y - 0.06), (0.09, y + 0.0), (0.09, y + 0.05)], 16)
    stem = rod((0, 0.06, 0), (0, y - 0.06, 0), 0.03, sides=10)
    skin = pick(rng, CHROME, GOLD, CHROME)
    return [
        group(*bars, hoop, lower).part("body", skin, True),
        head.part("grille", matte(0.16, 0.16, 0.17)),
        badge.part("badge", pick(rng, RED, BLACK, BLUE)),
        neck.part("neck", skin, True),
        (foot + stem).part("stand", base),
    ]


def watch(rng: np.random.Generator) -> list[Part]:
    """A wrist watch, its strap closed to a ring behind it: a round or a square face with hands, a crown."""
    strap_look = pick(
        rng, matte(0.40, 0.24, 0.13), matte(0.10, 0.10, 0.11), metal(0.74, 0.75, 0.77), BLUE
    )
    case_look = (
        pick(rng, CHROME, GOLD, darker(STEEL, 0.5), ROSE)
        if strap_look.metallic == 0
        else strap_look
    )
    square = rng.random() < 0.35
    r, back = 0.40, -0.44
    a = np.radians(np.linspace(38, 322, 26))
    wide = np.interp(np.linspace(0, 1, 26), [0, 0.3, 0.7, 1], [0.235, 0.17, 0.17, 0.235])
    ring = [np.array([(s * w, k * 0.52 * np.sin(t), back + k * 0.46 * np.cos(t))
                      for s, k in ((-1, 1.0), (1, 1.0), (1, 0.90), (-1, 0.90))])
            for t, w in zip(a, wide, strict=True)]  # fmt: skip
    strap = loft(np.array(ring), crease_deg=50)
    if strap_look.metallic:
        links = group(*(
            box(2 * w + 0.01, 0.016, 0.03).turn("x", -float(np.degrees(t)))
            .move(0, 0.52 * np.sin(t), back + 0.46 * np.cos(t))
            for t, w in zip(a[1:-1], wide[1:-1], strict=True)
        ))  # fmt: skip
        fastening = links.part("links", darker(case_look, 0.75))
    else:
        buckle = box(0.44, 0.16, 0.045, 0.014).move(0, 0.0, back - 0.475)
        buckle += box(0.38, 0.045, 0.05, 0.014).move(0, -0.20, back - 0.44)
        fastening = buckle.part("buckle", darker(case_look, 0.75))
    if square:
        case = rounded_box(2 * r * 0.92, 2 * r * 0.98, 0.18, 0.07).move(z=0.0)
        face = _slab(0.30, 0.32, 0.05, 0.03).move(z=0.088)
        bezel = _slab(0.345, 0.365, 0.08, 0.03, 0.008).move(z=0.080)
    else:
        profile = [(0.88 * r, -0.09), (r, -0.05), (r, 0.05), (0.92 * r, 0.085), (0, 0.085)]
        case = lathe(profile, 28).turn("x", 90)
        bezel = torus(0.90 * r, 0.035, 28, 8).turn("x", 90).move(z=0.085)
        face = cylinder(0.86 * r, 0.03, sides=28).turn("x", 90).move(z=0.082)
    lug = box(0.075, 0.20, 0.13, 0.02)
    lugs = group(
        *(lug.turn("x", 24 * s).move(t * 0.235, 0.40 * s, -0.05) for s in (-1, 1) for t in (-1, 1))
    )
    crown = group(
        cylinder(0.045, 0.07, sides=10).turn("z", 90).move(r + 0.035, 0, 0),
        cylinder(0.026, 0.05, sides=8).turn("z", 90).move(0.94 * r, 0.20, 0).turn("z", 12),
    )
    z = 0.105
    tick = box(0.022, 0.055, 0.012).move(0, 0.275, z)
    hours = tick.around(12, "z")
    first = float(rng.uniform(20, 75))
    hands = group(
        extrude([(-0.022, -0.05), (0.022, -0.05), (0.010, 0.17), (-0.010, 0.17)], 0.012)
        .turn("z", first)
        .move(z=z),
        extrude([(-0.018, -0.06), (0.018, -0.06), (0.008, 0.25), (-0.008, 0.25)], 0.012)
        .turn("z", -first - 20)
        .move(z=z + 0.008),
        cylinder(0.026, 0.02, sides=10).turn("x", 90).move(z=z + 0.01),
    )
    second = box(0.010, 0.32, 0.010).move(0, 0.09, z + 0.016).turn("z", 200)
    dial = pick(rng, WHITE, BLACK, glossy(0.10, 0.16, 0.36), CREAM)
    sign = CREAM if sum(dial.color) < 1 else BLACK
    return [
        group(case, lugs).part("case", case_look, True),
        bezel.part("bezel", darker(case_look, 0.9), True),
        strap.part("strap", strap_look, strap_look is case_look),
        fastening,
        face.part("face", dial),
        (hours + hands).part("hands", sign),
        second.part("second hand", RED),
        crown.part("crown", case_look, True),
    ]


def game_controller(rng: np.random.Generator) -> list[Part]:
    """A game controller facing up and to the front: two grips, two sticks, a cross, four coloured buttons."""
    skin = pick(rng, matte(0.13, 0.13, 0.14), WHITE, BLUE, RED, matte(0.60, 0.61, 0.63))
    wide = rng.uniform(0.44, 0.48)
    half = curve(
        [
            (0, 0.235),
            (0.20, 0.25),
            (0.74 * wide, 0.30),
            (wide + 0.10, 0.20),
            (wide + 0.20, -0.12),
            (wide + 0.20, -0.36),
            (wide + 0.10, -0.42),
            (0.74 * wide, -0.26),
            (0.22, -0.12),
            (0, -0.12),
        ],
        3,
    )
    outline = np.concatenate([half, (half * [-1, 1])[-2:0:-1]])
    body = extrude(outline, 0.20, bevel=0.075)
    grip = capsule((0.92 * wide, 0.04, -0.02), (wide + 0.09, -0.30, -0.06), 0.13, 0.095, 12).both()
    pad = lathe([(0.15, 0.0), (0.155, 0.03), (0.13, 0.045), (0, 0.045)], 20).turn("x", 90)
    stick = lathe(
        [(0.05, 0), (0.045, 0.07), (0.095, 0.085), (0.10, 0.11), (0.075, 0.125), (0, 0.115)], 18
    ).turn("x", 90)
    low = group(pad.scale(0.8, 0.8, 1).move(0.21, -0.04, 0.08).both())
    sticks = stick.move(0.21, -0.04, 0.105).both()
    cross = group(box(0.06, 0.18, 0.05, 0.012), box(0.18, 0.06, 0.05, 0.012)).move(
        -0.92 * wide, 0.10, 0.115
    )
    button = lathe([(0.042, 0), (0.042, 0.03), (0.030, 0.042), (0, 0.044)], 14).turn("x", 90)
    at = (0.92 * wide, 0.10, 0.095)
    colors = pick(rng, (GREEN, RED, BLUE, YELLOW), (BLUE, RED, GREEN, glossy(0.85, 0.45, 0.62)))
    spots = ((0, -0.075), (0.075, 0), (-0.075, 0), (0, 0.075))
    buttons = [
        button.move(at[0] + a, at[1] + b, at[2]).part("buttons", c)
        for (a, b), c in zip(spots, colors, strict=True)
    ]
    middle = capsule((0.075, 0.135, 0.10), (0.105, 0.135, 0.10), 0.018, sides=8).both()
    lamp = cylinder(0.038, 0.03, sides=14).turn("x", 90).move(0, 0.15, 0.10)
    bumper = (
        rounded_box(0.22, 0.075, 0.11, 0.03).turn("z", -7).move(0.72 * wide, 0.285, 0.01).both()
    )
    trigger = rounded_box(0.15, 0.08, 0.09, 0.03).move(0.76 * wide, 0.27, -0.09).both()
    lean = -float(rng.uniform(28, 42))

    dark = matte(0.16, 0.16, 0.17) if skin.color[0] > 0.2 else matte(0.27, 0.27, 0.29)
    return [
        turn_part(part, "x", lean)
        for part in (
            (body + grip).part("body", skin, True),
            (bumper + trigger).part("triggers", dark),
            low.part("wells", darker(dark, 0.8)),
            sticks.part("sticks", darker(dark, 0.6)),
            cross.part("cross", dark),
            *buttons,
            middle.part("menu", dark),
            lamp.part("lamp", pick(rng, WHITE, GREEN, BLUE)),
        )
    ]
