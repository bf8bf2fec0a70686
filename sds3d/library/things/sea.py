"""Sea animals: fish, shark, whale, dolphin, octopus.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLACK, WHITE, darker, matte, pick
from sds3d.library.kit.model import Part, Wish, paint
from sds3d.library.kit.shapes import Solid, curve, ellipsoid, extrude, group, tube
from sds3d.library.things.beasts import EYE, Skin, blob, fin, rounded

PALE = matte(0.92, 0.93, 0.93)


def _flukes(span: float, long: float, thick: float) -> Solid:
    """A whale's tail: two lobes lying flat, the notch to the rear, rooted at the origin."""
    half = [(0, -0.45 * long), (0.45 * span, -long), (span, -1.05 * long), (0.75 * span, -0.4 * long),
            (0.35 * span, 0.05 * long), (0.1 * span, 0.25 * long)]  # fmt: skip
    outline = curve([*half, *((-x, z) for x, z in half[:0:-1])], 2, ring=True)
    return extrude(outline, thick).turn("x", 90)


def _paddle(reach: float, long: float, thick: float, droop: float, sweep: float) -> Solid:
    """A flat fin that reaches outward from the origin along +x, swept to the rear."""
    blade = ellipsoid(reach / 2, thick, long / 2, sides=12).move(x=reach / 2)
    return blade.turn("y", sweep).turn("z", -droop)


def fish(rng: np.random.Generator) -> list[Part]:
    """A plump fish: forked tail, long back fin, side fins, round eyes; some with white bands."""
    scales = pick(rng, matte(0.96, 0.52, 0.10), matte(0.20, 0.48, 0.84), matte(0.95, 0.80, 0.20))
    deep, wide = rng.uniform(0.25, 0.31), rng.uniform(0.14, 0.17)
    body = Skin([
        (0, -0.52, 0.05, 0.04), (0, -0.44, 0.075, 0.05), (0, -0.22, 0.75 * deep, 0.70 * wide),
        (0, 0.06, deep, wide), (0, 0.30, 0.85 * deep, 0.95 * wide), (-0.01, 0.48, 0.45 * deep, 0.55 * wide),
        (-0.02, 0.55, 0, 0),
    ], 4)  # fmt: skip
    fork = rng.uniform(0.26, 0.34)
    tail = fin(rounded([(0.06, 0), (-0.08, 0.11), (-0.32, fork), (-0.36, 0.8 * fork), (-0.22, 0),
                        (-0.36, -0.8 * fork), (-0.32, -fork), (-0.08, -0.11)]), 0.055)  # fmt: skip
    back = fin(rounded([(0.26, 0.6 * deep), (0.12, deep + 0.12), (-0.12, deep + 0.14),
                        (-0.32, deep + 0.04), (-0.34, 0.3 * deep)]), 0.055)  # fmt: skip
    low = fin(rounded([(-0.06, -0.7 * deep), (-0.20, -deep - 0.12), (-0.31, -deep - 0.04),
                       (-0.30, -0.3 * deep)]), 0.055)  # fmt: skip
    side = ellipsoid(0.03, 0.085, 0.15, sides=10).turn("x", 25).turn("y", -32)
    fins = group(back, low, side.move(wide + 0.04, -0.06, 0.0).both())
    parts = [
        body.solid(16).part("body", scales, True),
        tail.move(z=-0.46).part("tail", darker(scales, 0.78), True),
        fins.part("fins", darker(scales, 0.78), True),
        blob(0.62 * wide, 0.07, 0.39, 0.06, 0.075, 0.075, 10).both().part("eyes", WHITE),
        blob(0.62 * wide + 0.044, 0.07, 0.405, 0.03, 0.045, 0.045, 8).both().part("pupils", BLACK),
        blob(0, -0.045, 0.535, 0.055, 0.022, 0.04, 8).part("mouth", darker(scales, 0.5)),
    ]
    if rng.random() < 0.5:
        bands = group(body.band(0.60, 0.70), body.band(0.32, 0.40))
        parts.append(bands.part("stripes", PALE))
    return parts


