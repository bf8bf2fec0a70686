"""Small creatures: snail, butterfly, bee, ladybug, spider, crab.  Front +Z."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sds3d.library.kit.looks import BLACK, RED, WHITE, darker, glossy, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    capsule,
    curve,
    ellipsoid,
    extrude,
    group,
    lathe,
    loft,
    tube,
)
from sds3d.library.things.beasts import EYE, Skin, blob, blob_at


def snail(rng: np.random.Generator) -> list[Part]:
    """A snail: a spiral shell upright on a long soft foot, two eye stalks and two feelers."""
    flesh = matte(0.80, 0.68, 0.48)
    shell = pick(rng, matte(0.62, 0.36, 0.16), matte(0.80, 0.50, 0.20), matte(0.66, 0.30, 0.28))
    turns, wide, spread = rng.uniform(2.3, 2.7), rng.uniform(0.19, 0.22), rng.uniform(0.09, 0.14)
    foot = Skin([
        (0.06, -0.62, 0.02, 0.02), (0.08, -0.48, 0.06, 0.08), (0.11, -0.15, 0.11, 0.15),
        (0.11, 0.16, 0.11, 0.15), (0.16, 0.38, 0.12, 0.13), (0.34, 0.53, 0.12, 0.12),
        (0.45, 0.62, 0.10, 0.10), (0.49, 0.69, 0, 0),
    ])  # fmt: skip
    # the whorl's middle is up and behind; it opens at the front of the foot
    a = np.linspace(0, 2 * np.pi * turns, int(15 * turns))
    grow = 0.10 + 0.90 * (a / a[-1]) ** 1.15
    angle = a - a[-1] - np.pi / 2
    rise = 0.30 * grow
    whorl = np.column_stack(
        [0.05 * (1 - grow), 0.50 + rise * np.sin(angle), -0.06 - rise * np.cos(angle)]
    )
    coil = tube(whorl, list(wide * grow), 12)
    hub = blob(0, 0.50, -0.06, 0.17, 0.13, 0.13, 12)
    line = whorl + np.column_stack([0.97 * wide * grow, 0 * a, 0 * a])
    stripe = tube(line[8:], list(0.055 * grow[8:] + 0.004), 6)
    mark = np.column_stack([-line[:, 0] + 2 * whorl[:, 0], line[:, 1:]])
    other = tube(mark[8:], list(0.055 * grow[8:] + 0.004), 6)
    tip = np.array([0.07 + spread, 0.84, 0.74])
    stalk = capsule((0.055, 0.46, 0.61), tip, 0.045, 0.032, 8)
    feeler = capsule((0.05, 0.38, 0.68), (0.08, 0.33, 0.80), 0.034, 0.026, 8)
    return [
        group(coil, hub).part("shell", shell, True),
        group(stripe, other).part("stripes", darker(shell, 0.55)),
        foot.solid().part("body", flesh),
        group(stalk, feeler).both().part("feelers", darker(flesh, 0.92)),
        ellipsoid(0.058, sides=10).move(*tip).both().part("eyes", WHITE),
        ellipsoid(0.034, sides=8)
        .move(*(tip + np.array([0, 0.005, 0.038])))
        .both()
        .part("pupils", EYE),
    ]


def _wing(outline: list[tuple[float, float]], shrink: float, thick: float) -> Solid:
    """A wing lying flat from an outline of (x, z) points, shrunk about its middle."""
    line = curve(outline, 3, ring=True)
    middle = line.mean(0)
    line = middle + shrink * (line - middle)
    return extrude(line * (1, -1), thick).turn("x", -90)


def butterfly(rng: np.random.Generator) -> list[Part]:
    """A butterfly: four broad flat wings with dark borders and spots, thin body, clubbed feelers."""
    color = pick(rng, matte(0.95, 0.50, 0.08), matte(0.20, 0.48, 0.88), matte(0.95, 0.80, 0.20))
    lift, big = rng.uniform(18, 32), rng.uniform(0.92, 1.08)
    front = [(0.03, 0.14), (0.30, 0.46), (0.62, 0.62), (0.76, 0.52), (0.68, 0.20), (0.46, -0.02),
             (0.03, 0.0)]  # fmt: skip
    rear = [(0.03, 0.04), (0.40, 0.02), (0.58, -0.14), (0.52, -0.42), (0.34, -0.58), (0.18, -0.40),
            (0.03, -0.12)]  # fmt: skip
    border = group(_wing(front, 1.0, 0.05), _wing(rear, 1.0, 0.05))
    inside = group(_wing(front, 0.80, 0.075), _wing(rear, 0.78, 0.075))
    spot = ellipsoid(0.036, 0.05, 0.036, sides=8)
    rim = [(0.69, 0.50), (0.665, 0.36), (0.60, 0.20), (0.55, -0.16), (0.515, -0.31), (0.43, -0.46)]
    dots = group(*(spot.scale(0.85, 0.9, 0.85).move(x, 0, z) for x, z in rim))
    eye = group(
        ellipsoid(0.075, 0.048, 0.075, sides=10).move(0.48, 0, 0.34),
        ellipsoid(0.062, 0.048, 0.062, sides=10).move(0.36, 0, -0.24),
    )

    def pose(solid: Solid) -> Solid:
        return solid.scale(big, 1, 1).turn("z", lift).both().turn("x", -62)

    body = group(
        capsule((0, 0.0, 0.02), (0, -0.02, -0.40), 0.062, 0.035),
        ellipsoid(0.08, 0.085, 0.14, sides=12).move(z=0.10),
        ellipsoid(0.085, sides=12).move(0, 0.01, 0.26),
    )
    feeler = group(
        tube(curve([(0.035, 0.05, 0.32), (0.10, 0.14, 0.46), (0.22, 0.20, 0.58)], 3), 0.021, 6),
        ellipsoid(0.042, sides=8).move(0.22, 0.20, 0.58),
    )
    look = ellipsoid(0.034, sides=8).move(0.06, 0.03, 0.315)
    return [
        pose(inside).part("wings", color, True),
        pose(border).part("wing borders", BLACK),
        pose(dots).part("spots", WHITE),
        pose(eye).part("wing spots", darker(color, 0.55)),
        body.turn("x", -62).part("body", matte(0.16, 0.12, 0.10)),
        feeler.both().turn("x", -62).part("feelers", BLACK),
        look.both().turn("x", -62).part("eyes", WHITE),
    ]


def _legs(places: list[tuple[Sequence[float], ...]], thick: float, tip: float) -> Solid:
    """Jointed legs on both sides, each from its points on the right one."""
    rows = []
    for points in places:
        radii = [*np.linspace(thick, 0.75 * thick, len(points) - 1), tip]
        rows.append(tube([tuple(p) for p in points], radii, 6))
        rows += [
            blob_at(p, 1.15 * r, 1.15 * r, 1.15 * r, 6)
            for p, r in zip(points[1:-1], radii[1:-1], strict=True)
        ]
    return group(*rows).both()


def bee(rng: np.random.Generator) -> list[Part]:
    """A bumblebee: a round striped body with a sting, a woolly collar, two pairs of pale wings, six legs."""
    gold, black = (
        pick(rng, matte(0.95, 0.72, 0.10), matte(0.92, 0.64, 0.08)),
        matte(0.09, 0.08, 0.07),
    )
    fat = rng.uniform(0.92, 1.08)
    abdomen = Skin(
        [
            (0.30, -0.66, 0, 0),
            (0.31, -0.60, 0.09, 0.09),
            (0.34, -0.44, 0.205, 0.215 * fat),
            (0.37, -0.20, 0.255, 0.265 * fat),
            (0.40, 0.04, 0.205, 0.215 * fat),
            (0.41, 0.16, 0.10, 0.10),
            (0.41, 0.20, 0, 0),
        ]
    )
    bands = group(
        abdomen.band(0.26, 0.36, 0.035),
        abdomen.band(0.48, 0.60, 0.035),
        abdomen.band(0.72, 0.82, 0.035),
    )
    thorax = blob(0, 0.42, 0.22, 0.205, 0.20, 0.19, 14)
    wool = blob(0, 0.44, 0.20, 0.215, 0.205, 0.10, 14)
    y, z, r = 0.42, 0.46, 0.165
    head = blob(0, y, z, 1.05 * r, r, 0.9 * r, 14)
    sting = tube([(0, 0.30, -0.62), (0, 0.285, -0.78)], [0.035, 0.004], 8)
    feeler = tube(
        curve(
            [(0.055, y + 0.13, z + 0.04), (0.09, y + 0.26, z + 0.10), (0.13, y + 0.27, z + 0.22)], 3
        ),
        0.016,
        5,
    )
    tips = blob(0.13, y + 0.27, z + 0.23, 0.030, 0.030, 0.030, 8)
    up, back = rng.uniform(18, 38), rng.uniform(18, 34)
    fore = extrude(
        curve(
            [
                (0, -0.05),
                (0.22, -0.16),
                (0.52, -0.14),
                (0.66, 0.0),
                (0.52, 0.12),
                (0.22, 0.10),
                (0, 0.05),
            ],
            3,
            ring=True,
        ),
        0.022,
    )
    rear = extrude(
        curve(
            [(0, -0.04), (0.18, -0.11), (0.36, -0.09), (0.44, 0.0), (0.34, 0.07), (0.16, 0.06)],
            3,
            ring=True,
        ),
        0.022,
    )

    def spread(solid: Solid, more: float, at: float) -> Solid:
        return solid.turn("x", -90).turn("y", back + more).turn("z", up).move(0.10, 0.58, at)

    wings = group(spread(fore, 0, 0.22), spread(rear, 26, 0.12))
    limbs = _legs(
        [
            ((0.13, 0.28, c), (0.27, 0.22, c + d), (0.31, 0.06, c + 1.5 * d))
            for c, d in ((0.32, 0.07), (0.20, 0.0), (0.06, -0.08))
        ],
        0.026,
        0.012,
    )
    smile = tube(
        [(-0.05, y - 0.075, z + 0.135), (0, y - 0.095, z + 0.142), (0.05, y - 0.075, z + 0.135)],
        0.010,
        5,
    )
    return [
        group(abdomen.solid(), wool).part("body", gold, True),
        bands.part("stripes", black),
        thorax.part("thorax", darker(gold, 0.85), True),
        group(head, sting).part("head", black),
        wings.both().part("wings", matte(0.86, 0.91, 0.96)),
        limbs.part("legs", black),
        group(feeler, tips).both().part("feelers", black),
        blob(0.105, y + 0.035, z + 0.095, 0.055, 0.068, 0.052, 10).both().part("eyes", WHITE),
        blob(0.118, y + 0.035, z + 0.140, 0.027, 0.034, 0.022, 8).both().part("pupils", EYE),
        smile.part("mouth", WHITE),
    ]


def ladybug(rng: np.random.Generator) -> list[Part]:
    """A ladybird: a domed red wing case with black spots, a black head with white cheeks, six legs."""
    shell = pick(rng, RED, RED, RED, glossy(0.88, 0.30, 0.06), glossy(0.90, 0.66, 0.10))
    black = matte(0.07, 0.07, 0.08)
    x, y, z = 0.42, rng.uniform(0.33, 0.38), rng.uniform(0.48, 0.54)
    dome = lathe(
        [(1.0, 0.0), (0.97, 0.25), (0.85, 0.53), (0.62, 0.785), (0.33, 0.945), (0, 1.0)],
        30,
        crease_deg=80,
    )
    dome = dome.scale(x, y, z).move(y=0.11)
    belly = blob(0, 0.12, 0, 0.90 * x, 0.075, 0.92 * z, 18)
    e = np.radians(np.linspace(18, 178, 12))
    seam = tube([(0, 0.115 + y * np.sin(k), z * np.cos(k)) for k in e], 0.016, 5)
    count = pick(rng, 3, 4)
    spots = []
    for aside, up in [(38, 56), (105, 52), (62, 20), (135, 20)][:count]:
        a, b = np.radians([aside, up])
        place = np.array([x * np.sin(a) * np.cos(b), y * np.sin(b), z * np.cos(a) * np.cos(b)])
        spots.append(
            blob(0, 0, 0, 0.092, 0.092, 0.092, 10)
            .scale(1, 0.95, 1)
            .move(*(place * 0.90))
            .move(y=0.11)
        )
    front_spot = blob(0, 0.11 + 0.62 * y, 0.66 * z, 0.09, 0.075, 0.09, 10)
    neck = blob(0, 0.20, 0.86 * z, 0.265, 0.165, 0.145, 14)
    head = blob(0, 0.185, z + 0.075, 0.165, 0.125, 0.115, 12)
    cheeks = blob(0.175, 0.265, 0.86 * z + 0.055, 0.070, 0.055, 0.055, 8).both()
    feeler = tube(
        curve([(0.07, 0.27, z + 0.13), (0.12, 0.36, z + 0.21), (0.20, 0.38, z + 0.24)], 3), 0.014, 5
    )
    limbs = _legs(
        [
            ((0.30 * x / 0.42, 0.11, c), (x + 0.09, 0.15, c + d), (x + 0.17, 0.0, c + 1.6 * d))
            for c, d in ((0.30, 0.08), (0.05, 0.0), (-0.22, -0.09))
        ],
        0.030,
        0.014,
    )
    return [
        dome.part("wings", shell, True),
        group(*spots).both().part("spots", black),
        group(front_spot, seam, belly, neck, head).part("body", black),
        cheeks.part("cheeks", WHITE),
        blob(0.085, 0.225, z + 0.155, 0.040, 0.042, 0.032, 8).both().part("eyes", WHITE),
        blob(0.090, 0.225, z + 0.180, 0.020, 0.022, 0.014, 6).both().part("pupils", EYE),
        limbs.part("legs", black),
        feeler.both().part("feelers", black),
    ]


def spider(rng: np.random.Generator) -> list[Part]:
    """A spider: a round abdomen with a mark, a smaller front with eyes and fangs, eight arched legs."""
    hide = pick(rng, matte(0.19, 0.17, 0.17), matte(0.36, 0.22, 0.14), matte(0.26, 0.25, 0.27))
    mark = pick(rng, RED, matte(0.90, 0.76, 0.40), matte(0.86, 0.82, 0.74))
    high, fat = rng.uniform(0.30, 0.38), rng.uniform(0.28, 0.33)
    back = blob(0, high + 0.06, -0.36, fat, 0.88 * fat, 1.15 * fat, 18)
    fore = blob(0, high, 0.08, 0.185, 0.135, 0.215, 14)
    waist = capsule((0, high, -0.10), (0, high + 0.02, -0.02), 0.06)
    reach, knee = rng.uniform(0.72, 0.86), rng.uniform(0.32, 0.42)
    places = []
    for deg, far in ((28, 1.0), (64, 0.92), (108, 0.92), (148, 1.08)):
        s, c = np.sin(np.radians(deg)), np.cos(np.radians(deg))

        def spot(out: float, up: float, s: float = s, c: float = c) -> tuple[float, float, float]:
            return (out * s + 0.10, up, out * c + 0.08)

        k = reach * far
        places.append(
            (
                spot(0.06, high),
                spot(0.38 * k, high + knee),
                spot(0.76 * k, 0.60 * high + 0.10),
                spot(k, 0.0),
            )
        )
    limbs = _legs(places, 0.046, 0.012)
    eyes_ = [
        blob(sx, high + h, 0.08 + d, r, r, 0.8 * r, 6)
        for sx, h, d, r in (
            (0.045, 0.055, 0.200, 0.036),
            (0.105, 0.075, 0.165, 0.028),
            (0.135, 0.035, 0.150, 0.022),
            (0.05, 0.115, 0.135, 0.022),
        )
    ]
    shine = blob(0.050, high + 0.065, 0.310, 0.013, 0.013, 0.010, 6)
    fang = tube(curve([(0.055, high - 0.03, 0.25), (0.065, high - 0.09, 0.30), (0.045, high - 0.17, 0.28)], 2),
                [0.042, 0.040, 0.030, 0.020, 0.004], 7)  # fmt: skip
    feeler = tube(
        curve([(0.11, high - 0.02, 0.24), (0.16, high + 0.02, 0.36), (0.15, high - 0.10, 0.43)], 2),
        0.026,
        6,
    )
    style = pick(rng, "hourglass", "bars", "dots")
    y, top = high + 0.06, 0.88 * fat
    if style == "hourglass":
        up = blob(0, y + 0.90 * top, -0.30, 0.095, 0.05, 0.085, 10)
        signs = group(up, up.move(z=-0.15, y=-0.01))
    elif style == "bars":
        signs = group(
            *(
                tube(
                    [(-w, y + h, d), (0, y + h + 0.045, d - 0.02), (w, y + h, d)],
                    [0.008, 0.030, 0.008],
                    6,
                )
                for w, h, d in (
                    (0.17, 0.82 * top, -0.22),
                    (0.20, 0.86 * top, -0.36),
                    (0.17, 0.76 * top, -0.50),
                )
            )
        )
    else:
        signs = group(
            *(
                blob(sx * fat, y + 0.80 * top, d, 0.045, 0.035, 0.045, 8)
                for sx, d in ((-0.42, -0.26), (0.42, -0.26), (-0.40, -0.44), (0.40, -0.44))
            ),
            blob(0, y + 0.93 * top, -0.36, 0.05, 0.04, 0.05, 8),
        )
    return [
        group(back, waist).part("body", hide, True),
        fore.part("head", darker(hide, 0.85), True),
        limbs.part("legs", hide, True),
        signs.part("mark", mark),
        group(*eyes_).both().part("eyes", glossy(0.55, 0.04, 0.05)),
        shine.both().part("shine", WHITE),
        group(fang, feeler).both().part("fangs", darker(hide, 0.6)),
    ]


def crab(rng: np.random.Generator) -> list[Part]:
    """A crab: a wide flat shell, two raised claws in front, eyes on stalks, four legs on each side."""
    shell = pick(
        rng,
        matte(0.84, 0.26, 0.12),
        matte(0.80, 0.40, 0.16),
        matte(0.72, 0.18, 0.14),
        matte(0.32, 0.46, 0.58),
    )
    pale = matte(0.95, 0.84, 0.66)
    x, z, high = rng.uniform(0.46, 0.52), rng.uniform(0.33, 0.37), 0.32
    a = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    wide = 1 + 0.10 * np.clip(np.cos(a), -1, 1)

    def ring(k: float, y: float) -> np.ndarray:
        return np.stack([k * x * np.sin(a) * wide, np.full(len(a), y), k * z * np.cos(a)], 1)

    back = loft(
        np.array(
            [
                ring(0.55, high - 0.13),
                ring(0.88, high - 0.09),
                ring(1.0, high),
                ring(0.94, high + 0.075),
                ring(0.74, high + 0.15),
                ring(0.42, high + 0.195),
                ring(0.0, high + 0.205),
            ]
        ),
        crease_deg=70,
    )
    belly = loft(
        np.array([ring(0.40, high - 0.16), ring(0.72, high - 0.12), ring(0.80, high - 0.08)]),
        crease_deg=70,
    )
    dots = [
        blob(sx * x, high + h, d * z, 0.030, 0.018, 0.030, 6)
        for sx, h, d in (
            (0.30, 0.185, 0.10),
            (0.52, 0.130, -0.25),
            (0.22, 0.185, -0.42),
            (0.62, 0.110, 0.20),
        )
    ]
    places = []
    for deg, far in ((72, 1.0), (95, 1.05), (118, 1.0), (142, 0.9)):
        s, c = np.sin(np.radians(deg)), np.cos(np.radians(deg))
        k = 0.48 * far
        places.append(
            (
                (0.80 * x * s, high - 0.06, 0.85 * z * c),
                ((x + 0.45 * k) * s, high + 0.10, (z + 0.5 * k) * c),
                ((x + 0.95 * k) * s, high - 0.12, (z + 1.0 * k) * c),
                ((x + 1.02 * k) * s, 0.0, (z + 1.15 * k) * c),
            )
        )
    limbs = _legs(places, 0.052, 0.012)
    lift = rng.uniform(0.02, 0.20)
    elbow, wrist = (x + 0.12, high + 0.02, z + 0.05), (x + 0.02, high + 0.10 + lift, z + 0.26)
    arm = group(
        capsule((0.72 * x, high - 0.04, 0.62 * z), elbow, 0.070, 0.075),
        capsule(elbow, wrist, 0.070, 0.062),
    )
    palm = blob(0, 0.115, 0, 0.115, 0.155, 0.080, 12)
    thumb = tube(
        curve([(-0.055, 0.20, 0), (-0.105, 0.31, 0), (-0.045, 0.43, 0)], 3),
        [0.070, 0.068, 0.062, 0.052, 0.040, 0.026, 0.006],
        8,
        flat=0.8,
    )
    finger = tube(
        curve([(0.060, 0.19, 0), (0.135, 0.32, 0), (0.045, 0.46, 0)], 3),
        [0.080, 0.076, 0.068, 0.056, 0.042, 0.026, 0.006],
        8,
        flat=0.8,
    )
    bigger = pick(rng, 1.0, 1.22)
    claw = group(palm, thumb, finger).turn("z", 16)

    def hand(size: float) -> Solid:
        return claw.scale(size).turn("x", 24).move(*wrist)

    hands = group(hand(1.0), hand(bigger).mirror("x"))
    stalk = capsule((0.12, high + 0.06, 0.92 * z), (0.13, high + 0.22, z + 0.02), 0.034, 0.030, 8)
    smile = tube(
        curve(
            [
                (-0.10, high - 0.015, 1.035 * z),
                (0, high - 0.045, 1.075 * z),
                (0.10, high - 0.015, 1.035 * z),
            ],
            3,
        ),
        0.014,
        5,
    )
    return [
        back.part("shell", shell, True),
        limbs.part("legs", darker(shell, 0.9), True),
        group(arm.both(), hands).part("claws", shell, True),
        belly.part("belly", pale),
        group(*dots).both().part("spots", darker(shell, 0.7)),
        stalk.both().part("stalks", darker(shell, 0.85), True),
        blob(0.13, high + 0.245, z + 0.025, 0.060, 0.062, 0.058, 10).both().part("eyes", WHITE),
        blob(0.132, high + 0.250, z + 0.068, 0.032, 0.034, 0.024, 8).both().part("pupils", EYE),
        smile.part("mouth", darker(shell, 0.45)),
    ]
