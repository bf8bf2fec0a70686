"""Large road vehicles: van, bus, truck, fire truck.  In metres, front +Z."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sds3d.library.kit.looks import (
    BLUE,
    CHROME,
    CREAM,
    GREEN,
    GREY,
    ORANGE,
    RED,
    STEEL,
    WHITE,
    YELLOW,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import block, cylinder, group, rod
from sds3d.library.things.bodywork import DARK, WINDOW, arches, lamps, side_view, wheels, windows


def van(rng: np.random.Generator) -> list[Part]:
    """A delivery van or a camper: one tall box with a short sloping nose."""
    paint = pick(rng, WHITE, BLUE, YELLOW, glossy(0.45, 0.62, 0.60))
    half, x, radius, roof = rng.uniform(2.2, 2.5), 0.95, 0.36, rng.uniform(1.95, 2.2)
    camper, axles = rng.random() < 0.5, [-0.58 * half, 0.62 * half]
    outline = [
        (-half + 0.05, 0.30), *arches(axles, radius, 0.07, 0.24), (half - 0.04, 0.30), (half, 0.62),
        (half - 0.10, 1.02), (half - 0.38, 1.10), (half - 0.92, roof - 0.06), (half - 1.2, roof),
        (-half + 0.15, roof), (-half, roof - 0.18),
    ]  # fmt: skip
    slope = [
        (half - 0.41, 1.13),
        (half - 0.37, 1.16),
        (half - 0.82, roof - 0.14),
        (half - 0.89, roof - 0.14),
    ]
    screen = side_view(slope, 2 * x - 0.32, 0.0).move(z=0.035, y=0.02)
    spans = [(half - 1.55, half - 0.88)]
    if camper:
        edges = np.linspace(half - 1.66, -half + 0.2, 4)
        spans += [(float(b) + 0.08, float(a)) for a, b in pairwise(edges)]
    panes = windows(x, (1.18, roof - 0.24), spans)
    rear = block((-x + 0.16, 1.15, -half - 0.012), (x - 0.16, roof - 0.26, -half + 0.05), 0.01)
    bumper = block((-x, 0.28, -0.08), (x, 0.44, 0.06), 0.03)
    line = block((x - 0.02, 1.00, -half + 0.1), (x + 0.014, 1.06, half - 0.95)).both()
    mirror = block((x, 1.16, half - 0.86), (x + 0.16, 1.36, half - 0.78), 0.02).both()
    trim = CREAM if paint is not WHITE else GREY
    parts = [
        side_view(outline, 2 * x, 0.10).part("body", paint, True),
        (screen + panes + rear).part("windows", WINDOW),
        (bumper.move(z=half) + bumper.mirror("z").move(z=-half)).part("bumpers", GREY),
        (line + mirror).part("trim", trim),
        *lamps(x - 0.22, 0.74, half - 0.01, -half, 0.13),
        *wheels(radius, 0.26, x - 0.12, axles),
    ]
    return parts


def bus(rng: np.random.Generator) -> list[Part]:
    """A city or school bus: a long box, a row of windows, doors on its right side; or a double-decker."""
    style = pick(rng, "city", "double", "school")
    paint = {"city": pick(rng, BLUE, RED, GREEN), "double": RED, "school": YELLOW}[style]
    half = {"city": 3.6, "double": 2.9, "school": 3.2}[style] * rng.uniform(0.94, 1.06)
    x, radius = rng.uniform(1.08, 1.2), 0.46
    roof, nose = (3.9 if style == "double" else 2.75), (0.95 if style == "school" else 0.0)
    axles = [-0.55 * half, half - (0.75 if nose else 1.5)]
    face = half - nose
    front = [(face, 1.2), (face - 0.04, roof - 0.1), (face - 0.12, roof)]
    if nose:
        front = [(half, 0.8), (half - 0.06, 1.25), (face + 0.1, 1.42), (face, 1.5), *front[1:]]
    edge = [(-half, 0.36), *arches(axles, radius, 0.08, 0.34), (half, 0.36)]
    body = side_view([*edge, *front, (-half + 0.1, roof), (-half, roof - 0.1)], 2 * x, 0.10)
    count, glass = 6 if style != "double" else 5, []
    floors = [(1.45, 2.3)] if style != "double" else [(1.35, 2.05), (2.65, 3.4)]
    edges = np.linspace(-half + 0.15, face - 0.15, count + 1)
    spans = [(float(a) + 0.07, float(b) - 0.07) for a, b in pairwise(edges)]
    for floor in floors:
        glass += [windows(x, floor, spans)]
        glass.append(
            block((-x + 0.14, floor[0], face - 0.1), (x - 0.14, floor[1] + 0.1, face + 0.015), 0.01)
        )
        glass.append(
            block((-x + 0.2, floor[0] + 0.1, -half - 0.015), (x - 0.2, floor[1], -half + 0.1), 0.01)
        )
    door = block((-x - 0.02, 0.42, face - 0.92), (-x + 0.05, floors[0][1], face - 0.14), 0.01)
    band = block((x - 0.02, 1.08, -half + 0.12), (x + 0.014, 1.2, face - 0.1)).both()
    sign = block((-0.7, roof - 0.33, face - 0.1), (0.7, roof - 0.12, face + 0.01))
    bumper = block((-x, 0.34, -0.08), (x, 0.54, 0.08), 0.03)
    return [
        body.part("body", paint, True),
        group(*glass, door).part("windows", WINDOW),
        band.part("stripe", DARK if style == "school" else WHITE),
        sign.part("sign", DARK),
        (bumper.move(z=half) + bumper.move(z=-half)).part("bumpers", DARK),
        *lamps(x - 0.28, 0.82, half - 0.01, -half, 0.16),
        *wheels(radius, 0.32, x - 0.15, axles),
    ]


def truck(rng: np.random.Generator) -> list[Part]:
    """A lorry: a tall cab before a box, a tank, or a heap of logs between stakes."""
    paint = pick(rng, RED, BLUE, ORANGE, GREEN)
    load = pick(rng, "box", "box", "tank", "logs")
    half, x, radius = rng.uniform(2.9, 3.3), 1.10, 0.48
    nose, roof = half, rng.uniform(2.35, 2.6)
    cab = [(nose - 1.55, 0.62), (nose - 1.35, 0.5), *arches([nose - 0.72], radius, 0.09, 0.5),
           (nose, 0.5), (nose + 0.02, 1.25), (nose - 0.18, roof - 0.08), (nose - 0.3, roof),
           (nose - 1.55, roof)]  # fmt: skip
    body = side_view(cab, 2 * x - 0.06, 0.08)
    screen = side_view([(nose - 0.03, 1.4), (nose + 0.03, 1.4), (nose - 0.13, roof - 0.2),
                        (nose - 0.2, roof - 0.2)], 2 * x - 0.34, 0.0)  # fmt: skip
    panes = windows(x - 0.03, (1.42, roof - 0.22), [(nose - 1.2, nose - 0.36)])
    frame = block((-x + 0.15, 0.62, -half), (x - 0.15, 0.86, nose - 0.7))
    deck, rear, front = 0.86, -half, nose - 1.68
    if load == "box":
        box = block((-x, deck, rear), (x, roof + rng.uniform(0.3, 0.6), front), 0.03)
        cargo = [box.part("cargo box", pick(rng, WHITE, CREAM, STEEL))]
    elif load == "tank":
        tank = cylinder(0.94, front - rear - 0.1, sides=24).turn("x", 90)
        rings = cylinder(0.97, 0.10, sides=24).turn("x", 90)
        rings = group(*(rings.move(z=z) for z in (-1.3, 0, 1.3)))
        center = (0, deck + 0.93, (front + rear) / 2)
        cargo = [tank.move(*center).part("tank", WHITE), rings.move(*center).part("bands", STEEL)]
    else:
        log = cylinder(0.27, front - rear - 0.3, sides=10).turn("x", 90).move(z=(front + rear) / 2)
        rows = [
            (0.56 * (k - 1.5 + row / 2), deck + 0.3 + 0.48 * row)
            for row in range(3)
            for k in range(4 - row)
        ]
        stake = block((x - 0.1, deck - 0.1, -0.06), (x - 0.01, deck + 1.45, 0.06)).both()
        stakes = group(*(stake.move(z=z) for z in np.linspace(rear + 0.4, front - 0.3, 3)))
        cargo = [group(*(log.move(a, b) for a, b in rows)).part("logs", matte(0.50, 0.33, 0.18)),
                 stakes.part("stakes", DARK)]  # fmt: skip
    mirror = block((x, 1.5, nose - 0.3), (x + 0.15, 1.95, nose - 0.22), 0.02).both()
    grille = block((-0.6, 0.72, nose - 0.1), (0.6, 1.14, nose + 0.03), 0.02)
    bumper = block((-x, 0.36, nose - 0.1), (x, 0.60, nose + 0.1), 0.03)
    return [
        body.part("cab", paint, True),
        (screen + panes).part("windows", WINDOW),
        (frame + mirror).part("frame", DARK),
        *cargo,
        (grille + bumper).part("bumpers", CHROME),
        *lamps(x - 0.24, 0.84, nose, rear, 0.14),
        *wheels(radius, 0.36, x - 0.16, [nose - 0.72, -half + 0.72, -half + 1.76]),
    ]


def fire_truck(rng: np.random.Generator) -> list[Part]:
    """A fire engine: a crew cab with blue lights, roller shutters on the sides, a ladder on its roof."""
    paint = pick(rng, RED, RED, RED, glossy(0.85, 0.20, 0.06))
    half, x, radius = rng.uniform(3.3, 3.7), 1.12, 0.48
    nose, roof = half, rng.uniform(2.35, 2.55)
    axles = [-0.52 * half, half - 1.25]
    back = nose - 2.35
    cab = [(back, 0.5), *arches([axles[1]], radius, 0.09, 0.5), (nose - 0.05, 0.5), (nose, 1.2),
           (nose - 0.10, roof - 0.1), (nose - 0.22, roof), (back, roof)]  # fmt: skip
    body = [
        (-half, 0.55),
        *arches([axles[0]], radius, 0.09, 0.55),
        (back - 0.06, 0.55),
        (back - 0.06, roof + 0.12),
        (-half, roof + 0.12),
    ]
    shell = side_view(cab, 2 * x, 0.08) + side_view(body, 2 * x + 0.04, 0.03)
    screen = block((-x + 0.18, 1.35, nose - 0.14), (x - 0.18, roof - 0.22, nose - 0.02), 0.01)
    panes = windows(x, (1.42, roof - 0.24), [(nose - 1.05, nose - 0.32), (nose - 2.15, nose - 1.2)])
    edges = np.linspace(-half + 0.18, back - 0.2, 4)
    spans = [(float(a) + 0.07, float(b) - 0.07) for a, b in pairwise(edges)]
    shutter = group(*(
        block((x - 0.02, 1.15 + 0.185 * k, a), (x + 0.035, 1.315 + 0.185 * k, b), 0.012)
        for a, b in spans for k in range(6)
    )).both()  # fmt: skip
    band = block((x - 0.02, 0.86, -half + 0.06), (x + 0.03, 1.02, back - 0.12)).both()
    band += block((x - 0.02, 1.06, back + 0.06), (x + 0.012, 1.22, nose - 0.12)).both()
    grille = block((-0.62, 0.72, nose - 0.1), (0.62, 1.12, nose + 0.03), 0.02)
    bumper = block((-x - 0.02, 0.36, nose - 0.15), (x + 0.02, 0.66, nose + 0.16), 0.03)
    tail = block((-x, 0.40, -half - 0.08), (x, 0.60, -half + 0.1), 0.02)
    rear = block((-x + 0.2, 0.75, -half - 0.03), (x - 0.2, roof - 0.2, -half + 0.05), 0.02)
    lamp = cylinder(0.15, 0.22, sides=12).move(x - 0.34, roof + 0.12, nose - 0.62).both()
    bar = block((-x + 0.12, roof - 0.01, nose - 0.78), (x - 0.12, roof + 0.06, nose - 0.46), 0.02)
    top, low, high = roof + 0.30, -half - 0.25, nose - 0.95
    rail = rod((0.34, top, low), (0.34, top + 0.28, high), 0.055, sides=6)
    inner = rod((0.24, top + 0.14, low + 0.5), (0.24, top + 0.44, high - 0.2), 0.05, sides=6)
    steps = np.linspace(0.04, 0.96, 13)
    rungs = [
        rod(
            (-0.34, top + 0.28 * t, low + (high - low) * t),
            (0.34, top + 0.28 * t, low + (high - low) * t),
            0.035,
            sides=4,
        )
        for t in steps
    ]
    mount = cylinder(0.42, 0.30, sides=14).move(0, roof + 0.2, back - 0.7)
    reel = cylinder(0.30, 0.5, sides=14).turn("z", 90).move(0, 1.45, -half - 0.06)
    mirror = block((x, 1.5, nose - 0.3), (x + 0.16, 1.95, nose - 0.2), 0.02).both()
    return [
        shell.part("body", paint, True),
        group(screen, panes).part("windows", WINDOW),
        group(shutter, rear).part("shutters", STEEL),
        band.part("stripe", pick(rng, WHITE, YELLOW)),
        group(rail.both(), inner.both(), *rungs).part("ladder", glossy(0.82, 0.83, 0.84)),
        group(mount, mirror, tail, bar).part("frame", DARK),
        reel.part("hose reel", YELLOW),
        lamp.part("blue lights", glossy(0.06, 0.22, 0.90)),
        (grille + bumper).part("bumpers", CHROME),
        *lamps(x - 0.24, 0.90, nose + 0.01, -half - 0.02, 0.15),
        *wheels(radius, 0.36, x - 0.14, axles),
    ]
