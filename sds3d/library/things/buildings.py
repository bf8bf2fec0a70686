"""Buildings with pitched roofs: house, barn, church.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BRICK,
    CREAM,
    GREY,
    OAK,
    STONE,
    TILES,
    WALNUT,
    WHITE,
    darker,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import Solid, block, box, cylinder, extrude, group, lathe
from sds3d.library.things.bodywork import WINDOW

SLATE = matte(0.28, 0.30, 0.34)


def gable(x: float, z: float, eaves: float, ridge: float) -> Solid:
    """Walls of a house with a gable at the front and back: half width x, half depth z, ridge along z."""
    return extrude([(-x, 0), (x, 0), (x, eaves), (0, ridge), (-x, eaves)], 2 * z)


def roof(x: float, z: float, eaves: float, ridge: float, over: float, thick: float) -> Solid:
    """A pitched roof over `gable`'s walls, standing out by `over`."""
    slope = (ridge - eaves) / x
    low = (x + over, eaves - slope * over)
    outline = [
        low,
        (low[0], low[1] + thick),
        (0, ridge + 1.2 * thick),
        (-low[0], low[1] + thick),
        (-low[0], low[1]),
    ]
    return extrude([*outline, (0, ridge)], 2 * (z + over))


def window(x: float, y: float, z: float, wide: float, tall: float) -> tuple[Solid, Solid]:
    """A window in the wall z = const, seen from +z: the pane, and its frame with a cross."""
    pane = block((x - wide / 2, y - tall / 2, z - 0.05), (x + wide / 2, y + tall / 2, z + 0.02))
    bar = 0.14 * wide
    frame = (
        box(wide + bar, bar, 0.1).move(y=tall / 2).both("y")
        + box(bar, tall, 0.1).move(wide / 2).both()
    )
    cross = box(0.7 * bar, tall, 0.08) + box(wide, 0.7 * bar, 0.08)
    return pane, (frame + cross).move(x, y, z + 0.02)


def _row(
    places: list[tuple[float, float]], z: float, wide: float, tall: float
) -> tuple[Solid, Solid]:
    """Windows at several (x, y) of one wall."""
    pairs = [window(x, y, z, wide, tall) for x, y in places]
    return group(*(p for p, _ in pairs)), group(*(f for _, f in pairs))


