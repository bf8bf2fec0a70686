"""Tall buildings: windmill, lighthouse, castle, tower.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.bodywork import WINDOW
from sds3d.library.buildings import SLATE, window
from sds3d.library.looks import (
    BLUE,
    BRICK,
    CREAM,
    GREY,
    IRON,
    LAMP_WHITE,
    OAK,
    ORANGE,
    RED,
    SANDSTONE,
    STONE,
    TILES,
    WALNUT,
    WHITE,
    darker,
    matte,
    pick,
)
from sds3d.library.model import Part
from sds3d.library.shapes import (
    Solid,
    arc,
    block,
    box,
    cylinder,
    extrude,
    group,
    lathe,
    rod,
)


def windmill(rng: np.random.Generator) -> list[Part]:
    """A Dutch windmill: a tapering tower, a cap, four latticed sails in front, a gallery."""
    wall = pick(rng, WHITE, STONE, BRICK, matte(0.46, 0.34, 0.24))
    high, low, top = rng.uniform(4.6, 5.2), rng.uniform(1.55, 1.8), rng.uniform(0.95, 1.1)
    tower = cylinder(low, high, top, sides=pick(rng, 8, 16)).move(y=high / 2)
    bell = [(1.12, -0.05), (1.1, 0.3), (0.75, 0.85), (0, 1.15)]
    cap = lathe([(a * top, high + b) for a, b in bell], 14, crease_deg=50)
    level = 1.55
    at = float(np.interp(level, [0, high], [low, top]))
    gallery = lathe([(at + 0.55, level), (at + 0.55, level + 0.14)], 16)
    square = [(0.55, 0.5), (0.55, 0.62), (0.45, 0.62), (0.45, 0.5), (0.55, 0.5)]
    rail = lathe([(at + a, level + b) for a, b in square], 16)
    post = block((-0.05, level, at + 0.45), (0.05, level + 0.6, at + 0.55)).around(10)
    hub_y, front, reach = high + 0.35, 1.1 * top + 0.5, rng.uniform(3.2, 3.6)
    arm = box(0.16, reach, 0.14).move(y=reach / 2)
    cloth = box(0.74, 0.74 * reach, 0.06).move(0.30, 0.60 * reach, 0)
    slats = group(
        *(
            box(0.84, 0.09, 0.11).move(0.30, y, 0)
            for y in np.linspace(0.24 * reach, 0.97 * reach, 6)
        )
    )
    edge = box(0.09, 0.74 * reach, 0.11).move(0.68, 0.60 * reach, 0)
    turn = rng.uniform(10, 80)
    arms, cloths = (
        s.around(4, "z", turn).move(0, hub_y, front) for s in (arm + slats + edge, cloth)
    )
    axle = cylinder(0.2, 1.2, sides=10).turn("x", 90).move(0, hub_y, front - 0.4)
    spots = [
        (deg, y) for deg, y in ((0, 2.9), (180, 2.9), (90, 3.7), (-90, 3.7), (180, 0.9), (90, 0.9))
    ]
    panes = [window(0, y, float(np.interp(y, [0, high], [low, top])), 0.5, 0.65) for _, y in spots]
    glass, frames = (
        group(*(p[k].turn("y", deg) for p, (deg, _) in zip(panes, spots, strict=True)))
        for k in (0, 1)
    )
    door = block((-0.42, 0, low - 0.5), (0.42, 1.35, low + 0.02), 0.03)
    return [
        tower.part("tower", wall, True),
        cap.part("roof", pick(rng, SLATE, matte(0.42, 0.22, 0.14), RED)),
        (arms + axle).part("arms", WALNUT),
        cloths.part("sails", pick(rng, WHITE, CREAM)),
        (gallery + rail + post).part("gallery", OAK),
        glass.part("windows", WINDOW),
        frames.part("frames", WHITE if wall is not WHITE else GREY),
        door.part("door", pick(rng, matte(0.20, 0.40, 0.28), WALNUT)),
    ]


def lighthouse(rng: np.random.Generator) -> list[Part]:
    """A tapering white tower with broad coloured bands, a gallery, a lantern room with a domed roof, a rock."""
    white, color, bands = (
        WHITE,
        pick(rng, RED, RED, BLUE, matte(0.12, 0.12, 0.13)),
        int(rng.integers(2, 4)),
    )
    high, low, top = rng.uniform(5.8, 6.6), rng.uniform(1.05, 1.25), 0.72
    edges = np.linspace(0.0, high, 2 * bands + 2)
    rings = [lathe([(float(np.interp(y, [0, high], [low, top])), float(y)) for y in edges[k : k + 2]], 20)
             for k in range(2 * bands + 1)]  # fmt: skip
    deck = lathe([(0.8, high - 0.15), (1.12, high), (1.12, high + 0.14)], 20)
    rail = lathe(
        [
            (1.1, high + 0.42),
            (1.1, high + 0.54),
            (1.0, high + 0.54),
            (1.0, high + 0.42),
            (1.1, high + 0.42),
        ],
        20,
    )
    post = block((-0.04, high + 0.1, 0.99), (0.04, high + 0.5, 1.09)).around(10)
    room = cylinder(0.58, 0.95, sides=12).move(y=high + 0.6)
    bars = block((-0.045, high + 0.1, 0.54), (0.045, high + 1.05, 0.63)).around(6)
    bell = [(0.78, 1.05), (0.68, 1.25), (0.4, 1.55), (0.1, 1.68), (0, 1.7)]
    dome = lathe([(a, high + b) for a, b in bell], 16, crease_deg=50)
    knob = rod((0, high + 1.6, 0), (0, high + 2.1, 0), 0.07, 0.03)
    heights = [0.36 * high, 0.62 * high, 0.82 * high]
    spots = [(y, (0, 120, 240)[k % 3]) for k, y in enumerate(heights)]
    panes = group(*(
        block((-0.16, y - 0.28, -0.25), (0.16, y + 0.28, 0.04))
        .move(z=float(np.interp(y, [0, high], [low, top]))).turn("y", deg)
        for y, deg in spots
    ))  # fmt: skip
    door = block((-0.4, 0, low - 0.3), (0.4, 1.15, low + 0.04), 0.03)
    rock = lathe([(1.9, -0.5), (2.0, -0.25), (1.5, 0.0), (1.2, 0.05)], 9, crease_deg=15)
    return [
        group(*rings[::2]).part("tower", white, True),
        group(*rings[1::2]).part("stripes", color),
        (dome + knob).part("roof", color),
        room.part("lantern", LAMP_WHITE),
        (deck + rail + post + bars).part("gallery", IRON),
        panes.part("windows", WINDOW),
        door.part("door", darker(color, 0.8)),
        rock.part("rock", STONE),
    ]


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
