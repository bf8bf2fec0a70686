"""Hoofed animals: zebra, unicorn, deer.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import darker, glossy, matte, pick
from sds3d.library.kit.model import Look, Part, Wish, paint
from sds3d.library.kit.shapes import Solid, capsule, curve, group, torus, tube
from sds3d.library.things.beasts import (
    EYE,
    HOOF,
    NOSE,
    Skin,
    blob,
    flap,
    hooves,
    legs,
    pointed,
    torso,
)
from sds3d.library.things.farm import horse


def _flank_stripe(skin: Skin, t: float, slant: float, low: float, wide: float) -> Solid:
    """A pair of stripes from the back down both flanks to the angle `low`, pointed below."""
    u = np.linspace(0, 1, 5)
    both = []
    for side in (1, -1):
        deg = 90 - side * (90 - low) * u
        place = skin.at(np.clip(t + slant * u, 0, 1), deg, np.ones(5))
        both.append(tube(place, [wide, wide, 0.9 * wide, 0.65 * wide, 0.1 * wide], 4))
    return group(*both)


def _leg_rings(
    x: float, z: float, top: float, thick: float, thin: float, levels: list[float]
) -> Solid:
    """Rings around one tapering leg."""
    rings = []
    for h in levels:
        r = thin + (thick - thin) * h
        rings.append(torus(0.92 * r, 0.018, 8, 3).move(x, h * top, z))
    return group(*rings)


def zebra(rng: np.random.Generator) -> list[Part]:
    """A zebra: a white horse's shape with black stripes from head to hoof, an upright striped mane."""
    white, black = matte(0.95, 0.94, 0.90), matte(0.08, 0.07, 0.07)
    long, leg = rng.uniform(1.00, 1.10), rng.uniform(0.52, 0.58)
    half, high = long / 2, leg + 0.11
    front, hind = half - 0.17, 0.16 - half
    y, z = high + rng.uniform(0.46, 0.52), half + 0.26
    barrel = torso(long, 0.225, 0.19, high, chest=1.05, rump=1.06)
    neck = Skin([(high - 0.02, half - 0.20, 0.20, 0.15), (high + 0.20, half - 0.02, 0.165, 0.115),
                 (high + 0.36, half + 0.12, 0.13, 0.10), (y, z - 0.02, 0.11, 0.095)])  # fmt: skip
    head = Skin(
        [
            (y + 0.03, z - 0.10, 0, 0),
            (y + 0.03, z - 0.06, 0.10, 0.09),
            (y + 0.0, z + 0.04, 0.115, 0.105),
            (y - 0.10, z + 0.17, 0.095, 0.085),
            (y - 0.20, z + 0.28, 0.075, 0.075),
            (y - 0.235, z + 0.32, 0, 0),
        ]
    )
    stripes = [
        _flank_stripe(barrel, float(t), -0.05 if t < 0.4 else 0.03, -25 if k % 2 else -45, 0.026)
        for k, t in enumerate(np.linspace(0.14, 0.86, 9))
    ]
    stripes += [_flank_stripe(neck, float(t), 0.03, -55, 0.020) for t in np.linspace(0.34, 0.90, 4)]
    stripes += [_flank_stripe(head, float(t), 0.05, -20, 0.013) for t in (0.36, 0.50, 0.63)]
    rings = [
        _leg_rings(0.11, front, leg, 0.085, 0.05, [0.30, 0.45, 0.60, 0.75]),
        _leg_rings(0.11, hind - 0.018, leg, 0.088, 0.05, [0.28, 0.43, 0.58]),
    ]
    crest = neck.at(np.linspace(0.12, 1.0, 8), np.full(8, 90.0), np.full(8, 1.15))
    crest = np.concatenate([crest, [[0, y + 0.13, z + 0.03]]])
    mane = [tube(crest[k : k + 2], 0.052, 6, flat=0.75) for k in range(len(crest) - 1)]
    drop = curve(
        [
            (0, high + 0.12, 0.06 - half),
            (0, high + 0.04, -half - 0.08),
            (0, high - 0.26, -half - 0.10),
        ],
        3,
    )
    tuft = capsule((0, high - 0.26, -half - 0.10), (0, high - 0.42, -half - 0.09), 0.055, 0.025, 8)
    return [
        group(barrel.solid(12), neck.solid(10), head.solid(10)).part("body", white, True),
        legs(0.11, front, hind, leg, 0.088, 0.052).part("legs", white, True),
        group(*stripes, *(r.both() for r in rings), *mane[1::2]).part("stripes", black),
        group(*mane[::2]).part("mane", white, True),
        pointed(0.068, y + 0.10, z - 0.03, 0.05, 0.15, 12).part("ears", white, True),
        tube(drop, 0.032, 6).part("tail", white, True),
        tuft.part("tail tuft", black),
        blob(0, y - 0.205, z + 0.285, 0.082, 0.075, 0.070, 10).part(
            "muzzle", matte(0.18, 0.15, 0.14)
        ),
        hooves(0.11, front, hind - 0.018, 0.060).part("hooves", HOOF),
        blob(0.098, y + 0.01, z + 0.085, 0.028, 0.032, 0.032, 8).both().part("eyes", EYE),
    ]


