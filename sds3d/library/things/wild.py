"""Wild animals: elephant, giraffe, lion, bear.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import darker, matte, pick
from sds3d.library.kit.model import Part, Wish, paint
from sds3d.library.kit.shapes import capsule, curve, cylinder, ellipsoid, group, tube
from sds3d.library.things.beasts import (
    BONE,
    EYE,
    HOOF,
    NOSE,
    Skin,
    blob,
    blob_at,
    eyes,
    flap,
    hooves,
    legs,
    paws,
    torso,
)


def elephant(rng: np.random.Generator) -> list[Part]:
    """An elephant: huge body on pillars, wide flat ears, hanging trunk, white tusks."""
    hide = pick(rng, matte(0.50, 0.51, 0.54), matte(0.58, 0.57, 0.58), matte(0.46, 0.44, 0.44))
    long, leg = rng.uniform(1.12, 1.24), rng.uniform(0.42, 0.48)
    half, high = long / 2, leg + 0.27
    front, hind = half - 0.26, 0.24 - half
    y, z, r = high + 0.20, half + 0.12, 0.27
    body = group(torso(long, 0.38, 0.34, high).solid(16), blob(0, y, z, 0.24, r, 0.25, 14))
    pillar = cylinder(0.125, leg + 0.15, top=0.15, sides=12).move(0.185, (leg + 0.15) / 2, 0)
    curl = rng.uniform(0.12, 0.26)
    way = curve([(0, y - 0.02, z + 0.14), (0, y - 0.18, z + 0.34), (0, y - 0.50, z + 0.38),
                 (0, 0.16, z + 0.40), (0, 0.13, z + 0.42 + curl)], 4)  # fmt: skip
    trunk = tube(way, list(np.linspace(0.145, 0.06, len(way))), 12)
    ear = ellipsoid(0.24, 0.31, 0.045, sides=14).move(x=0.21).turn("y", rng.uniform(18, 32))
    tusk = tube(curve([(0.12, y - 0.14, z + 0.16), (0.15, y - 0.32, z + 0.32),
                       (0.15, y - 0.34, z + 0.52)], 3),
                [0.05, 0.05, 0.048, 0.045, 0.04, 0.032, 0.015], 8)  # fmt: skip
    drop = curve([(0, high + 0.14, 0.04 - half), (0, high, -half - 0.07),
                  (0, high - 0.30, -half - 0.08)], 3)  # fmt: skip
    nail = ellipsoid(0.035, 0.04, 0.03, sides=6).move(0, 0.035, 0.115)
    nails = group(nail, nail.turn("y", 40), nail.turn("y", -40)).move(x=0.185)
    feet = (pillar.move(z=front), pillar.move(z=hind))
    return [
        body.part("body", hide, True),
        group(*feet).both().part("legs", hide, True),
        ear.move(0.16, y + 0.02, z - 0.06).both().part("ears", darker(hide, 0.88), True),
        trunk.part("trunk", hide, True),
        tusk.both().part("tusks", BONE),
        group(
            tube(drop, 0.035, 6), blob(0, high - 0.33, -half - 0.08, 0.05, 0.08, 0.05, 8)
        ).part("tail", hide, True),
        group(nails.move(z=front), nails.move(z=hind)).both().part("nails", BONE),
        eyes(y + 0.02, z, 0.24, 0.036, 48, 10).part("eyes", EYE),
    ]  # fmt: skip


def giraffe(rng: np.random.Generator) -> list[Part]:
    """A giraffe: very long neck and legs, sloping back, brown patches, two knobbed horns."""
    coat = pick(rng, matte(0.93, 0.78, 0.46), matte(0.90, 0.72, 0.40))
    brown = pick(rng, matte(0.52, 0.29, 0.12), matte(0.60, 0.34, 0.14))
    leg, tall = rng.uniform(0.74, 0.82), rng.uniform(0.80, 0.95)
    high = leg + 0.10
    y, z = high + 0.12 + tall, 0.66
    barrel = Skin([
        (high - 0.03, -0.42, 0, 0), (high - 0.03, -0.38, 0.13, 0.11), (high - 0.02, -0.22, 0.18, 0.16),
        (high + 0.04, 0.05, 0.21, 0.17), (high + 0.09, 0.26, 0.21, 0.16), (high + 0.10, 0.38, 0.13, 0.11),
        (high + 0.10, 0.42, 0, 0),
    ])  # fmt: skip
    neck = Skin([
        (high + 0.06, 0.22, 0.17, 0.13), (high + 0.16 + 0.2 * tall, 0.40, 0.12, 0.095),
        (high + 0.14 + 0.6 * tall, 0.54, 0.09, 0.08), (y, z, 0.08, 0.075),
    ])  # fmt: skip
    head = group(
        blob(0, y + 0.02, z + 0.02, 0.105, 0.10, 0.12),
        capsule((0, y, z + 0.06), (0, y - 0.10, z + 0.27), 0.085, 0.065),
    )
    patches = [
        barrel.patch(t, deg + shift, rng.uniform(0.08, 0.095), rng.uniform(19, 23), sides=6)
        for t, shift in ((0.24, 0), (0.42, 20), (0.60, 0), (0.78, 20))
        for deg in (-32, 20, 72, 124, 176)
    ] + [
        neck.patch(t, deg + shift, 0.078, 28, sides=6)
        for t, shift in ((0.30, 0), (0.48, 36), (0.66, 0), (0.84, 36))
        for deg in (0, 72, 144, 216, 288)
    ]  # fmt: skip
    horn = group(
        capsule((0.05, y + 0.08, z - 0.01), (0.065, y + 0.22, z - 0.03), 0.03, sides=8),
        blob(0.065, y + 0.23, z - 0.03, 0.042, 0.042, 0.042, 8),
    )
    line = neck.at(np.linspace(0.15, 0.98, 8), np.full(8, 90.0), np.ones(8))
    drop = curve([(0, high + 0.06, -0.38), (0, high, -0.47), (0, high - 0.30, -0.48)], 3)
    tuft = blob(0, high - 0.34, -0.48, 0.05, 0.11, 0.05, 8)
    ears = flap(0.08, y + 0.08, z - 0.03, 0.085, 0.042, 72, 0.03)
    return [
        group(barrel.solid(), neck.solid(12), head).part("body", coat, True),
        legs(0.105, 0.27, -0.27, leg, 0.08, 0.055).part("legs", coat, True),
        group(*patches).part("patches", brown),
        ears.part("ears", coat, True),
        horn.both().part("horns", brown),
        tube(line, 0.035, 6).part("mane", brown),
        group(tube(drop, 0.03, 6), tuft).part("tail", brown),
        hooves(0.105, 0.27, -0.29, 0.064).part("hooves", HOOF),
        blob(0, y - 0.115, z + 0.295, 0.066, 0.055, 0.05, 8).part("nose", darker(brown, 0.6)),
        blob(0.088, y + 0.04, z + 0.08, 0.032, 0.034, 0.034, 8).both().part("eyes", EYE),
    ]


def lion(rng: np.random.Generator) -> list[Part]:
    """A standing lion: a great shaggy mane around the face, tufted tail."""
    fur = pick(rng, matte(0.82, 0.62, 0.32), matte(0.78, 0.56, 0.28))
    hair = pick(rng, matte(0.46, 0.24, 0.09), matte(0.56, 0.29, 0.10), matte(0.36, 0.18, 0.08))
    long, leg, r = rng.uniform(0.98, 1.10), rng.uniform(0.40, 0.46), 0.19
    half, high = long / 2, leg + 0.08
    front, hind = half - 0.18, 0.16 - half
    y, z = high + 0.28, half + 0.16
    face = group(
        blob(0, y, z, r, r, r, 14),
        capsule((0, y - 0.06, z + 0.10), (0, y - 0.07, z + 0.20), 0.12, 0.10, 12),
    )
    locks = [
        blob(0, y - 0.02, z - 0.12, 0.31, 0.32, 0.16, 14),
        blob(0, y - 0.16, z - 0.20, 0.24, 0.28, 0.22),
    ]
    for k in range(14):
        a, big = 2 * np.pi * k / 14, rng.uniform(0.085, 0.105)
        s, c = np.sin(a), np.cos(a)
        locks.append(blob(0.25 * s, y - 0.02 + 0.26 * c, z + 0.0, big, big, 0.11, 8))
        locks.append(blob(0.31 * s, y - 0.03 + 0.33 * c, z - 0.13, big, big, 0.12, 6))
    rise = rng.uniform(0.05, 0.30)
    way = curve([(0, high + 0.06, 0.06 - half), (0, high - 0.02, -half - 0.16),
                 (0, high - 0.10, -half - 0.32), (0, high + rise, -half - 0.44)], 4)  # fmt: skip
    return [
        group(torso(long, 0.20, 0.17, high, chest=1.12).solid(), face).part("body", fur, True),
        group(legs(0.12, front, hind, leg, 0.095, 0.07), paws(0.12, front, hind - 0.03, 0.085)).part(
            "legs", fur, True
        ),
        group(*locks).part("mane", hair),
        tube(way, 0.042, 8).part("tail", fur, True),
        blob_at(way[-1], 0.075, 0.10, 0.075, 8).part("tail tuft", hair),
        blob(0.17, y + 0.20, z + 0.06, 0.075, 0.075, 0.05, 10).both().part("ears", fur, True),
        blob(0, y - 0.13, z + 0.22, 0.09, 0.06, 0.07, 10).part("chin", matte(0.95, 0.90, 0.80)),
        blob(0, y - 0.02, z + 0.30, 0.06, 0.04, 0.035, 8).part("nose", NOSE),
        eyes(y, z, r, 0.036, 32, 24).part("eyes", EYE),
    ]  # fmt: skip


def bear(rng: np.random.Generator) -> list[Part]:
    """A bear on all fours: heavy shoulders, small round ears, light muzzle, stub of a tail."""
    fur = pick(rng, matte(0.40, 0.25, 0.14), matte(0.30, 0.19, 0.12), matte(0.50, 0.32, 0.18))
    long, leg = rng.uniform(1.12, 1.24), rng.uniform(0.36, 0.42)
    half, high, r = long / 2, leg + 0.20, 0.225
    front, hind = half - 0.24, 0.22 - half
    y, z = high + rng.uniform(0.08, 0.18), half + 0.16
    body = group(
        torso(long, 0.31, 0.29, high, chest=1.0, rump=1.06).solid(16),
        blob(0, high + 0.12, half - 0.28, 0.25, 0.27, 0.27),
        capsule((0, high + 0.08, half - 0.15), (0, y, z), 0.24, 0.20, 12),
        blob(0, y, z, r, 0.95 * r, r, 14),
    )
    limbs = group(legs(0.17, front, hind, leg, 0.135, 0.105), paws(0.17, front, hind - 0.04, 0.12))
    claw = ellipsoid(0.025, 0.025, 0.05, sides=6).move(0, 0.045, 0.215)
    claws = group(claw, claw.move(0.065, 0, -0.02), claw.move(-0.065, 0, -0.02)).move(x=0.17)
    muzzle = capsule((0, y - 0.06, z + 0.12), (0, y - 0.075, z + 0.29), 0.125, 0.095, 12)
    return [
        body.part("body", fur, True),
        limbs.part("legs", fur, True),
        blob(0.165, y + 0.18, z - 0.01, 0.09, 0.09, 0.055, 10).both().part("ears", fur, True),
        muzzle.part("muzzle", matte(0.74, 0.57, 0.38)),
        blob(0, y - 0.03, z + 0.375, 0.06, 0.045, 0.04, 8).part("nose", NOSE),
        blob(0, high + 0.12, -half, 0.09, 0.09, 0.10, 8).part("tail", fur, True),
        group(claws.move(z=front), claws.move(z=hind - 0.04)).both().part("claws", NOSE),
        eyes(y, z, r, 0.036, 28, 24).part("eyes", EYE),
    ]


def polar_bear(rng: np.random.Generator) -> list[Part]:
    """The bear in white."""
    return paint(bear(rng), Wish(color=(0.93, 0.92, 0.88)))
