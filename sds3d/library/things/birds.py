"""Birds: songbird, duck, owl, penguin, chicken.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLACK, WHITE, YELLOW, darker, matte, pick
from sds3d.library.kit.model import Part, Wish, paint
from sds3d.library.kit.shapes import Solid, capsule, cylinder, ellipsoid, group, tube
from sds3d.library.things.beasts import EYE, Skin, blob, eyes, fin, rounded

BILL, COMB = matte(0.95, 0.56, 0.10), matte(0.82, 0.10, 0.10)


def _foot(x: float, z: float, size: float, thick: float) -> Solid:
    """A pair of feet: three toes to the front, one back."""
    toe = capsule((0, thick, 0), (0, thick, size), thick, sides=6)
    back = toe.turn("y", 180).scale(0.7, 1, 0.7)
    return group(toe, toe.turn("y", 38), toe.turn("y", -38), back).move(x, 0, z).both()


def bird(rng: np.random.Generator) -> list[Part]:
    """A plump songbird: round head, short beak, folded wings, long tail, light breast, thin legs."""
    coat = pick(rng, matte(0.18, 0.42, 0.80), matte(0.80, 0.18, 0.14), matte(0.95, 0.78, 0.16))
    breast = pick(rng, matte(0.93, 0.56, 0.24), matte(0.95, 0.92, 0.84))
    r, tail = rng.uniform(0.175, 0.195), rng.uniform(0.36, 0.46)
    body = Skin([
        (0.48, -0.40, 0, 0), (0.48, -0.34, 0.07, 0.07), (0.46, -0.16, 0.18, 0.17),
        (0.47, 0.06, 0.235, 0.22), (0.56, 0.23, 0.19, 0.18), (0.64, 0.30, 0.10, 0.10), (0.66, 0.32, 0, 0),
    ])  # fmt: skip
    y, z = 0.76, 0.25
    beak = cylinder(0.07, 0.19, top=0.012, sides=10).turn("x", 90).move(0, y - 0.02, z + r + 0.06)
    wing = ellipsoid(0.055, 0.15, 0.29, sides=12).turn("x", rng.uniform(10, 20))
    tip = ellipsoid(0.035, 0.07, 0.20, sides=10).turn("x", 16).move(0.16, 0.44, -0.32)
    fan = (
        ellipsoid(0.085, 0.035, tail / 2, sides=10).turn("x", 12).move(0, 0.44, -0.32 - 0.3 * tail)
    )
    leg = capsule((0.085, 0.30, 0.03), (0.085, 0.04, 0.06), 0.03, 0.028, 8)
    return [
        group(body.solid(), blob(0, y, z, r, r, r, 14)).part("body", coat, True),
        body.patch(0.66, -72, 0.26, 62, lift=0.07, sides=18).part("breast", breast),
        group(wing.move(0.205, 0.50, -0.05), tip).both().part("wings", darker(coat, 0.72), True),
        fan.part("tail", darker(coat, 0.72), True),
        beak.part("beak", BILL),
        group(leg.both(), _foot(0.085, 0.06, 0.11, 0.026)).part("legs", matte(0.45, 0.30, 0.18)),
        eyes(y, z, r, 0.036, 46, 16).part("eyes", EYE),
    ]


def duck(rng: np.random.Generator) -> list[Part]:
    """A duck: boat-shaped body with a cocked tail, upright neck, broad flat orange bill, webbed feet."""
    coat = pick(rng, matte(0.95, 0.94, 0.90), matte(0.97, 0.82, 0.22), matte(0.62, 0.48, 0.34))
    tall, r = rng.uniform(0.36, 0.46), rng.uniform(0.155, 0.17)
    body = Skin([
        (0.58, -0.58, 0, 0), (0.54, -0.52, 0.05, 0.07), (0.44, -0.36, 0.14, 0.17),
        (0.37, -0.10, 0.23, 0.26), (0.38, 0.18, 0.23, 0.25), (0.44, 0.34, 0.15, 0.16), (0.47, 0.40, 0, 0),
    ])  # fmt: skip
    y, z = 0.46 + tall, 0.34
    neck = tube([(0, 0.42, 0.22), (0, 0.60, 0.31), (0, y, z)], [0.17, 0.115, 0.11], 12)
    bill = group(
        ellipsoid(0.095, 0.035, 0.17, sides=12).turn("x", 8).move(0, y - 0.055, z + 0.24),
        ellipsoid(0.07, 0.06, 0.10, sides=10).move(0, y - 0.02, z + 0.15),
    )
    wing = ellipsoid(0.055, 0.15, 0.29, sides=12).turn("x", 14).move(0.245, 0.44, -0.10)
    tip = ellipsoid(0.035, 0.06, 0.15, sides=8).turn("x", 28).move(0.20, 0.52, -0.36)
    leg = capsule((0.12, 0.24, 0.0), (0.12, 0.04, 0.02), 0.04, sides=8)
    web = ellipsoid(0.10, 0.035, 0.14, sides=10).move(0.12, 0.035, 0.11)
    green = coat.color[2] > 0.3 and coat.color[0] < 0.7  # the brown ones are mallards
    head = group(neck, blob(0, y, z, r, r, 1.05 * r, 14))
    crown = matte(0.08, 0.36, 0.20) if green else coat
    return [
        body.solid().part("body", coat, True),
        head.part("head", crown, not green),
        group(wing, tip).both().part("wings", darker(coat, 0.88), True),
        bill.part("beak", BILL),
        group(leg, web).both().part("feet", BILL),
        eyes(y, z, r, 0.034, 44, 24).part("eyes", EYE),
    ]


def owl(rng: np.random.Generator) -> list[Part]:
    """A perched owl: upright egg, ear tufts, great yellow eyes in pale discs, hooked beak, wings."""
    coat = pick(rng, matte(0.50, 0.34, 0.20), matte(0.42, 0.36, 0.32), matte(0.60, 0.42, 0.24))
    pale = matte(0.88, 0.76, 0.58)
    wide, tuft = rng.uniform(0.29, 0.33), rng.uniform(0.17, 0.22)
    body = Skin([
        (0.03, 0, 0, 0), (0.07, 0, 0.16, 0.18), (0.28, 0, 0.26, 0.92 * wide), (0.55, 0, 0.27, wide),
        (0.76, 0.02, 0.24, 0.90 * wide), (0.94, 0.04, 0.245, 0.93 * wide), (1.07, 0.04, 0.17, 0.62 * wide),
        (1.12, 0.04, 0, 0),
    ])  # fmt: skip
    wing = ellipsoid(0.07, 0.34, 0.18, sides=12).turn("z", 6).turn("x", -8).move(wide, 0.46, -0.06)
    ear = cylinder(0.085, tuft, top=0.015, sides=8).scale(1, 1, 0.7).turn("z", -24)
    disc = ellipsoid(0.145, 0.155, 0.05, sides=14).turn("y", 16).move(0.125, 0.90, 0.265)
    eye = ellipsoid(0.085, 0.085, 0.04, sides=12).turn("y", 16).move(0.125, 0.90, 0.30)
    pupil = ellipsoid(0.046, 0.046, 0.025, sides=10).turn("y", 16).move(0.13, 0.90, 0.338)
    beak = cylinder(0.05, 0.15, top=0.01, sides=8).turn("x", 155).move(0, 0.80, 0.32)
    spots = [
        body.patch(t, -90 + deg, 0.022, 7, lift=0.13, sides=6)
        for t, shift in ((0.34, 0), (0.43, 11), (0.52, 0), (0.61, 11))
        for deg in (-33 + shift, -11 + shift, 11 + shift, 33 - shift)
    ]
    toes = [
        ellipsoid(0.035, 0.04, 0.08, sides=8).move(0.12 + d, 0.04, 0.24) for d in (-0.06, 0, 0.06)
    ]
    tail = ellipsoid(0.15, 0.05, 0.20, sides=10).turn("x", 50).move(0, 0.10, -0.24)
    return [
        body.solid(16).part("body", coat, True),
        ear.move(0.19, 1.10, 0.05).both().part("ears", darker(coat, 0.85), True),
        wing.both().part("wings", darker(coat, 0.70), True),
        tail.part("tail", darker(coat, 0.70), True),
        body.patch(0.45, -90, 0.24, 42, lift=0.06, sides=18).part("belly", pale),
        group(*spots).part("spots", darker(coat, 0.75)),
        disc.both().part("face", pale),
        eye.both().part("eyes", YELLOW),
        pupil.both().part("pupils", BLACK),
        beak.part("beak", BILL),
        group(*toes).both().part("feet", BILL),
    ]


def penguin(rng: np.random.Generator) -> list[Part]:
    """A penguin standing upright: black back, white belly and cheeks, flippers, orange beak and feet."""
    coat = pick(rng, matte(0.10, 0.11, 0.14), matte(0.16, 0.19, 0.27))
    wide, open_deg = rng.uniform(0.25, 0.29), rng.uniform(14, 34)
    body = Skin([
        (0.03, 0, 0, 0), (0.06, 0, 0.16, 0.17), (0.24, 0, 0.25, wide), (0.50, 0, 0.25, 0.98 * wide),
        (0.74, 0.01, 0.19, 0.76 * wide), (0.86, 0.02, 0.16, 0.16), (0.90, 0.02, 0, 0),
    ])  # fmt: skip
    y, z, r = 0.95, 0.03, 0.185
    flipper = ellipsoid(0.045, 0.25, 0.095, sides=10).move(y=-0.22).turn("z", open_deg)
    beak = cylinder(0.065, 0.20, top=0.012, sides=10).turn("x", 96).move(0, y - 0.02, z + 0.25)
    foot = ellipsoid(0.10, 0.045, 0.16, sides=10).turn("y", 14).move(0.12, 0.04, 0.13)
    cheek = ellipsoid(0.085, 0.11, 0.06, sides=10).turn("y", 40).move(0.105, y - 0.02, z + 0.115)
    return [
        group(body.solid(16), blob(0, y, z, r, r, r, 14)).part("body", coat, True),
        flipper.move(0.90 * wide, 0.70, 0).both().part("wings", coat, True),
        ellipsoid(0.09, 0.035, 0.14, sides=8).turn("x", 25).move(0, 0.06, -0.24).part("tail", coat, True),
        body.patch(0.52, -90, 0.36, 58, lift=0.08, sides=18).part("belly", WHITE),
        cheek.both().part("cheeks", WHITE),
        beak.part("beak", BILL),
        foot.both().part("feet", BILL),
        eyes(y, z, r + 0.01, 0.032, 34, 20).part("eyes", EYE),
    ]  # fmt: skip


def chicken(rng: np.random.Generator) -> list[Part]:
    """A chicken: red comb and wattles, raised tail, folded wings, yellow beak and legs."""
    coat = pick(rng, matte(0.95, 0.93, 0.88), matte(0.66, 0.34, 0.14), matte(0.80, 0.52, 0.22))
    up, r = rng.uniform(0.26, 0.38), 0.135
    body = Skin([
        (0.66, -0.40, 0, 0), (0.64, -0.36, 0.10, 0.08), (0.54, -0.20, 0.22, 0.20),
        (0.50, 0.04, 0.27, 0.25), (0.56, 0.24, 0.22, 0.21), (0.76, 0.34, 0.14, 0.13),
        (0.94, 0.36, 0.115, 0.11), (1.00, 0.36, 0, 0),
    ])  # fmt: skip
    y, z = 0.96, 0.37
    feathers = [
        ellipsoid(0.06, 0.10, 0.10 + up / 2, sides=10)
        .turn("x", 22 + 22 * k)
        .move(0, 0.70 + 0.075 * k, -0.44 + 0.055 * k)
        for k in range(3)
    ]
    comb = fin(rounded([(-0.14, 0), (-0.15, 0.12), (-0.09, 0.08), (-0.05, 0.19), (0.01, 0.10),
                        (0.07, 0.18), (0.11, 0.09), (0.14, 0.0), (0.0, -0.05)], 2), 0.06)  # fmt: skip
    beak = cylinder(0.055, 0.15, top=0.01, sides=8).turn("x", 98).move(0, y - 0.005, z + 0.185)
    wattle = ellipsoid(0.04, 0.08, 0.045, sides=8).move(0.035, y - 0.14, z + 0.12)
    wing = ellipsoid(0.06, 0.16, 0.24, sides=12).turn("x", 16).move(0.235, 0.54, -0.04)
    leg = capsule((0.11, 0.32, 0.02), (0.11, 0.04, 0.04), 0.036, sides=8)
    return [
        group(body.solid(), blob(0, y, z, r, r, r, 12)).part("body", coat, True),
        wing.both().part("wings", darker(coat, 0.84), True),
        group(*feathers).part("tail", darker(coat, 0.84), True),
        comb.move(0, y + 0.10, z).part("comb", COMB),
        wattle.both().part("wattles", COMB),
        beak.part("beak", YELLOW),
        group(leg.both(), _foot(0.11, 0.04, 0.13, 0.03)).part("legs", YELLOW),
        eyes(y, z, r, 0.030, 52, 18).part("eyes", EYE),
    ]


def bluebird(rng: np.random.Generator) -> list[Part]:
    """The songbird in blue."""
    return paint(bird(rng), Wish(color=(0.20, 0.42, 0.80)))
