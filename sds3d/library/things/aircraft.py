"""Aircraft: airplane, biplane, helicopter.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLUE,
    CREAM,
    GREEN,
    GREY,
    IRON,
    NAVY,
    OAK,
    ORANGE,
    RED,
    RUBBER,
    STEEL,
    WHITE,
    YELLOW,
    darker,
    matte,
    pick,
)
from sds3d.library.kit.model import Look, Part
from sds3d.library.kit.shapes import (
    Solid,
    block,
    curve,
    cylinder,
    ellipsoid,
    group,
    lathe,
    rod,
    torus,
    tube,
)
from sds3d.library.things.airframe import fin, fuselage, propeller, wing
from sds3d.library.things.bodywork import DARK, WINDOW, wheel


def airplane(rng: np.random.Generator) -> list[Part]:
    """An airliner: a round tube, swept wings with two or four engines, a tail of another colour."""
    paint, trim = pick(rng, WHITE, WHITE, STEEL), pick(rng, BLUE, RED, NAVY, GREEN, ORANGE)
    half, r, four = rng.uniform(3.9, 4.6), rng.uniform(0.46, 0.54), rng.random() < 0.4
    body = fuselage([
        (half, 0.0, 0.0, -0.10), (half - 0.12, 0.45 * r, 0.42 * r, -0.08),
        (half - 0.45, 0.78 * r, 0.76 * r, -0.03),
        (half - 1.0, r, r, 0), (-0.45 * half, r, r, 0), (-0.72 * half, 0.72 * r, 0.75 * r, 0.12),
        (-half + 0.1, 0.22 * r, 0.26 * r, 0.28), (-half, 0.0, 0.0, 0.30),
    ], 18)  # fmt: skip
    span = rng.uniform(3.6, 4.2)
    main = wing((-0.9, 1.15), (-1.85, -1.25), span, 0.22, 0.35).move(y=-0.26)
    tail = wing((-half + 0.25, -half + 1.15), (-half - 0.2, -half + 0.2), 1.55, 0.13, 0.12).move(
        y=0.26
    )
    upright = fin(
        [(-half + 1.55, 0.3), (-half + 0.5, 1.72), (-half, 1.72), (-half + 0.2, 0.3)], 0.13
    )
    engine = lathe(
        [(0.16, -0.55), (0.27, -0.2), (0.29, 0.35), (0.24, 0.5), (0.2, 0.42), (0, 0.42)], 14
    ).turn("x", 90)
    fan = cylinder(0.2, 0.05, sides=14).turn("x", 90).move(z=0.43)
    spots = [(1.45, -0.50, 0.72), (2.65, -0.36, -0.05)] if four else [(1.55, -0.52, 0.62)]
    engines, fans = (group(*(s.move(*p) for p in spots)).both() for s in (engine, fan))
    pylons = group(
        *(block((x - 0.04, y, z - 0.5), (x + 0.04, y + 0.35, z + 0.1)) for x, y, z in spots)
    ).both()
    panes = group(*(
        block((r - 0.09, 0.08, z - 0.055), (r + 0.008, 0.21, z + 0.055))
        for z in np.arange(-0.45 * half + 0.1, half - 1.05, 0.26)
    )).both()  # fmt: skip
    cockpit = fuselage(
        [(half - 0.28, 0.50 * r, 0.28 * r, 0.10), (half - 0.72, 0.86 * r, 0.22 * r, 0.28)], 12
    )
    return [
        body.part("body", paint, True),
        (main.both() + pylons).part("wings", darker(paint, 0.88), True),
        tail.both().part("tail", trim),
        upright.part("fin", trim),
        engines.part("engines", trim if rng.random() < 0.5 else GREY),
        fans.part("fans", DARK),
        (panes + cockpit).part("windows", WINDOW),
    ]


def _undercarriage(half: float, trim: Look) -> list[Part]:
    """Two wheels on struts, and the tail skid."""
    tyre, hub = wheel(0.30, 0.16)
    gear = group(
        *(rod((0.24, -0.3, z), (0.58, -0.88, 0.95), 0.048, sides=6) for z in (0.55, 1.25))
    ).both()
    gear = gear + rod((-0.62, -0.88, 0.95), (0.62, -0.88, 0.95), 0.045, sides=6)
    skid = rod((0, 0.1, -half + 0.35), (0, -0.18, -half + 0.05), 0.05, sides=6)
    return [
        (gear + skid).part("struts", DARK),
        tyre.move(0.66, -0.90, 0.95).both().part("wheels", RUBBER),
        hub.move(0.66, -0.90, 0.95).both().part("hubcaps", trim),
    ]


def _cockpit(top: float) -> list[Part]:
    """A padded opening at height `top`, the pilot's head and a windshield."""
    seat = torus(0.25, 0.055, 14, 6).scale(0.95, 1, 1.25).move(0, top + 0.06, -0.22)
    head = ellipsoid(0.17, sides=10).move(0, top + 0.24, -0.24)
    screen = block((-0.17, 0, -0.015), (0.17, 0.2, 0.015)).turn("x", -22).move(0, top + 0.05, 0.06)
    hole = cylinder(0.24, 0.05, sides=14).scale(0.95, 1, 1.25).move(0, top + 0.05, -0.22)
    return [
        (seat + head).part("cockpit", matte(0.36, 0.22, 0.13)),
        hole.part("seat", DARK),
        screen.part("windshield", WINDOW),
    ]


