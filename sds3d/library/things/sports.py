"""Sports: tennis racket, tennis ball, baseball bat, bowling pin, dumbbell.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    CHROME,
    GREEN,
    IRON,
    NAVY,
    OAK,
    ORANGE,
    PINE,
    RED,
    WALNUT,
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
    cylinder,
    ellipsoid,
    group,
    lathe,
    rod,
    torus,
    tube,
)
from sds3d.library.kit.solid import turn_part

FELT = matte(0.80, 0.92, 0.20)


def tennis_racket(rng: np.random.Generator) -> list[Part]:
    """A tennis racket upright, handle below: an oval frame with a grid of strings, an open throat, a ball."""
    paint = pick(rng, RED, BLUE, NAVY, GREEN, ORANGE, matte(0.14, 0.14, 0.15))
    x, y = rng.uniform(0.118, 0.128), rng.uniform(0.155, 0.172)
    middle = 0.50
    a = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    hoop = tube(
        np.stack([x * np.sin(a), middle + y * np.cos(a), 0 * a], 1), 0.0105, 8, flat=1.25, ring=True
    )
    throat = tube(
        [(0.62 * x, middle - 0.80 * y, 0), (0.040, 0.285, 0), (0.017, 0.215, 0), (0.015, 0.19, 0)],
        0.0105,
        8,
    ).both()
    shaft = rod((0, 0.10, 0), (0, 0.215, 0), 0.0185, sides=8)
    grip = lathe([(0.021, 0), (0.0205, 0.012), (0.017, 0.016), (0.0175, 0.17), (0.0155, 0.185)], 10)
    wraps = [torus(0.0172, 0.0018, 12, 4).move(y=h) for h in np.linspace(0.028, 0.165, 9)]
    across = [
        (v, float(y * np.sqrt(1 - (v / x) ** 2))) for v in np.linspace(-0.84 * x, 0.84 * x, 9)
    ]
    along = [
        (v, float(x * np.sqrt(1 - (v / y) ** 2))) for v in np.linspace(-0.86 * y, 0.86 * y, 11)
    ]
    strings = [rod((v, middle - h, 0), (v, middle + h, 0), 0.0016, sides=4) for v, h in across]
    strings += [
        rod((-w, middle + v, 0.001), (w, middle + v, 0.001), 0.0016, sides=4) for v, w in along
    ]
    parts = [
        group(hoop, throat).part("frame", paint, True),
        shaft.part("shaft", darker(paint, 0.8), True),
        group(*strings).part("strings", pick(rng, WHITE, YELLOW, matte(0.92, 0.90, 0.80))),
        group(grip, *wraps).part("grip", pick(rng, BLACK, WHITE, matte(0.45, 0.28, 0.16))),
    ]
    if rng.random() < 0.6:
        at = (pick(rng, -0.115, 0.115), 0.034, 0.02)
        parts.append(ellipsoid(0.033, sides=14).move(*at).part("ball", FELT))
        parts.append(_seam(0.0332, 0.0018, 24).move(*at).part("seam", WHITE))
    return parts


def tennis_ball(rng: np.random.Generator) -> list[Part]:
    """One tennis ball, or three in a heap: yellow felt with a white seam that curves around it."""
    r = rng.uniform(0.0325, 0.0335)
    three = rng.random() < 0.4
    spots = [(-r, r, 0.0), (r, r, 0.0), (0.0, r, -1.73 * r)] if three else [(0.0, r, 0.0)]
    sides = 18 if three else 26
    balls = []
    seams = []
    for x, y, z in spots:
        turn, tip = float(rng.uniform(0, 360)), float(rng.uniform(-60, 60))
        seam = _seam(1.002 * r, 0.0022, 30 if three else 44)
        balls.append(ellipsoid(r, sides=sides).move(x, y, z))
        seams.append(seam.turn("x", tip).turn("y", turn).move(x, y, z))
    felt = pick(rng, FELT, matte(0.86, 0.93, 0.30), matte(0.72, 0.86, 0.18))
    return [group(*balls).part("felt", felt, True), group(*seams).part("seam", WHITE)]


def _seam(radius: float, thick: float, steps: int) -> Solid:
    """The closed curve on a ball along which two pieces of its cover meet."""
    t = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    line = np.stack(
        [np.cos(t) + 0.45 * np.cos(3 * t), np.sin(t) - 0.45 * np.sin(3 * t), 1.35 * np.sin(2 * t)],
        1,
    )
    line *= radius / np.linalg.norm(line, axis=1, keepdims=True)
    return tube(line, thick, 4, ring=True)


def baseball_bat(rng: np.random.Generator) -> list[Part]:
    """A baseball bat upright on its barrel's end, a little aslant, with a knob, a taped grip and a ball."""
    skin = pick(rng, PINE, OAK, matte(0.84, 0.68, 0.44), WALNUT, BLACK)
    fat, lean = rng.uniform(0.033, 0.037), float(rng.uniform(-16, 16))
    bat = lathe(
        [
            (0.75 * fat, 0),
            (fat, 0.012),
            (fat, 0.22),
            (0.92 * fat, 0.34),
            (0.66 * fat, 0.48),
            (0.014, 0.62),
            (0.0128, 0.82),
            (0.0135, 0.84),
        ],
        18,
    )
    knob = lathe([(0.0135, 0.835), (0.025, 0.846), (0.025, 0.858), (0.015, 0.866), (0, 0.867)], 16)
    grip = lathe([(0.0145, 0.63), (0.0142, 0.83)], 12)
    wraps = [torus(0.0144, 0.0016, 12, 4).move(y=h) for h in np.linspace(0.64, 0.825, 11)]
    band = lathe([(fat + 0.0008, 0.235), (fat + 0.0006, 0.25), (fat - 0.0004, 0.26)], 18)
    x = float(np.sign(lean) or 1) * 0.10
    ball = ellipsoid(0.037, sides=16).move(x, 0.037, 0.03)
    parts = (
        bat.part("bat", skin, True),
        knob.part("knob", darker(skin, 0.9), True),
        group(grip, *wraps).part("grip", pick(rng, BLACK, RED, BLUE, WHITE)),
        band.part("band", pick(rng, RED, BLACK, NAVY)),
    )
    return [
        *(turn_part(part, "z", lean) for part in parts),
        ball.part("ball", matte(0.95, 0.94, 0.90)),
        _seam(0.0372, 0.0022, 26).move(x, 0.037, 0.03).part("seam", RED),
    ]


