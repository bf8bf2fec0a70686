"""Landmarks: windmill, lighthouse.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLUE,
    BRICK,
    CREAM,
    GREY,
    IRON,
    LAMP_WHITE,
    OAK,
    RED,
    STONE,
    WALNUT,
    WHITE,
    darker,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import block, box, cylinder, group, lathe, rod
from sds3d.library.things.bodywork import WINDOW
from sds3d.library.things.buildings import SLATE, window


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
