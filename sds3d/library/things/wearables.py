"""Clothes and accessories: top hat, crown, boot, backpack, glasses.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLACK, BLUE, BRASS, RED, Look, darker, glossy, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    box,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    lathe,
    loft,
    rod,
    rounded_box,
    torus,
    tube,
)
from sds3d.library.things.treasures import GOLD


def top_hat(rng: np.random.Generator) -> list[Part]:
    """A top hat: tall crown, waisted and flat on top, ribbon, brim curled up at the sides."""
    tall, wide = rng.uniform(0.50, 0.62), rng.uniform(0.30, 0.34)
    crown = lathe([(1.02 * wide, 0), (0.95 * wide, 0.3 * tall), (0.98 * wide, 0.7 * tall),
                   (1.08 * wide, tall - 0.02), (1.03 * wide, tall), (0, tall)], 26)  # fmt: skip
    brim = lathe([(0, -0.03), (1.5 * wide, -0.03), (1.72 * wide, 0.0), (1.74 * wide, 0.04),
                  (1.5 * wide, 0.02), (0, 0.02)], 28, crease_deg=60)  # fmt: skip
    v = brim.vertices.copy()
    v[:, 1] += 0.5 * np.maximum(0.0, np.abs(v[:, 0]) - wide) ** 1.5
    ribbon = lathe([(1.04 * wide, 0.01), (1.02 * wide, 0.13), (0, 0.13)], 26)
    look = pick(rng, matte(0.07, 0.07, 0.08), matte(0.07, 0.07, 0.08), matte(0.25, 0.25, 0.28))
    return [
        group(crown, Solid(v, brim.faces, brim.normals)).part("hat", look, True),
        ribbon.part("ribbon", pick(rng, RED, matte(0.85, 0.85, 0.85), matte(0.45, 0.12, 0.40))),
    ]


def crown(rng: np.random.Generator) -> list[Part]:
    """A king's crown: a gold band with tall points, balls on their tips and jewels around."""
    points, tall = int(rng.integers(5, 8)), rng.uniform(0.42, 0.55)
    steps = 8 * points
    a = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    wave = np.abs(((points * a / (2 * np.pi) + 0.5) % 1) - 0.5) * 2  # 0 at a point, 1 between two
    high = 0.20 + tall * (1 - wave) ** 1.2 * 0.75
    flare = 0.42 + 0.16 * high

    def ring(r: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
        return np.stack([r * np.sin(a), y + 0 * a, r * np.cos(a)], 1)

    wall = loft(
        np.array([ring(0.42, 0), ring(flare, high), ring(flare - 0.05, high), ring(0.37, 0)]),
        ring=True,
    )
    band = group(torus(0.43, 0.045, 32, 6).move(y=0.03), torus(0.45, 0.035, 32, 6).move(y=0.19))
    tip = 0.20 + 0.75 * tall
    ball = ellipsoid(0.062, sides=10).move(0, tip + 0.02, 0.42 + 0.16 * tip).around(points)
    gem = ellipsoid(0.058, 0.058, 0.04, sides=8).move(0, 0.11, 0.445)
    gems = gem.around(points)
    others = gem.scale(0.8, 0.8, 1).move(y=0.02).around(points, start_deg=180 / points)
    lining = ellipsoid(0.36, 0.24, 0.36, sides=16).move(y=0.10)
    return [
        group(wall, band).part("crown", GOLD, True),
        ball.part("balls", GOLD, True),
        gems.part("jewels", glossy(0.75, 0.05, 0.12)),
        others.part("small jewels", pick(rng, glossy(0.08, 0.25, 0.75), glossy(0.05, 0.55, 0.25))),
        lining.part("lining", matte(0.50, 0.06, 0.16)),
    ]


def boot(rng: np.random.Generator) -> list[Part]:
    """A laced boot, toe to the front: high shaft, round toe, thick sole with a heel."""
    tall, long = rng.uniform(0.72, 0.9), rng.uniform(0.55, 0.62)
    a = np.linspace(0, 2 * np.pi, 18, endpoint=False)

    def oval(y: float, z0: float, z1: float, half: float, tilt: float = 0.0) -> np.ndarray:
        z = (z0 + z1) / 2 + (z1 - z0) / 2 * np.cos(a)
        return np.stack([half * np.sin(a), y + tilt * (z - z0), z], 1)

    shaft = loft(np.array([
        oval(0.10, -0.26, 0.20, 0.175), oval(0.30, -0.25, 0.18, 0.16), oval(0.5, -0.23, 0.15, 0.165),
        oval(tall, -0.26, 0.17, 0.19), oval(tall, -0.21, 0.12, 0.14), oval(tall - 0.12, -0.20, 0.11, 0.13),
    ]))  # fmt: skip
    way = [(0, 0.27, 0.0), (0, 0.22, 0.2), (0, 0.19, 0.34), (0, 0.18, long - 0.14)]
    foot = tube(
        [*way, (0, 0.165, long - 0.05), (0, 0.15, long - 0.01)],
        [0.17, 0.17, 0.165, 0.15, 0.10, 0.03],
        14,
        flat=1.12,
    )
    print_ = curve([(0, -0.29), (0.15, -0.22), (0.15, 0.05), (0.20, 0.36), (0.12, long), (0, long + 0.03),
                    (-0.12, long), (-0.20, 0.36), (-0.15, 0.05), (-0.15, -0.22)], 2, ring=True)  # fmt: skip
    sole = extrude(print_ * [1, -1], 0.08).turn("x", -90).move(y=0.05)
    heel = cylinder(0.165, 0.12, sides=14).move(y=-0.03, z=-0.12)
    rows = [(0.33, 0.185), (0.43, 0.165), (0.53, 0.155), (0.63, 0.16)]
    laces = group(*(
        rod((-0.085 * s, y, z - 0.01), (0.085 * s, y + 0.07, z), 0.022, sides=6)
        for y, z in rows for s in (-1, 1)
    ))  # fmt: skip
    tongue = box(0.17, tall - 0.26, 0.05, 0.02).move(0, (tall + 0.32) / 2, 0.14)
    cuff = tube(oval(tall, -0.25, 0.16, 0.18), 0.032, 6, ring=True)
    look = pick(
        rng,
        matte(0.48, 0.28, 0.14),
        matte(0.36, 0.20, 0.11),
        matte(0.72, 0.50, 0.24),
        matte(0.13, 0.12, 0.12),
    )
    return [
        group(shaft, foot).part("boot", look, True),
        tongue.part("tongue", darker(look, 0.75)),
        cuff.part("cuff", darker(look, 0.7)),
        laces.part("laces", matte(0.90, 0.82, 0.60)),
        group(sole, heel).part("sole", matte(0.10, 0.08, 0.07)),
    ]


def backpack(rng: np.random.Generator) -> list[Part]:
    """A school backpack: round top with a flap and a handle, front pocket, side pockets, two straps behind."""
    wide, tall = rng.uniform(0.56, 0.64), rng.uniform(0.76, 0.86)
    body = rounded_box(wide, tall, 0.32, 0.14).move(y=tall / 2)
    flap = rounded_box(wide + 0.03, 0.32, 0.35, 0.13).move(y=tall - 0.14, z=0.012)
    pocket = rounded_box(0.72 * wide, 0.38, 0.20, 0.08).move(y=0.25, z=0.18)
    lid = rounded_box(0.75 * wide, 0.14, 0.215, 0.06).move(y=0.40, z=0.185)
    side = rounded_box(0.14, 0.34, 0.20, 0.06).move(wide / 2 + 0.01, 0.22)
    buckle = group(*(box(0.06, 0.20, 0.05, 0.01).move(x, tall - 0.27, 0.18) for x in (-0.17, 0.17)))
    clasp = group(*(box(0.09, 0.06, 0.06, 0.01).move(x, tall - 0.35, 0.185) for x in (-0.17, 0.17)),
                  box(0.05, 0.09, 0.05, 0.01).move(0, 0.35, 0.285))  # fmt: skip
    loop = tube([(-0.09, tall - 0.02, -0.08), (-0.07, tall + 0.08, -0.09), (0.07, tall + 0.08, -0.09),
                 (0.09, tall - 0.02, -0.08)], 0.028, 6)  # fmt: skip
    way = curve([(0.15, tall - 0.06, -0.14), (0.16, tall - 0.12, -0.26), (0.17, 0.5 * tall, -0.30),
                 (0.19, 0.2, -0.25), (0.2, 0.10, -0.13)], 3)  # fmt: skip
    strap = tube(way, 0.03, 6, flat=2.0)
    look = pick(rng, BLUE, RED, matte(0.20, 0.42, 0.25), matte(0.85, 0.45, 0.12))
    cloth = Look(look.color, 0.0, 0.8)
    trim = pick(rng, matte(0.35, 0.21, 0.11), matte(0.16, 0.16, 0.18))
    return [
        body.part("bag", cloth, True),
        flap.part("flap", darker(cloth, 0.82), True),
        group(pocket, side.both()).part("pockets", darker(cloth, 0.92), True),
        lid.part("pocket lid", darker(cloth, 0.78), True),
        group(strap.both(), loop, buckle).part("straps", trim),
        clasp.part("buckles", BRASS),
    ]


def glasses(rng: np.random.Generator) -> list[Part]:
    """Spectacles facing the front: two thick rims with lenses, a bridge, two temples behind the ears."""
    radius, squat = rng.uniform(0.22, 0.25), rng.uniform(0.78, 1.0)
    rim = torus(radius, 0.042, 24, 7).turn("x", 90).scale(1, squat, 1)
    lens = cylinder(radius, 0.03, sides=24).turn("x", 90).scale(1, squat, 1)
    x = radius + 0.075
    bridge = tube(
        [(-0.10, 0.04, 0), (-0.05, 0.09, 0.01), (0.05, 0.09, 0.01), (0.10, 0.04, 0)], 0.036, 7
    )
    temple = tube(
        curve(
            [
                (x + radius, 0.06, 0),
                (x + radius + 0.05, 0.06, -0.08),
                (x + radius + 0.03, 0.06, -0.62),
                (x + radius - 0.01, -0.10, -0.86),
            ],
            3,
        ),
        0.036,
        7,
    )
    hinge = ellipsoid(0.055, sides=8).move(x + radius + 0.02, 0.06, -0.01)
    look = pick(rng, BLACK, glossy(0.36, 0.20, 0.10), RED, glossy(0.1, 0.2, 0.5))
    lens_look = pick(
        rng, glossy(0.62, 0.80, 0.90), glossy(0.55, 0.75, 0.88), glossy(0.16, 0.18, 0.22)
    )
    return [
        group(rim.move(x).both(), bridge).part("frame", look, True),
        group(temple, hinge).both().part("temples", look, True),
        lens.move(x).both().part("lenses", lens_look),
    ]
