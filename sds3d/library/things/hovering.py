"""Hovering craft: drone, flying saucer.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
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
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    capsule,
    cylinder,
    ellipsoid,
    extrude,
    group,
    lathe,
    rod,
    rounded_box,
    torus,
    tube,
)


def drone(rng: np.random.Generator) -> list[Part]:
    """A camera drone: a flat body, four arms with motors and two-bladed propellers, skids, a camera below."""
    skin = pick(rng, WHITE, matte(0.16, 0.16, 0.17), matte(0.58, 0.60, 0.62), ORANGE, RED)
    reach, wide = rng.uniform(0.40, 0.46), rng.uniform(0.13, 0.16)
    body = rounded_box(2 * wide, 0.11, 0.40, 0.05, 4).move(y=0.02)
    lid = rounded_box(1.3 * wide, 0.06, 0.26, 0.026).move(0, 0.085, -0.02)
    nose = rounded_box(1.4 * wide, 0.075, 0.12, 0.035).move(0, 0.02, 0.19)
    corner = (reach, 0.05, 0.92 * reach)
    arm = capsule((0.7 * wide, 0.02, 0.12), corner, 0.036, 0.026, 8)
    motor = lathe(
        [(0.036, -0.03), (0.046, 0.0), (0.046, 0.05), (0.018, 0.06), (0.012, 0.085), (0, 0.085)], 14
    ).move(*corner)
    blade = extrude(
        [
            (0.0, -0.014),
            (0.07, -0.030),
            (0.20, -0.020),
            (0.225, 0.0),
            (0.20, 0.012),
            (0.06, 0.018),
            (0.0, 0.014),
        ],
        0.010,
    )
    blade = blade.turn("x", -76)
    pair = group(blade, blade.turn("y", 180), cylinder(0.022, 0.026, sides=10)).move(0, 0.088, 0)
    guards = rng.random() < 0.4
    props = group(
        *(
            pair.turn("y", float(rng.uniform(0, 180))).move(
                sx * corner[0], corner[1], sz * corner[2]
            )
            for sx in (-1, 1)
            for sz in (-1, 1)
        )
    )
    skid = group(
        tube([(wide + 0.10, -0.20, -0.17), (wide + 0.10, -0.20, 0.17)], 0.017, 6),
        *(
            rod((0.8 * wide, -0.01, z), (wide + 0.10, -0.20, 1.25 * z), 0.015, sides=6)
            for z in (-0.11, 0.11)
        ),
    ).both()
    yoke = rod((0, -0.03, 0.13), (0, -0.10, 0.13), 0.022, sides=8)
    ball = rounded_box(0.12, 0.10, 0.10, 0.035).move(0, -0.125, 0.135)
    lens = (
        lathe([(0.036, 0.0), (0.038, 0.045), (0.028, 0.05), (0, 0.045)], 14)
        .turn("x", 90)
        .move(0, -0.125, 0.175)
    )
    front = (
        capsule((0, 0.01, 0), (0.0, 0.01, 0.02), 0.018, sides=8)
        .move(0.6 * wide, 0.02, 0.235)
        .both()
    )
    rear = ellipsoid(0.022, sides=8).move(0.6 * wide, 0.02, -0.20).both()
    dark = matte(0.12, 0.12, 0.13)
    parts = [
        group(body, nose, arm.four()).part("body", skin, True),
        lid.part("lid", darker(skin, 0.85), True),
        motor.four().part("motors", pick(rng, STEEL, dark)),
        props.part("propellers", pick(rng, dark, ORANGE, matte(0.30, 0.31, 0.33))),
        skid.part("skids", pick(rng, dark, darker(skin, 0.8))),
        (yoke + ball).part("camera", dark),
        lens.part("lens", glossy(0.10, 0.14, 0.28)),
        front.part("lights", GREEN),
        rear.part("tail lights", RED),
    ]
    if guards:
        ring = torus(0.245, 0.012, 22, 5).move(corner[0], corner[1] + 0.055, corner[2])
        strut = rod(
            (corner[0] + 0.04, corner[1], corner[2]),
            (corner[0] + 0.24, corner[1] + 0.05, corner[2]),
            0.010,
            sides=5,
        )
        parts.append(group(ring, strut).four().part("guards", darker(skin, 0.75)))
    return parts


def flying_saucer(rng: np.random.Generator) -> list[Part]:
    """A flying saucer: a silver lens with a ring of lights, a glass dome with its green pilot, three legs."""
    skin = pick(
        rng,
        metal(0.72, 0.74, 0.78),
        metal(0.55, 0.58, 0.64),
        glossy(0.45, 0.30, 0.60),
        glossy(0.22, 0.50, 0.46),
    )
    wide, high = rng.uniform(0.78, 0.88), rng.uniform(0.15, 0.20)
    hull = lathe(
        [
            (0.0, -0.22),
            (0.22, -0.22),
            (0.34, -0.16),
            (0.70 * wide, -0.075),
            (wide, -0.02),
            (wide, 0.025),
            (0.72 * wide, 0.10),
            (0.38, high),
            (0.34, high + 0.01),
            (0, high + 0.01),
        ],
        32,
        crease_deg=30,
    )
    rim = torus(wide, 0.035, 32, 6)
    seat = torus(0.335, 0.032, 24, 6).move(y=high + 0.012)
    dome_look = pick(rng, glossy(0.52, 0.78, 0.90), glossy(0.62, 0.90, 0.70))
    half = np.linspace(0, np.pi / 2, 8)
    dome = lathe([(0.32 * np.cos(a), high + 0.30 * np.sin(a)) for a in half], 24, crease_deg=80)
    pilot = group(
        ellipsoid(0.105, 0.13, 0.085, sides=12).move(0, high + 0.13, 0.235),
        ellipsoid(0.12, 0.075, 0.06, sides=10).move(0, high + 0.025, 0.255),
    )
    eye = (
        ellipsoid(0.034, 0.048, 0.02, sides=8)
        .turn("z", -24)
        .move(0.046, high + 0.145, 0.305)
        .both()
    )
    count = pick(rng, 10, 12, 14)
    bulb = ellipsoid(0.052, 0.040, 0.052, sides=8).move(0, 0.098, 0.72 * wide)
    lights = [bulb.turn("y", 360 * k / count) for k in range(count)]
    below = (
        ellipsoid(0.050, 0.03, 0.050, sides=8).move(0, -0.095, 0.60 * wide).around(8, start_deg=20)
    )
    glow = lathe([(0, -0.25), (0.15, -0.245), (0.19, -0.215), (0, -0.215)], 20)
    leg = rod((0, -0.11, 0.46 * wide), (0, -0.40, 0.62 * wide), 0.028, sides=8)
    pad = lathe([(0, -0.44), (0.085, -0.44), (0.07, -0.41), (0.03, -0.39), (0, -0.385)], 12).move(
        z=0.625 * wide
    )
    antenna = rod((0, high + 0.28, 0), (0, high + 0.46, 0), 0.012, sides=6)
    knob = ellipsoid(0.034, sides=10).move(y=high + 0.48)
    first, second = pick(rng, (YELLOW, RED), (GREEN, YELLOW), (ORANGE, glossy(0.30, 0.75, 0.95)))
    lean = float(rng.uniform(-7, 7))

    def tilt(solid: Solid) -> Solid:
        return solid.turn("z", lean)

    return [
        tilt(hull).part("hull", skin, True),
        tilt(rim + seat).part("rim", darker(skin, 0.75), True),
        tilt(dome).part("dome", dome_look),
        tilt(pilot).part("pilot", matte(0.45, 0.75, 0.25)),
        tilt(eye).part("eyes", BLACK),
        tilt(group(*lights[::2], below)).part("lights", first),
        tilt(group(*lights[1::2], glow, knob)).part("lamps", second),
        tilt(group(leg, pad).around(3, start_deg=60) + antenna).part("legs", darker(STEEL, 0.8)),
    ]
