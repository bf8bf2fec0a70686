"""Small appliances: microwave oven, toaster, kettle, fan, vacuum cleaner.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    CHROME,
    COPPER,
    CREAM,
    GREEN,
    GREY,
    ORANGE,
    RED,
    STEEL,
    WHITE,
    darker,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    block,
    box,
    curve,
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
from sds3d.library.things.bodywork import WINDOW

MINT, TEAL = glossy(0.62, 0.82, 0.74), glossy(0.16, 0.46, 0.52)


def microwave_oven(rng: np.random.Generator) -> list[Part]:
    """A microwave oven: a wide box, a door with a dark window, a panel of keys or dials at the right."""
    skin = pick(rng, WHITE, matte(0.20, 0.20, 0.22), STEEL, RED)
    x, y, z = rng.uniform(0.24, 0.27), rng.uniform(0.135, 0.155), 0.18
    case = block((-x, 0.012, -z), (x, 0.012 + 2 * y, z - 0.02), 0.012)
    edge, mid = x - 0.125, 0.012 + y
    door = block((-x + 0.004, 0.02, z - 0.03), (edge, 2 * y + 0.004, z), 0.01)
    glass = block((-x + 0.05, 0.065, z - 0.01), (edge - 0.055, 2 * y - 0.04, z + 0.005), 0.004)
    panel = block((edge + 0.006, 0.02, z - 0.03), (x - 0.004, 2 * y + 0.004, z - 0.003), 0.008)
    bar = rod((edge - 0.024, 0.06, z + 0.035), (edge - 0.024, 2 * y - 0.035, z + 0.035), 0.010)
    posts = group(*(rod((edge - 0.024, h, z - 0.01), (edge - 0.024, h, z + 0.035), 0.008, sides=6)
                    for h in (0.075, 2 * y - 0.05)))  # fmt: skip
    middle = (edge + x) / 2
    if rng.random() < 0.6:
        key = box(0.022, 0.020, 0.012, 0.003)
        keys = [
            key.move(middle + 0.030 * c, mid - 0.075 + 0.030 * r, z)
            for r in range(4)
            for c in (-1, 0, 1)
        ]
        start = box(0.082, 0.024, 0.012, 0.003).move(middle, mid - 0.108, z)
        controls = group(*keys, start)
    else:
        dial = lathe([(0.03, 0), (0.028, 0.02), (0, 0.022)], 16).turn("x", 90)
        mark = box(0.006, 0.03, 0.02).move(0, 0.010, 0.014)
        controls = group(*((dial + mark.turn("z", a)).move(middle, mid + h, z - 0.004)
                           for h, a in ((0.03, -40), (-0.06, 75))))  # fmt: skip
    screen = block((edge + 0.02, 2 * y - 0.052, z - 0.01), (x - 0.02, 2 * y - 0.018, z + 0.003))
    vent = group(
        *(box(0.008, 0.006, 0.16).move(x, 0.06 + 0.018 * k, -0.06) for k in range(7))
    ).both()
    return [
        case.part("body", skin, True),
        door.part("door", skin, True),
        panel.part("panel", darker(skin, 0.82) if skin is not WHITE else matte(0.80, 0.80, 0.80)),
        glass.part("window", WINDOW),
        (bar + posts).part("handle", CHROME),
        controls.part("buttons", matte(0.28, 0.29, 0.31) if skin in (WHITE, STEEL) else CREAM),
        screen.part("display", glossy(0.10, 0.42, 0.36)),
        group(vent, cylinder(0.014, 0.02, sides=8).move(x - 0.04, 0.008, z - 0.05).four()).part(
            "feet", BLACK
        ),
    ]


def toaster(rng: np.random.Generator) -> list[Part]:
    """A toaster with two slots and two slices of toast, a lever and a dial on its right end."""
    skin = pick(rng, STEEL, RED, MINT, CREAM, BLUE)
    x, high, z = rng.uniform(0.17, 0.19), rng.uniform(0.19, 0.21), rng.uniform(0.095, 0.11)
    body = rounded_box(2 * x, high, 2 * z, 0.055, 4).move(y=high / 2 + 0.018)
    band = rounded_box(2 * x + 0.008, 0.04, 2 * z + 0.008, 0.018).move(y=0.032)
    slot = block((-0.72 * x, high - 0.01, -0.016), (0.72 * x, high + 0.023, 0.016))
    slots = group(slot.move(z=0.038), slot.move(z=-0.038))
    loaf = [(-0.062, -0.06), (0.062, -0.06), (0.064, 0.02), (0.074, 0.035), (0.068, 0.060), (0.035, 0.070),
            (0, 0.066), (-0.035, 0.070), (-0.068, 0.060), (-0.074, 0.035), (-0.064, 0.02)]  # fmt: skip
    rise = rng.uniform(0.0, 0.03)
    wide = 1.25 * x / 0.16
    slice_ = extrude(np.array(loaf) * [wide, 1.1], 0.022)
    crumb = extrude(np.array(loaf) * [0.86 * wide, 0.95], 0.026)

    def both(solid: Solid) -> Solid:
        return group(solid.move(0, high + 0.012 + rise, 0.038), solid.move(0, high + rise, -0.038))

    rail = block((x - 0.005, 0.06, -0.006), (x + 0.003, high - 0.03, 0.006))
    lever = rounded_box(0.045, 0.022, 0.055, 0.009).move(x + 0.02, high - 0.055, 0)
    dial = cylinder(0.022, 0.03, sides=14).turn("z", 90).move(x + 0.006, 0.058, 0.035)
    feet = cylinder(0.016, 0.02, sides=8).move(x - 0.05, 0.01, z - 0.03).four()
    trim = pick(rng, CHROME, BLACK) if skin is not STEEL else BLACK
    return [
        body.part("body", skin, True),
        band.part("base", trim),
        slots.part("slots", matte(0.07, 0.07, 0.07)),
        both(slice_).part("crust", matte(0.52, 0.31, 0.13)),
        both(crumb).part("toast", matte(0.84, 0.62, 0.34)),
        (lever + dial).part("lever", BLACK),
        (rail + feet).part("feet", matte(0.12, 0.12, 0.12)),
    ]


def kettle(rng: np.random.Generator) -> list[Part]:
    """A kettle: a squat one for the stove with a handle over its lid, or an electric one on its base."""
    skin = pick(rng, STEEL, RED, COPPER, TEAL, CREAM)
    if rng.random() < 0.55:
        r, high = rng.uniform(0.105, 0.12), rng.uniform(0.125, 0.145)
        line = curve(
            [
                (0.84 * r, 0),
                (r, 0.014),
                (1.02 * r, 0.05),
                (0.90 * r, 0.72 * high),
                (0.42 * r, high),
            ],
            3,
        )
        body = lathe([(0, 0), *line, (0, high)], 26, crease_deg=50)
        lid = lathe([(0.44 * r, high - 0.004), (0.46 * r, high + 0.004), (0.30 * r, high + 0.018),
                     (0, high + 0.022)], 20, crease_deg=50)  # fmt: skip
        knob = ellipsoid(0.015, 0.013, sides=10).move(y=high + 0.032)
        beak = curve(
            [(0.80 * r, 0.40 * high, 0), (1.20 * r, 0.62 * high, 0), (1.46 * r, 1.06 * high, 0)], 4
        )
        spout = tube(beak, np.linspace(0.034, 0.017, len(beak)), 12)
        whistle = lathe([(0.021, -0.012), (0.021, 0.02), (0.012, 0.034), (0, 0.036)], 12).turn(
            "z", -28
        )
        whistle = whistle.move(1.47 * r, 1.08 * high, 0)
        top = high + rng.uniform(0.085, 0.105)
        arch = [(0.78 * r, 0.86 * high, 0), (0.80 * r, top - 0.03, 0), (0.45 * r, top, 0), (-0.45 * r, top, 0),
                (-0.80 * r, top - 0.03, 0), (-0.78 * r, 0.86 * high, 0)]  # fmt: skip
        bow = tube(curve(arch, 3), 0.0085, 8)
        grip = tube([(0.50 * r, top - 0.003, 0), (0.25 * r, top + 0.004, 0), (-0.25 * r, top + 0.004, 0),
                     (-0.50 * r, top - 0.003, 0)], 0.017, 10)  # fmt: skip
        dark = matte(0.09, 0.09, 0.10)
        return [
            body.part("body", skin, True),
            lid.part("lid", skin, True),
            spout.part("spout", skin, True),
            (knob + whistle).part("whistle", dark),
            bow.part("handle", CHROME),
            grip.part("grip", pick(rng, dark, matte(0.42, 0.26, 0.14))),
        ]
    r, high = rng.uniform(0.078, 0.088), rng.uniform(0.20, 0.23)
    base = lathe([(1.15 * r, 0), (1.15 * r, 0.016), (1.0 * r, 0.024), (0, 0.024)], 24)
    jug = lathe(
        [(0.97 * r, 0.028), (r, 0.04), (0.95 * r, 0.5 * high), (0.74 * r, high), (0, high)], 24
    )
    lid = lathe(
        [
            (0.76 * r, high - 0.004),
            (0.74 * r, high + 0.014),
            (0.4 * r, high + 0.022),
            (0, high + 0.022),
        ],
        20,
    )
    knob = rounded_box(0.05, 0.016, 0.022, 0.007).move(y=high + 0.028)
    lip = extrude(
        [(0.55 * r, -0.055), (0.86 * r, -0.050), (1.18 * r, 0.0), (0.55 * r, 0.0)],
        0.042,
        bevel=0.006,
    )
    bow = curve([(-0.66 * r, high - 0.012, 0), (-1.25 * r, high + 0.004, 0), (-1.62 * r, 0.86 * high, 0),
                 (-1.60 * r, 0.45 * high, 0), (-1.30 * r, 0.28 * high, 0)], 3)  # fmt: skip
    handle = tube(bow, 0.0125, 8, flat=1.6)
    gauge = block((-0.010, 0.32 * high, 0.80 * r), (0.010, 0.78 * high, 0.985 * r), 0.003)
    switch = box(0.03, 0.012, 0.026, 0.004).turn("z", 25).move(-1.40 * r, 0.20 * high, 0)
    cord = tube(
        curve([(-1.1 * r, 0.012, 0), (-1.8 * r, 0.006, -0.03), (-2.3 * r, 0.006, -0.09)], 3),
        0.005,
        6,
    )
    dark = matte(0.10, 0.10, 0.11)
    return [
        jug.part("body", skin, True),
        lip.move(y=high - 0.004).part("spout", skin, True),
        (lid + knob).part("lid", dark),
        handle.part("handle", dark),
        (base + cord).part("base", dark),
        gauge.part("water gauge", glossy(0.45, 0.66, 0.80)),
        switch.part("switch", RED),
    ]


def _wires(rows: list[tuple[float, float]], ribs: int, thick: float) -> Solid:
    """Half a fan's cage, its middle on the z axis: rings at (radius, z), ribs from the middle to the last."""
    rings = [torus(r, thick, 24, 4).turn("x", 90).move(z=z) for r, z in rows]
    line = [(0, rows[0][0] * 0.5, rows[0][1]), *((0, r, z) for r, z in rows)]
    return group(*rings, tube(line, thick, 4).around(ribs, "z"))


