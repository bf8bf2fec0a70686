"""Forest and jungle animals: fox, squirrel, mouse, monkey, panda, tiger.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLACK, WHITE, darker, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import Solid, capsule, curve, group, rod, tube
from sds3d.library.things.beasts import (
    EYE,
    NOSE,
    PINK,
    Skin,
    blob,
    blob_at,
    eyes,
    legs,
    paws,
    pointed,
    torso,
)

CREAM_FUR = matte(0.94, 0.90, 0.82)


def _brush(way: np.ndarray, widest: float, tip: float) -> Solid:
    """A bushy tail along a line: thin at its root, widest beyond its middle, pointed."""
    t = np.linspace(0, 1, len(way))
    width = np.interp(t, [0, 0.25, 0.6, 0.85, 1], [0.35, 0.75, 1.0, 0.75, tip])
    return tube(way, list(widest * width), 12)


def fox(rng: np.random.Generator) -> list[Part]:
    """A red fox: a slim body, black stockings, a pointed white muzzle, tall ears, a brush with a white tip."""
    fur = pick(rng, matte(0.84, 0.42, 0.14), matte(0.78, 0.36, 0.12), matte(0.88, 0.50, 0.20))
    dark = matte(0.16, 0.11, 0.09)
    long, leg = rng.uniform(0.80, 0.90), rng.uniform(0.36, 0.42)
    half, high = long / 2, leg + 0.05
    front, hind = half - 0.14, 0.13 - half
    y, z, r = high + rng.uniform(0.27, 0.32), half + 0.13, 0.155
    body = group(
        torso(long, 0.155, 0.135, high, chest=1.12, rump=0.98).solid(),
        capsule((0, high + 0.03, half - 0.14), (0, y - 0.03, z - 0.03), 0.125, 0.115, 12),
        blob(0, y, z, 1.12 * r, r, 1.02 * r, 14),
        capsule((0, y - 0.035, z + 0.06), (0, y - 0.060, z + 0.27), 0.085, 0.035, 12),
    )
    bib = blob(0, high + 0.03, half - 0.03, 0.10, 0.16, 0.085, 12)
    cheek = group(
        capsule((0.115, y - 0.055, z + 0.055), (0.03, y - 0.085, z + 0.22), 0.070, 0.030, 10)
    ).both()
    upper = legs(0.085, front, hind, leg, 0.075, 0.046)
    sock = group(
        capsule((0.085, 0.55 * leg, front), (0.085, 0.05, front), 0.062, 0.052),
        capsule((0.085, 0.45 * leg, hind - 0.012), (0.085, 0.05, hind - 0.022), 0.062, 0.052),
    ).both()
    up = rng.uniform(-0.08, 0.22)
    way = curve(
        [
            (0, high + 0.05, 0.05 - half),
            (0, high - 0.02, -half - 0.16),
            (0, high - 0.04 + 0.4 * up, -half - 0.40),
            (0, high + 0.08 + up, -half - 0.62),
        ],
        5,
    )
    cut = len(way) - 5
    tail = _brush(way, 0.125, 0.10)
    tip = tube(way[cut:], [0.10, 0.098, 0.080, 0.050, 0.014], 12)
    ears = pointed(0.105, y + 0.105, z - 0.02, 0.085, rng.uniform(0.19, 0.23), 14)
    inner = pointed(0.105, y + 0.11, z + 0.030, 0.048, 0.145, 14)
    return [
        body.part("body", fur, True),
        upper.part("legs", fur, True),
        tail.part("tail", fur, True),
        ears.part("ears", darker(fur, 0.9), True),
        group(sock, paws(0.085, front, hind - 0.02, 0.055)).part("stockings", dark),
        inner.part("inner ears", dark),
        group(bib, cheek).part("muzzle", CREAM_FUR),
        tip.part("tail tip", CREAM_FUR),
        blob(0, y - 0.05, z + 0.305, 0.036, 0.030, 0.030, 8).part("nose", NOSE),
        eyes(y + 0.005, z, 1.04 * r, 0.029, 34, 16).part("eyes", EYE),
    ]


def squirrel(rng: np.random.Generator) -> list[Part]:
    """A sitting squirrel with an acorn in its hands: tufted ears, big haunches, a tail curled up behind."""
    fur = pick(rng, matte(0.70, 0.36, 0.16), matte(0.55, 0.33, 0.18), matte(0.50, 0.48, 0.46))
    fat, tall = rng.uniform(0.94, 1.06), rng.uniform(0.92, 1.10)
    body = Skin([
        (0.03, -0.10, 0.02, 0.02), (0.10, -0.10, 0.20, 0.20 * fat), (0.26, -0.07, 0.20, 0.205 * fat),
        (0.44, 0.0, 0.155, 0.155 * fat), (0.58, 0.06, 0.105, 0.11), (0.66, 0.08, 0.06, 0.06),
    ]).solid()  # fmt: skip
    y, z, r = 0.72, 0.13, 0.155
    head = group(
        blob(0, y, z, r, 0.95 * r, r, 14), blob(0, y - 0.045, z + 0.125, 0.085, 0.075, 0.085, 10)
    )
    haunch = blob(0.17, 0.17, 0.0, 0.095, 0.16, 0.19, 12).both()
    feet = blob(0.15, 0.04, 0.20, 0.06, 0.042, 0.14, 10).both()
    arm = capsule((0.13, 0.46, 0.07), (0.115, 0.36, 0.22), 0.06, 0.045).both()
    hand = capsule((0.115, 0.36, 0.22), (0.055, 0.42, 0.28), 0.045, 0.040).both()
    belly = blob(0, 0.30, 0.055, 0.125, 0.20, 0.10, 12)
    way = curve([(0, 0.06, -0.24), (0, 0.18, -0.42), (0, 0.52 * tall, -0.40), (0, 0.86 * tall, -0.34),
                 (0, 1.02 * tall, -0.46), (0, 0.90 * tall, -0.60)], 4)  # fmt: skip
    width = np.interp(
        np.linspace(0, 1, len(way)), [0, 0.2, 0.55, 0.85, 1], [0.07, 0.13, 0.17, 0.14, 0.06]
    )
    tail = group(tube(way, list(width), 12, flat=1.15), blob_at(way[-1], 0.065, 0.06, 0.06, 8))
    acorn = group(capsule((0, 0.36, 0.30), (0, 0.43, 0.30), 0.036, 0.058, 10))
    cup = group(
        blob(0, 0.455, 0.30, 0.068, 0.036, 0.068, 10),
        rod((0, 0.47, 0.30), (0, 0.52, 0.30), 0.012, sides=6),
    )
    return [
        group(body, head).part("body", fur, True),
        group(haunch, arm, hand).part("legs", fur, True),
        feet.part("feet", darker(fur, 0.8), True),
        tail.part("tail", darker(fur, 0.74), True),
        pointed(0.085, y + 0.095, z - 0.02, 0.065, 0.15, 12).part("ears", darker(fur, 0.85), True),
        group(belly, blob(0, y - 0.085, z + 0.115, 0.065, 0.05, 0.07, 10)).part("belly", CREAM_FUR),
        eyes(y, z, r, 0.034, 46, 14).part("eyes", EYE),
        blob(0, y - 0.025, z + 0.205, 0.027, 0.022, 0.022, 8).part("nose", NOSE),
        acorn.part("acorn", matte(0.62, 0.42, 0.18)),
        cup.part("acorn cup", matte(0.36, 0.24, 0.13)),
    ]


def mouse(rng: np.random.Generator) -> list[Part]:
    """A mouse: a pear-shaped body, big round ears, a pointed nose with whiskers, a long thin bare tail."""
    fur = pick(rng, matte(0.56, 0.55, 0.56), matte(0.62, 0.50, 0.40), matte(0.92, 0.91, 0.90))
    big, fat = rng.uniform(0.145, 0.175), rng.uniform(0.94, 1.08)
    body = Skin([
        (0.24, -0.46, 0.02, 0.02), (0.25, -0.42, 0.15, 0.15 * fat), (0.27, -0.24, 0.25, 0.235 * fat),
        (0.26, 0.02, 0.235, 0.215 * fat), (0.28, 0.20, 0.17, 0.155), (0.29, 0.34, 0.165, 0.155),
        (0.265, 0.48, 0.115, 0.105), (0.245, 0.60, 0.05, 0.045), (0.24, 0.635, 0, 0),
    ]).solid(16)  # fmt: skip
    fore = group(capsule((0.12, 0.18, 0.20), (0.12, 0.05, 0.25), 0.06, 0.042)).both()
    haunch = blob(0.185 * fat, 0.17, -0.22, 0.085, 0.145, 0.17, 10).both()
    feet = group(
        blob(0.12, 0.03, 0.29, 0.045, 0.032, 0.075, 8),
        blob(0.19, 0.035, -0.12, 0.05, 0.036, 0.14, 8),
    ).both()
    ears = (
        blob(0, 0, 0, big, 1.05 * big, 0.030, 14)
        .turn("x", -12)
        .turn("y", 20)
        .move(0.155, 0.50, 0.255)
        .both()
    )
    inner = (
        blob(0, 0, 0.022, 0.74 * big, 0.78 * big, 0.020, 12)
        .turn("x", -12)
        .turn("y", 20)
        .move(0.155, 0.50, 0.255)
        .both()
    )
    turn = pick(rng, -1, 1)
    way = curve(
        [
            (0, 0.20, -0.42),
            (0.02 * turn, 0.09, -0.60),
            (0.16 * turn, 0.05, -0.84),
            (0.10 * turn, 0.10, -1.06),
            (-0.06 * turn, 0.20, -1.16),
        ],
        5,
    )
    tail = tube(way, list(np.linspace(0.042, 0.014, len(way))), 8)
    hair = group(*(rod((0.04, 0.245, 0.58), (0.22, 0.245 + h, 0.56 + d), 0.006, 0.003, 4)
                   for h, d in ((0.07, 0.02), (0.01, 0.05), (-0.05, 0.03)))).both()  # fmt: skip
    return [
        body.part("body", fur, True),
        group(fore, haunch).part("legs", fur, True),
        ears.part("ears", darker(fur, 0.9), True),
        inner.part("inner ears", PINK),
        group(tail).part("tail", matte(0.86, 0.60, 0.58)),
        feet.part("feet", PINK),
        hair.part("whiskers", matte(0.25, 0.24, 0.24)),
        blob(0.10, 0.335, 0.455, 0.036, 0.038, 0.036, 8).both().part("eyes", EYE),
        blob(0, 0.25, 0.640, 0.032, 0.028, 0.028, 8).part("nose", PINK),
    ]


def monkey(rng: np.random.Generator) -> list[Part]:
    """A sitting monkey: a pale face with round ears, long arms, hands and feet, a tail curled beside it."""
    fur = pick(rng, matte(0.42, 0.26, 0.15), matte(0.54, 0.36, 0.20), matte(0.30, 0.22, 0.18))
    skin = pick(rng, matte(0.88, 0.68, 0.50), matte(0.82, 0.62, 0.46))
    y, z, r = 0.86, 0.06, rng.uniform(0.205, 0.225)
    body = Skin([
        (0.03, -0.06, 0.02, 0.02), (0.09, -0.06, 0.18, 0.19), (0.28, -0.05, 0.18, 0.19),
        (0.48, -0.01, 0.155, 0.175), (0.62, 0.01, 0.11, 0.12), (0.70, 0.02, 0.06, 0.07),
    ]).solid()  # fmt: skip
    head = blob(0, y, z, r, 0.96 * r, 0.96 * r, 16)
    brow = group(blob(0.070, y + 0.035, z + 0.70 * r, 0.095, 0.095, 0.085, 12)).both()
    snout = blob(0, y - 0.085, z + 0.80 * r, 0.135, 0.095, 0.105, 12)
    ears = (
        blob(0, 0, 0, 0.085, 0.095, 0.04, 12)
        .turn("y", 15)
        .move(0.98 * r + 0.045, y + 0.01, z - 0.02)
        .both()
    )
    inner = (
        blob(0, 0, 0.022, 0.055, 0.065, 0.03, 10)
        .turn("y", 15)
        .move(0.98 * r + 0.045, y + 0.01, z - 0.02)
        .both()
    )
    lift = rng.uniform(0.0, 0.5)
    elbow, wrist = (
        (0.36, 0.40 + 0.25 * lift, 0.06),
        (0.30 + 0.16 * lift, 0.20 + 0.72 * lift, 0.26 - 0.10 * lift),
    )
    low = (0.30, 0.20, 0.26)
    right = group(
        capsule((-0.15, 0.56, 0.0), (-0.35, 0.40, 0.06), 0.075, 0.06),
        capsule((-0.35, 0.40, 0.06), (-low[0], low[1], low[2]), 0.06, 0.05),
    )
    left = group(capsule((0.15, 0.56, 0.0), elbow, 0.075, 0.06), capsule(elbow, wrist, 0.06, 0.05))
    thigh = group(
        capsule((0.12, 0.13, 0.02), (0.27, 0.25, 0.22), 0.10, 0.075),
        capsule((0.27, 0.25, 0.22), (0.23, 0.07, 0.34), 0.075, 0.05),
    ).both()

    def hand(x: float, h: float, d: float) -> Solid:
        fingers = [
            capsule(
                (x + 0.03 * k, h, d + 0.03), (x + 0.038 * k, h - 0.012, d + 0.105), 0.021, sides=6
            )
            for k in (-1, 0, 1)
        ]
        return group(blob(x, h, d, 0.060, 0.045, 0.065, 8), *fingers)

    foot = group(
        blob(0.23, 0.035, 0.40, 0.062, 0.035, 0.12, 10),
        *(
            capsule((0.23 + 0.032 * k, 0.03, 0.48), (0.23 + 0.042 * k, 0.028, 0.56), 0.021, sides=6)
            for k in (-1, 0, 1)
        ),
    )
    side = pick(rng, -1, 1)
    way = curve(
        [
            (0, 0.08, -0.20),
            (0.14 * side, 0.06, -0.38),
            (0.40 * side, 0.10, -0.36),
            (0.50 * side, 0.32, -0.26),
            (0.44 * side, 0.50, -0.24),
            (0.34 * side, 0.46, -0.25),
            (0.36 * side, 0.38, -0.25),
        ],
        4,
    )
    smile = tube(
        curve(
            [
                (-0.075, y - 0.105, z + 0.80 * r + 0.082),
                (0, y - 0.135, z + 0.80 * r + 0.098),
                (0.075, y - 0.105, z + 0.80 * r + 0.082),
            ],
            3,
        ),
        0.009,
        5,
    )
    tuft = capsule((0, y + 0.19, z - 0.01), (0, y + 0.25, z + 0.05), 0.045, 0.015, 8)
    return [
        group(body, head, tuft).part("body", fur, True),
        group(left, right).part("arms", fur, True),
        thigh.part("legs", fur, True),
        group(tube(way, list(np.linspace(0.048, 0.030, len(way))), 8)).part("tail", fur, True),
        ears.part("ears", skin),
        inner.part("inner ears", darker(skin, 0.8)),
        group(brow, snout).part("face", skin),
        blob(0, 0.30, 0.085, 0.125, 0.19, 0.085, 12).part("belly", darker(skin, 0.97)),
        group(hand(*wrist), hand(-low[0], low[1], low[2]), foot.both()).part("hands", skin),
        blob(0.073, y + 0.045, z + 0.70 * r + 0.078, 0.030, 0.036, 0.022, 8)
        .both()
        .part("eyes", EYE),
        group(
            smile, blob(0.022, y - 0.035, z + 0.80 * r + 0.080, 0.013, 0.010, 0.02, 6).both()
        ).part("mouth", darker(skin, 0.3)),
    ]


def panda(rng: np.random.Generator) -> list[Part]:
    """A panda, sitting with a stalk of bamboo or on all fours: white with black limbs, ears and eye patches."""
    white, black = matte(0.95, 0.94, 0.91), matte(0.09, 0.09, 0.10)
    if rng.random() < 0.65:
        fat = rng.uniform(0.96, 1.06)
        body = group(blob(0, 0.36, 0, 0.36 * fat, 0.37, 0.31 * fat, 18))
        y, z, r = 0.90, 0.08, 0.27
        yoke = blob(0, 0.58, -0.005, 0.315, 0.165, 0.265, 16)
        bent = rng.uniform(0.46, 0.56)
        right = group(
            capsule((-0.27, 0.60, 0.06), (-0.36, 0.44, 0.20), 0.11, 0.10),
            capsule((-0.36, 0.44, 0.20), (-0.17, bent, 0.36), 0.10, 0.085),
        )
        left = group(
            capsule((0.27, 0.60, 0.06), (0.38, 0.42, 0.18), 0.11, 0.10),
            capsule((0.38, 0.42, 0.18), (0.30, 0.26, 0.34), 0.10, 0.085),
        )
        hind = group(capsule((0.18, 0.13, 0.14), (0.31, 0.11, 0.46), 0.135, 0.115, 12)).both()
        pads = group(blob(0.33, 0.115, 0.565, 0.062, 0.062, 0.022, 10)).both()
        limbs = group(yoke, right, left, hind)
        stalk = rod((-0.24, bent - 0.26, 0.42), (-0.10, bent + 0.40, 0.43), 0.026, sides=8)
        nodes = group(
            *(
                blob(
                    -0.24 + 0.14 * t,
                    bent - 0.26 + 0.66 * t,
                    0.42 + 0.01 * t,
                    0.034,
                    0.014,
                    0.034,
                    8,
                )
                for t in (0.25, 0.5, 0.75)
            )
        )
        leaf = group(
            *(
                blob(0, 0.075, 0, 0.026, 0.085, 0.010, 8)
                .turn("z", a)
                .move(-0.105, bent + 0.36 + d, 0.43)
                for a, d in ((-55, -0.06), (-12, 0.02), (42, -0.02), (75, -0.12))
            )
        )
        extra = [
            pads.part("soles", matte(0.36, 0.32, 0.32)),
            group(stalk, nodes).part("bamboo", matte(0.45, 0.62, 0.22)),
            leaf.part("leaves", matte(0.24, 0.52, 0.16)),
        ]
        tail = blob(0, 0.14, -0.31, 0.07, 0.07, 0.06, 8)
    else:
        long, leg = rng.uniform(1.0, 1.1), rng.uniform(0.32, 0.36)
        half, high = long / 2, leg + 0.19
        y, z, r = high + 0.16, half + 0.14, 0.265
        body = group(
            torso(long, 0.30, 0.29, high, rump=1.08).solid(16),
            capsule((0, high + 0.06, half - 0.2), (0, y, z), 0.24, 0.2, 12),
        )
        front, hind = half - 0.22, 0.20 - half
        collar = blob(0, high + 0.02, half - 0.19, 0.325, 0.335, 0.135, 16)
        limbs = group(
            legs(0.17, front, hind, leg, 0.135, 0.11), paws(0.17, front, hind - 0.03, 0.12), collar
        )
        extra, tail = [], blob(0, high + 0.08, -half, 0.08, 0.08, 0.08, 8)
    head = blob(0, y, z, 1.06 * r, 0.92 * r, 0.94 * r, 18)
    snout = blob(0, y - 0.075, z + 0.80 * r, 0.115, 0.085, 0.10, 12)
    patch = (
        blob(0, 0, 0, 0.062, 0.085, 0.038, 12)
        .turn("z", 32)
        .turn("y", 24)
        .move(0.112, y + 0.012, z + 0.83 * r)
        .both()
    )
    ears = blob(0.215, y + 0.205, z - 0.02, 0.098, 0.098, 0.060, 12).both()
    return [
        group(body, head, snout, tail).part("body", white, True),
        limbs.part("limbs", black),
        group(ears).part("ears", black),
        patch.part("eye patches", black),
        blob(0.112, y + 0.025, z + 0.83 * r + 0.038, 0.021, 0.021, 0.014, 8)
        .both()
        .part("eyes", matte(0.85, 0.82, 0.78)),
        blob(0.114, y + 0.025, z + 0.83 * r + 0.048, 0.013, 0.014, 0.010, 6)
        .both()
        .part("pupils", EYE),
        group(
            blob(0, y - 0.04, z + 0.80 * r + 0.088, 0.048, 0.034, 0.032, 8),
            rod(
                (0, y - 0.05, z + 0.80 * r + 0.10),
                (0, y - 0.115, z + 0.80 * r + 0.085),
                0.009,
                sides=5,
            ),
        ).part("nose", NOSE),
        *extra,
    ]


def tiger(rng: np.random.Generator) -> list[Part]:
    """A standing tiger: orange with black stripes on body, legs and tail, white muzzle and ruff."""
    fur = pick(rng, matte(0.90, 0.50, 0.14), matte(0.86, 0.46, 0.12), matte(0.93, 0.56, 0.20))
    black = matte(0.09, 0.07, 0.06)
    long, leg, r = rng.uniform(1.04, 1.16), rng.uniform(0.40, 0.45), 0.205
    half, high = long / 2, leg + 0.09
    front, hind = half - 0.19, 0.17 - half
    y, z = high + rng.uniform(0.22, 0.27), half + 0.17
    barrel = torso(long, 0.205, 0.18, high, chest=1.12, rump=1.02)
    neck = capsule((0, high + 0.05, half - 0.18), (0, y - 0.01, z - 0.03), 0.19, 0.17, 12)
    head = blob(0, y, z, 1.05 * r, 0.98 * r, 0.98 * r, 14)

    def stripe(t: float, start: float, end: float, wide: float) -> Solid:
        """A band over one flank, from an angle to another, pointed at its lower end."""
        u = np.linspace(0, 1, 5)
        deg = start + (end - start) * u
        place = np.array(
            [
                barrel.at(np.array(t + 0.02 * np.sin(5 * k)), np.array(d), np.array(1.0))
                for k, d in zip(u, deg, strict=True)
            ]
        )
        return tube(place, [wide, wide, 0.9 * wide, 0.65 * wide, 0.12 * wide], 4)

    stripes = []
    for k, t in enumerate(np.linspace(0.15, 0.80, 8)):
        low = 5 if k % 2 else -18
        stripes += [stripe(float(t), 88, low, 0.026), stripe(float(t) + 0.01, 92, 180 - low, 0.026)]
    rings = []
    for at, h in ((front, 0.60), (front, 0.36), (hind - 0.02, 0.58), (hind - 0.03, 0.32)):
        level = h * leg
        wide = 0.07 + 0.027 * level / leg + (0.012 if at < 0 else 0.0)
        band = [
            (0.12 + wide * np.sin(a), level + 0.012 * np.cos(2 * a), at + wide * np.cos(a))
            for a in np.linspace(0.1, np.pi - 0.1, 5)
        ]
        rings.append(tube(band, [0.004, 0.018, 0.020, 0.018, 0.004], 4).both())
    rise = rng.uniform(0.05, 0.35)
    way = curve([(0, high + 0.07, 0.06 - half), (0, high - 0.02, -half - 0.18), (0, high - 0.10, -half - 0.36),
                 (0, high + rise, -half - 0.50)], 4)  # fmt: skip
    bands = [tube(way[k : k + 2], 0.053, 8) for k in range(4, len(way) - 3, 3)]
    marks = []
    for h, half_w, d in ((0.165, 0.075, 0.105), (0.125, 0.115, 0.145), (0.195, 0.045, 0.055)):
        marks.append(
            tube(
                curve(
                    [
                        (-half_w, y + h + 0.012, z + d - 0.02),
                        (0, y + h, z + d),
                        (half_w, y + h + 0.012, z + d - 0.02),
                    ],
                    3,
                ),
                [0.004, 0.012, 0.015, 0.016, 0.015, 0.012, 0.004],
                5,
            )
        )
    for h, d in ((-0.02, 0.06), (-0.075, 0.05), (0.04, 0.04)):
        side = tube(
            [
                (0.208, y + h + 0.03, z + d - 0.06),
                (0.212, y + h + 0.01, z + d - 0.01),
                (0.185, y + h - 0.005, z + d + 0.055),
            ],
            [0.006, 0.018, 0.005],
            5,
        )
        marks.append(side.both())
    pads = group(blob(0.062, y - 0.085, z + 0.80 * r, 0.082, 0.064, 0.085, 10)).both()
    ruff = blob(0.150, y - 0.095, z + 0.04, 0.085, 0.10, 0.10, 10).both()
    return [
        group(barrel.solid(12), neck, head).part("body", fur, True),
        group(
            legs(0.12, front, hind, leg, 0.097, 0.072), paws(0.12, front, hind - 0.03, 0.088)
        ).part("legs", fur, True),
        group(tube(way, 0.045, 10), blob_at(way[-1], 0.045, 0.045, 0.045, 8)).part(
            "tail", fur, True
        ),
        group(*stripes, *rings, *bands, *marks).part("stripes", black),
        blob_at(way[-1], 0.055, 0.075, 0.055, 8).part("tail tip", black),
        blob(0.145, y + 0.175, z + 0.01, 0.07, 0.075, 0.045, 10).both().part("ears", fur, True),
        blob(0.145, y + 0.175, z + 0.035, 0.042, 0.047, 0.035, 8)
        .both()
        .part("inner ears", CREAM_FUR),
        group(pads, blob(0, y - 0.145, z + 0.74 * r, 0.075, 0.05, 0.075, 10), ruff).part(
            "muzzle", WHITE
        ),
        group(
            capsule((0, y + 0.045, z + 0.82 * r), (0, y - 0.035, z + 1.12 * r), 0.055, 0.048, 10)
        ).part("bridge", fur, True),
        blob(0, y - 0.040, z + 1.16 * r + 0.02, 0.048, 0.034, 0.034, 8).part("nose", PINK),
        eyes(y + 0.01, z, 1.02 * r, 0.032, 30, 18).part("eyes", matte(0.75, 0.62, 0.15)),
        eyes(y + 0.01, z + 0.022, 1.02 * r, 0.018, 29, 18).part("pupils", BLACK),
    ]
