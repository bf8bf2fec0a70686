"""Towers, walls and shelters: castle, tower, skyscraper, bridge, tent, igloo, pyramid, well, fence.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.bodywork import WINDOW
from sds3d.library.looks import (
    BLUE,
    CONCRETE,
    CREAM,
    GREEN,
    GREY,
    IRON,
    OAK,
    ORANGE,
    PINE,
    RED,
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
from sds3d.library.model import Part
from sds3d.library.shapes import (
    Solid,
    arc,
    block,
    box,
    cylinder,
    extrude,
    group,
    hull,
    lathe,
    rod,
    tube,
)

SANDSTONE = matte(0.78, 0.68, 0.50)


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
    slits = group(*(slit.move(y=f * high).turn("y", d) for f, d in
                    ((0.3, 60), (0.3, 240), (0.55, 0), (0.55, 120), (0.55, 240), (0.84, 60), (0.84, 180), (0.84, 300))))  # fmt: skip
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
    if rng.random() < 0.55:
        paint = pick(rng, matte(0.75, 0.24, 0.14), STEEL, matte(0.30, 0.48, 0.46))
        half, at, high = 4.6, rng.uniform(2.1, 2.4), rng.uniform(2.5, 2.9)
        deck = block((-half, 0.95, -0.62), (half, 1.22, 0.62))
        road = block((-half, 1.2, -0.5), (half, 1.26, 0.5))
        leg = block((at - 0.17, 0, 0.56), (at + 0.17, high + 1.2, 0.86)).both("z")
        beams = group(
            *(
                block((at - 0.13, y, -0.7), (at + 0.13, y + 0.26, 0.7))
                for y in (0.75, 2.1, high + 0.8)
            )
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


def tent(rng: np.random.Generator) -> list[Part]:
    """A camping tent: a ridge tent with an open front, pegs and lines, or a tepee of hides on poles."""
    cloth = pick(rng, ORANGE, matte(0.36, 0.46, 0.24), BLUE, matte(0.86, 0.76, 0.54))
    if rng.random() < 0.6:
        x, z, high, t = rng.uniform(1.15, 1.35), rng.uniform(1.4, 1.7), rng.uniform(1.5, 1.75), 0.06
        shell = extrude(
            [(-x, 0), (-x + 0.1, 0), (0, high - 0.12), (x - 0.1, 0), (x, 0), (0, high)], 2 * z
        )
        rear = extrude([(-x + 0.06, 0), (x - 0.06, 0), (0, high - 0.05)], t).move(z=-z + 0.2)
        flap = hull(np.array([(s, y, d) for s, y in ((x - 0.04, 0.0), (x - 0.55, 0.0), (0.03, high - 0.03))
                              for d in (z - 0.06, z)])).both()  # fmt: skip
        floor = block((-x + 0.06, 0, -z + 0.1), (x - 0.06, 0.05, z - 0.05))
        inside = extrude([(-x + 0.14, 0.02), (x - 0.14, 0.02), (0, high - 0.14)], t).move(
            z=-z + 0.3
        )
        poles = rod((0, 0, z + 0.03), (0, high + 0.12, z + 0.03), 0.045).both("z")
        lines = rod((0, high, z), (0, 0, z + 0.85), 0.03, sides=5).both("z")
        pegs = rod((x + 0.35, 0, 0.75 * z), (0.55 * x, 0.45 * high, 0.7 * z), 0.026, sides=5).four()
        return [
            (shell + rear).part("canvas", cloth, True),
            flap.part("flaps", darker(cloth, 0.85), True),
            floor.part("floor", matte(0.35, 0.33, 0.30)),
            inside.part("inside", darker(cloth, 0.45)),
            poles.part("poles", OAK),
            (lines + pegs).part("ropes", CREAM),
        ]
    hide, r, high = (
        pick(rng, matte(0.86, 0.76, 0.58), matte(0.72, 0.56, 0.38), cloth),
        rng.uniform(1.15, 1.3),
        2.6,
    )
    cone = cylinder(r, high, 0.16, sides=14).move(y=high / 2)
    band = pick(rng, matte(0.62, 0.20, 0.14), matte(0.20, 0.38, 0.48))
    stripes = group(*(lathe([(r + 0.015 - (r - 0.16) * y / high, y), (r + 0.015 - (r - 0.16) * (y + 0.2) / high, y + 0.2)], 14)
                      for y in (0.32, 1.45)))  # fmt: skip
    poles = rod((0, high - 0.35, 0.20), (0, high + 0.75, -0.22), 0.045, sides=5).around(7)
    opening = hull(np.array([(-0.36, 0, r + 0.02), (0.36, 0, r + 0.02), (0, 1.25, r * 0.56), (-0.36, 0, r - 0.3),
                             (0.36, 0, r - 0.3), (0, 1.25, r * 0.4)]))  # fmt: skip
    return [
        cone.part("canvas", hide, True),
        stripes.part("stripes", band),
        poles.part("poles", OAK),
        opening.part("door", matte(0.20, 0.13, 0.09)),
    ]


def pyramid(rng: np.random.Generator) -> list[Part]:
    """An Egyptian pyramid of stone courses with an entrance, or a Mayan one with stairs and a temple on top."""
    stone = pick(rng, matte(0.84, 0.72, 0.48), matte(0.80, 0.66, 0.42), SANDSTONE)
    if rng.random() < 0.6:
        half, rows = 2.4, int(rng.integers(9, 14))
        slope = rng.uniform(1.15, 1.35)
        tall = half * slope / rows
        steps = group(*(block((-w, tall * k, -w), (w, tall * (k + 1), w))
                        for k in range(rows) for w in [half * (1 - k / rows)]))  # fmt: skip
        door = block((-0.2, 0, half - 0.5), (0.2, 0.42, half + 0.03)) + block(
            (-0.34, 0.4, half - 0.5), (0.34, 0.54, half + 0.05)
        )
        return [steps.part("stones", stone, True), door.part("door", matte(0.28, 0.20, 0.12))]
    half, rows, tall = 2.4, int(rng.integers(5, 7)), 0.46
    steps = []
    for k in range(rows):
        w = half - 0.30 * k
        feet = [(s * w, tall * k, t * w) for s in (-1, 1) for t in (-1, 1)]
        steps.append(
            hull(np.array([*feet, *((0.95 * a, tall * (k + 1), 0.95 * b) for a, _, b in feet)]), 15)
        )
    top, reach = rows * tall, half - 0.3 * (rows - 1)
    temple = block((-0.62, top, -0.62), (0.62, top + 0.75, 0.62)) + block(
        (-0.74, top + 0.7, -0.74), (0.74, top + 0.9, 0.74)
    )
    stair = hull(np.array([(s * 0.42, y, z) for s in (-1, 1) for y, z in
                           ((0, half + 0.35), (0, half - 0.4), (top, reach * 0.75), (top, reach * 0.95))]))  # fmt: skip
    door = block((-0.2, top, 0.5), (0.2, top + 0.48, 0.65)).around(4)
    return [
        group(*steps).part("stones", stone, True),
        stair.around(4).part("stairs", darker(stone, 0.85), True),
        temple.part("temple", darker(stone, 0.94), True),
        door.part("door", matte(0.25, 0.18, 0.12)),
    ]


def igloo(rng: np.random.Generator) -> list[Part]:
    """A dome of snow blocks laid in rings, with a tunnel entrance in front."""
    snow, joint = matte(0.93, 0.95, 0.98), matte(0.68, 0.76, 0.84)
    r, rows, deep = 1.0, int(rng.integers(5, 7)), rng.uniform(0.45, 0.62)
    squash = rng.uniform(0.86, 1.0)
    core = lathe(
        [(r * np.cos(a), squash * r * np.sin(a)) for a in np.linspace(0, np.pi / 2, 9)],
        24,
        crease_deg=60,
    )
    blocks = []
    angles = np.radians(np.linspace(0, 78, rows + 1))
    for k in range(rows):
        low, top = angles[k] + 0.015, angles[k + 1] - 0.015
        count = max(int(round(15 * np.cos(low))), 5)
        half = np.pi / count - 0.02 / np.cos(low)
        shell = [(rr * np.cos(e) * np.sin(a), squash * rr * np.sin(e), rr * np.cos(e) * np.cos(a))
                 for rr in (0.95 * r, 1.05 * r) for e in (low, top) for a in (-half, 0, half)]  # fmt: skip
        blocks.append(hull(np.array(shell), 35).around(count, start_deg=12.0 * (k % 2)))
    cap = lathe([(0.26, 0.96 * squash * r), (0.2, 1.04 * squash * r), (0, 1.06 * squash * r)], 10)
    mouth = [*arc(0.30, 0, 180, 8, (0, 0.12)), (-0.30, 0), (0.30, 0)]
    ring = [(0.46, 0), *arc(0.46, 0, 180, 8, (0, 0.14)), (-0.46, 0)]
    arch = [*ring, (-0.30, 0), *arc(0.30, 180, 0, 8, (0, 0.12)), (0.30, 0)]
    tunnel = extrude(arch, 0.26).move(z=r + deep - 0.13) + extrude(arch, 0.26).scale(0.97).move(
        z=r + deep - 0.41
    )
    tunnel = tunnel + extrude(arch, 0.24).move(z=r + deep - 0.68)
    dark = extrude(mouth, 0.05).move(z=r + deep - 0.55)
    return [
        core.part("joints", joint),
        group(*blocks, cap).part("blocks", snow, True),
        tunnel.part("tunnel", darker(snow, 0.95), True),
        dark.part("door", matte(0.22, 0.28, 0.36)),
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
    slab = extrude([(-z, eaves), (-z - 0.08, eaves + 0.1), (0, ridge + 0.14), (z + 0.08, eaves + 0.1), (z, eaves), (0, ridge)],
                   2 * x).turn("y", 90)  # fmt: skip
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