def house(rng: np.random.Generator) -> list[Part]:
    """A family house of one or two floors: pitched roof, chimney, front door, windows on all sides."""
    wall = pick(rng, WHITE, CREAM, matte(0.86, 0.72, 0.50), BRICK, matte(0.66, 0.76, 0.80))
    cover, floors = pick(rng, TILES, SLATE, matte(0.48, 0.26, 0.18)), pick(rng, 1, 2)
    x, z = rng.uniform(2.9, 3.3), rng.uniform(3.0, 3.6)
    eaves = 2.5 * floors + 0.2
    ridge = eaves + rng.uniform(2.0, 2.6)
    sideways = rng.random() < 0.5
    walls, top = gable(x, z, eaves, ridge), roof(x, z, eaves, ridge, 0.45, 0.28)
    front, side = (x, z) if sideways else (z, x)
    if sideways:
        walls, top = walls.turn("y", 90), top.turn("y", 90)
    levels = [1.4 + 2.5 * k for k in range(floors)]
    spots = [(s * 0.58 * side, y) for y in levels for s in (-1, 1)] + [(0, y) for y in levels[1:]]
    flanks = [(s * 0.45 * front, y) for y in levels for s in (-1, 1)]
    back = [(s * 0.5 * side, y) for y in levels for s in (-1, 1)]
    sets = [
        _row(spots, front, 0.95, 1.15),
        _row(back, front, 0.95, 1.15),
        _row(flanks, side, 0.95, 1.15),
    ]
    turns = [(sets[0], 0), (sets[1], 180), (sets[2], 90), (sets[2], -90)]
    if not sideways:
        turns.append((window(0, eaves + 0.55, front, 0.8, 0.8), 0))
        turns.append((window(0, eaves + 0.55, front, 0.8, 0.8), 180))
    panes, frames = (group(*(pair[k].turn("y", deg) for pair, deg in turns)) for k in (0, 1))
    door = block((-0.5, 0.1, front - 0.05), (0.5, 2.1, front + 0.06), 0.02)
    canopy = block((-0.85, 2.2, front - 0.1), (0.85, 2.36, front + 0.75), 0.04)
    steps = block((-0.9, 0, front - 0.1), (0.9, 0.16, front + 0.8)) + block(
        (-0.7, 0, front - 0.1), (0.7, 0.26, front + 0.45)
    )
    knob = cylinder(0.07, 0.12, sides=8).turn("x", 90).move(0.34, 1.05, front + 0.1)
    stack = block(
        (0.45 * x, eaves, -0.35 * z - 0.32), (0.45 * x + 0.62, ridge + 0.55, -0.35 * z + 0.32)
    )
    rim = block(
        (0.45 * x - 0.08, ridge + 0.5, -0.35 * z - 0.4),
        (0.45 * x + 0.7, ridge + 0.68, -0.35 * z + 0.4),
    )
    return [
        walls.part("walls", wall, True),
        top.part("roof", cover),
        (stack + rim).part("chimney", BRICK),
        panes.part("windows", WINDOW),
        frames.part("frames", WHITE if wall is not WHITE else GREY),
        (door + canopy).part(
            "door", pick(rng, matte(0.55, 0.15, 0.12), matte(0.16, 0.32, 0.48), OAK)
        ),
        (steps + knob).part("steps", STONE),
    ]


def barn(rng: np.random.Generator) -> list[Part]:
    """A red American barn: broken roof, white trim, a big door with crosses, a hay door; some with a silo."""
    paint, cover = (
        pick(rng, matte(0.60, 0.12, 0.10), matte(0.66, 0.16, 0.12), matte(0.45, 0.30, 0.20)),
        pick(rng, SLATE, GREY),
    )
    x, z, eaves = rng.uniform(2.7, 3.1), rng.uniform(3.2, 4.0), rng.uniform(2.6, 3.0)
    knee, ridge = (0.62 * x, eaves + 1.45), eaves + 2.3
    outline = [(-x, 0), (x, 0), (x, eaves), knee, (0, ridge), (-knee[0], knee[1]), (-x, eaves)]
    walls = extrude(outline, 2 * z)
    t, drop = 0.24, (x + 0.32, eaves - 0.35)
    shell = [
        drop,
        (drop[0] + t, drop[1]),
        (knee[0] + 0.9 * t, knee[1] + 0.6 * t),
        (0, ridge + 1.15 * t),
    ]
    shell += [(-a, b) for a, b in shell[2::-1]]
    top = extrude([*shell, (-knee[0], knee[1]), (0, ridge), knee], 2 * z + 0.7)
    bar = 0.17

    def cross_frame(wide: float, tall: float) -> Solid:
        """A frame with a diagonal cross."""
        edge = (
            box(wide, bar, 0.12).move(y=tall / 2).both("y")
            + box(bar, tall, 0.12).move(x=wide / 2).both()
        )
        lean = float(np.degrees(np.arctan2(tall, wide)))
        return edge + box(float(np.hypot(wide, tall)), 0.8 * bar, 0.1).turn("z", lean).both()

    leaf = cross_frame(1.3, 2.3).move(0.72, 1.2, z + 0.03).both() + cross_frame(1.0, 1.0).move(
        0, eaves + 0.75, z + 0.03
    )
    doors = leaf + leaf.turn("y", 180)
    posts = block((x - 0.12, 0, z - 0.12), (x + 0.06, eaves, z + 0.06)).four()
    spots = [(t * 0.55 * z, 1.6) for t in (-1, 0, 1)]
    panes, frames = (s.turn("y", 90) + s.turn("y", -90) for s in _row(spots, x, 0.7, 0.8))
    parts = [
        walls.part("walls", paint, True),
        top.part("roof", cover),
        (doors + posts + frames).part("trim", WHITE),
        panes.part("windows", WINDOW),
    ]
    if rng.random() < 0.5:
        silo = cylinder(1.15, 6.0, sides=18).move(-x - 1.5, 3.0, -0.4 * z)
        cap = lathe([(1.2, 5.9), (1.05, 6.6), (0.6, 7.1), (0, 7.3)], 18, crease_deg=50).move(
            -x - 1.5, 0, -0.4 * z
        )
        parts += [silo.part("silo", STONE), cap.part("roof", cover)]
    return parts