def biplane(rng: np.random.Generator) -> list[Part]:
    """An old biplane: two stacked wings joined by struts, a radial engine with a propeller, an open cockpit."""
    paint, trim = pick(rng, RED, YELLOW, BLUE, GREEN), pick(rng, CREAM, WHITE)
    half, r, span = rng.uniform(2.5, 2.8), rng.uniform(0.40, 0.46), rng.uniform(3.0, 3.5)
    body = fuselage([
        (half - 0.35, 0.94 * r, 0.94 * r, 0), (half - 0.9, r, r, 0.02), (0.3, r, 1.08 * r, 0.04),
        (-0.6, 0.82 * r, 0.9 * r, 0.05), (-half + 0.2, 0.2 * r, 0.35 * r, 0.16), (-half, 0.06, 0.12, 0.18),
    ], 14)  # fmt: skip
    cowl = lathe(
        [(0.4 * r, 0.2), (1.02 * r, 0.16), (1.1 * r, 0), (1.1 * r, -0.25), (0.98 * r, -0.3)], 18
    )
    cowl = cowl.turn("x", 90).move(z=half - 0.25)
    pots = cylinder(0.085, 0.22, sides=8).move(y=0.62 * r).around(7, "z").move(z=half - 0.02)
    high, low = 0.98, -0.30
    stagger = 0.28
    top = wing((-0.12, 1.0), (-0.05, 0.92), span, 0.15, 0.06).both().move(0, high, stagger)
    bottom = wing((-0.12, 0.92), (-0.05, 0.84), 0.93 * span, 0.15, 0.12).both().move(0, low, 0)
    stripe = block((-0.16, 0, 0), (0.16, 0.02, 0.9)).move(0.72 * span, high + 0.09, stagger).both()

    def strut(x: float, z: float, foot: float, y: float = low) -> Solid:
        return rod((foot, y + 0.05, z), (x, high + 0.02, z + stagger), 0.05, sides=6)

    struts = group(*(strut(0.70 * span, z, 0.70 * span, low + 0.06) for z in (0.12, 0.72)))
    struts = struts + rod(
        (0.70 * span, low + 0.1, 0.16), (0.70 * span, high, 0.72 + stagger), 0.032, sides=5
    )
    cabane = group(*(strut(0.46, z, 0.26, 0.25) for z in (0.15, 0.7)))
    tail = (
        wing((-half + 0.02, -half + 0.72), (-half + 0.08, -half + 0.55), 1.05, 0.11)
        .both()
        .move(y=0.22)
    )
    rudder = fin([(-half + 0.62, 0.2), (-half + 0.35, 0.78), (-half + 0.05, 0.92), (-half - 0.2, 0.8),
                  (-half - 0.24, 0.2), (-half, 0.08)], 0.11)  # fmt: skip
    blades = propeller(0.86, 2, rng.uniform(0, 90)).move(z=half + 0.08)
    nose = (
        lathe([(0.13, 0), (0.1, 0.12), (0, 0.22)], 10, crease_deg=60)
        .turn("x", 90)
        .move(z=half + 0.04)
    )
    return [
        body.part("body", paint, True),
        (top + bottom).part("wings", paint, True),
        (tail + rudder).part("tail", paint, True),
        (struts.both() + cabane.both()).part("struts", OAK if trim is CREAM else trim),
        stripe.part("stripes", trim),
        cowl.part("engine", pick(rng, paint, STEEL)),
        pots.part("cylinders", IRON),
        blades.part("propeller", OAK),
        nose.part("spinner", trim),
        *_undercarriage(half, trim),
        *_cockpit(1.02 * r),
    ]