def fan(rng: np.random.Generator) -> list[Part]:
    """An electric fan: blades in a round wire cage, a motor behind, on a desk foot or a tall pole."""
    skin = pick(rng, WHITE, matte(0.14, 0.14, 0.15), MINT, CREAM, STEEL)
    blades, r = pick(rng, 3, 4, 5), rng.uniform(0.19, 0.21)
    tall = pick(rng, 0.34, 0.36, 0.95)
    tilt = float(rng.uniform(-12, 2))
    front = _wires(
        [(0.25 * r, 0.075), (0.55 * r, 0.070), (0.85 * r, 0.050), (1.06 * r, 0.0)], 16, 0.0038
    )
    back = _wires([(0.30 * r, -0.055), (0.70 * r, -0.052), (1.06 * r, -0.012)], 12, 0.0038)
    rim = torus(1.07 * r, 0.0085, 24, 6).turn("x", 90)
    badge = cylinder(0.20 * r, 0.018, sides=16).turn("x", 90).move(z=0.078)
    u, width = np.linspace(0.16, 0.97, 6), np.array([0.16, 0.40, 0.58, 0.64, 0.56, 0.25])
    leaf = extrude(
        [
            *zip(-0.55 * width * r, u * r, strict=True),
            *zip(0.45 * width[::-1] * r, u[::-1] * r, strict=True),
        ],
        0.007,
    )
    leaf = leaf.turn("y", 24)
    rotor = leaf.around(blades, "z", float(rng.uniform(0, 90))).move(z=0.012)
    nave = cylinder(0.19 * r, 0.055, sides=14).turn("x", 90).move(z=0.02)
    motor = lathe([(0.055, 0.0), (0.072, 0.02), (0.070, 0.10), (0.045, 0.14), (0, 0.145)], 16)
    motor = motor.turn("x", -90).move(z=-0.045)
    knob = cylinder(0.010, 0.04, sides=8).move(0, 0.085, -0.13)

    def raise_head(solid: Solid) -> Solid:
        return solid.turn("x", tilt).move(0, tall, 0.05)

    pole = rod((0, 0.02, -0.02), (0, tall - 0.04, -0.02), 0.022, 0.018, 12)
    joint = rounded_box(0.05, 0.10, 0.07, 0.02).move(0, tall - 0.045, -0.03)
    foot_r = 0.15 if tall < 0.5 else 0.19
    foot = lathe(
        [(foot_r, 0), (foot_r, 0.015), (0.75 * foot_r, 0.032), (0.05, 0.045), (0, 0.05)], 24
    )
    keys = group(
        *(
            cylinder(0.012, 0.02, sides=8).move(x, 0.042, 0.085)
            for x in (-0.045, -0.015, 0.015, 0.045)
        )
    )
    return [
        group(foot, pole, joint, raise_head(motor), raise_head(knob)).part("stand", skin, True),
        raise_head(group(front, back, rim)).part(
            "cage", pick(rng, CHROME, matte(0.72, 0.73, 0.75))
        ),
        raise_head(rotor + nave).part(
            "blades", pick(rng, glossy(0.25, 0.55, 0.75), GREY, ORANGE, GREEN)
        ),
        raise_head(badge).part("badge", pick(rng, RED, skin, BLUE)),
        keys.part("buttons", pick(rng, BLACK, RED)),
    ]


