"""Screens, telephones and clocks: television, computer monitor, laptop, telephone, clock.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BRASS,
    CREAM,
    GREY,
    OAK,
    RED,
    STEEL,
    WALNUT,
    WHITE,
    darker,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    arc,
    block,
    box,
    capsule,
    cylinder,
    ellipsoid,
    extrude,
    group,
    hull,
    rod,
    rounded_box,
    torus,
    tube,
)

SCREEN = glossy(0.14, 0.17, 0.22)
PICTURE = glossy(0.28, 0.46, 0.66)


def television(rng: np.random.Generator) -> list[Part]:
    """A flat screen on a foot, or an old set: a deep box with a bulging tube, knobs and antennas."""
    if rng.random() < 0.5:
        x, y, rise = rng.uniform(0.55, 0.65), rng.uniform(0.33, 0.37), 0.10
        case = block((-x, rise, -0.035), (x, rise + 2 * y, 0.03), 0.012)
        glass = block((-x + 0.04, rise + 0.045, 0), (x - 0.04, rise + 2 * y - 0.04, 0.034))
        bulge = block((-0.6 * x, rise + 0.1, -0.09), (0.6 * x, rise + 1.3 * y, 0), 0.03)
        foot = block((-0.28, 0, -0.15), (0.28, 0.03, 0.15), 0.01)
        neck = block((-0.07, 0.01, -0.06), (0.07, rise + 0.1, -0.01))
        return [
            (case + bulge).part("case", BLACK, True),
            glass.part("screen", SCREEN),
            (foot + neck).part("stand", pick(rng, BLACK, STEEL)),
        ]
    skin, x = pick(rng, WALNUT, OAK, RED, CREAM), rng.uniform(0.35, 0.40)
    y, z = rng.uniform(0.25, 0.29), rng.uniform(0.20, 0.27)
    case = rounded_box(2 * x, 2 * y, 2 * z, 0.05).move(y=y + 0.1)
    bezel = rounded_box(0.50, 0.42, 0.08, 0.03).move(-0.075, y + 0.1, z - 0.01)
    glass = rounded_box(0.44, 0.36, 0.12, 0.055).move(-0.075, y + 0.1, z)
    knob = cylinder(0.035, 0.05, sides=10).turn("x", 90)
    knobs = group(*(knob.move(0.265, y + 0.1 + dy, z + 0.02) for dy in (0.04, 0.14)))
    grille = group(
        *(
            block((0.21, y + dy, z - 0.02), (0.32, y + dy + 0.02, z + 0.015))
            for dy in (-0.06, -0.02, 0.02)
        )
    )
    antenna = capsule(
        (0.02, 2 * y + 0.1, -0.05), (0.26, 2 * y + 0.46, -0.05), 0.016, sides=6
    ).both()
    leg = rod((x - 0.04, 0, z - 0.05), (x - 0.09, 0.13, z - 0.09), 0.02, 0.03).four()
    return [
        case.part("case", skin, True),
        bezel.part("frame", CREAM if skin is not CREAM else GREY),
        glass.part("screen", SCREEN),
        (knobs + grille).part("knobs", BRASS),
        antenna.part("antennas", STEEL),
        leg.part("legs", darker(OAK, 0.7)),
    ]


def monitor(rng: np.random.Generator) -> list[Part]:
    """A desktop display with a bright picture, on a stalk and a flat foot."""
    skin = pick(rng, BLACK, matte(0.75, 0.76, 0.78), matte(0.20, 0.20, 0.22))
    x, y, rise = rng.uniform(0.26, 0.32), rng.uniform(0.16, 0.19), rng.uniform(0.12, 0.16)
    case = block((-x, rise, -0.02), (x, rise + 2 * y, 0.02), 0.01)
    bulge = block((-0.5 * x, rise + 0.06, -0.05), (0.5 * x, rise + 1.5 * y, 0), 0.02)
    glass = block((-x + 0.02, rise + 0.035, 0), (x - 0.02, rise + 2 * y - 0.02, 0.024))
    neck = block((-0.035, 0.01, -0.075), (0.035, rise + y, -0.035), 0.01)
    foot = block((-0.13, 0, -0.14), (0.13, 0.02, 0.08), 0.008)
    if rng.random() < 0.4:
        foot = cylinder(0.12, 0.022, sides=20).move(0, 0.011, -0.04)
    return [
        (case + bulge).part("case", skin, True),
        glass.part("screen", PICTURE),
        (neck + foot).part("stand", skin, True),
    ]


def laptop(rng: np.random.Generator) -> list[Part]:
    """An open notebook computer: keyboard and touch pad below, screen leaning back."""
    skin = pick(rng, matte(0.72, 0.73, 0.75), matte(0.22, 0.23, 0.25), matte(0.55, 0.57, 0.62))
    x, z, lean = rng.uniform(0.16, 0.19), rng.uniform(0.11, 0.125), rng.uniform(12, 28)
    base = block((-x, 0, -z), (x, 0.018, z), 0.005)
    step = (2 * x - 0.05) / 10
    key = block((-0.42 * step, 0.015, -0.008), (0.42 * step, 0.022, 0.008))
    keys = [
        key.move(-x + 0.025 + step * (k + 0.5), 0, -z + 0.045 + 0.024 * r)
        for r in range(4)
        for k in range(10)
    ]
    pad = block((-0.05, 0.015, z - 0.075), (0.05, 0.0205, z - 0.015))
    lid = block((-x, 0, -0.006), (x, 2 * z, 0.006), 0.004)
    glass = block((-x + 0.012, 0.018, 0), (x - 0.012, 2 * z - 0.012, 0.008))
    hinge = (0, 0.0, -z)
    lid, glass = (s.move(0, 0.012, -z).turn("x", -lean, hinge) for s in (lid, glass))
    return [
        (base + lid).part("case", skin, True),
        group(*keys).part("keys", matte(0.12, 0.12, 0.13)),
        pad.part("touchpad", darker(skin, 0.8)),
        glass.part("screen", PICTURE),
    ]


def telephone(rng: np.random.Generator) -> list[Part]:
    """An old desk telephone: a sloped body with a dial, and a handset lying in its cradle."""
    skin = pick(rng, RED, BLACK, CREAM, matte(0.20, 0.42, 0.36))
    x, high = rng.uniform(0.10, 0.115), rng.uniform(0.105, 0.12)
    corners = [
        (x, 0, 0.11),
        (x, 0.03, 0.12),
        (0.66 * x, high, -0.015),
        (0.66 * x, high, -0.07),
        (x, 0.03, -0.11),
    ]
    corners.append((x, 0, -0.11))
    body = hull(np.array([(s * a, b, c) for a, b, c in corners for s in (-1, 1)]), crease_deg=25)
    cradle = block((0.035, high - 0.01, -0.068), (0.06, high + 0.04, -0.018), 0.006).both()
    slope = float(np.degrees(np.arctan2(high - 0.03, 0.135)))
    spot = (0, 0.03 + (high - 0.03) * 0.50, 0.055)
    dial = cylinder(0.055, 0.014, sides=20).turn("x", slope).move(*spot)
    hub = cylinder(0.020, 0.024, sides=10).turn("x", slope).move(*spot)
    holes = cylinder(0.009, 0.022, sides=6).move(z=0.039).around(8).turn("x", slope).move(*spot)
    grip = [(0.085 * t, high + 0.052 - 0.018 * t * t, -0.043) for t in np.linspace(-1, 1, 7)]
    cup = rod((0.105, high + 0.004, -0.043), (0.10, high + 0.042, -0.043), 0.036, 0.022, 10).both()
    return [
        (body + cradle).part("body", skin, True),
        (tube(grip, 0.019, 8) + cup).part("handset", skin, True),
        dial.part("dial", WHITE if skin is not CREAM else BRASS),
        (hub + holes).part("holes", matte(0.15, 0.15, 0.16)),
    ]


def clock(rng: np.random.Generator) -> list[Part]:
    """A round alarm clock with two bells and feet, or a mantel clock in an arched wooden case."""
    face_z, hands = 0.045, matte(0.10, 0.10, 0.11)
    hour, minute = rng.uniform(20, 70), rng.uniform(-70, -20)
    marks = box(0.012, 0.03, 0.02).move(y=0.105).around(12, "z")
    short = block((-0.009, -0.01, -0.006), (0.009, 0.066, 0.006)).turn("z", -hour)
    long = block((-0.007, -0.015, -0.006), (0.007, 0.098, 0.006)).turn("z", -minute)
    signs = group(marks.scale(1, 1, 0.4), short, long, cylinder(0.014, 0.02, sides=8).turn("x", 90))
    face = cylinder(0.13, 0.02, sides=28).turn("x", 90)
    if rng.random() < 0.55:
        skin = pick(rng, RED, matte(0.25, 0.55, 0.60), STEEL)
        case = cylinder(0.15, 0.09, sides=28).turn("x", 90) + torus(0.142, 0.016, 28, 6).turn(
            "x", 90
        ).move(z=0.045)
        bell = ellipsoid(0.062, sides=10).scale(1, 0.75, 1).move(y=0.185).turn("z", 32).both()
        foot = rod((0.10, -0.19, 0), (0.085, -0.11, 0), 0.018, 0.026).both()
        handle = tube([(p[0], p[1], 0) for p in arc(0.06, 15, 165, 6, (0, 0.175))], 0.011, 6)
        return [
            case.part("case", skin, True),
            face.move(z=face_z).part("face", WHITE),
            signs.move(z=face_z + 0.012).part("hands", hands),
            (bell + handle).part("bells", BRASS),
            foot.part("feet", darker(skin, 0.8), True),
        ]
    wood = pick(rng, OAK, WALNUT)
    outline = [(-0.17, -0.19), (0.17, -0.19), *arc(0.17, 0, 180, 14)]
    case = extrude(outline, 0.11, bevel=0.012)
    base = block((-0.21, -0.23, -0.08), (0.21, -0.18, 0.08), 0.012)
    return [
        (case + base).part("case", wood, True),
        face.move(z=face_z + 0.006).part("face", CREAM),
        torus(0.133, 0.012, 28, 6).turn("x", 90).move(z=0.058).part("rim", BRASS),
        signs.move(z=face_z + 0.018).part("hands", hands),
    ]
