"""More clothes and accessories: helmet, cowboy hat, baseball cap, sneaker, handbag.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    BRASS,
    GREEN,
    NAVY,
    ORANGE,
    RED,
    STEEL,
    WHITE,
    YELLOW,
    darker,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Look, Part
from sds3d.library.kit.shapes import (
    Solid,
    box,
    capsule,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    loft,
    rod,
    torus,
    tube,
)


def _shell(
    aside: tuple[float, float],
    up: tuple[float, float],
    out: float,
    thick: float,
    size: tuple[float, float, float],
    columns: int = 13,
    rows: int = 6,
) -> Solid:
    """A curved plate on an ellipsoid: its range of angles from the front and above the equator, in degrees."""
    a = np.radians(np.linspace(*aside, columns))
    sections = []
    for e in np.radians(np.linspace(*up, rows)):
        arc_ = np.stack(
            [np.sin(a) * np.cos(e), np.full(columns, np.sin(e)), np.cos(a) * np.cos(e)], 1
        )
        sections.append(np.concatenate([out * arc_, (out - thick) * arc_[::-1]]) * size)
    return loft(np.array(sections), crease_deg=50)


def helmet(rng: np.random.Generator) -> list[Part]:
    """A motorcycle helmet: a round shell with a chin bar, a dark visor across the face, vents, a stripe."""
    paint = pick(rng, RED, WHITE, matte(0.12, 0.12, 0.13), BLUE, ORANGE)
    size = (rng.uniform(0.425, 0.455), 0.47, rng.uniform(0.50, 0.54))
    dome = _shell((-180, 180), (24, 89), 1.0, 0.16, size, 25, 7)
    back = _shell((64, 296), (-44, 28), 1.0, 0.16, size, 18, 7)
    chin = _shell((-70, 70), (-46, -17), 1.06, 0.16, size, 15, 5)
    jaw = _shell((58, 84), (-46, -17), 1.03, 0.16, size, 4, 4)
    brow = _shell((-66, 66), (21, 30), 1.04, 0.10, size, 15, 3)
    visor = _shell((-76, 76), (-19, 25), 1.035, 0.08, size, 17, 6)
    pivot = cylinder(0.065, 0.06, sides=14).turn("z", 90).move(0.435, 0.05, 0.06).both()
    edge = torus(0.72, 0.05, 28, 6).scale(size[0], 0.5, size[2]).move(y=-0.328)
    lining = ellipsoid(0.365, 0.40, 0.43, sides=16).move(y=0.01)
    grilles = group(
        *(
            box(0.16, 0.022, 0.03, 0.005).move(0, h, 0.478 - 0.012 * k)
            for k, h in enumerate((-0.235, -0.275))
        )
    )
    vents = capsule((0.13, 0.385, 0.26), (0.13, 0.435, 0.12), 0.028, sides=8).both()
    spoiler = _shell((150, 210), (16, 24), 1.09, 0.12, size, 7, 3)
    parts = [
        group(dome, back, jaw, jaw.mirror("x"), chin, brow).part("shell", paint, True),
        visor.part("visor", Look((0.10, 0.12, 0.16), 0.0, 0.08)),
        lining.part("lining", matte(0.16, 0.16, 0.17)),
        group(pivot, edge, grilles, vents, spoiler).part("trim", matte(0.08, 0.08, 0.09)),
    ]
    accent = pick(rng, WHITE, YELLOW, RED) if paint is not WHITE else pick(rng, RED, BLUE, BLACK)
    style = pick(rng, "stripe", "sides", "plain")
    if style == "stripe":
        bow = [_shell((-5 + k, 5 + k), (30, 88), 1.012, 0.03, size, 3, 8) for k in (-13, 13)]
        tail = [_shell((175 + k, 185 + k), (-44, 88), 1.012, 0.03, size, 3, 14) for k in (-13, 13)]
        parts.append(group(*bow, *tail).part("stripes", accent))
    elif style == "sides":
        flash = _shell((95, 160), (6, 16), 1.012, 0.03, size, 8, 2)
        flash += _shell((88, 140), (-12, 0), 1.012, 0.03, size, 8, 2)
        parts.append(flash.both().part("stripes", accent))
    return parts


def _felt(rng: np.random.Generator) -> Look:
    return pick(
        rng,
        matte(0.48, 0.30, 0.16),
        matte(0.72, 0.56, 0.36),
        matte(0.13, 0.11, 0.10),
        matte(0.88, 0.83, 0.72),
    )


def cowboy_hat(rng: np.random.Generator) -> list[Part]:
    """A cowboy hat: a tall creased crown, a wide brim rolled up at the sides, a band with a buckle."""
    look = _felt(rng)
    tall, reach, roll = rng.uniform(0.40, 0.48), rng.uniform(0.33, 0.40), rng.uniform(0.17, 0.27)
    a = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    s, c = np.sin(a), np.cos(a)

    def ring(x: float, z: float, y: np.ndarray | float, pinch: float = 0.0) -> np.ndarray:
        narrow = 1 - pinch * np.clip(c, 0, 1) ** 2
        return np.stack([x * s * narrow, y + 0 * a, z * c], 1)

    crease = 0.5 + 0.5 * np.abs(s)
    crown = loft(np.array([
        ring(0.29, 0.36, 0.0), ring(0.275, 0.345, 0.10), ring(0.255, 0.325, 0.55 * tall, 0.10),
        ring(0.235, 0.30, tall - 0.075, 0.25), ring(0.205, 0.27, tall - 0.01 - 0.02 * c, 0.34),
        ring(0.165, 0.235, tall - 0.012 - 0.02 * c, 0.38),
        ring(0.10, 0.18, tall - 0.10 + 0.02 * crease, 0.3), ring(0.02, 0.12, tall - 0.13, 0.3),
    ]), crease_deg=60)  # fmt: skip
    rows = []
    for t, lift in ((0.0, 0.0), (0.3, 0.02), (0.65, 0.25), (0.9, 0.75), (1.0, 1.0)):
        y = roll * lift * np.abs(s) ** 2.2 - 0.09 * t**2 * np.abs(c) ** 3
        inward = 0.10 * roll * lift * np.abs(s) ** 2
        rows.append(
            np.stack([(0.28 + reach * t - inward * t) * s, y, (0.35 + 0.85 * reach * t) * c], 1)
        )
    thick = np.array([0, 0.03, 0])
    brim = loft(
        np.array([*(r - thick for r in rows), *(r + thick * 0.4 for r in rows[::-1])]),
        ring=True,
        crease_deg=60,
    )
    edge = tube(rows[-1], 0.024, 6, ring=True)
    floor = loft(np.array([ring(0.285, 0.355, -0.02), ring(0.285, 0.355, 0.01)]))
    band = loft(np.array([ring(0.295, 0.366, 0.005), ring(0.285, 0.355, 0.085), ring(0.26, 0.33, 0.085),
                          ring(0.26, 0.33, 0.005)]), ring=True)  # fmt: skip
    buckle = box(0.03, 0.075, 0.085, 0.012).move(0.285, 0.046, 0.03)
    star = [((0.055 if k % 2 == 0 else 0.024) * np.sin(t), (0.055 if k % 2 == 0 else 0.024) * np.cos(t))
            for k, t in enumerate(np.arange(10) * np.pi / 5)]  # fmt: skip
    badge = extrude(star, 0.03).move(0, 0.05, 0.365)
    return [
        group(crown, brim, floor).part("hat", look, True),
        edge.part("edge", darker(look, 0.8), True),
        band.part(
            "band",
            pick(rng, matte(0.30, 0.16, 0.09), matte(0.08, 0.07, 0.07), matte(0.55, 0.16, 0.12)),
        ),
        pick(rng, buckle, badge).part("buckle", pick(rng, STEEL, BRASS)),
    ]


def baseball_cap(rng: np.random.Generator) -> list[Part]:
    """A baseball cap: a domed crown of six panels with a button, a curved peak in front, a badge."""
    look = pick(rng, NAVY, RED, BLACK, GREEN, matte(0.75, 0.70, 0.60), BLUE)
    cloth = Look(look.color, 0.0, 0.85)
    size = (0.40, rng.uniform(0.40, 0.44), 0.46)
    dome = _shell((-180, 180), (-4, 89), 1.0, 0.08, size, 29, 9)
    hollow = ellipsoid(0.355, 0.34, 0.41, sides=14).move(y=0.01)
    v = hollow.vertices.copy()
    v[:, 1] = np.maximum(v[:, 1], -0.02)
    e = np.radians(np.linspace(-3, 86, 8))
    seam = tube([(0, size[1] * 1.0 * np.sin(x), 0.46 * np.cos(x)) for x in e], 0.009, 5)
    seams = group(
        *(
            Solid(
                seam.turn("y", k).vertices * [size[0] / 0.46, 1, 1],
                seam.faces,
                seam.turn("y", k).normals,
            )
            for k in range(0, 360, 60)
        )
    )
    button = ellipsoid(0.04, 0.024, 0.04, sides=10).move(y=size[1] + 0.004)
    t = np.linspace(0, 1, 5)
    long, bow = rng.uniform(0.36, 0.42), rng.uniform(0.07, 0.14)
    sections = []
    for u in np.linspace(-0.985, 0.985, 17):
        inner = 0.44 * np.sqrt(1 - (0.94 * u) ** 2)
        z = inner + long * t * (1 - np.abs(u) ** 3.2)
        top = np.stack([0.38 * u * (1 - 0.06 * t), 0.012 - bow * u**2 - 0.07 * t, z], 1)
        sections.append(np.concatenate([top, (top - [0, 0.028, 0])[::-1]]))
    peak = loft(np.array(sections), crease_deg=50)
    badge = _shell((-17, 17), (17, 46), 1.02, 0.04, size, 7, 5)
    mark = pick(
        rng,
        _shell((-9, 9), (23, 40), 1.045, 0.04, size, 5, 4),
        _shell((-4, 4), (21, 42), 1.045, 0.04, size, 3, 4),
    )
    strap = _shell((160, 200), (-3, 6), 1.03, 0.05, size, 7, 2)
    peak_look = pick(rng, cloth, cloth, Look(RED.color, 0.0, 0.85), Look(WHITE.color, 0.0, 0.85))
    return [
        dome.part("cap", cloth, True),
        Solid(v, hollow.faces, hollow.normals).part("lining", darker(cloth, 0.5)),
        peak.move(y=0.01).part("peak", peak_look, peak_look is cloth),
        seams.part("seams", darker(cloth, 0.75)),
        button.part("button", peak_look, peak_look is cloth),
        badge.part("badge", pick(rng, WHITE, YELLOW)),
        mark.part("emblem", cloth),
        strap.part("strap", darker(cloth, 0.7)),
    ]


def sneaker(rng: np.random.Generator) -> list[Part]:
    """A running shoe, toe to the front: a thick light sole, laces over a tongue, a stripe on each side."""
    skin = pick(rng, RED, WHITE, BLUE, matte(0.16, 0.16, 0.17), GREEN)
    upper = Look(skin.color, 0.0, 0.6)
    accent = pick(rng, WHITE, YELLOW, ORANGE) if skin is not WHITE else pick(rng, RED, NAVY, GREEN)
    long, ankle = rng.uniform(0.78, 0.84), rng.uniform(0.34, 0.40)
    a = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    heel, toe = -0.36, long - 0.36
    plan = curve(
        [
            (0, heel),
            (0.12, heel + 0.05),
            (0.135, -0.10),
            (0.125, 0.08),
            (0.155, 0.26),
            (0.11, toe - 0.07),
            (0, toe),
            (-0.125, toe - 0.09),
            (-0.155, 0.24),
            (-0.115, 0.06),
            (-0.13, -0.12),
            (-0.12, heel + 0.05),
        ],
        3,
        ring=True,
    )

    def level(y: float, grow: float, spring: float = 0.03) -> np.ndarray:
        center = np.array([0, (heel + toe) / 2])
        flat = (plan - center) * [1 + grow, 1 + 0.35 * grow] + center
        rise = spring * np.clip((flat[:, 1] - 0.16) / (toe - 0.16), 0, 1) ** 2
        return np.stack([flat[:, 0], y + rise, flat[:, 1]], 1)

    mid = loft(
        np.array([level(0.015, 0.04), level(0.05, 0.10), level(0.095, 0.06), level(0.11, -0.02)])
    )
    tread = loft(np.array([level(0.0, -0.02), level(0.03, 0.06)]))

    def section(z: float, low: float, high: float, half: float, open_: float) -> np.ndarray:
        """A cross section of the upper, an arch that is `open_` wide at its top."""
        x = half * np.sign(np.cos(a)) * np.abs(np.cos(a)) ** 0.8
        y = (low + high) / 2 + (high - low) / 2 * np.sin(a)
        up = np.clip((y - low) / (high - low), 0, 1)
        return np.stack([x * (1 - (1 - open_) * up**1.5), y, z + 0 * a], 1)

    lows = [(heel + 0.005, 0.10, 0.30, 0.045, 0.9), (heel + 0.03, 0.09, ankle, 0.095, 0.75),
            (heel + 0.11, 0.08, ankle - 0.01, 0.125, 0.72), (-0.14, 0.08, ankle - 0.05, 0.13, 0.70),
            (-0.02, 0.08, ankle - 0.025, 0.125, 0.62), (0.06, 0.08, ankle - 0.045, 0.13, 0.60),
            (0.16, 0.085, 0.265, 0.145, 0.62), (0.27, 0.095, 0.205, 0.148, 0.75),
            (toe - 0.10, 0.10, 0.19, 0.130, 0.8), (toe - 0.035, 0.10, 0.18, 0.085, 0.9),
            (toe - 0.005, 0.11, 0.165, 0.03, 1.0)]  # fmt: skip
    body = loft(np.array([section(*row) for row in lows]), crease_deg=60)
    cap = loft(
        np.array(
            [
                section(z, y0, y1 + 0.008, h + 0.008, o)
                for z, y0, y1, h, o in (
                    (0.285, 0.095, 0.20, 0.146, 0.76),
                    *lows[8:10],
                    (toe + 0.004, 0.11, 0.17, 0.03, 1.0),
                )
            ]
        ),
        crease_deg=60,
    )
    mouth = (
        ellipsoid(0.078, 0.035, 0.135, sides=14).turn("x", -4).move(0, ankle - 0.030, heel + 0.185)
    )
    cuff_way = [
        (
            0.088 * np.sin(t),
            ankle - 0.022 + 0.022 * np.cos(2 * t) - 0.012 * np.cos(t),
            heel + 0.185 + 0.150 * np.cos(t),
        )
        for t in np.linspace(0, 2 * np.pi, 18, endpoint=False)
    ]
    cuff = tube(cuff_way, 0.024, 6, ring=True)
    tongue = loft(np.array([
        [(s * w, y + d, z) for s, d in ((-1, -0.012), (1, -0.012), (0.9, 0.014), (0, 0.022), (-0.9, 0.014))]
        for w, y, z in ((0.06, 0.252, 0.205), (0.068, ankle - 0.05, 0.06), (0.07, ankle + 0.035, -0.025),
                        (0.055, ankle + 0.07, -0.05))
    ]), crease_deg=60)  # fmt: skip
    rows = [
        (0.285, 0.185),
        (0.318 if ankle > 0.37 else 0.305, 0.125),
        (ankle - 0.025, 0.065),
        (ankle - 0.005, 0.012),
    ]
    laces = group(*(rod((-0.082 * s, y - 0.012, z + 0.022), (0.082 * s, y + 0.010, z - 0.022), 0.012, sides=6)
                    for y, z in rows for s in (-1, 1)))  # fmt: skip
    knot = rows[-1]
    bow = tube(
        curve(
            [
                (0.0, knot[0] + 0.02, knot[1]),
                (0.07, knot[0] + 0.05, knot[1] + 0.05),
                (0.10, knot[0] + 0.0, knot[1] + 0.06),
                (0.0, knot[0] + 0.02, knot[1]),
            ],
            3,
        ),
        0.010,
        5,
    ).both()
    wave = curve([(-0.22, 0.17), (-0.10, 0.155), (0.06, 0.19), (0.16, 0.245)], 3)
    stripe = tube(
        [(0.129 + 0.012 * np.cos(3 * z), y, z) for z, y in wave],
        list(np.linspace(0.012, 0.026, len(wave))),
        6,
    )
    if rng.random() < 0.5:
        bars = [tube([(0.138, 0.13, z + 0.05), (0.128, 0.20, z + 0.02), (0.098, 0.28, z - 0.01)], 0.014, 5)
                for z in (-0.06, 0.01, 0.08)]  # fmt: skip
        stripe = group(*bars)
    tab = box(0.07, 0.12, 0.03, 0.012).turn("x", -6).move(0, ankle - 0.05, heel + 0.012)
    return [
        body.part("shoe", upper, True),
        group(tongue, cuff).part("tongue", darker(upper, 0.8), True),
        mouth.part("lining", matte(0.13, 0.12, 0.12)),
        cap.part("toe cap", pick(rng, upper, Look(accent.color, 0.0, 0.6)), True),
        group(stripe.both(), tab).part("stripes", accent),
        group(laces, bow).part("laces", WHITE if skin is not WHITE else matte(0.25, 0.25, 0.27)),
        mid.part("sole", matte(0.94, 0.93, 0.90)),
        tread.part("tread", pick(rng, accent, matte(0.45, 0.30, 0.18), matte(0.12, 0.12, 0.12))),
    ]


def handbag(rng: np.random.Generator) -> list[Part]:
    """A handbag: a body that narrows to the top, a flap with a gold clasp, a bow handle, side rings."""
    skin = pick(
        rng,
        glossy(0.55, 0.12, 0.16),
        matte(0.48, 0.28, 0.14),
        BLACK,
        glossy(0.78, 0.60, 0.46),
        glossy(0.20, 0.34, 0.36),
    )
    x, tall, z = rng.uniform(0.42, 0.50), rng.uniform(0.56, 0.66), 0.17
    taper = rng.uniform(0.72, 0.92)
    a = np.linspace(0, 2 * np.pi, 24, endpoint=False)

    def ring(y: float, half: float, deep: float) -> np.ndarray:
        c, s = np.cos(a), np.sin(a)
        return np.stack(
            [
                half * np.sign(c) * np.abs(c) ** 0.35,
                y + 0 * a,
                deep * np.sign(s) * np.abs(s) ** 0.45,
            ],
            1,
        )

    body = loft(
        np.array(
            [
                ring(0.0, 0.92 * x, 0.85 * z),
                ring(0.03, x, z),
                ring(0.35 * tall, x, z),
                ring(0.94 * tall, taper * x, 0.48 * z),
                ring(tall, taper * x - 0.02, 0.38 * z),
            ]
        ),
        crease_deg=60,
    )
    base = loft(np.array([ring(-0.012, 0.94 * x, 0.88 * z), ring(0.075, 1.015 * x, 1.03 * z)]))
    low = rng.uniform(0.40, 0.52) * tall
    flap_half = 0.90 * taper * x
    outline = curve([(-flap_half, 0.98), (-0.96 * flap_half, 0.62), (-0.70 * flap_half, 0.18), (0, 0.0),
                     (0.70 * flap_half, 0.18), (0.96 * flap_half, 0.62), (flap_half, 0.98)], 3)  # fmt: skip
    flap = extrude([(p[0], (tall - low) * p[1]) for p in outline], 0.035)
    slope = float(np.degrees(np.arctan2(0.52 * z, 0.59 * tall)))
    flap = flap.turn("x", -slope).move(0, low, 0.90 * z + 0.01)
    lid = loft(
        np.array(
            [
                ring(tall - 0.055, 0.92 * taper * x, 0.60 * z),
                ring(tall + 0.012, 0.92 * taper * x, 0.46 * z),
            ]
        )
    )
    clasp = group(
        box(0.11, 0.085, 0.03, 0.014).move(0, low + 0.065, 0.90 * z + 0.028),
        cylinder(0.024, 0.03, sides=12).turn("x", 90).move(0, low + 0.065, 0.90 * z + 0.045),
    )
    span, high = 0.58 * x, rng.uniform(0.30, 0.40)
    way = curve(
        [
            (span, tall - 0.03, 0),
            (1.04 * span, tall + 0.55 * high, 0),
            (0.55 * span, tall + high, 0),
            (-0.55 * span, tall + high, 0),
            (-1.04 * span, tall + 0.55 * high, 0),
            (-span, tall - 0.03, 0),
        ],
        4,
    )
    handle = tube(way, 0.028, 8)
    rings = torus(0.05, 0.014, 14, 6).turn("x", 90).move(span, tall + 0.01, 0).both()
    studs = ellipsoid(0.024, sides=8).move(0.80 * x, -0.012, 0.55 * z).four()
    gold = Look((0.86, 0.68, 0.30), 1.0, 0.25)
    return [
        body.part("bag", skin, True),
        (flap + lid).part("flap", darker(skin, 0.86), True),
        base.part("base", darker(skin, 0.75), True),
        handle.part("handle", darker(skin, 0.7), True),
        group(clasp, rings, studs).part("clasp", gold),
    ]
