"""Street furniture: fire hydrant, mailbox, street lamp, traffic light, traffic cone.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLUE,
    GREEN,
    IRON,
    LAMP_WHITE,
    OAK,
    RED,
    STEEL,
    YELLOW,
    darker,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    arc,
    block,
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


def _outlet(radius: float, reach: float) -> tuple[Solid, Solid]:
    """A hydrant's nozzle along +z from the barrel's axis: the pipe with its cap, and the five-sided nut."""
    profile = [(0.8 * radius, 0), (0.8 * radius, reach - 0.07), (1.1 * radius, reach - 0.065),
               (1.1 * radius, reach - 0.02), (0.8 * radius, reach)]  # fmt: skip
    pipe = lathe(profile, 14).turn("x", 90)
    nut = cylinder(0.34 * radius, 0.04, sides=5).turn("x", 90).move(z=reach + 0.015)
    return pipe, nut


def fire_hydrant(rng: np.random.Generator) -> list[Part]:
    """A cast-iron hydrant: flanged barrel, domed bonnet with a nut, two hose outlets and a big one in front."""
    paint = pick(rng, RED, RED, RED, YELLOW)
    radius, high = rng.uniform(0.105, 0.12), rng.uniform(0.50, 0.56)
    wide = 1.45 * radius
    barrel = lathe([
        (wide, 0), (wide, 0.05), (1.05 * radius, 0.06), (radius, 0.10), (radius, high - 0.05),
        (1.38 * radius, high - 0.045), (1.38 * radius, high + 0.01), (1.16 * radius, high + 0.015),
    ], 22)  # fmt: skip
    dome = lathe([
        (1.14 * radius, high), (1.10 * radius, high + 0.07), (0.85 * radius, high + 0.135),
        (0.5 * radius, high + 0.17), (0.3 * radius, high + 0.18),
    ], 22, crease_deg=60)  # fmt: skip
    ring = torus(1.10 * radius, 0.013, 22, 6).move(y=high - 0.13)
    bolts = cylinder(0.017, 0.03, sides=6).move(1.24 * radius, high + 0.02, 0).around(8)
    base_bolts = cylinder(0.018, 0.03, sides=6).move(1.28 * radius, 0.062, 0).around(8)
    side, side_nut = _outlet(0.068, 0.24)
    front, front_nut = _outlet(0.092, 0.235)
    level = high - rng.uniform(0.12, 0.16)
    trim = pick(rng, paint, STEEL, YELLOW if paint is RED else RED)
    nuts = group(side_nut.turn("y", 90), side_nut.turn("y", -90), front_nut).move(y=level)
    top = cylinder(0.034, 0.055, sides=5).move(y=high + 0.20)
    return [
        (barrel + ring).part("barrel", paint, True),
        dome.part("bonnet", trim if trim is not STEEL else paint, True),
        group(side.turn("y", 90), side.turn("y", -90), front)
        .move(y=level)
        .part("outlets", paint, True),
        (nuts + top + bolts + base_bolts).part(
            "nuts", trim if trim is not paint else darker(paint, 0.75)
        ),
    ]


def mailbox(rng: np.random.Generator) -> list[Part]:
    """An American letter box: round-topped on a post with a red flag, or a blue street box on four legs."""
    if rng.random() < 0.55:
        paint = pick(rng, STEEL, matte(0.85, 0.86, 0.86), BLUE, matte(0.2, 0.2, 0.21))
        x, z = rng.uniform(0.11, 0.14), rng.uniform(0.24, 0.29)
        outline = [(-x, 0), (x, 0), *arc(x, 0, 180, 10, (0, 0.13))]
        body = extrude(outline, 2 * z).move(y=0.95)
        door = extrude([(1.08 * a, 1.05 * b - 0.005) for a, b in outline], 0.02).move(0, 0.95, z)
        knob = block((-0.02, 1.165, z + 0.005), (0.02, 1.20, z + 0.05), 0.006)
        flag = block((x, 1.02, -0.02), (x + 0.018, 1.30, 0.02)) + block(
            (x, 1.21, -0.02), (x + 0.018, 1.31, 0.15)
        )
        post = block((-0.05, 0, -0.05), (0.05, 0.96, 0.05)) + block(
            (-0.05, 0.88, -0.22), (0.05, 0.95, 0.22)
        )
        brace = rod((0, 0.62, 0.03), (0, 0.9, 0.18), 0.032, sides=4)
        return [
            (body + door).part("box", paint, True),
            flag.part("flag", RED if paint is not RED else YELLOW),
            (post + brace).part("post", OAK),
            knob.part("handle", IRON),
        ]
    paint, x, z = pick(rng, BLUE, RED, GREEN), rng.uniform(0.25, 0.31), 0.26
    low, high = 0.16, rng.uniform(0.88, 1.04)
    body = extrude([(-z, low), (z, low), *arc(z, 0, 180, 10, (0, high))], 2 * x, bevel=0.012).turn(
        "y", -90
    )
    hood = block((-0.2, high + 0.03, z - 0.09), (0.2, high + 0.09, z + 0.045), 0.012)
    slot = block((-0.17, high - 0.02, z - 0.05), (0.17, high + 0.035, z + 0.012))
    label = block((-0.15, 0.52, z - 0.02), (0.15, 0.76, z + 0.008))
    leg = block((x - 0.06, 0, z - 0.06), (x - 0.005, low + 0.06, z - 0.005)).four()
    rim = block((-x - 0.012, low + 0.04, -z - 0.012), (x + 0.012, low + 0.09, z + 0.012))
    return [
        (body + rim).part("box", paint, True),
        hood.part("hood", darker(paint, 0.8), True),
        slot.part("slot", matte(0.08, 0.08, 0.09)),
        label.part("label", matte(0.93, 0.93, 0.90)),
        leg.part("legs", darker(paint, 0.7), True),
    ]


def street_lamp(rng: np.random.Generator) -> list[Part]:
    """A lamp post: a Victorian lantern with a crossbar, two globes, or a modern arm over the road."""
    iron = pick(rng, matte(0.12, 0.13, 0.14), matte(0.14, 0.26, 0.20))
    style, high = pick(rng, "lantern", "globes", "arm"), rng.uniform(2.5, 2.9)
    post = lathe(
        [(0.24, 0), (0.24, 0.10), (0.15, 0.18), (0.13, 0.42), (0.075, 0.52), (0.06, high)], 12
    )
    if style == "lantern":
        cage = cylinder(0.13, 0.40, 0.23, sides=6).move(y=high + 0.24)
        cap = lathe(
            [
                (0.28, high + 0.43),
                (0.12, high + 0.58),
                (0.05, high + 0.62),
                (0.04, high + 0.72),
                (0, high + 0.76),
            ],
            6,
        )
        bars = rod((0, high + 0.03, 0.145), (0, high + 0.45, 0.245), 0.022, sides=5).around(6)
        cross = rod((-0.34, high - 0.28, 0), (0.34, high - 0.28, 0), 0.035) + cylinder(
            0.15, 0.06, sides=6
        ).move(y=high + 0.02)
        return [
            (post + cap + cross).part("post", iron, True),
            bars.part("frame", iron, True),
            cage.part("lantern", LAMP_WHITE),
        ]
    if style == "globes":
        bow = [
            (0.0, high - 0.12, 0),
            (0.25, high - 0.2, 0),
            (0.42, high - 0.08, 0),
            (0.44, high + 0.1, 0),
        ]
        globe = ellipsoid(0.21, sides=14).move(0.44, high + 0.28, 0).both() + ellipsoid(
            0.21, sides=14
        ).move(y=high + 0.42)
        seat = cylinder(0.13, 0.07, 0.10, sides=12)
        seats = seat.move(0.44, high + 0.10, 0).both() + cylinder(0.12, 0.3, 0.1, sides=12).move(
            y=high + 0.1
        )
        return [
            (post + tube(bow, 0.045).both() + seats).part("post", iron, True),
            globe.part("globes", LAMP_WHITE),
        ]
    grey = pick(rng, matte(0.45, 0.47, 0.49), iron)
    bow = [
        (0, high - 0.1, 0),
        (0, high + 0.35, 0.03),
        (0, high + 0.62, 0.25),
        (0, high + 0.66, 0.75),
    ]
    head = rounded_box(0.40, 0.16, 0.85, 0.06).move(0, high + 0.68, 1.0)
    glow = rounded_box(0.34, 0.2, 0.72, 0.08).move(0, high + 0.58, 1.0)
    return [
        (post + tube(bow, 0.06)).part("post", grey, True),
        head.part("head", darker(grey, 0.8), True),
        glow.part("lamp", LAMP_WHITE),
    ]


def traffic_light(rng: np.random.Generator) -> list[Part]:
    """Red over amber over green under hoods, on one, two or four sides of a box on a pole."""
    case = pick(rng, matte(0.10, 0.11, 0.12), YELLOW, matte(0.16, 0.28, 0.22))
    sides, high, radius = pick(rng, 1, 2, 4), rng.uniform(0.6, 0.9), rng.uniform(0.11, 0.125)
    x = 1.55 * radius
    tall, deep = 8.4 * radius, (2 * x if sides == 4 else 0.24 if sides == 1 else 0.3)
    box = rounded_box(2 * x, tall, deep, 0.03).move(y=high + tall / 2)
    lights: list[Solid] = []
    hoods: list[Solid] = []
    visor = [(p[0], p[1]) for p in arc(1.22 * radius, 0, 180, 10)] + [
        (p[0], p[1]) for p in arc(1.06 * radius, 180, 0, 10)
    ]
    for k in range(3):
        y = high + tall * (5 - 2 * k) / 6
        lamp = ellipsoid(radius, sides=14).scale(1, 1, 0.3).move(0, y, deep / 2)
        hood = extrude(visor, 0.14).move(0, y, deep / 2 + 0.06)
        lights.append(lamp.around(sides))
        hoods.append(hood.around(sides))
    pole = cylinder(0.055, high + 0.05, sides=12).move(y=high / 2) + cylinder(
        0.15, 0.07, sides=14
    ).move(y=0.035)
    red, amber, green = glossy(0.90, 0.10, 0.08), glossy(0.98, 0.70, 0.10), glossy(0.10, 0.78, 0.30)
    plate = []
    if sides == 1 and rng.random() < 0.5:
        board = rounded_box(2 * x + 0.16, tall + 0.16, 0.03, 0.012).move(
            0, high + tall / 2, -deep / 2 + 0.03
        )
        plate = [board.part("board", matte(0.08, 0.08, 0.09))]
    return [
        box.part("box", case, True),
        group(*hoods).part("hoods", darker(case, 0.7)),
        lights[0].part("red light", red),
        lights[1].part("amber light", amber),
        lights[2].part("green light", green),
        pole.part("pole", matte(0.38, 0.40, 0.42)),
        *plate,
    ]


def traffic_cone(rng: np.random.Generator) -> list[Part]:
    """A traffic cone: an orange cone with white bands, hollow at its tip, on a square foot."""
    paint = pick(
        rng, matte(0.95, 0.36, 0.06), matte(0.95, 0.36, 0.06), matte(0.86, 0.16, 0.08), YELLOW
    )
    tall, low, tip = rng.uniform(0.50, 0.72), rng.uniform(0.145, 0.165), 0.030
    wide = 1.35 * low
    cone = lathe(
        [
            (low, 0.03),
            (low - 0.012, 0.045),
            (tip, tall),
            (0.72 * tip, tall),
            (0.60 * tip, tall - 0.06),
        ],
        24,
    )
    foot = extrude(
        [
            (-wide, -0.8 * wide),
            (-0.8 * wide, -wide),
            (0.8 * wide, -wide),
            (wide, -0.8 * wide),
            (wide, 0.8 * wide),
            (0.8 * wide, wide),
            (-0.8 * wide, wide),
            (-wide, 0.8 * wide),
        ],
        0.035,
        bevel=0.008,
    )
    skirt = lathe([(1.16 * low, 0.03), (1.10 * low, 0.05), (low, 0.055)], 24)

    def ring(start: float, end: float) -> Solid:
        radius = [
            low - 0.012 + (tip - low + 0.012) * (y - 0.045) / (tall - 0.045) + 0.003
            for y in (start, end)
        ]
        return lathe([(radius[0], start), (radius[1], end)], 24)

    spans = pick(rng, ((0.34, 0.54), (0.66, 0.82)), ((0.42, 0.72),))
    return [
        cone.part("cone", paint, True),
        group(foot.turn("x", 90).move(y=0.018), skirt).part(
            "foot", pick(rng, paint, matte(0.10, 0.10, 0.11)), True
        ),
        group(*(ring(a * tall, b * tall) for a, b in spans)).part("bands", matte(0.95, 0.95, 0.94)),
    ]
