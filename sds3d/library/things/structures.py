"""Structures: skyscraper, bridge, well, fence.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    CONCRETE,
    CREAM,
    GREEN,
    GREY,
    OAK,
    PINE,
    SANDSTONE,
    STEEL,
    STONE,
    TILES,
    WALNUT,
    WHITE,
    darker,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import arc, block, box, cylinder, extrude, group, lathe, rod, tube
from sds3d.library.things.bodywork import WINDOW


def skyscraper(rng: np.random.Generator) -> list[Part]:
    """A high-rise of stepped blocks with bands of windows and an antenna, or a sheer glass slab."""
    style = pick(rng, "steps", "slab")
    frame = (
        pick(rng, CREAM, CONCRETE, matte(0.72, 0.62, 0.52))
        if style == "steps"
        else pick(rng, STEEL, GREY, WHITE)
    )
    glass = pick(rng, WINDOW, glossy(0.28, 0.42, 0.56))
    w = rng.uniform(0.95, 1.15)
    cuts = (
        [(0.0, 0.42, 1.0), (0.42, 0.74, 0.76), (0.74, 1.0, 0.52)]
        if style == "steps"
        else [(0.0, 1.0, 0.9)]
    )
    high = rng.uniform(5.6, 6.6)
    cores, piers, decks = [], [], []
    for low, top, share in cuts:
        x, y0, y1 = w * share, low * high, top * high
        cores.append(block((-x, y0, -x), (x, y1, x)))
        count = 4 if style == "steps" else 5
        step = 2 * x / count
        pier = box(0.34 * step, y1 - y0, 0.16)
        row = group(*(pier.move(-x + step * k, (y0 + y1) / 2, x) for k in range(count + 1)))
        piers.append(row.around(4))
        decks.append(block((-x - 0.08, y1 - 0.12, -x - 0.08), (x + 0.08, y1 + 0.08, x + 0.08)))
        levels = np.linspace(y0, y1, max(int((y1 - y0) / 0.55), 2) + 1)[1:-1]
        decks += [
            box(2 * x + 0.1, 0.12 if style == "steps" else 0.08, 2 * x + 0.1).move(y=float(y))
            for y in levels
        ]
    lobby = block((-1.08 * w, 0, -1.08 * w), (1.08 * w, 0.4, 1.08 * w))
    door = block((-0.28, 0, w), (0.28, 0.34, 1.1 * w))
    mast = (
        rod((0, high, 0), (0, high + 1.3, 0), 0.10, 0.05)
        if style == "steps"
        else box(0.8, 0.35, 0.8).move(y=high + 0.2)
    )
    return [
        group(*cores).part("windows", glass),
        group(*piers, *decks, lobby).part("walls", frame, True),
        mast.part("antenna", STEEL),
        door.part("door", matte(0.2, 0.16, 0.12)),
    ]


def bridge(rng: np.random.Generator) -> list[Part]:
    """A suspension bridge along x with two towers and hangers, or a stone bridge of three arches."""
    return _suspension_bridge(rng) if rng.random() < 0.55 else _arch_bridge(rng)


def _suspension_bridge(rng: np.random.Generator) -> list[Part]:
    paint = pick(rng, matte(0.75, 0.24, 0.14), STEEL, matte(0.30, 0.48, 0.46))
    half, at, high = 4.6, rng.uniform(2.1, 2.4), rng.uniform(2.5, 2.9)
    deck = block((-half, 0.95, -0.62), (half, 1.22, 0.62))
    road = block((-half, 1.2, -0.5), (half, 1.26, 0.5))
    leg = block((at - 0.17, 0, 0.56), (at + 0.17, high + 1.2, 0.86)).both("z")
    beams = group(
        *(block((at - 0.13, y, -0.7), (at + 0.13, y + 0.26, 0.7)) for y in (0.75, 2.1, high + 0.8))
    )
    t = np.linspace(-1, 1, 13)
    main = [(at * u, 1.45 + (high - 0.3) * u * u, 0.72) for u in t]
    cable = tube(main, 0.085, 6)
    back = rod((at, high + 1.12, 0.72), (half - 0.1, 1.2, 0.72), 0.085, sides=6).both()
    hang = [(x, y) for x, y, _ in main[1:-1]]
    hang += [
        (s * (at + f * (half - at)), high + 1.12 - f * (high - 0.1))
        for s in (-1, 1)
        for f in (0.25, 0.5, 0.75)
    ]
    hangers = group(*(box(0.07, y - 1.1, 0.07).move(x, (y + 1.1) / 2, 0.72) for x, y in hang))
    base = block((at - 0.42, -0.25, -1.0), (at + 0.42, 0.25, 1.0))
    return [
        (leg + beams).both().part("towers", paint, True),
        deck.part("deck", darker(paint, 0.85), True),
        road.part("road", matte(0.25, 0.25, 0.27)),
        (group(cable, back, hangers).both("z")).part("cables", darker(paint, 0.9), True),
        base.both().part("piers", CONCRETE),
    ]


def _arch_bridge(rng: np.random.Generator) -> list[Part]:
    wall, half, rise = (
        pick(rng, STONE, SANDSTONE, matte(0.62, 0.36, 0.28)),
        3.6,
        rng.uniform(0.35, 0.8),
    )
    span, top = 0.92, 1.75
    outline = [(-half, 0.0)]
    for x in (-2.25, 0.0, 2.25):
        outline += [(x - span, 0.0), *arc(span, 180, 0, 10, (x, 0.25)), (x + span, 0.0)]
    crest = [(half * u, top + rise * (1 - u * u)) for u in np.linspace(1, -1, 11)]
    outline += [(half, 0.0), *crest]
    walls = extrude(outline, 1.7)
    rail = [*crest, *((x, y + 0.34) for x, y in crest[::-1])]
    parapet = extrude(rail, 0.2).move(0, 0, 0.82).both("z")
    road = extrude([*crest, *((x, y + 0.06) for x, y in crest[::-1])], 1.45)
    nose = cylinder(0.36, 1.3, sides=8).move(1.125, 0.55, 0.85).four()
    return [
        (walls + nose).part("arches", wall, True),
        parapet.part("parapet", darker(wall, 0.88), True),
        road.part("road", matte(0.48, 0.45, 0.40)),
    ]


def well(rng: np.random.Generator) -> list[Part]:
    """A stone well ring with a little roof on two posts, a winch with rope, and a bucket."""
    stone, cover = (
        pick(rng, STONE, SANDSTONE, matte(0.66, 0.34, 0.26)),
        pick(rng, TILES, WALNUT, matte(0.36, 0.4, 0.46)),
    )
    r, high = rng.uniform(0.72, 0.82), rng.uniform(0.72, 0.85)
    inner = 0.76 * r
    ring = lathe([(0, 0), (r, 0), (r, high - 0.1), (1.08 * r, high - 0.1), (1.08 * r, high), (inner, high),
                  (inner, 0.3), (0, 0.3)], 18)  # fmt: skip
    stones = []
    for k in range(3):
        y = (high - 0.1) * (k + 0.5) / 3
        brick = box(0.40 * r, 0.24 * (high - 0.1), 0.1, 0.03).move(0, y, r)
        stones.append(brick.around(10, start_deg=18.0 * (k % 2)))
    water = cylinder(inner, 0.05, sides=18).move(y=0.45)
    tall = rng.uniform(1.9, 2.1)
    post = block((r - 0.12, 0.1, -0.09), (r + 0.06, tall, 0.09)).both()
    eaves, ridge, x, z = tall - 0.12, tall + 0.62, 1.22 * r, 0.85
    pitch = [(-z, eaves), (-z - 0.08, eaves + 0.1), (0, ridge + 0.14), (z + 0.08, eaves + 0.1)]
    slab = extrude([*pitch, (z, eaves), (0, ridge)], 2 * x).turn("y", 90)
    roller = cylinder(0.11, 1.9 * r, sides=10).turn("z", 90).move(0, 1.5, 0)
    crank = rod((r, 1.5, 0), (r + 0.22, 1.5, 0), 0.04) + rod(
        (r + 0.2, 1.5, 0), (r + 0.2, 1.22, 0.1), 0.04
    )
    crank = crank + rod((r + 0.2, 1.22, 0.1), (r + 0.42, 1.22, 0.1), 0.045)
    rope = rod((0, 1.5, 0.1), (0, 1.12, 0.1), 0.03) + cylinder(0.14, 0.34, sides=10).turn(
        "z", 90
    ).move(0, 1.5, 0)
    pail = lathe([(0.14, 0.78), (0.19, 1.08)], 12).move(z=0.1)
    return [
        ring.part("stones", darker(stone, 0.82), True),
        group(*stones).part("stones", stone, True),
        water.part("water", glossy(0.18, 0.34, 0.46)),
        slab.part("roof", cover),
        (post + roller + crank).part("posts", OAK),
        rope.part("rope", CREAM),
        pail.part("bucket", WALNUT),
    ]


def fence(rng: np.random.Generator) -> list[Part]:
    """A stretch of picket fence with pointed pales on two rails, or ranch rails between posts."""
    paint = pick(rng, WHITE, OAK, PINE, GREEN)
    half, high = rng.uniform(1.3, 1.6), rng.uniform(0.95, 1.15)
    if rng.random() < 0.65:
        count = int(rng.integers(9, 13))
        w = 0.62 * 2 * half / count
        pale = extrude(
            [(-w / 2, 0.08), (w / 2, 0.08), (w / 2, high - 0.12), (0, high), (-w / 2, high - 0.12)],
            0.07,
        )
        pales = group(*(pale.move(x, 0, 0.06) for x in np.linspace(-half + w, half - w, count)))
        rails = group(*(block((-half, y, -0.06), (half, y + 0.11, 0.03)) for y in (0.26, 0.70)))
        post = box(0.14, high + 0.05, 0.14).move(half, (high + 0.05) / 2, -0.02)
        tip = cylinder(0.12, 0.14, 0.0, sides=4).turn("y", 45).move(half, high + 0.1, -0.02)
        return [
            pales.part("pales", paint, True),
            rails.part("rails", darker(paint, 0.9), True),
            (post + tip).both().part("posts", paint, True),
        ]
    places = np.linspace(-half, half, 3)
    posts = group(*(box(0.17, high + 0.1, 0.17, 0.03).move(float(x), high / 2, 0) for x in places))
    rails = group(
        *(
            block((-half - 0.3, y, -0.045), (half + 0.3, y + 0.14, 0.045), 0.01)
            for y in (0.2, 0.52, 0.84)
        )
    )
    wood = pick(rng, paint, WALNUT)
    return [posts.part("posts", wood, True), rails.part("rails", darker(wood, 1.1), True)]
