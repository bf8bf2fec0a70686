"""Tables and storage: table, desk, bookshelf, wardrobe, cabinet, nightstand.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BRASS,
    MAHOGANY,
    OAK,
    PINE,
    STEEL,
    WALNUT,
    WHITE,
    darker,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import Solid, block, cylinder, ellipsoid, group, lathe, rod


def table(rng: np.random.Generator) -> list[Part]:
    """A dining table: a long top on four legs or trestles, or a round top on a turned foot."""
    wood = pick(rng, OAK, WALNUT, PINE, MAHOGANY)
    style, high = pick(rng, "square", "tapered", "round", "trestle"), rng.uniform(0.72, 0.77)
    if style == "round":
        radius = rng.uniform(0.50, 0.62)
        top = cylinder(radius, 0.05, sides=28).move(y=high - 0.025)
        turned = [
            (0.06, 0.1),
            (0.10, 0.22),
            (0.05, 0.36),
            (0.05, 0.5),
            (0.10, 0.66),
            (0.2, high - 0.05),
        ]
        foot = rod((0, 0.16, 0.02), (0, 0.035, 0.62 * radius), 0.05, 0.035)
        legs = lathe(turned, 12) + foot.around(4, start_deg=45)
        return [top.part("top", wood, True), legs.part("legs", wood, True)]
    long, wide = rng.uniform(1.2, 1.9), rng.uniform(0.75, 0.92)
    x, z, thick = long / 2, wide / 2, rng.uniform(0.065, 0.09)
    top = block((-x, high - 0.05, -z), (x, high, z), 0.012)
    apron = block((-x + 0.09, high - 0.15, -z + 0.09), (x - 0.09, high - 0.04, z - 0.09))
    inset = 0.08
    if style == "trestle":
        post = block((x - 0.36, 0.05, -0.05), (x - 0.28, high - 0.04, 0.05))
        bars = block((x - 0.37, 0, -z + 0.08), (x - 0.27, 0.07, z - 0.08), 0.01)
        bars = bars + block((x - 0.37, high - 0.12, -z + 0.1), (x - 0.27, high - 0.045, z - 0.1))
        legs = (post + bars).both() + block((-x + 0.3, 0.28, -0.025), (x - 0.3, 0.37, 0.025))
        return [top.part("top", wood, True), legs.part("legs", wood, True)]
    if style == "tapered":
        spread = rng.uniform(0.0, 0.06)
        foot = (x - inset + spread, 0, z - inset + spread / 2)
        leg = rod(foot, (x - inset - 0.03, high - 0.04, z - inset - 0.02), 0.026, 0.048)
    else:
        leg = block((x - inset - thick, 0, z - inset - thick), (x - inset, high - 0.04, z - inset))
    return [
        top.part("top", wood, True),
        apron.part("apron", darker(wood, 0.92), True),
        leg.four().part("legs", wood, True),
    ]


def _fronts(x: float, low: float, high: float, rows: int, z: float) -> tuple[Solid, Solid]:
    """A stack of drawer fronts across [-x, x] and its knobs, on the plane z."""
    tall = (high - low) / rows
    gap = 0.012
    fronts, knobs = [], []
    for k in range(rows):
        y = low + tall * k
        fronts.append(block((-x, y + gap, z - 0.01), (x, y + tall - gap, z + 0.018), 0.008))
        knobs.append(ellipsoid(0.022, sides=8).move(0, y + tall / 2, z + 0.034))
    return group(*fronts), group(*knobs)


def desk(rng: np.random.Generator) -> list[Part]:
    """A writing desk: a top over one or two stacks of drawers, open for the knees in front."""
    wood = pick(rng, OAK, WALNUT, PINE, WHITE)
    long, deep, high = rng.uniform(1.2, 1.6), rng.uniform(0.6, 0.72), 0.75
    x, z, stack = long / 2, deep / 2, rng.uniform(0.34, 0.42)
    top = block((-x, high - 0.045, -z), (x, high, z), 0.01)
    body = block((x - stack, 0.08, -z + 0.03), (x - 0.02, high - 0.04, z - 0.04), 0.005)
    fronts, knobs = _fronts(stack / 2 - 0.03, 0.10, high - 0.06, 3, z - 0.04)
    fronts, knobs = (s.move(x - stack / 2 - 0.01) for s in (fronts, knobs))
    feet = group(*(block((a, 0, b), (a + 0.06, 0.1, b + 0.06)) for a in (x - stack + 0.01, x - 0.09)
                   for b in (-z + 0.04, z - 0.11)))  # fmt: skip
    back = block((-x + 0.04, 0.35, -z + 0.03), (x - 0.04, high - 0.04, -z + 0.06))
    if rng.random() < 0.5:
        body, fronts, knobs, feet = (s.both() for s in (body, fronts, knobs, feet))
    else:
        leg = block((-x + 0.03, 0, z - 0.1), (-x + 0.09, high - 0.04, z - 0.04))
        feet = feet + leg + leg.move(z=-deep + 0.13)
    return [
        top.part("top", wood, True),
        (body + back).part("body", darker(wood, 0.78), True),
        fronts.part("drawers", wood, True),
        knobs.part("handles", pick(rng, BRASS, STEEL)),
        feet.part("legs", darker(wood, 0.78), True),
    ]


def bookshelf(rng: np.random.Generator) -> list[Part]:
    """An open case of shelves filled with books of many colours."""
    wood = pick(rng, OAK, WALNUT, PINE, WHITE)
    wide, high, deep = rng.uniform(0.8, 1.0), rng.uniform(1.5, 1.9), 0.32
    rows, x, z = int(rng.integers(4, 6)), wide / 2, deep / 2
    board = 0.035
    side = block((x - board, 0, -z), (x, high, z)).both()
    levels = np.linspace(0.06, high - board, rows + 1)
    planks = group(*(block((-x + 0.01, y, -z), (x - 0.01, y + board, z)) for y in levels))
    back = block((-x + 0.01, 0.05, -z), (x - 0.01, high - 0.01, -z + 0.025))
    colors = [(0.62, 0.16, 0.14), (0.16, 0.28, 0.50), (0.20, 0.42, 0.26), (0.80, 0.68, 0.36)]
    colors += [(0.42, 0.22, 0.40), (0.85, 0.82, 0.74)]
    books: list[list[Solid]] = [[] for _ in colors]
    tall = levels[1] - levels[0] - board
    for y in levels[:-1]:
        at, last = -x + board + 0.01, -1
        while at < x - board - 0.07 - 0.15 * rng.random():
            thick, k = rng.uniform(0.04, 0.09), int(rng.integers(len(colors)))
            k = (k + 1) % len(colors) if k == last else k
            top = y + board + tall * rng.uniform(0.66, 0.92)
            books[k].append(block((at, y + board, -z + 0.03), (at + thick - 0.004, top, z - 0.05)))
            at, last = at + thick, k
    rest = [group(*b).part("books", matte(*c)) for b, c in zip(books, colors, strict=True) if b]
    return [
        side.part("sides", wood, True),
        planks.part("shelves", wood, True),
        back.part("back", darker(wood, 0.75), True),
        *rest,
    ]


def wardrobe(rng: np.random.Generator) -> list[Part]:
    """A tall cupboard for clothes: two or three doors, a cornice, feet, sometimes a drawer below."""
    wood = pick(rng, OAK, WALNUT, MAHOGANY, WHITE)
    doors, high, deep = pick(rng, 2, 2, 3), rng.uniform(1.9, 2.1), 0.58
    wide = doors * rng.uniform(0.5, 0.58)
    x, z = wide / 2, deep / 2
    low = pick(rng, 0.12, 0.42)
    body = block((-x, 0.1, -z), (x, high - 0.06, z), 0.01)
    cornice = block((-x - 0.05, high - 0.09, -z), (x + 0.05, high, z + 0.06), 0.03)
    each, panels, handles = wide / doors, [], []
    for k in range(doors):
        left = -x + k * each
        panels.append(
            block((left + 0.02, low + 0.02, z), (left + each - 0.02, high - 0.12, z + 0.025), 0.01)
        )
        for y0, y1 in ((low + 0.1, low + 0.75), (low + 0.85, high - 0.2)):
            panels.append(
                block((left + 0.09, y0, z + 0.02), (left + each - 0.09, y1, z + 0.04), 0.015)
            )
        inner = left + each - 0.055 if k < doors / 2 else left + 0.055
        handles.append(block((inner - 0.02, 0.98, z + 0.02), (inner + 0.02, 1.14, z + 0.075), 0.01))
    parts = [
        body.part("body", darker(wood, 0.78), True),
        cornice.part("top", wood, True),
        group(*panels).part("doors", wood, True),
        group(*handles).part("handles", BRASS),
        block((x - 0.12, 0, z - 0.12), (x - 0.02, 0.12, z - 0.02))
        .four()
        .part("legs", darker(wood, 0.8), True),
    ]
    if low > 0.2:
        front, knobs = _fronts(x - 0.03, 0.12, low, 1, z)
        knobs = knobs.scale(1.4, 1, 1).move(x=0.5 * x).both()
        parts += [front.part("drawers", wood, True), knobs.part("handles", BRASS)]
    return parts


def cabinet(rng: np.random.Generator) -> list[Part]:
    """A low sideboard: doors beside a stack of drawers on short legs."""
    wood = pick(rng, OAK, WALNUT, PINE, WHITE)
    wide, high, deep = rng.uniform(1.0, 1.4), rng.uniform(0.75, 0.95), 0.42
    x, z, legs = wide / 2, deep / 2, rng.uniform(0.12, 0.2)
    body = block((-x, legs, -z), (x, high - 0.03, z), 0.01)
    top = block((-x - 0.03, high - 0.05, -z), (x + 0.03, high, z + 0.03), 0.012)
    fronts, knobs = _fronts(x / 3, legs + 0.02, high - 0.06, int(rng.integers(3, 5)), z)
    door = block((x / 3 + 0.02, legs + 0.03, z - 0.01), (x - 0.02, high - 0.075, z + 0.02), 0.01)
    panel = block((x / 3 + 0.09, legs + 0.1, z), (x - 0.09, high - 0.145, z + 0.034), 0.012)
    pull = block((x / 3 + 0.04, high - 0.36, z + 0.01), (x / 3 + 0.07, high - 0.2, z + 0.06), 0.01)
    leg = rod((x - 0.07, 0, z - 0.06), (x - 0.1, legs + 0.02, z - 0.08), 0.022, 0.034)
    metal = pick(rng, BRASS, STEEL, BLACK)
    return [
        body.part("body", darker(wood, 0.78), True),
        top.part("top", wood, True),
        (door + panel).both().part("doors", wood, True),
        fronts.part("drawers", wood, True),
        (knobs + pull.both()).part("handles", metal),
        leg.four().part("legs", darker(wood, 0.85), True),
    ]


def nightstand(rng: np.random.Generator) -> list[Part]:
    """A small bedside table with one to three drawers, on legs."""
    wood = pick(rng, OAK, WALNUT, PINE, WHITE)
    wide, high, deep = rng.uniform(0.42, 0.52), rng.uniform(0.52, 0.64), 0.40
    x, z, rows = wide / 2, deep / 2, int(rng.integers(1, 4))
    low = 0.34 if rows == 1 else 0.12
    body = block((-x + 0.01, low, -z), (x - 0.01, high - 0.02, z - 0.01), 0.005)
    top = block((-x - 0.01, high - 0.035, -z - 0.01), (x + 0.01, high, z + 0.02), 0.01)
    fronts, knobs = _fronts(x - 0.04, low + 0.01, high - 0.05, rows, z - 0.01)
    leg = block((x - 0.05, 0, z - 0.06), (x - 0.01, low + 0.02, z - 0.02)).four()
    if rows == 1:
        leg = leg + block((-x + 0.02, 0.12, -z + 0.03), (x - 0.02, 0.15, z - 0.03))
    return [
        body.part("body", darker(wood, 0.78), True),
        top.part("top", wood, True),
        fronts.part("drawers", wood, True),
        knobs.part("handles", pick(rng, BRASS, STEEL)),
        leg.part("legs", darker(wood, 0.95), True),
    ]