def vacuum_cleaner(rng: np.random.Generator) -> list[Part]:
    """A vacuum cleaner: an upright one that leans back, or a body on wheels with a hose, a tube and a head."""
    skin = pick(rng, RED, BLUE, glossy(0.48, 0.20, 0.55), GREEN, ORANGE)
    dark = matte(0.14, 0.14, 0.15)
    if rng.random() < 0.5:
        lean = float(rng.uniform(-32, -22))
        head = rounded_box(0.32, 0.085, 0.24, 0.035).move(0, 0.055, 0.14)
        hood = rounded_box(0.20, 0.10, 0.16, 0.04).move(0, 0.09, 0.08)
        lip = block((-0.15, 0.008, 0.24), (0.15, 0.05, 0.268), 0.012)
        body = rounded_box(0.21, 0.46, 0.17, 0.07).move(0, 0.33, 0)
        cup = lathe([(0.058, 0.0), (0.068, 0.02), (0.068, 0.23), (0.060, 0.25)], 18).move(
            0, 0.27, 0.065
        )
        crown = lathe([(0.074, 0.0), (0.074, 0.03), (0.04, 0.06), (0, 0.065)], 18).move(
            0, 0.515, 0.065
        )
        pole = rod((0, 0.53, -0.02), (0, 1.0, -0.03), 0.018, sides=10)
        grip = tube(curve([(0, 0.98, -0.03), (0, 1.09, -0.02), (0, 1.15, -0.09), (0, 1.10, -0.15),
                           (0, 1.00, -0.05)], 3), 0.022, 8)  # fmt: skip
        hose = tube(
            curve(
                [
                    (0.075, 0.16, -0.09),
                    (0.115, 0.40, -0.11),
                    (0.08, 0.68, -0.09),
                    (0.0, 0.74, -0.05),
                ],
                4,
            ),
            0.022,
            8,
        )

        def recline(solid: Solid) -> Solid:
            return solid.turn("x", lean, (0, 0.08, 0.03))

        wheel = cylinder(0.065, 0.035, sides=16).turn("z", 90).move(0.125, 0.065, 0.02).both()
        hub = cylinder(0.03, 0.045, sides=10).turn("z", 90).move(0.125, 0.065, 0.02).both()
        return [
            recline(body + crown).part("body", skin, True),
            (head + hood).part("head", skin, True),
            recline(cup).part("dust cup", glossy(0.62, 0.70, 0.74)),
            recline(pole).part("pole", CHROME),
            recline(grip).part("handle", dark),
            recline(hose).part("hose", GREY),
            (wheel + lip).part("wheels", dark),
            hub.part("hubs", GREY),
        ]
    shell = rounded_box(0.25, 0.20, 0.36, 0.09, 4).move(0, 0.15, -0.16)
    band = rounded_box(0.262, 0.045, 0.37, 0.02).move(0, 0.13, -0.16)
    lid = rounded_box(0.17, 0.05, 0.16, 0.024).move(0, 0.245, -0.11)
    bow = tube(
        curve([(0, 0.24, -0.02), (0, 0.30, -0.08), (0, 0.30, -0.20), (0, 0.23, -0.28)], 3), 0.016, 8
    )
    wheel = cylinder(0.105, 0.045, sides=20).turn("z", 90).move(0.14, 0.105, -0.25).both()
    hub = cylinder(0.055, 0.055, sides=14).turn("z", 90).move(0.14, 0.105, -0.25).both()
    caster = ellipsoid(0.035, sides=10).move(0, 0.035, -0.02)
    x = rng.uniform(0.30, 0.38)
    way = curve(
        [
            (0, 0.17, 0.0),
            (-0.06, 0.22, 0.14),
            (-0.26, 0.42, 0.18),
            (-0.20, 0.70, 0.0),
            (0.10, 0.82, -0.12),
            (x - 0.02, 0.72, -0.10),
            (x, 0.64, -0.03),
        ],
        4,
    )
    radius = 0.026 * (1 + 0.10 * np.where(np.arange(len(way)) % 2, 1, -1))
    hose = tube(way, list(radius), 10)
    handle = tube([(x, 0.70, -0.12), (x, 0.66, -0.05), (x, 0.56, 0.05)], 0.026, 10)
    pipe = rod((x, 0.58, 0.03), (x, 0.08, 0.40), 0.020, sides=10)
    nozzle = rounded_box(0.27, 0.05, 0.11, 0.02).move(x, 0.03, 0.43) + rod(
        (x, 0.04, 0.43), (x, 0.14, 0.355), 0.03
    )
    return [
        (shell + lid).part("body", skin, True),
        (band + bow).part("trim", dark),
        (wheel + caster).part("wheels", dark),
        hub.part("hubs", GREY),
        hose.part("hose", matte(0.30, 0.31, 0.33)),
        pipe.part("pole", CHROME),
        handle.part("handle", skin, True),
        nozzle.part("head", dark),
    ]