def unicorn(rng: np.random.Generator) -> list[Part]:
    """A unicorn: a white horse with a spiral horn on its forehead and a coloured mane and tail."""
    hair = pick(
        rng,
        matte(0.92, 0.55, 0.72),
        matte(0.62, 0.50, 0.85),
        matte(0.45, 0.72, 0.88),
        matte(0.95, 0.82, 0.50),
    )
    coat = (0.96, 0.95, 0.94)
    parts = paint(
        horse(rng),
        Wish(color=coat, parts={"mane": Wish(color=hair.color), "tail": Wish(color=hair.color)}),
    )
    ears = next(p for p in parts if p.name == "ears").vertices
    base = np.array([0.0, float(ears[:, 1].min()) + 0.0, float(ears[:, 2].mean()) + 0.10])
    long = rng.uniform(0.30, 0.38)
    axis = np.array([0.0, 0.83, 0.56])
    t = np.linspace(0, 1, 40)
    turns = 2 * np.pi * 5 * t
    side, up = np.array([1.0, 0, 0]), np.array([0.0, -0.56, 0.83])
    width = 0.040 * (1 - t) + 0.006
    spiral = base + long * t[:, None] * axis + 0.80 * width[:, None] * (
        np.cos(turns)[:, None] * side + np.sin(turns)[:, None] * up
    )  # fmt: skip
    horn = group(
        tube([tuple(base - 0.04 * axis), tuple(base + long * axis)], [0.040, 0.005], 10),
        tube(spiral, list(0.45 * width), 5),
    )
    gold = pick(rng, Look((0.93, 0.78, 0.36), 0.6, 0.3), glossy(0.96, 0.92, 0.86))
    hoof = next(k for k, p in enumerate(parts) if p.name == "hooves")
    parts[hoof] = paint([parts[hoof]], Wish(parts={"hooves": Wish(color=gold.color)}))[0]
    return [*parts, horn.part("horn", gold)]


