"""Fortifications: castle, tower.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLUE,
    IRON,
    ORANGE,
    RED,
    SANDSTONE,
    STONE,
    TILES,
    WALNUT,
    darker,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import Solid, arc, block, box, cylinder, extrude, group, lathe, rod


def _crown(radius: float, y: float, teeth: int, sides: int = 16) -> Solid:
    """Battlements around a round tower: a wider ring with teeth on it."""
    ring = lathe(
        [
            (radius, y - 0.35),
            (1.18 * radius, y),
            (1.18 * radius, y + 0.25),
            (0.95 * radius, y + 0.25),
        ],
        sides,
    )
    wide = 0.55 * 2 * np.pi * radius / teeth
    tooth = block((-wide / 2, y + 0.2, 0.94 * radius), (wide / 2, y + 0.62, 1.16 * radius))
    return ring + tooth.around(teeth)


def castle(rng: np.random.Generator) -> list[Part]:
    """A square castle: four round corner towers, battlements or pointed roofs, a gate, a keep with a flag."""
    wall, x = pick(rng, STONE, SANDSTONE, matte(0.70, 0.68, 0.66)), rng.uniform(2.6, 3.0)
    high, tall = rng.uniform(1.7, 2.0), rng.uniform(3.0, 3.5)
    roofed, r, cover = (
        rng.random() < 0.6,
        0.78,
        pick(rng, matte(0.20, 0.34, 0.58), TILES, matte(0.30, 0.32, 0.36)),
    )
    curtain = block((-x, 0, x - 0.22), (x, high, x + 0.22))
    teeth = group(
        *(box(0.36, 0.42, 0.4).move(t, high + 0.16, x) for t in np.linspace(-x + 0.95, x - 0.95, 6))
    )
    walls = (curtain + teeth).around(4)
    tower = cylinder(r, tall, 0.94 * r, sides=16).move(y=tall / 2)
    crown = _crown(0.94 * r, tall, 8)
    towers = group(*((tower + crown).move(s * x, 0, t * x) for s in (-1, 1) for t in (-1, 1)))
    keep_high = tall + rng.uniform(0.9, 1.5)
    keep = block((-1.05, 0, -1.35), (1.05, keep_high, 0.75))
    spots = [(a, b) for a in (-0.8, 0, 0.8) for b in (-0.8, 0.8)] + [(-0.8, 0), (0.8, 0)]
    merlon = group(*(box(0.42, 0.45, 0.42).move(a, keep_high + 0.2, b - 0.3) for a, b in spots))
    gate = block((-0.95, 0, x - 0.3), (0.95, high + 0.75, x + 0.42))
    gate = gate + group(
        *(box(0.4, 0.36, 0.6).move(t, high + 0.9, x + 0.06) for t in (-0.75, 0, 0.75))
    )
    arch = extrude(
        [(-0.5, 0), (0.5, 0), (0.5, 0.95), *arc(0.5, 0, 180, 8, (0, 0.95))[1:-1], (-0.5, 0.95)], 0.2
    )
    slits = group(*(box(0.2, 0.62, 0.2).move(0, 0.62 * tall, 0.95 * r).turn("y", d).move(s * x, 0, t * x)
                    for s in (-1, 1) for t in (-1, 1) for d in (0, 90, 180, 270)))  # fmt: skip
    slits = slits + group(
        *(
            box(0.24, 0.6, 0.24).move(a, keep_high - 0.85, 1.02).around(4).move(z=-0.3)
            for a in (-0.5, 0.5)
        )
    )
    pole = rod((0, keep_high, -0.3), (0, keep_high + 1.6, -0.3), 0.06)
    flag = extrude([(0, 0), (1.05, 0.12), (0.85, 0.36), (1.05, 0.62), (0, 0.7)], 0.09).move(
        0, keep_high + 0.9, -0.3
    )
    parts = [
        (walls + gate).part("walls", wall, True),
        towers.part("towers", darker(wall, 0.94), True),
        (keep + merlon).part("keep", darker(wall, 1.05), True),
        slits.part("windows", matte(0.16, 0.15, 0.16)),
        arch.move(z=x + 0.4).part("gate", matte(0.34, 0.21, 0.12)),
        flag.part("flag", pick(rng, RED, BLUE, ORANGE)),
        pole.part("pole", IRON),
    ]
    if roofed:
        cone = cylinder(1.02 * r, 1.75, 0.0, sides=16).move(y=tall + 1.1)
        parts.append(
            group(*(cone.move(s * x, 0, t * x) for s in (-1, 1) for t in (-1, 1))).part(
                "roof", cover
            )
        )
    return parts


def tower(rng: np.random.Generator) -> list[Part]:
    """A lone round stone tower with a battlemented top or a pointed roof, slit windows and a door."""
    wall, r = pick(rng, STONE, SANDSTONE, matte(0.52, 0.50, 0.50)), rng.uniform(0.85, 1.0)
    high, pointed = rng.uniform(4.4, 5.4), rng.random() < 0.5
    body = lathe([(1.18 * r, 0), (1.04 * r, 0.5), (0.94 * r, high)], 20)
    bands = group(
        *(
            lathe([(1.01 * r, y), (1.08 * r, y + 0.08), (1.01 * r, y + 0.16)], 20)
            for y in (0.38 * high, 0.70 * high)
        )
    )
    slit = block((-0.13, -0.36, 0.7 * r), (0.13, 0.36, 1.04 * r))
    spots = [
        (0.3, 60),
        (0.3, 240),
        (0.55, 0),
        (0.55, 120),
        (0.55, 240),
        (0.84, 60),
        (0.84, 180),
        (0.84, 300),
    ]
    slits = group(*(slit.move(y=f * high).turn("y", deg) for f, deg in spots))
    door = extrude(
        [
            (-0.42, 0),
            (0.42, 0),
            (0.42, 0.85),
            *arc(0.42, 0, 180, 8, (0, 0.85))[1:-1],
            (-0.42, 0.85),
        ],
        0.5,
    )
    parts = [
        (body + bands + _crown(0.94 * r, high, 9, 18)).part("walls", wall, True),
        slits.part("windows", matte(0.15, 0.14, 0.15)),
        door.move(z=1.08 * r - 0.2).part("door", WALNUT),
    ]
    if pointed:
        cover = pick(rng, TILES, matte(0.22, 0.34, 0.54), matte(0.30, 0.32, 0.36))
        parts.append(cylinder(1.12 * r, 2.1, 0, sides=18).move(y=high + 1.28).part("roof", cover))
    return parts