def church(rng: np.random.Generator) -> list[Part]:
    """A village church: a nave, a square tower over the door with a steep spire and a cross, tall windows."""
    wall, cover = (
        pick(rng, WHITE, STONE, CREAM, BRICK),
        pick(rng, SLATE, TILES, matte(0.30, 0.46, 0.42)),
    )
    x, z, eaves = rng.uniform(1.9, 2.3), rng.uniform(3.0, 3.6), rng.uniform(2.7, 3.2)
    ridge, w, high = eaves + rng.uniform(1.7, 2.1), rng.uniform(1.05, 1.2), rng.uniform(5.6, 6.6)
    nave, top = gable(x, z, eaves, ridge), roof(x, z, eaves, ridge, 0.3, 0.22)
    apse = lathe([(0.75 * x, 0), (0.75 * x, 0.8 * eaves)], 16).move(z=-z)
    hood = lathe([(0.82 * x, 0.8 * eaves), (0, 1.25 * eaves)], 16).move(z=-z)
    tower = block((-w, 0, z - 0.5), (w, high, z - 0.5 + 2 * w))
    center = z - 0.5 + w
    cornice = block(
        (-w - 0.14, high - 0.1, center - w - 0.14), (w + 0.14, high + 0.14, center + w + 0.14)
    )
    tip = high + rng.uniform(2.8, 3.6)
    spire = (
        cylinder(1.32 * w, tip - high - 0.1, 0.0, sides=4)
        .turn("y", 45)
        .move(0, (tip + high) / 2 + 0.05, center)
    )
    cross = box(0.14, 1.0, 0.14).move(y=0.4) + box(0.6, 0.14, 0.14).move(y=0.52)
    arched = [(-0.26, -0.75), (0.26, -0.75), (0.26, 0.45), (0, 0.85), (-0.26, 0.45)]
    pane = extrude(arched, 0.14)
    rim = extrude([(1.45 * a, 1.16 * b) for a, b in arched], 0.1)
    spots = [(0.62 * z * t, 0.52 * eaves) for t in (-1, -0.3, 0.4)]
    panes, rims = (
        group(*(s.move(a, b, x) for a, b in spots)).turn("y", 90).both() for s in (pane, rim)
    )
    bells, bell_rims = (s.move(0, high - 1.15, w).around(4).move(z=center) for s in (pane, rim))
    door = extrude([(-0.55, 0), (0.55, 0), (0.55, 1.25), (0, 1.85), (-0.55, 1.25)], 0.16).move(
        z=center + w
    )
    face = (
        cylinder(0.48, 0.12, sides=18)
        .turn("x", 90)
        .move(0, high - 2.75, w)
        .around(4)
        .move(z=center)
    )
    return [
        (nave + apse + tower).part("walls", wall, True),
        (top + hood + spire).part("roof", cover),
        (cornice + rims + bell_rims).part("trim", darker(wall, 0.8), True),
        (panes + bells).part("windows", WINDOW),
        door.part("door", WALNUT),
        face.part("clock", pick(rng, CREAM, matte(0.9, 0.8, 0.5))),
        cross.move(0, tip, center).part("cross", matte(0.85, 0.68, 0.25)),
    ]