def deer(rng: np.random.Generator) -> list[Part]:
    """A deer: slender legs, an upright neck, branched antlers, a white rump and throat; some spotted."""
    coat = pick(rng, matte(0.60, 0.38, 0.20), matte(0.66, 0.44, 0.26), matte(0.50, 0.32, 0.18))
    pale, bone = matte(0.93, 0.89, 0.80), matte(0.78, 0.66, 0.48)
    long, leg = rng.uniform(0.86, 0.96), rng.uniform(0.56, 0.64)
    half, high = long / 2, leg + 0.08
    front, hind = half - 0.13, 0.14 - half
    y, z = high + rng.uniform(0.48, 0.56), half + 0.17
    barrel = torso(long, 0.185, 0.150, high, chest=1.06, rump=1.02)
    neck = Skin(
        [
            (high, half - 0.17, 0.165, 0.125),
            (high + 0.18, half - 0.01, 0.120, 0.090),
            (high + 0.36, half + 0.08, 0.092, 0.075),
            (y, z - 0.02, 0.085, 0.075),
        ]
    )
    head = group(
        blob(0, y + 0.01, z, 0.092, 0.095, 0.105, 12),
        capsule((0, y - 0.005, z + 0.04), (0, y - 0.095, z + 0.21), 0.078, 0.048, 12),
    )
    spread, tall = rng.uniform(0.20, 0.27), rng.uniform(0.42, 0.54)
    beam = curve(
        [
            (0.045, y + 0.08, z - 0.03),
            (0.5 * spread, y + 0.12 + 0.35 * tall, z - 0.12),
            (spread, y + 0.10 + 0.72 * tall, z - 0.06),
            (0.85 * spread, y + 0.10 + tall, z + 0.03),
        ],
        4,
    )
    antler = [tube(beam, list(np.linspace(0.030, 0.010, len(beam))), 7)]
    for k, (dx, dy, dz) in (
        (2, (0.01, 0.05, 0.17)),
        (5, (0.02, 0.14, 0.12)),
        (8, (0.10, 0.12, 0.02)),
        (10, (0.07, 0.10, 0.08)),
    ):
        out = np.array([[0, 0, 0], [0.6 * dx, 0.35 * dy, 0.75 * dz], [dx, dy, dz]])
        antler.append(
            tube(
                curve(beam[k] + out, 2),
                [0.020, 0.018, 0.016, 0.013, 0.006],
                6,
            )
        )
    rump = blob(0, high + 0.02, -half + 0.035, 0.105, 0.115, 0.055, 12)
    bib = blob(0, high + 0.16, half + 0.085, 0.060, 0.115, 0.055, 10).turn(
        "x", -14, (0, high + 0.16, half + 0.085)
    )
    belly = Skin(
        [
            (high - 0.085, -0.62 * half, 0.02, 0.02),
            (high - 0.105, -0.45 * half, 0.09, 0.10),
            (high - 0.105, 0.30 * half, 0.09, 0.10),
            (high - 0.085, 0.52 * half, 0.02, 0.02),
        ]
    ).solid(10)
    tail = capsule((0, high + 0.11, -half + 0.03), (0, high + 0.0, -half - 0.06), 0.045, 0.030, 8)
    parts = [
        group(barrel.solid(), neck.solid(12), head).part("body", coat, True),
        legs(0.088, front, hind, leg, 0.072, 0.034).part("legs", coat, True),
        flap(0.085, y + 0.085, z - 0.035, 0.115, 0.058, 66, 0.030).part(
            "ears", darker(coat, 0.9), True
        ),
        group(*antler).both().part("antlers", bone),
        group(rump, bib, belly, blob(0, y - 0.115, z + 0.185, 0.050, 0.032, 0.065, 8)).part(
            "rump", pale
        ),
        tail.part("tail", coat, True),
        hooves(0.088, front, hind - 0.022, 0.042).part("hooves", HOOF),
        blob(0.080, y + 0.030, z + 0.055, 0.026, 0.030, 0.030, 8).both().part("eyes", EYE),
        blob(0, y - 0.085, z + 0.250, 0.034, 0.030, 0.026, 8).part("nose", NOSE),
    ]
    if rng.random() < 0.5:
        spots = [barrel.patch(float(t), d + 6 * (k % 2), 0.022, 7, sides=6)
                 for k, t in enumerate(np.linspace(0.22, 0.76, 7)) for d in (36, 62, 112, 140)]  # fmt: skip
        parts.append(group(*spots).part("spots", pale))
    return parts