def shark(rng: np.random.Generator) -> list[Part]:
    """A grey shark: tall triangular back fin, crescent tail, swept side fins, white belly, open jaw."""
    hide = pick(rng, matte(0.42, 0.48, 0.55), matte(0.36, 0.40, 0.44), matte(0.34, 0.46, 0.58))
    tall, wide = rng.uniform(0.34, 0.42), rng.uniform(0.19, 0.22)
    body = Skin([
        (0.02, -0.95, 0.04, 0.035), (0.02, -0.82, 0.06, 0.05), (0, -0.50, 0.13, 0.12), (0, -0.05, 0.225, wide),
        (0, 0.38, 0.225, wide), (0.02, 0.72, 0.15, 0.15), (0.05, 0.90, 0.07, 0.08), (0.05, 0.96, 0, 0),
    ], 4)  # fmt: skip
    back = fin(
        [(0.24, 0.12), (0.02, 0.16 + tall), (-0.07, 0.17 + tall), (-0.09, 0.30), (-0.16, 0.10)],
        0.06,
    )
    rear = fin([(-0.50, 0.06), (-0.62, 0.20), (-0.67, 0.19), (-0.66, 0.04)], 0.05)
    tail = fin([(-0.80, 0.02), (-0.98, 0.20), (-1.18, 0.46), (-1.25, 0.44), (-1.10, 0.10), (-1.06, 0.01),
                (-1.16, -0.20), (-1.10, -0.24), (-0.94, -0.10)], 0.055)  # fmt: skip
    side = extrude(
        [(0, 0.16), (0.14, 0.14), (0.50, -0.14), (0.50, -0.21), (0.16, -0.10), (0, -0.12)], 0.055
    )
    side = side.turn("x", 90).turn("z", -rng.uniform(14, 28)).move(0.12, -0.07, 0.28)
    small = (
        ellipsoid(0.13, 0.03, 0.06, sides=8).turn("y", 25).turn("z", -25).move(0.13, -0.10, -0.48)
    )
    gills = [blob(0.98 * wide, 0.02, 0.32 + 0.065 * k, 0.02, 0.085, 0.016, 6) for k in range(3)]
    teeth = [
        ellipsoid(0.022, 0.035, 0.022, sides=6).move(0.115 * np.sin(a), -0.075, 0.66 + 0.13 * np.cos(a))
        for a in np.radians((-75, -45, -15, 15, 45, 75))
    ]  # fmt: skip
    return [
        body.solid(16).part("body", hide, True),
        group(back, rear, side.both(), small.both()).part("fins", darker(hide, 0.82), True),
        tail.part("tail", darker(hide, 0.82), True),
        body.patch(0.60, -90, 0.36, 82, lift=0.05, sides=18).part("belly", PALE),
        blob(0, -0.085, 0.68, 0.12, 0.045, 0.125, 10).part("mouth", matte(0.55, 0.12, 0.14)),
        group(*teeth).part("teeth", WHITE),
        group(*gills).both().part("gills", darker(hide, 0.5)),
        blob(0.125, 0.075, 0.72, 0.03, 0.036, 0.036, 8).both().part("eyes", EYE),
    ]


def whale(rng: np.random.Generator) -> list[Part]:
    """A whale: an enormous rounded head, pale grooved throat, small fins, flukes lifted behind."""
    hide = pick(rng, matte(0.20, 0.36, 0.56), matte(0.28, 0.36, 0.44), matte(0.16, 0.26, 0.40))
    lift, fat = rng.uniform(0.32, 0.46), rng.uniform(0.36, 0.40)
    body = Skin([
        (0.06 + lift, -0.98, 0.05, 0.07), (0.80 * lift, -0.84, 0.08, 0.09), (0.35 * lift, -0.58, 0.15, 0.16),
        (0.03, -0.22, 0.28, 0.29), (0, 0.20, fat, fat), (0, 0.58, 0.94 * fat, 0.92 * fat),
        (0.01, 0.82, 0.60 * fat, 0.62 * fat), (0.01, 0.90, 0, 0),
    ], 4)  # fmt: skip
    flukes = _flukes(0.44, 0.30, 0.07).turn("x", 30).move(0, 0.08 + lift, -1.0)
    flipper = _paddle(0.42, 0.22, 0.04, rng.uniform(20, 35), 28).move(0.80 * fat, -0.14, 0.28)
    dorsal = fin(rounded([(-0.20, 0.16), (-0.36, 0.36), (-0.42, 0.35), (-0.44, 0.08)]), 0.06)
    grooves = [
        tube(
            body.at(np.linspace(0.58, 0.88, 6), np.full(6, -90.0 + d), np.full(6, 1.045)), 0.016, 5
        )
        for d in (-57, -38, -19, 0, 19, 38, 57)
    ]
    line = body.at(np.linspace(0.62, 0.97, 8), np.linspace(-12, -4, 8), np.full(8, 1.03))
    return [
        body.solid(18).part("body", hide, True),
        group(flipper.both(), dorsal).part("fins", darker(hide, 0.82), True),
        flukes.part("tail", darker(hide, 0.82), True),
        body.patch(0.70, -90, 0.28, 84, lift=0.05, sides=18).part("belly", PALE),
        group(*grooves).part("grooves", darker(PALE, 0.72)),
        tube(line, 0.02, 6).both().part("mouth", darker(hide, 0.4)),
        blob(0.93 * fat, 0.06, 0.50, 0.04, 0.05, 0.05, 10).both().part("eyes", EYE),
    ]