def helicopter(rng: np.random.Generator) -> list[Part]:
    """A helicopter: an egg-shaped glazed cabin, a thin tail with a side rotor, a big rotor on top, skids."""
    paint, blades = pick(rng, RED, BLUE, YELLOW, WHITE, matte(0.34, 0.38, 0.24)), pick(rng, 2, 3, 4)
    wide, high, tail = rng.uniform(0.72, 0.82), rng.uniform(0.80, 0.90), rng.uniform(-3.5, -3.0)
    cabin = fuselage([
        (1.62, 0, 0, -0.22), (1.52, 0.32 * wide, 0.28 * high, -0.20), (1.15, 0.76 * wide, 0.70 * high, -0.10),
        (0.5, wide, high, 0), (-0.35, 0.95 * wide, 0.95 * high, 0.02), (-1.0, 0.55 * wide, 0.52 * high, 0.22),
        (-1.5, 0.26, 0.26, 0.34), (tail, 0.12, 0.13, 0.5),
    ], 16)  # fmt: skip
    glass = fuselage([
        (1.60, 0, 0, -0.10), (1.48, 0.36 * wide, 0.24 * high, -0.04), (1.12, 0.79 * wide, 0.54 * high, 0.10),
        (0.62, 1.01 * wide, 0.62 * high, 0.18),
    ], 16)  # fmt: skip
    side = block((wide - 0.30, 0.0, -0.42), (wide + 0.015, 0.48, 0.42), 0.04).both()
    hump = fuselage(
        [
            (0.55, 0, 0, high - 0.05),
            (0.35, 0.34, 0.26, high),
            (-0.6, 0.34, 0.28, high),
            (-1.25, 0, 0, 0.55),
        ],
        12,
    )
    mast = cylinder(0.09, 0.42, sides=10).move(0, high + 0.38, -0.1) + cylinder(
        0.20, 0.10, sides=12
    ).move(0, high + 0.55, -0.1)
    reach = rng.uniform(2.7, 3.1)
    blade = block((0.1, -0.025, -0.13), (reach, 0.035, 0.13))
    rotor = blade.around(blades, start_deg=rng.uniform(20, 40)).move(0, high + 0.58, -0.1)
    fin_up = fin(
        [(tail + 0.45, 0.5), (tail - 0.05, 1.25), (tail - 0.35, 1.25), (tail - 0.12, 0.42)], 0.10
    )
    stabilizer = block((-0.6, 0.46, tail + 0.55), (0.6, 0.52, tail + 0.9), 0.02)
    small = propeller(0.55, 2, 35).turn("y", 90).move(0.18, 0.62, tail)
    skid = tube(
        curve([(0.72, -1.18, -1.1), (0.72, -1.2, 0), (0.72, -1.2, 0.95), (0.72, -1.02, 1.3)], 3),
        0.065,
        6,
    )
    legs = group(*(rod((0.40, -0.62, z), (0.72, -1.18, z), 0.055, sides=6) for z in (-0.5, 0.6)))
    return [
        (cabin + hump).part("body", paint, True),
        (fin_up + stabilizer).part("tail", paint, True),
        (glass + side).part("windows", WINDOW),
        (rotor + small).part("rotor", DARK),
        mast.part("mast", GREY),
        (skid + legs).both().part("skids", DARK),
    ]
