"""Musical instruments: guitar, violin, drum, trumpet, bell.  Front +Z, upright."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    BRASS,
    CHROME,
    CREAM,
    OAK,
    RED,
    WALNUT,
    WHITE,
    darker,
    glossy,
    matte,
    metal,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    box,
    capsule,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    hull,
    lathe,
    rod,
    torus,
    tube,
)


def _waisted_outline(points: list[tuple[float, float]], steps: int = 4) -> np.ndarray:
    """A closed outline, mirrored across x = 0, from its right half bottom to top."""
    half = curve(points, steps)
    return np.concatenate([half, (half * [-1, 1])[-2:0:-1]])


def _strings(count: int, wide: float, low: float, high: float, z: float) -> Solid:
    """Straight strings side by side."""
    xs = np.linspace(-wide, wide, count)
    return group(*(rod((x, low, z), (0.7 * x, high, z), 0.009, sides=4) for x in xs))


def guitar(rng: np.random.Generator) -> list[Part]:
    """An acoustic guitar upright: waisted body, round sound hole, bridge, long neck, head with pegs."""
    low, waist, top = rng.uniform(0.36, 0.40), rng.uniform(0.22, 0.25), rng.uniform(0.27, 0.30)
    neck = rng.uniform(0.62, 0.72)
    outline = _waisted_outline([(0, 0), (0.72 * low, 0.05), (low, 0.28), (0.86 * low, 0.48), (waist, 0.62),
                        (top, 0.82), (0.66 * top, 0.97), (0, 1.0)])  # fmt: skip
    body = extrude(outline, 0.20)
    face = extrude((outline - [0, 0.5]) * 0.95 + [0, 0.5], 0.03).move(z=0.10)
    hole = cylinder(0.135, 0.03, sides=20).turn("x", 90).move(0, 0.63, 0.108)
    rosette = torus(0.15, 0.018, 20, 6).turn("x", 90).move(0, 0.63, 0.115)
    bridge = box(0.30, 0.06, 0.05, 0.01).move(0, 0.30, 0.13)
    end = 1.0 + neck
    stick = box(0.115, neck + 0.12, 0.09, 0.02).move(0, 1.0 + neck / 2 - 0.05, 0.08)
    board = box(0.115, neck + 0.22, 0.035).move(0, 1.0 + neck / 2 - 0.12, 0.135)
    head = extrude(
        [(-0.06, 0), (0.06, 0), (0.10, 0.06), (0.11, 0.26), (-0.11, 0.26), (-0.10, 0.06)], 0.06
    )
    pegs = [
        capsule((s * 0.10, end + h, 0.06), (s * 0.16, end + h, 0.06), 0.026, sides=6)
        for s in (-1, 1) for h in (0.07, 0.14, 0.21)
    ]  # fmt: skip
    wood = pick(rng, matte(0.72, 0.40, 0.16), matte(0.55, 0.24, 0.10), glossy(0.66, 0.12, 0.08))
    light = matte(0.88, 0.66, 0.36) if wood.color[0] < 0.7 else matte(0.90, 0.72, 0.45)
    return [
        body.part("body", wood, True),
        face.part("top", pick(rng, light, darker(wood, 1.15)), True),
        hole.part("sound hole", matte(0.07, 0.05, 0.04)),
        group(rosette, bridge).part("bridge", WALNUT),
        group(stick, head.move(0, end - 0.01, 0.07)).part("neck", matte(0.45, 0.26, 0.13)),
        board.part("fingerboard", matte(0.14, 0.09, 0.07)),
        group(*pegs).part("pegs", CHROME),
        _strings(4, 0.05, 0.30, end, 0.165).part("strings", CREAM),
    ]


def violin(rng: np.random.Generator) -> list[Part]:
    """A violin upright with its bow leaning beside it: C-shaped waist, f-holes, tailpiece, scroll."""
    wide, waist = rng.uniform(0.30, 0.33), rng.uniform(0.165, 0.185)
    outline = _waisted_outline([(0, 0), (0.7 * wide, 0.03), (wide, 0.20), (0.93 * wide, 0.34),
                        (waist, 0.42), (waist - 0.01, 0.56), (0.78 * wide, 0.62),
                        (0.80 * wide, 0.78), (0.5 * wide, 0.90), (0, 0.93)], 3)  # fmt: skip
    inner = (outline - [0, 0.46]) * 0.93 + [0, 0.46]
    body = group(extrude(outline, 0.13), extrude(inner, 0.19))
    curl = curve(
        [(0.06, 0.62, 0), (0.09, 0.56, 0), (0.10, 0.45, 0), (0.12, 0.34, 0), (0.155, 0.29, 0)], 2
    )
    f_hole = tube(curl, 0.018, 5).move(z=0.095)
    tail = hull(np.array([(x, y, z) for x, y in ((-0.04, 0.02), (0.04, 0.02), (0.065, 0.26), (-0.065, 0.26))
                          for z in (0.10, 0.15)]))  # fmt: skip
    bridge = box(0.17, 0.035, 0.09).move(0, 0.42, 0.13)
    chin = ellipsoid(0.11, 0.085, 0.05, sides=10).move(-0.13, 0.08, 0.10)
    board = box(0.085, 0.80, 0.05, 0.015).move(0, 1.0, 0.155)
    neck = box(0.075, 0.52, 0.10, 0.02).move(0, 1.14, 0.09)
    box_y = 1.38
    head = box(0.075, 0.18, 0.09, 0.015).move(0, box_y + 0.06, 0.085)
    scroll = cylinder(0.062, 0.09, sides=12).turn("z", 90).move(0, box_y + 0.19, 0.075)
    volute = cylinder(0.03, 0.15, sides=8).turn("z", 90).move(0, box_y + 0.19, 0.075)
    pegs = group(*(capsule((-s * 0.05, box_y + h, 0.085), (s * 0.13, box_y + h, 0.085), 0.025, 0.032, sides=6)
                   for s, h in ((1, 0.0), (-1, 0.05), (1, 0.10), (-1, 0.14))))  # fmt: skip
    stick = tube([(0.36, 0.05, 0.0), (0.355, 0.7, -0.035), (0.36, 1.36, 0.0)], 0.024, 6)
    frog, tip = (
        box(0.045, 0.11, 0.09).move(0.36, 0.12, 0.04),
        box(0.04, 0.05, 0.09).move(0.36, 1.34, 0.04),
    )
    hair = box(0.035, 1.2, 0.022).move(0.36, 0.73, 0.075)
    lean = float(rng.uniform(-9, -5))
    about = (0.36, 0, 0)
    wood = pick(rng, glossy(0.62, 0.28, 0.09), glossy(0.50, 0.19, 0.07), glossy(0.72, 0.38, 0.13))
    ebony = matte(0.08, 0.06, 0.06)
    return [
        body.part("body", wood, True),
        group(neck, head, scroll, volute).part("neck", darker(wood, 0.9), True),
        group(board, tail, chin, pegs).part("fingerboard", ebony),
        f_hole.both().part("f holes", ebony),
        bridge.part("bridge", matte(0.88, 0.72, 0.48)),
        _strings(4, 0.04, 0.22, 1.36, 0.19).part("strings", matte(0.85, 0.85, 0.82)),
        group(stick, frog, tip).turn("z", lean, about).part("bow", matte(0.42, 0.20, 0.10)),
        hair.turn("z", lean, about).part("bow hair", WHITE),
    ]


def drum(rng: np.random.Generator) -> list[Part]:
    """A marching drum: coloured shell, two hoops, zigzag cords, a white skin and two sticks on it."""
    radius, tall, zigs = rng.uniform(0.42, 0.48), rng.uniform(0.50, 0.66), int(rng.integers(7, 10))
    shell = cylinder(radius, tall, sides=28).move(y=tall / 2)
    hoop = group(*(
        lathe([(radius - 0.02, y), (radius + 0.045, y), (radius + 0.045, y + 0.085),
               (radius - 0.02, y + 0.085), (radius - 0.02, y)], 28) for y in (0.0, tall - 0.07)
    ))  # fmt: skip
    skin = cylinder(radius - 0.01, 0.03, sides=28).move(y=tall)
    a = np.arange(2 * zigs) * np.pi / zigs
    y = np.where(np.arange(2 * zigs) % 2, 0.075, tall - 0.06)
    r = radius + 0.012
    ring = np.stack([r * np.sin(a), y, r * np.cos(a)], 1)
    cords = group(
        *(rod(p, q, 0.022, sides=6) for p, q in zip(ring, np.roll(ring, -1, 0), strict=True))
    )
    stick = group(
        rod((-0.30, 0, 0), (0.46, 0, 0), 0.034, 0.022),
        ellipsoid(0.055, 0.042, 0.042, sides=8).move(0.47),
    )
    spread = rng.uniform(22, 35)
    sticks = [
        stick.turn("y", s * spread + t).move(y=tall + h)
        for s, t, h in ((1, 0, 0.055), (-1, 180, 0.10))
    ]
    look, cord = pick(rng, (RED, CREAM), (BLUE, CREAM), (matte(0.1, 0.4, 0.2), CREAM))
    return [
        shell.part("drum", look, True),
        hoop.part("hoops", pick(rng, BRASS, darker(look, 0.5), OAK)),
        skin.part("skin", matte(0.93, 0.91, 0.84)),
        cords.part("cords", cord),
        group(*sticks).part("sticks", matte(0.80, 0.60, 0.34)),
    ]


def trumpet(rng: np.random.Generator) -> list[Part]:
    """A trumpet along x: flaring bell, a loop of tube, three valves with buttons, a mouthpiece."""
    flare, tall = rng.uniform(0.20, 0.25), rng.uniform(0.22, 0.27)
    horn = lathe([
        (0, 0), (0.042, 0), (0.045, 0.55), (0.06, 0.75), (0.10, 0.88), (flare, 1.0), (flare, 1.025),
        (0.85 * flare, 1.01), (0.06, 0.85), (0, 0.80),
    ], 20).turn("z", -90).move(-0.45, 0.12)  # fmt: skip
    bend = [
        (-0.45 - 0.115 * np.sin(t), 0.005 + 0.115 * np.cos(t), 0.0)
        for t in np.linspace(0, np.pi, 9)
    ]
    bow = tube([(-0.40, 0.12, 0), *bend, (0.32, -0.11, 0)], 0.042, 8)
    lead_y = 0.005
    slide = [
        (0.32 + 0.115 * np.sin(t), lead_y + 0.115 * np.cos(t), 0.13)
        for t in np.linspace(0, np.pi, 9)
    ]
    lead = tube([(-0.78, lead_y + 0.115, 0.13), *slide, (0.0, lead_y - 0.115, 0.13)], 0.038, 8)
    cup = lathe([(0.025, 0), (0.03, 0.1), (0.055, 0.17), (0.07, 0.2), (0.045, 0.2), (0, 0.17)], 12)
    cup = cup.turn("z", 90).move(-0.74, lead_y + 0.115, 0.13)
    valves, caps = [], []
    for x in (-0.17, -0.03, 0.11):
        valves.append(cylinder(0.062, tall + 0.2, sides=12).move(x, 0.0, 0.065))
        caps.append(group(
            cylinder(0.07, 0.04, sides=12).move(x, 0.12 + tall / 2, 0.065),
            cylinder(0.07, 0.04, sides=12).move(x, -0.12 - tall / 2, 0.065),
            cylinder(0.028, 0.12, sides=8).move(x, 0.18 + tall / 2, 0.065),
            cylinder(0.052, 0.03, sides=10).move(x, 0.24 + tall / 2, 0.065),
        ))  # fmt: skip
    look = pick(rng, BRASS, metal(0.88, 0.70, 0.28), CHROME)
    trim = CHROME if look is not CHROME else BRASS
    return [
        horn.part("bell", look, True),
        group(bow, lead).part("tube", look, True),
        group(*valves).part("valves", look, True),
        group(*caps, cup).part("buttons", trim),
    ]


def bell(rng: np.random.Generator) -> list[Part]:
    """A hand bell: a flaring metal bell with a rim, its clapper below and a turned wooden handle."""
    wide, tall = rng.uniform(0.40, 0.46), rng.uniform(0.55, 0.66)
    outside = [(wide, 0.0), (0.98 * wide, 0.06), (0.74 * wide, 0.2 * tall), (0.62 * wide, 0.55 * tall),
               (0.50 * wide, 0.85 * tall), (0.22 * wide, tall)]  # fmt: skip
    inside = [(0.45 * wide, 0.75 * tall), (0.60 * wide, 0.2 * tall), (0.88 * wide, 0.0)]
    shell = lathe([(0, 0.8 * tall), *inside, *outside, (0, tall)], 26, crease_deg=50)
    bands = group(
        torus(0.97 * wide, 0.028, 26, 6).move(y=0.05),
        torus(0.69 * wide, 0.02, 22, 6).move(y=0.32 * tall),
    )
    clapper = group(
        rod((0, 0.8 * tall, 0), (0, 0, 0), 0.03), ellipsoid(0.10, sides=10).move(y=-0.03)
    )
    handle = lathe([(0.06, 0), (0.09, 0.03), (0.055, 0.08), (0.085, 0.22), (0.07, 0.34), (0.10, 0.40),
                    (0.07, 0.47), (0, 0.49)], 14, crease_deg=70).move(y=tall - 0.01)  # fmt: skip
    look = pick(rng, BRASS, metal(0.88, 0.70, 0.28), metal(0.80, 0.58, 0.30))
    return [
        group(shell, bands).part("bell", look, True),
        clapper.part("clapper", metal(0.35, 0.33, 0.32)),
        handle.part("handle", pick(rng, WALNUT, BLACK, matte(0.45, 0.20, 0.12))),
    ]