def dolphin(rng: np.random.Generator) -> list[Part]:
    """A leaping dolphin: arched body, long beak, curved back fin, flat flukes, pale belly."""
    hide = pick(rng, matte(0.42, 0.52, 0.62), matte(0.34, 0.44, 0.56), matte(0.52, 0.58, 0.64))
    dip, wide = rng.uniform(0.20, 0.34), rng.uniform(0.17, 0.20)
    body = Skin([
        (-dip, -0.86, 0.04, 0.045), (-0.70 * dip, -0.72, 0.07, 0.06), (-0.22 * dip, -0.42, 0.14, 0.13),
        (0, -0.05, 0.205, wide), (-0.02, 0.28, 0.20, wide), (-0.10, 0.54, 0.155, 0.15),
        (-0.16, 0.66, 0.10, 0.10), (-0.18, 0.71, 0, 0),
    ], 4)  # fmt: skip
    snout = ellipsoid(0.075, 0.055, 0.17, sides=12).turn("x", 16).move(0, -0.215, 0.76)
    back = fin(rounded([(0.10, 0.10), (-0.05, 0.30), (-0.20, 0.42), (-0.23, 0.38), (-0.17, 0.26),
                        (-0.19, 0.08)]), 0.06)  # fmt: skip
    side = _paddle(0.34, 0.16, 0.032, rng.uniform(30, 50), 32).move(0.11, -0.12, 0.26)
    flukes = _flukes(0.30, 0.22, 0.055).turn("x", -30).move(0, -dip, -0.86)
    smile = tube([(0.05, -0.20, 0.90), (0.078, -0.205, 0.76), (0.10, -0.185, 0.63)], 0.014, 5)
    return [
        group(body.solid(16), snout).part("body", hide, True),
        group(back, side.both()).part("fins", darker(hide, 0.84), True),
        flukes.part("tail", darker(hide, 0.84), True),
        body.patch(0.58, -90, 0.36, 76, lift=0.05, sides=18).part("belly", PALE),
        smile.both().part("mouth", darker(hide, 0.45)),
        blob(0.128, -0.075, 0.56, 0.034, 0.038, 0.038, 8).both().part("eyes", EYE),
    ]


def octopus(rng: np.random.Generator) -> list[Part]:
    """An octopus: a bulging head, eight curling arms with suckers, big eyes."""
    skin = pick(rng, matte(0.80, 0.26, 0.20), matte(0.86, 0.46, 0.22), matte(0.56, 0.28, 0.58))
    tall, curl = rng.uniform(0.34, 0.42), rng.uniform(0.15, 0.24)
    head = Skin([
        (0.20, 0, 0, 0), (0.22, 0, 0.18, 0.18), (0.38, 0, 0.20, 0.20), (0.46 + 0.4 * tall, -0.03, 0.28, 0.28),
        (0.46 + 0.9 * tall, -0.07, 0.22, 0.23), (0.52 + 1.1 * tall, -0.09, 0, 0),
    ])  # fmt: skip
    arms, suckers = [], []
    for k in range(8):
        bend = rng.uniform(-0.14, 0.14)
        way = curve(
            [
                (0.08, 0.28, 0),
                (0.26, 0.20, 0.2 * bend),
                (0.48, 0.06, 0.6 * bend),
                (0.72, 0.08, bend),
                (0.84, 0.08 + curl, 1.1 * bend),
                (0.72, 0.12 + 1.25 * curl, bend),
            ],
            3,
        )
        thick = np.linspace(0.105, 0.035, len(way))
        arms.append(tube(way, list(thick), 8).turn("y", 45 * k + 22.5))
        dots = [
            ellipsoid(0.030, sides=5).move(
                *(way[j] + (0.75 * thick[j] * g, 0.62 * thick[j] * h, 0))
            )
            for j, g, h in ((9, 0, 1), (11, -1, 0.6), (13, -1.1, 0))
        ]
        suckers.append(group(*dots).turn("y", 45 * k + 22.5))
    return [
        head.solid(16).part("head", skin, True),
        group(*arms).part("arms", skin, True),
        group(*suckers).part("suckers", matte(0.95, 0.78, 0.68)),
        blob(0.125, 0.42, 0.19, 0.075, 0.085, 0.065, 10).both().part("eyes", WHITE),
        blob(0.135, 0.42, 0.245, 0.042, 0.05, 0.03, 8).both().part("pupils", BLACK),
    ]  # fmt: skip


def goldfish(rng: np.random.Generator) -> list[Part]:
    """The fish in orange."""
    return paint(fish(rng), Wish(color=(0.95, 0.50, 0.10)))
