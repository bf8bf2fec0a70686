"""Farm animals: horse, cow, pig, sheep.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLACK, WHITE, darker, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import capsule, curve, cylinder, ellipsoid, group, tube
from sds3d.library.things.beasts import (
    BONE,
    EYE,
    HOOF,
    NOSE,
    PINK,
    blob,
    eyes,
    flap,
    hooves,
    legs,
    pointed,
    torso,
)


def horse(rng: np.random.Generator) -> list[Part]:
    """A standing horse: long arched neck, long head, mane, full tail, slender legs on hooves."""
    coat = pick(rng, matte(0.50, 0.28, 0.14), matte(0.62, 0.38, 0.18), matte(0.36, 0.21, 0.13))
    hair = pick(rng, matte(0.13, 0.09, 0.07), matte(0.82, 0.72, 0.50))
    long, leg = rng.uniform(1.02, 1.14), rng.uniform(0.62, 0.70)
    half, high = long / 2, leg + 0.10
    front, hind = half - 0.16, 0.16 - half
    y, z = high + rng.uniform(0.54, 0.62), half + 0.24  # the poll
    way = curve([(0, high + 0.02, half - 0.16), (0, high + 0.32, half + 0.06), (0, y, z)], 4)
    body = group(
        torso(long, 0.215, 0.18, high, chest=1.08, rump=1.08).solid(),
        tube(way, list(np.linspace(0.19, 0.10, len(way))), 12),
        blob(0, y, z, 0.11, 0.125, 0.13),
        capsule((0, y - 0.02, z + 0.03), (0, y - 0.24, z + 0.27), 0.105, 0.08, 12),
    )
    limbs = legs(0.115, front, hind, leg, 0.085, 0.047)
    mane = tube([(x, h + 0.10, w - 0.11) for x, h, w in way], 0.075, 8, flat=0.8)
    forelock = capsule((0, y + 0.13, z - 0.06), (0, y + 0.06, z + 0.14), 0.055, 0.035)
    drop = curve([(0, high + 0.12, 0.08 - half), (0, high + 0.08, -half - 0.12),
                  (0, high - 0.22, -half - 0.18), (0, high - 0.48, -half - 0.15)], 3)  # fmt: skip
    tail = tube(drop, [0.05, *np.linspace(0.07, 0.095, len(drop) - 3), 0.07, 0.03], 8)
    nostril = ellipsoid(0.022, sides=6).move(0.05, y - 0.25, z + 0.335).both()
    return [
        body.part("body", coat, True),
        limbs.part("legs", coat, True),
        pointed(0.065, y + 0.09, z - 0.02, 0.05, 0.14, 8).part("ears", coat, True),
        group(mane, forelock).part("mane", hair),
        tail.part("tail", hair),
        hooves(0.115, front, hind - 0.02, 0.058).part("hooves", HOOF),
        blob(0.098, y + 0.0, z + 0.085, 0.03, 0.034, 0.034, 8).both().part("eyes", EYE),
        nostril.part("nose", NOSE),
    ]


def cow(rng: np.random.Generator) -> list[Part]:
    """A white cow with black patches: heavy square body, horns, pink muzzle and udder, tufted tail."""
    long, leg = rng.uniform(1.18, 1.32), rng.uniform(0.44, 0.50)
    half, high = long / 2, leg + 0.18
    front, hind = half - 0.20, 0.18 - half
    y, z, x = high + 0.26, half + 0.14, 0.15
    barrel = torso(long, 0.29, 0.25, high, chest=1.02, rump=1.02)
    body = group(
        barrel.solid(),
        capsule((0, high + 0.08, half - 0.18), (0, y - 0.02, z - 0.02), 0.19, 0.14),
        blob(0, y, z, 0.165, 0.17, 0.17),
        capsule((0, y, z), (0, y - 0.13, z + 0.22), 0.15, 0.115),
    )
    places = [
        (0.30, 40),
        (0.66, 62),
        (0.52, -18),
        (0.28, 140),
        (0.60, 172),
        (0.74, 115),
        (0.44, 95),
    ]
    patches = [
        barrel.patch(t + rng.uniform(-0.04, 0.04), deg + rng.uniform(-9, 9),
                     rng.uniform(0.085, 0.13), rng.uniform(24, 36), wavy=0.22)
        for t, deg in places
    ]  # fmt: skip
    patches.append(blob(0.085, y + 0.05, z + 0.03, 0.10, 0.13, 0.15, 10))
    udder = blob(0, high - 0.26, hind + 0.18, 0.15, 0.12, 0.17, 12)
    teats = capsule((0.06, high - 0.32, hind + 0.22), (0.06, high - 0.40, hind + 0.22), 0.032)
    drop = curve([(0, high + 0.20, 0.04 - half), (0, high + 0.16, -half - 0.08),
                  (0, high - 0.28, -half - 0.10)], 3)  # fmt: skip
    reach = rng.uniform(0.15, 0.20)
    horn = tube(curve([(0.09, y + 0.13, z - 0.03), (0.09 + 0.8 * reach, y + 0.17, z - 0.02),
                       (0.09 + reach, y + 0.18 + reach, z + 0.02)], 3),
                [0.05, 0.05, 0.046, 0.042, 0.035, 0.026, 0.012], 8)  # fmt: skip
    nostril = ellipsoid(0.022, sides=6).move(0.055, y - 0.12, z + 0.375)
    ears = flap(0.12, y + 0.07, z - 0.04, 0.10, 0.055, 98, 0.035)
    return [
        body.part("body", WHITE, True),
        legs(0.15, front, hind, leg, 0.105, 0.065).part("legs", WHITE, True),
        group(*patches).part("patches", BLACK),
        ears.part("ears", BLACK),
        horn.both().part("horns", BONE),
        blob(0, y - 0.14, z + 0.26, 0.13, 0.10, 0.12).part("muzzle", PINK),
        group(udder, teats.both(), teats.move(z=-0.1).both()).part("udder", PINK),
        tube(drop, 0.032, 6).part("tail", WHITE, True),
        blob(0, high - 0.34, -half - 0.10, 0.065, 0.12, 0.065, 8).part("tail tuft", BLACK),
        hooves(0.15, front, hind - 0.03, 0.075).part("hooves", HOOF),
        group(
            blob(x, y + 0.05, z + 0.10, 0.034, 0.036, 0.036, 8).both(), nostril.both()
        ).part("eyes", EYE),
    ]  # fmt: skip


def pig(rng: np.random.Generator) -> list[Part]:
    """A round pink pig: flat disc of a snout, floppy ears, short legs, curly tail."""
    skin = pick(rng, matte(0.95, 0.66, 0.66), matte(0.93, 0.60, 0.58), matte(0.96, 0.72, 0.70))
    long, leg, fat = rng.uniform(0.98, 1.12), rng.uniform(0.24, 0.30), rng.uniform(0.27, 0.30)
    half, high = long / 2, leg + 0.20
    front, hind = half - 0.22, 0.20 - half
    y, z, r = high + 0.14, half + 0.06, 0.225
    body = group(
        torso(long, fat, 0.97 * fat, high, chest=0.96, rump=1.02).solid(16),
        blob(0, y, z, r, r, r, 14),
        capsule((0, y - 0.05, z + 0.08), (0, y - 0.06, z + 0.24), 0.14, 0.10, 12),
    )
    disc = cylinder(0.115, 0.06, sides=16).turn("x", 90).move(0, y - 0.06, z + 0.345)
    nostril = ellipsoid(0.026, 0.04, 0.02, sides=8).move(0.042, y - 0.06, z + 0.376)
    a = np.linspace(0, 4.2 * np.pi, 22)
    curl = np.column_stack([0.075 * np.sin(a), high + 0.12 + 0.075 * np.cos(a), -half - 0.012 * a])
    tail = tube([(0, high + 0.10, 0.08 - half), *curl], 0.032, 6)
    ear = ellipsoid(0.10, 0.135, 0.04, sides=10).turn("x", 38).turn("z", -28)
    return [
        body.part("body", skin, True),
        legs(0.15, front, hind, leg, 0.105, 0.075).part("legs", skin, True),
        ear.move(0.15, y + 0.20, z + 0.07).both().part("ears", darker(skin, 0.88), True),
        disc.part("snout", darker(skin, 0.82)),
        tail.part("tail", darker(skin, 0.88), True),
        hooves(0.15, front, hind - 0.03, 0.075).part("hooves", matte(0.45, 0.30, 0.28)),
        group(eyes(y, z, r, 0.036, 36, 22), nostril.both()).part("eyes", EYE),
    ]


def sheep(rng: np.random.Generator) -> list[Part]:
    """A sheep: a cloud of wool on short dark legs, dark face, sideways ears."""
    wool = pick(rng, matte(0.94, 0.92, 0.86), matte(0.90, 0.87, 0.80))
    face = pick(rng, matte(0.15, 0.13, 0.13), matte(0.22, 0.18, 0.16))
    leg = rng.uniform(0.30, 0.36)
    high, y, z = leg + 0.22, leg + 0.50, 0.52
    lumps = [blob(0, high, 0, 0.31, 0.29, 0.46, 14)]
    for k in range(24):
        up = 1 - 2 * (k + 0.5) / 24
        a, flat = 2.4 * k + rng.uniform(-0.15, 0.15), np.sqrt(1 - up * up)
        r = rng.uniform(0.115, 0.145)
        x, h, w = 0.27 * flat * np.cos(a), high + 0.25 * up, 0.42 * flat * np.sin(a)
        lumps.append(blob(x, h, w, r, r, r, 8))
    lumps += [
        blob(0, y - 0.12, 0.40, 0.17, 0.17, 0.15, 10),
        blob(0, y + 0.12, z - 0.03, 0.13, 0.09, 0.12, 8),
        blob(0.08, y + 0.10, z + 0.0, 0.08, 0.075, 0.08, 8).both(),
    ]
    head = capsule((0, y, z), (0, y - 0.13, z + 0.20), 0.135, 0.095, 12)
    ears = flap(0.10, y + 0.05, z - 0.02, 0.11, 0.052, rng.uniform(98, 112), 0.035)
    limb = capsule((0.14, high, 0.24), (0.14, 0.055, 0.24), 0.07, 0.055)
    white = ellipsoid(0.044, sides=8).move(0.088, y + 0.02, z + 0.125)
    pupil = ellipsoid(0.024, sides=6).move(0.098, y + 0.02, z + 0.158)
    return [
        group(*lumps).part("wool", wool, True),
        blob(0, high + 0.10, -0.54, 0.09, 0.12, 0.09, 8).part("tail", wool, True),
        group(head, ears).part("face", face),
        group(limb, limb.move(z=-0.48)).both().part("legs", face),
        white.both().part("eyes", WHITE),
        pupil.both().part("pupils", EYE),
    ]
