"""Train, tractor and tank.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    BRASS,
    GREEN,
    GREY,
    LAMP_WHITE,
    ORANGE,
    RED,
    RUBBER,
    YELLOW,
    darker,
    matte,
    pick,
)
from sds3d.library.kit.model import Look, Part
from sds3d.library.kit.shapes import (
    arc,
    block,
    capsule,
    cylinder,
    group,
    lathe,
    rod,
    rounded_box,
    torus,
    tube,
)
from sds3d.library.things.bodywork import DARK, WINDOW, side_view, wheel


def _running_gear(paint: Look) -> list[Part]:
    """Three pairs of coupled drivers and two of leading wheels."""
    big, small = (
        cylinder(0.55, 0.16, sides=20).turn("z", 90),
        cylinder(0.32, 0.16, sides=16).turn("z", 90),
    )
    hub, hub2 = (
        cylinder(0.42, 0.2, sides=16).turn("z", 90),
        cylinder(0.22, 0.2, sides=12).turn("z", 90),
    )
    spots, leads = (-1.7, -0.45, 0.8), (1.6, 2.3)
    rims = group(
        *(big.move(0.84, 0.55, z) for z in spots), *(small.move(0.84, 0.32, z) for z in leads)
    ).both()
    hubs = group(
        *(hub.move(0.86, 0.55, z) for z in spots), *(hub2.move(0.86, 0.32, z) for z in leads)
    ).both()
    link = block((0.97, 0.42, -1.8), (1.05, 0.54, 0.95)) + block(
        (0.97, 0.48, 0.8), (1.05, 0.58, 1.8)
    )
    return [
        rims.part("wheels", DARK),
        hubs.part("spokes", paint),
        link.both().part("rods", BRASS),
    ]


def train(rng: np.random.Generator) -> list[Part]:
    """A steam locomotive: boiler, funnel, domes, cab, cowcatcher, driving wheels with rods."""
    paint = pick(rng, GREEN, BLACK, RED, BLUE)
    frame, wheel_red = DARK, pick(rng, RED, DARK, RED) if paint is not RED else DARK
    axis, r, nose = 2.05, rng.uniform(0.70, 0.76), 2.5
    boiler = cylinder(r, 3.6, sides=20).turn("x", 90).move(0, axis, nose - 1.8)
    bands = group(
        *(
            cylinder(r + 0.03, 0.09, sides=20).turn("x", 90).move(0, axis, z)
            for z in (-0.6, 0.5, 1.5)
        )
    )
    front = cylinder(0.98 * r, 0.2, 0.9 * r, sides=20).turn("x", 90).move(0, axis, nose + 0.08)
    plate = cylinder(0.5 * r, 0.06, sides=16).turn("x", 90).move(0, axis, nose + 0.2)
    style = pick(rng, "straight", "diamond")
    top = axis + r
    funnel = [(0.24, -0.1), (0.2, 0.1), (0.22, 0.62), (0.32, 0.66), (0.32, 0.76)]
    if style == "diamond":
        funnel = [(0.22, -0.1), (0.18, 0.1), (0.2, 0.3), (0.46, 0.66), (0.34, 0.9)]
    chimney = lathe(funnel, 16).move(0, top, nose - 0.45)
    dome = lathe([(0.30, -0.15), (0.28, 0.18), (0.2, 0.32), (0, 0.38)], 14, crease_deg=60)
    domes = dome.move(0, top, 0.85) + dome.scale(0.8).move(0, top, -0.15)
    cab = block((-1.0, 1.0, -2.45), (1.0, 3.0, -1.05), 0.04)
    roof = side_view(
        [(a, 2.95 + b) for a, b in ((-2.65, 0.0), (-0.8, 0.0), (-0.8, 0.1), (-2.65, 0.1))],
        2.3,
        0.03,
    )
    roof = roof + rounded_box(1.9, 0.3, 1.7, 0.12).move(0, 3.05, -1.73)
    window = block((0.9, 2.15, -2.2), (1.02, 2.75, -1.35), 0.02).both()
    window = window + block((0.5, 2.3, -1.1), (0.85, 2.8, -1.03)).both()
    bed = block((-0.9, 0.85, -2.55), (0.9, 1.15, nose + 0.15), 0.02)
    walk = block((0.7, 1.32, -1.1), (1.05, 1.42, nose), 0.02).both()
    cylinders = cylinder(0.27, 0.75, sides=14).turn("x", 90).move(0.95, 0.82, 1.95).both()
    slats = [rod((t * 0.9, 0.95, nose + 0.12), (t * 0.75, 0.14, nose + 0.25 + 0.55 * (1 - abs(t))),
                 0.055, sides=6)
             for t in np.linspace(-1, 1, 7)]  # fmt: skip
    beam = block((-1.0, 0.78, nose + 0.05), (1.0, 1.05, nose + 0.22), 0.02)
    lamp = cylinder(0.2, 0.3, sides=14).turn("x", 90).move(0, top + 0.12, nose - 0.05)
    glow = cylinder(0.17, 0.05, sides=14).turn("x", 90).move(0, top + 0.12, nose + 0.12)
    return [
        boiler.part("boiler", paint, True),
        cab.part("cab", paint, True),
        roof.part("roof", darker(paint, 0.6) if paint is not BLACK else DARK, True),
        (bands + domes).part("domes", BRASS),
        (front + chimney).part("funnel", BLACK),
        (plate + lamp).part("trim", BRASS),
        glow.part("lamp", LAMP_WHITE),
        window.part("windows", WINDOW),
        (bed + walk + cylinders).part("frame", frame),
        (beam + group(*slats)).part("cowcatcher", wheel_red),
        *_running_gear(wheel_red),
    ]


def tractor(rng: np.random.Generator) -> list[Part]:
    """A farm tractor: huge ribbed rear wheels, small front ones, a narrow hood, a cab or an open seat."""
    paint = pick(rng, GREEN, RED, BLUE, ORANGE)
    rim = YELLOW if paint is not ORANGE else matte(0.9, 0.9, 0.88)
    big, small, cab = rng.uniform(0.80, 0.88), rng.uniform(0.44, 0.50), rng.random() < 0.5
    hood = block((-0.36, 0.75, 0.05), (0.36, 1.42, 1.75), 0.09)
    nose = block((-0.28, 0.82, 1.70), (0.28, 1.32, 1.79), 0.02)
    belly = block((-0.3, 0.5, -0.9), (0.3, 0.95, 1.5), 0.05)
    arcs = np.radians(np.linspace(20, 150, 8))
    fender = tube(
        [(0.72, big + 1.12 * big * np.sin(a), -0.62 + 1.12 * big * np.cos(a)) for a in arcs],
        0.06,
        6,
        flat=4.0,
    )
    tyre, hub = wheel(big, 0.46, 22)
    lug = block((0.0, -0.05, big - 0.04), (0.25, 0.05, big + 0.05)).turn("y", 18, (0, 0, big))
    lugs = lug.around(14, "x") + lug.mirror("x").turn("x", 13).around(14, "x")
    front, front_hub = wheel(small, 0.26, 16)
    rears, fronts = (0.72, big, -0.62), (0.62, small, 1.35)
    axle = block((-0.6, 0.4, 1.28), (0.6, 0.54, 1.42)) + block(
        (-0.6, big - 0.1, -0.72), (0.6, big + 0.1, -0.52)
    )
    pipe = rod((0.22, 1.38, 1.15), (0.22, 2.05, 1.15), 0.055) + rod(
        (0.22, 1.6, 1.15), (0.22, 1.9, 1.15), 0.085
    )
    ring = torus(0.2, 0.03, 16, 6).turn("x", 55).move(0, 1.62, -0.05) + rod(
        (0, 1.3, 0.1), (0, 1.62, -0.05), 0.03
    )
    seat = block((-0.25, 1.18, -0.85), (0.25, 1.3, -0.4), 0.04) + block(
        (-0.25, 1.25, -0.93), (0.25, 1.72, -0.8), 0.04
    )
    lamp = cylinder(0.09, 0.06, sides=12).turn("x", 90).move(0.19, 1.22, 1.79).both()
    parts = [
        hood.part("hood", paint, True),
        fender.both().part("fenders", paint, True),
        (tyre + lugs).move(*rears).both().part("wheels", RUBBER),
        front.move(*fronts).both().part("wheels", RUBBER),
        (hub.move(*rears) + front_hub.move(*fronts)).both().part("hubcaps", rim),
        (belly + axle + nose).part("engine", DARK),
        pipe.part("exhaust", DARK),
        lamp.part("headlights", LAMP_WHITE),
        (ring + seat).part("seat", BLACK),
    ]
    if cab:
        post = rod((0.44, 1.2, 0.02), (0.42, 2.4, -0.08), 0.05, sides=6) + rod(
            (0.44, 1.3, -1.0), (0.42, 2.4, -0.95), 0.05, sides=6
        )
        glass = block((-0.40, 1.42, -0.95), (0.40, 2.36, -0.02), 0.02)
        roof = rounded_box(1.1, 0.16, 1.25, 0.06).move(0, 2.45, -0.5)
        parts += [
            post.both().part("frame", DARK),
            glass.part("windows", WINDOW),
            roof.part("roof", paint, True),
        ]
    return parts


def tank(rng: np.random.Generator) -> list[Part]:
    """An armoured tank: two tracks over road wheels, a sloped hull, a turret with a long gun."""
    paint = pick(rng, matte(0.34, 0.38, 0.22), matte(0.66, 0.58, 0.40), matte(0.40, 0.42, 0.40))
    half, x, r = rng.uniform(2.6, 2.9), 1.15, 0.40
    outer = [(half - 0.1, 0.95), *arc(0.45, 60, -50, 4, (half - 0.55, 0.72)),
             (half - 1.0, 0.02), (-half + 1.0, 0.02),
             *arc(0.45, 230, 120, 4, (-half + 0.55, 0.72))]  # fmt: skip
    track = side_view(outer[1:], 0.55, 0.04).move(x).both()
    road = cylinder(r, 0.62, sides=16).turn("z", 90)
    hubs = cylinder(0.16, 0.7, sides=10).turn("z", 90)
    places = np.linspace(-half + 1.05, half - 1.05, 5)
    rollers = group(*(road.move(x, 0.46, float(z)) for z in places)).both()
    nuts = group(*(hubs.move(x, 0.46, float(z)) for z in places)).both()
    hull = side_view([(-half + 0.3, 0.6), (half - 0.9, 0.5), (half - 0.05, 0.95), (half - 1.1, 1.42),
                      (-half + 0.5, 1.42), (-half + 0.15, 1.05)], 1.8, 0.04)  # fmt: skip
    skirt = side_view(
        [(-half + 0.05, 1.1), (half - 0.25, 1.1), (half - 0.5, 1.3), (-half + 0.2, 1.3)],
        2 * x + 0.64,
        0.03,
    )
    length, round_turret = rng.uniform(2.3, 2.9), rng.random() < 0.5
    if round_turret:
        turret = lathe(
            [(1.0, 1.40), (1.05, 1.60), (0.85, 1.98), (0.5, 2.12), (0, 2.16)], 20, crease_deg=50
        ).move(z=-0.1)
    else:
        turret = side_view(
            [(-1.3, 1.42), (0.75, 1.42), (1.05, 1.62), (0.65, 2.08), (-1.1, 2.1), (-1.35, 1.8)],
            1.9,
            0.14,
        )
    mantlet = capsule((-0.28, 1.74, 0.85), (0.28, 1.74, 0.85), 0.24, sides=12)
    gun = rod((0, 1.74, 0.8), (0, 1.80, 0.9 + length), 0.11, 0.085, 12)
    brake = rod((0, 1.79, 0.62 + length), (0, 1.80, 1.0 + length), 0.14, 0.14, 12)
    hatch = cylinder(0.30, 0.16, sides=14).move(-0.4, 2.14, -0.35) + cylinder(
        0.26, 0.08, sides=12
    ).move(0.42, 2.1, -0.3)
    lamp = cylinder(0.11, 0.12, sides=10).turn("x", 90).move(0.66, 1.36, half - 0.88).both()
    return [
        (hull + skirt).part("hull", paint, True),
        (turret + hatch).part("turret", darker(paint, 1.08), True),
        (mantlet + gun + brake).part("gun", darker(paint, 0.8), True),
        track.part("tracks", DARK),
        rollers.part("wheels", darker(paint, 0.75), True),
        (nuts + lamp).part("hubs", GREY),
    ]
