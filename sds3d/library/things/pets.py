"""Pets: cat, dog, bulldog, rabbit.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLUE, GREEN, RED, STEEL, darker, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import capsule, curve, cylinder, group, tube
from sds3d.library.things.beasts import (
    EYE,
    NOSE,
    PINK,
    Skin,
    blob,
    blob_at,
    eyes,
    flap,
    legs,
    paws,
    pointed,
    torso,
)


def cat(rng: np.random.Generator) -> list[Part]:
    """A cat, standing or sitting: pointed ears, round face with green eyes, long curved tail."""
    fur = pick(rng, matte(0.86, 0.50, 0.18), matte(0.45, 0.45, 0.48), matte(0.72, 0.55, 0.38))
    sits = rng.random() < 0.5
    r, ear = rng.uniform(0.185, 0.205), rng.uniform(0.17, 0.20)
    high = 0.0
    if sits:
        body = Skin([
            (0.02, -0.12, 0.02, 0.02), (0.10, -0.12, 0.22, 0.22), (0.26, -0.09, 0.21, 0.20),
            (0.44, -0.02, 0.16, 0.15), (0.60, 0.04, 0.12, 0.11), (0.70, 0.06, 0.08, 0.08),
        ]).solid()  # fmt: skip
        fore = capsule((0.075, 0.42, 0.08), (0.075, 0.06, 0.16), 0.075, 0.055).both()
        haunch = blob(0.19, 0.14, -0.02, 0.09, 0.15, 0.18, 10).both()
        feet = paws(0.085, 0.18, 0.14, 0.06).scale(1.1, 1, 1)
        limbs, y, z = group(fore, haunch, feet), 0.80, 0.12
        way = [(0, 0.07, -0.30), (0.26, 0.06, -0.36), (0.42, 0.06, -0.14), (0.40, 0.07, 0.14)]
    else:
        body = group(
            torso(0.86, 0.155, 0.135, 0.44).solid(),
            capsule((0, 0.48, 0.30), (0, 0.66, 0.44), 0.12, 0.11),
        )
        limbs = group(legs(0.085, 0.29, -0.30, 0.40, 0.075, 0.05), paws(0.085, 0.30, -0.31, 0.06))
        y, z = 0.72, 0.50
        high = rng.uniform(0.80, 0.95)
        way = [(0, 0.50, -0.38), (0, 0.56, -0.58), (0, 0.74, -0.66), (0, high, -0.58)]
    way = curve([*way, (0.22, 0.08, 0.24) if sits else (0, high + 0.08, -0.44)], 4)
    tail = group(tube(way, 0.05, 8), blob_at(way[-1], 0.055, 0.055, 0.055, 8))
    head = group(
        blob(0, y, z, 1.06 * r, 0.92 * r, 0.92 * r, 14),
        blob(0.06, y - 0.07, z + 0.84 * r, 0.075, 0.06, 0.06, 8).both(),
    )
    at = y + 0.60 * r
    inner = pointed(0.60 * r, at, z + 0.045, 0.06, 0.80 * ear, 18)
    return [
        group(body, head).part("body", fur, True),
        limbs.part("legs", fur, True),
        tail.part("tail", fur, True),
        pointed(0.60 * r, at, z, 0.095, ear, 18).part("ears", fur, True),
        inner.part("inner ears", PINK),
        eyes(y, z, 0.92 * r, 0.047, 34, 14).part("eyes", GREEN),
        eyes(y, z + 0.030, 0.92 * r, 0.026, 32, 14).part("pupils", EYE),
        blob(0, y - 0.03, z + 0.84 * r + 0.05, 0.035, 0.025, 0.025, 8).part("nose", PINK),
    ]


def dog(rng: np.random.Generator) -> list[Part]:
    """A standing dog: long muzzle with a black nose, hanging ears, raised tail, collar, tongue."""
    fur = pick(rng, matte(0.80, 0.56, 0.28), matte(0.50, 0.31, 0.17), matte(0.86, 0.76, 0.58))
    long, leg = rng.uniform(0.90, 1.05), rng.uniform(0.44, 0.54)
    half, high = long / 2, leg + 0.06
    y, z = high + 0.38, half + 0.10
    front, hind = half - 0.16, 0.14 - half
    body = group(
        torso(long, 0.19, 0.165, high, chest=1.12, rump=0.92).solid(),
        capsule((0, high + 0.04, half - 0.16), (0, y - 0.04, z - 0.02), 0.15, 0.13),
        blob(0, y, z, 0.185, 0.18, 0.19, 14),
        capsule((0, y - 0.06, z + 0.10), (0, y - 0.085, z + 0.31), 0.115, 0.085),
    )
    limbs = group(legs(0.11, front, hind, leg, 0.085, 0.06), paws(0.11, front, hind - 0.02, 0.075))
    up = rng.uniform(0.26, 0.38)
    way = curve(
        [(0, high + 0.08, 0.06 - half), (0, high + 0.5 * up, -half - 0.16),
         (0, high + 0.14 + up, -half - 0.20), (0, high + 0.26 + up, -half - 0.10)], 3)  # fmt: skip
    ears = flap(0.14, y + 0.13, z - 0.01, rng.uniform(0.15, 0.19), 0.075, 163, 0.10)
    ring = [
        (0.155 * np.cos(a), high + 0.21 + 0.03 * np.sin(a), z - 0.06 + 0.155 * np.sin(a))
        for a in np.linspace(0, 2 * np.pi, 14, endpoint=False)
    ]
    return [
        body.part("body", fur, True),
        limbs.part("legs", fur, True),
        tube(way, list(np.linspace(0.065, 0.04, len(way))), 8).part("tail", fur, True),
        ears.part("ears", darker(fur, 0.72), True),
        eyes(y, z, 0.19, 0.036, 32, 24).part("eyes", EYE),
        blob(0, y - 0.035, z + 0.385, 0.055, 0.045, 0.04, 8).part("nose", NOSE),
        blob(0, y - 0.19, z + 0.30, 0.04, 0.065, 0.03, 8).part("tongue", PINK),
        tube(ring, 0.035, 6, ring=True).part("collar", pick(rng, RED, GREEN)),
    ]


def bulldog(rng: np.random.Generator) -> list[Part]:
    """A bulldog: a low wide body on bowed legs, a broad wrinkled face with jowls and two lower teeth."""
    fur = pick(
        rng,
        matte(0.80, 0.58, 0.34),
        matte(0.90, 0.86, 0.78),
        matte(0.52, 0.36, 0.22),
        matte(0.66, 0.42, 0.24),
    )
    pale = matte(0.93, 0.90, 0.84)
    long, leg = rng.uniform(0.82, 0.92), rng.uniform(0.25, 0.29)
    half, high = long / 2, leg + 0.13
    front, hind = half - 0.16, 0.14 - half
    y, z = high + rng.uniform(0.22, 0.27), half + 0.14
    barrel = torso(long, 0.225, 0.235, high, chest=1.22, rump=0.86)
    body = group(
        barrel.solid(14),
        blob(0, high + 0.03, half - 0.15, 0.29, 0.26, 0.21, 14),
        capsule((0, high + 0.06, half - 0.16), (0, y - 0.02, z - 0.06), 0.21, 0.20, 12),
        blob(0, y + 0.01, z, 0.235, 0.195, 0.20, 16),
        blob(0.125, y - 0.07, z + 0.09, 0.12, 0.12, 0.13, 10).both(),
    )
    fore = capsule((0.24, leg + 0.06, front), (0.275, 0.08, front + 0.02), 0.105, 0.075, 10).both()
    rear = group(capsule((0.17, leg, hind), (0.175, 0.07, hind - 0.03), 0.105, 0.07),
                 blob(0.165, leg + 0.04, hind, 0.11, 0.15, 0.14, 10)).both()  # fmt: skip
    feet = group(blob(0.28, 0.055, front + 0.06, 0.095, 0.06, 0.12, 10),
                 blob(0.18, 0.05, hind + 0.02, 0.08, 0.055, 0.11, 10)).both()  # fmt: skip
    jowl = capsule(
        (0.035, y - 0.035, z + 0.205), (0.150, y - 0.175, z + 0.135), 0.078, 0.085, 12
    ).both()
    muzzle = group(jowl, blob(0, y - 0.02, z + 0.19, 0.12, 0.075, 0.08, 10))
    chin = blob(0, y - 0.165, z + 0.20, 0.115, 0.062, 0.085, 12)
    tooth = cylinder(0.020, 0.06, top=0.007, sides=6).move(0.058, y - 0.105, z + 0.268).both()
    folds = [tube(curve([(-0.11, y + 0.085 + h, z + 0.155 - d), (0, y + 0.055 + h, z + 0.190 - d),
                         (0.11, y + 0.085 + h, z + 0.155 - d)], 3), 0.020, 6)
             for h, d in ((0.0, 0.0), (0.055, 0.022))]  # fmt: skip
    ears = (
        blob(0, 0, 0, 0.075, 0.085, 0.035, 10)
        .turn("z", -58)
        .turn("y", 24)
        .move(0.195, y + 0.155, z - 0.02)
        .both()
    )
    tips = (
        blob(0, 0, 0, 0.05, 0.06, 0.035, 8).turn("z", -135).move(0.255, y + 0.135, z + 0.015).both()
    )
    rise, ahead = y - high - 0.08, z - half + 0.10
    norm = float(np.hypot(rise, ahead))
    middle = (high + 0.06 + 0.62 * rise, half - 0.16 + 0.62 * ahead)
    turns = [(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 14, endpoint=False)]
    ring = [
        (0.232 * c, middle[0] + 0.232 * s * ahead / norm, middle[1] - 0.232 * s * rise / norm)
        for c, s in turns
    ]
    stud = [
        (0.268 * c, middle[0] + 0.268 * s * ahead / norm, middle[1] - 0.268 * s * rise / norm)
        for c, s in turns
    ]
    studs = group(*(blob_at(p, 0.022, 0.022, 0.022, 6) for p in stud))
    parts = [
        body.part("body", fur, True),
        group(fore, rear).part("legs", fur, True),
        feet.part("paws", pale),
        muzzle.part("muzzle", pale),
        chin.part("chin", darker(pale, 0.9)),
        group(ears, tips).part("ears", darker(fur, 0.75), True),
        group(*folds).part("wrinkles", darker(fur, 0.82), True),
        blob(0, high + 0.10, -half + 0.0, 0.06, 0.055, 0.075, 8).part("tail", fur, True),
        blob(0, high - 0.03, half - 0.02, 0.16, 0.17, 0.10, 10).part("chest", pale),
        tooth.part("teeth", matte(0.97, 0.95, 0.88)),
        blob(0, y + 0.03, z + 0.255, 0.062, 0.045, 0.035, 10).part("nose", NOSE),
        blob(0.105, y + 0.055, z + 0.165, 0.038, 0.036, 0.030, 8).both().part("eyes", EYE),
        tube(ring, 0.036, 6, ring=True).part(
            "collar", pick(rng, RED, BLUE, matte(0.12, 0.11, 0.11))
        ),
        studs.part("studs", STEEL),
    ]
    if rng.random() < 0.6:
        patches = [
            barrel.patch(0.42, 60, 0.17, 55, wavy=0.15),
            barrel.patch(0.72, 150, 0.13, 40, wavy=0.15),
        ]
        patch_look = pale if fur.color[2] < 0.6 else matte(0.62, 0.42, 0.25)
        parts.append(group(*patches).part("patches", patch_look))
    return parts


def rabbit(rng: np.random.Generator) -> list[Part]:
    """A crouching rabbit: long upright ears, round back, big hind feet, white tail."""
    fur = pick(rng, matte(0.66, 0.54, 0.42), matte(0.60, 0.60, 0.62), matte(0.90, 0.88, 0.85))
    tall, lean = rng.uniform(0.22, 0.27), rng.uniform(8, 18)
    y, z, r = 0.56, 0.30, 0.18
    body = group(
        blob(0, 0.30, -0.14, 0.25, 0.28, 0.32, 16),
        blob(0, 0.32, 0.10, 0.18, 0.20, 0.22),
        blob(0, y, z, r, r, 1.1 * r, 14),
        blob(0, y - 0.06, z + 0.14, 0.11, 0.09, 0.09, 10),
    )
    limbs = group(
        blob(0.20, 0.20, -0.18, 0.09, 0.18, 0.20, 10).both(),
        blob(0.19, 0.06, -0.02, 0.075, 0.06, 0.24, 10).both(),
        capsule((0.09, 0.26, 0.22), (0.09, 0.06, 0.28), 0.075, 0.06).both(),
    )
    ears = flap(0.08, y + 0.10, z - 0.03, tall, 0.068, lean, 0.045)
    inner = flap(0.08, y + 0.12, z + 0.005, 0.85 * tall, 0.042, lean, 0.03)
    return [
        body.part("body", fur, True),
        limbs.part("legs", fur, True),
        ears.part("ears", fur, True),
        inner.part("inner ears", PINK),
        blob(0, 0.28, -0.48, 0.10, 0.10, 0.10, 10).part("tail", matte(0.96, 0.95, 0.94)),
        eyes(y, z, 1.03 * r, 0.04, 48, 14).part("eyes", EYE),
        blob(0, y - 0.03, z + 0.23, 0.035, 0.028, 0.025, 8).part("nose", PINK),
        blob(0, y - 0.115, z + 0.205, 0.032, 0.04, 0.022, 6).part("teeth", matte(0.96, 0.95, 0.92)),
    ]