def bowling_pin(rng: np.random.Generator) -> list[Part]:
    """A bowling pin: a white flask shape with red rings around its neck; some with the ball beside it."""
    skin = pick(rng, glossy(0.95, 0.95, 0.92), glossy(0.95, 0.95, 0.92), glossy(0.92, 0.86, 0.70))
    belly = rng.uniform(0.060, 0.066)
    line = [
        (0.028, 0),
        (0.035, 0.006),
        (0.9 * belly, 0.075),
        (belly, 0.115),
        (0.88 * belly, 0.165),
        (0.030, 0.235),
        (0.0245, 0.265),
        (0.0285, 0.305),
        (0.0325, 0.340),
        (0.026, 0.370),
        (0.012, 0.3805),
        (0, 0.382),
    ]
    pin = lathe(line, 24, crease_deg=70)

    def stripe(low: float, high: float) -> tuple[float, ...]:
        radius = [
            float(np.interp(h, [p[1] for p in line], [p[0] for p in line])) for h in (low, high)
        ]
        return (*radius, low, high)

    bands = []
    for low in pick(rng, (0.232, 0.262), (0.222, 0.248)):
        r0, r1, y0, y1 = stripe(low, low + 0.016)
        bands.append(lathe([(r0 + 0.0012, y0), (r1 + 0.0012, y1)], 24))
    parts = [
        pin.part("pin", skin, True),
        group(*bands).part("stripes", pick(rng, RED, RED, BLUE)),
        cylinder(0.030, 0.006, sides=18).move(y=0.001).part("base", matte(0.75, 0.72, 0.66)),
    ]
    if rng.random() < 0.5:
        look = pick(rng, BLACK, BLUE, glossy(0.55, 0.08, 0.20), GREEN)
        at = (pick(rng, -0.135, 0.135), 0.095, 0.05)
        hole = ellipsoid(0.012, 0.012, 0.006, sides=8)
        holes = group(
            hole.move(-0.014, 0.045, 0.0835),
            hole.move(0.014, 0.045, 0.0835),
            hole.move(0, 0.015, 0.0945),
        )
        parts.append(ellipsoid(0.095, sides=22).move(*at).part("ball", look))
        parts.append(holes.move(*at).part("holes", matte(0.03, 0.03, 0.03)))
    return parts


def dumbbell(rng: np.random.Generator) -> list[Part]:
    """A dumbbell lying along x: two hexagonal heads, or stacks of discs, on a knurled chrome bar."""
    skin = pick(rng, matte(0.14, 0.14, 0.15), IRON, RED, BLUE, glossy(0.45, 0.20, 0.60))
    grip = 0.068
    bar = rod((-grip - 0.02, 0, 0), (grip + 0.02, 0, 0), 0.0155, sides=12)
    knurl = [
        torus(0.0158, 0.0016, 12, 4).turn("z", 90).move(x) for x in np.linspace(-0.052, 0.052, 11)
    ]
    if rng.random() < 0.5:
        r, long = rng.uniform(0.050, 0.060), rng.uniform(0.055, 0.075)
        head = lathe(
            [(0.80 * r, 0), (r, 0.012), (r, long - 0.012), (0.80 * r, long)], 6, crease_deg=20
        )
        ends = head.turn("y", 30).turn("z", -90).move(grip).both()
        disc = cylinder(0.62 * r, 0.004, sides=18).turn("z", 90).move(grip + long).both()
        collar = cylinder(0.024, 0.016, sides=14).turn("z", 90).move(grip - 0.004).both()
        trim = pick(rng, WHITE, YELLOW, CHROME)
    else:
        sizes = pick(rng, (0.085, 0.070, 0.055), (0.080, 0.080), (0.090, 0.065))
        wide = 0.026
        discs = [lathe([(0.9 * r, 0), (r, 0.004), (r, wide - 0.004), (0.9 * r, wide)], 24)
                 .turn("z", -90).move(grip + k * wide) for k, r in enumerate(sizes)]  # fmt: skip
        ends = group(*discs).both()
        far = grip + wide * len(sizes)
        disc = rod((far, 0, 0), (far + 0.045, 0, 0), 0.0135, sides=12).both()
        nut = cylinder(0.032, 0.020, sides=6).turn("z", 90).move(far + 0.010).both()
        collar = nut + cylinder(0.028, 0.012, sides=14).turn("z", 90).move(grip - 0.006).both()
        trim = CHROME
    return [
        ends.part("weights", skin, True),
        group(bar, *knurl).part("bar", CHROME),
        collar.part("collars", darker(CHROME, 0.75)),
        disc.part("ends", trim),
    ]
