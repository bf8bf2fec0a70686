"""Two-wheelers: bicycle, motorcycle.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    CHROME,
    GREEN,
    LAMP_RED,
    LAMP_WHITE,
    RED,
    RUBBER,
    STEEL,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    block,
    capsule,
    curve,
    cylinder,
    ellipsoid,
    group,
    lathe,
    rod,
    rounded_box,
    torus,
    tube,
)
from sds3d.library.things.bodywork import DARK


def _spoked_wheel(radius: float, thick: float, spokes: int, spoke: float) -> tuple[Solid, Solid]:
    """A thin tyre, and its spokes with the nave, the axle along x."""
    tyre = torus(radius - thick, thick, 24, 6).turn("z", 90)
    bars = rod((0, 0, 0), (0, radius - thick, 0), spoke, sides=4).around(spokes, "x")
    return tyre, bars + rod((-0.05, 0, 0), (0.05, 0, 0), 0.035)


def bicycle(rng: np.random.Generator) -> list[Part]:
    """A bicycle with a diamond or a step-through frame, straight or curved handlebars, some with a basket."""
    paint = pick(rng, RED, BLUE, GREEN, matte(0.15, 0.15, 0.16), glossy(0.45, 0.70, 0.72))
    r, rear, front = rng.uniform(0.33, 0.35), -0.52, 0.56
    tyre, spokes = _spoked_wheel(r, 0.026, 10, 0.007)
    crank, seat_top, head = (0, 0.28, -0.06), (0, 0.80, -0.20), (0, 0.84, 0.36)
    low_head = (0, 0.68, 0.41)
    axle = (0, r, rear)
    step = rng.random() < 0.4
    bars = [
        (crank, seat_top, 0.024),
        (low_head, crank, 0.028),
        ((0, 0.62, 0.43), (0, 0.92, 0.34), 0.028),
    ]
    bars.append(
        ((0, 0.48, -0.115), (0, 0.62, 0.40), 0.024) if step else ((0, 0.76, -0.19), head, 0.024)
    )
    frame = group(*(rod(a, b, t) for a, b, t in bars))
    stays = [
        rod((0.045, *axle[1:]), (0.02, *end[1:]), 0.015, sides=6)
        for end in (crank, (0, 0.74, -0.185))
    ]
    fork = rod((0.05, r, front), (0.04, 0.66, 0.425), 0.018, sides=6)
    frame = frame + group(*stays, fork).both()
    saddle = rounded_box(0.15, 0.06, 0.26, 0.028).move(0, 0.93, -0.25) + rod(
        seat_top, (0, 0.92, -0.24), 0.018
    )
    drop = rng.random() < 0.4
    ends = [(0.10, 1.0, 0.36), (0.22, 1.0, 0.40), (0.22, 0.92, 0.47), (0.21, 0.84, 0.36)] if drop else [
        (0.12, 1.02, 0.36), (0.24, 1.06, 0.30), (0.28, 1.04, 0.14)]  # fmt: skip
    grip = tube(curve([(0, 0.98, 0.33), *ends], 3), 0.019, 6)
    stem = rod((0, 0.90, 0.345), (0, 1.0, 0.325), 0.024)
    ring = cylinder(0.085, 0.016, sides=16).turn("z", 90).move(0.045, *crank[1:])
    arm = rod((0.06, *crank[1:]), (0.07, 0.14, 0.03), 0.015, sides=6) + block(
        (0.06, 0.11, -0.02), (0.16, 0.145, 0.08)
    )
    arms = arm + arm.mirror("x").turn("x", 180, crank)
    parts = [
        frame.part("frame", paint, True),
        group(tyre.move(0, r, rear), tyre.move(0, r, front)).part("wheels", RUBBER),
        group(spokes.move(0, r, rear), spokes.move(0, r, front)).part("spokes", STEEL),
        saddle.part("saddle", matte(0.25, 0.15, 0.10)),
        (grip.both() + stem).part("handlebars", CHROME),
        (ring + arms).part("pedals", DARK),
    ]
    if step:
        box = block((-0.17, 0.84, 0.50), (0.17, 1.02, 0.78), 0.02)
        parts.append(box.part("basket", matte(0.62, 0.44, 0.24)))
    return parts


def _engine() -> list[Part]:
    """A finned motor with a pipe and a silencer on each side."""
    fins = group(
        *(
            block((-0.17, y, -0.15), (0.17, y + 0.03, 0.19), 0.008)
            for y in np.linspace(0.46, 0.64, 4)
        )
    )
    engine = (
        block((-0.14, 0.24, -0.22), (0.14, 0.44, 0.22), 0.05)
        + block((-0.12, 0.40, -0.1), (0.12, 0.68, 0.14))
        + fins
    )
    case = cylinder(0.12, 0.34, sides=14).turn("z", 90).move(0, 0.34, -0.02)
    pipe = tube(
        curve([(0.14, 0.52, 0.18), (0.17, 0.36, 0.32), (0.18, 0.22, 0.16), (0.20, 0.24, -0.4)], 3),
        0.035,
        8,
    )
    can = rod((0.20, 0.235, -0.34), (0.21, 0.34, -1.0), 0.055, 0.07, 10)
    return [
        (engine + case).part("engine", STEEL),
        (pipe + can).both().part("exhaust", CHROME),
    ]


def motorcycle(rng: np.random.Generator) -> list[Part]:
    """A roadster or a scrambler: tank, long seat, finned engine, exhausts, round headlight."""
    paint = pick(rng, RED, BLUE, matte(0.12, 0.12, 0.13), glossy(0.85, 0.45, 0.10))
    r, rear, front = rng.uniform(0.31, 0.34), -0.68, 0.78
    tyre = lathe([(0.62 * r, -0.065), (0.9 * r, -0.075), (r, -0.035), (r, 0.035), (0.9 * r, 0.075),
                  (0.62 * r, 0.065), (0.62 * r, -0.065)], 20).turn("z", 90)  # fmt: skip
    spokes = rod((0, 0, 0), (0, 0.66 * r, 0), 0.016, sides=4).around(8, "x") + rod(
        (-0.08, 0, 0), (0.08, 0, 0), 0.07, sides=10
    )
    tank = capsule((0, 0.84, 0.28), (0, 0.79, -0.08), 0.16, 0.11, 12).scale(0.95, 1, 1)
    seat = capsule((0, 0.76, -0.14), (0, 0.80, -0.62), 0.10, 0.09, 10).scale(1.25, 1, 1)
    bent = np.radians(np.linspace(10, 130, 7))
    guard = tube(
        [(0, r + 1.14 * r * np.sin(a), front - 1.14 * r * np.cos(a)) for a in bent],
        0.045,
        6,
        flat=2.0,
    )
    bent = np.radians(np.linspace(10, 120, 7))
    tail = tube(
        [(0, r + 1.18 * r * np.sin(a), rear - 1.18 * r * np.cos(a)) for a in bent],
        0.045,
        6,
        flat=2.2,
    )
    fork = rod((0.10, r, front), (0.10, 0.96, 0.50), 0.033)
    bar = tube(
        curve([(0, 1.0, 0.46), (0.14, 1.02, 0.45), (0.24, 1.10, 0.38), (0.38, 1.08, 0.26)], 3),
        0.02,
        6,
    ).both()
    grip = rod((0.31, 1.10, 0.33), (0.42, 1.075, 0.225), 0.032).both()
    lamp = ellipsoid(0.11, sides=12).scale(1, 1, 0.9).move(0, 0.92, 0.60)
    glass = cylinder(0.095, 0.03, sides=14).turn("x", 90).move(0, 0.92, 0.69)
    frame = (
        rod((0, 0.9, 0.46), (0, 0.30, 0.24), 0.035)
        + rod((0.09, r, rear), (0.09, 0.30, -0.18), 0.035).both()
    )
    shock = rod((0.12, r + 0.04, rear + 0.02), (0.12, 0.76, -0.48), 0.035).both()
    return [
        (tank + guard + tail).part("tank", paint, True),
        seat.part("seat", matte(0.10, 0.09, 0.09)),
        (tyre.move(0, r, rear) + tyre.move(0, r, front)).part("wheels", RUBBER),
        (spokes.move(0, r, rear) + spokes.move(0, r, front)).part("spokes", STEEL),
        *_engine(),
        (fork.both() + bar + shock).part("handlebars", CHROME),
        (frame + grip).part("frame", BLACK),
        lamp.part("headlight", CHROME),
        glass.part("lamp", LAMP_WHITE),
        ellipsoid(0.055, sides=8).move(0, 0.68, -1.05).part("tail light", LAMP_RED),
    ]
