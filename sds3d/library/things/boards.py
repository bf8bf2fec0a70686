"""Boards to ride: skateboard, kick scooter, surfboard.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PINE,
    RED,
    STEEL,
    WHITE,
    YELLOW,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    block,
    box,
    curve,
    cylinder,
    extrude,
    group,
    lathe,
    loft,
    rod,
    torus,
    tube,
)

PINK, CYAN = glossy(0.90, 0.30, 0.55), glossy(0.15, 0.65, 0.72)


def _plank(rows: list[tuple[float, float, float]], low: float, high: float, dish: float) -> Solid:
    """A deck along z: rows of (z, half width, height), its skin between two heights, hollow by `dish`."""
    sections = []
    u = np.linspace(-1, 1, 7)
    for z, half, y in rows:
        bow = y + dish * half * u**2
        top = np.stack([half * u, bow + high, np.full(7, z)], 1)
        bottom = np.stack([half * u, bow + low, np.full(7, z)], 1)
        sections.append(np.concatenate([top, bottom[::-1]]))
    return loft(np.array(sections))


def skateboard(rng: np.random.Generator) -> list[Part]:
    """A skateboard: a deck with a raised nose and tail and black grip, two trucks, four wheels."""
    paint = pick(rng, RED, BLUE, ORANGE, GREEN, matte(0.80, 0.60, 0.34))
    half, wide, kick = rng.uniform(0.40, 0.45), rng.uniform(0.105, 0.12), rng.uniform(0.055, 0.085)
    y, end = 0.115, half - 0.13
    rows = []
    for t in np.linspace(-1, 1, 25):
        z = half * t
        over = max(0.0, abs(z) - end) / (half - end)
        round_off = np.sqrt(max(0.0, 1 - over**2.6)) if over > 0 else 1.0
        rows.append((float(z), float(max(wide * round_off, 0.02)), float(y + kick * over**1.3)))
    deck = _plank(rows, -0.012, 0.0, 0.03)
    grip = _plank([(0.985 * z, 0.97 * w, h) for z, w, h in rows], 0.0, 0.006, 0.03)
    line = _plank([(1.004 * z, 1.02 * w, h) for z, w, h in rows], -0.009, -0.003, 0.03)
    at = half - 0.17
    wheel = lathe([(0.022, -0.024), (0.033, -0.022), (0.038, -0.012), (0.038, 0.012), (0.033, 0.022),
                   (0.022, 0.024)], 14).turn("z", 90).move(wide - 0.005, 0.038, 0)  # fmt: skip
    hub = cylinder(0.014, 0.058, sides=10).turn("z", 90).move(wide - 0.005, 0.038, 0)
    axle = rod((-wide - 0.01, 0.038, 0), (wide + 0.01, 0.038, 0), 0.013, sides=8)
    hanger = extrude([(-0.075, 0.026), (0.075, 0.026), (0.03, 0.072), (-0.03, 0.072)], 0.032)
    base = box(0.075, 0.026, 0.10, 0.006).move(0, y - 0.022, 0)
    bolts = cylinder(0.007, 0.006, sides=6).move(0.028, y + 0.0075, 0.035).four()
    truck = group(axle, hanger, base)

    def pair(solid: Solid) -> Solid:
        return group(solid.move(z=at), solid.move(z=-at))

    return [
        deck.part("deck", paint, True),
        line.part("edge", pick(rng, PINE, YELLOW)),
        grip.part("grip tape", matte(0.10, 0.10, 0.11)),
        pair(truck).part("trucks", STEEL),
        pair(wheel.both()).part("wheels", pick(rng, WHITE, YELLOW, RED, CYAN)),
        pair(group(hub.both(), bolts)).part("bolts", STEEL),
    ]


def scooter(rng: np.random.Generator) -> list[Part]:
    """A kick scooter: a low deck on two small wheels, a steering column with a T of handlebars."""
    paint = pick(rng, BLUE, RED, PINK, GREEN, matte(0.14, 0.14, 0.15))
    r, rear, front = rng.uniform(0.075, 0.10), -0.36, 0.40
    y, tall = r + 0.015, rng.uniform(0.80, 0.95)
    deck = block((-0.065, y - 0.022, rear + 0.07), (0.065, y + 0.016, 0.20), 0.012)
    grip = block((-0.055, y + 0.012, rear + 0.10), (0.055, y + 0.021, 0.17))
    head, top = (0, 2 * r + 0.10, front - 0.035), (0, tall, front - 0.16)
    neck = tube([(0, y, 0.17), (0, y + 0.03, 0.27), (0, 2 * r + 0.11, front - 0.045)], 0.028, 8)
    stays = rod((0.055, y, rear + 0.10), (0.035, r, rear), 0.014, sides=6).both()
    column = rod((0, 2 * r + 0.03, front - 0.02), top, 0.021, sides=10)
    collar = rod(
        (0, 2 * r + 0.05, front - 0.025), (0, 2 * r + 0.17, front - 0.046), 0.034, sides=10
    )
    clamp = cylinder(0.03, 0.05, sides=10).move(0, 0.62 * tall, front - 0.118)
    fork = group(rod((0.032, 2 * r + 0.03, front - 0.02), (0.032, r, front), 0.013, sides=6).both(),
                 box(0.088, 0.03, 0.05, 0.006).move(0, 2 * r + 0.035, front - 0.02))  # fmt: skip
    wide = rng.uniform(0.17, 0.21)
    bar = rod((-wide, tall, top[2]), (wide, tall, top[2]), 0.016, sides=8)
    hold = rod((wide - 0.11, tall, top[2]), (wide + 0.01, tall, top[2]), 0.024, sides=10).both()
    wheel = torus(0.76 * r, 0.26 * r, 18, 8).turn("z", 90)
    hub = cylinder(0.62 * r, 0.03, sides=14).turn("z", 90) + rod(
        (-0.042, 0, 0), (0.042, 0, 0), 0.012
    )
    a = np.radians(np.linspace(25, 120, 6))
    guard = tube(
        [(0, r + 1.28 * r * np.sin(b), rear - 1.28 * r * np.cos(b)) for b in a], 0.012, 6, flat=3.0
    )
    wheels = pick(rng, matte(0.09, 0.09, 0.10), WHITE, matte(0.09, 0.09, 0.10))
    return [
        group(deck, neck, stays).part("deck", paint, True),
        grip.part("grip tape", matte(0.07, 0.07, 0.08)),
        group(column, bar).part("handlebars", STEEL),
        group(collar, fork, clamp).part("fork", paint, True),
        hold.part("grips", pick(rng, BLACK, RED)),
        (wheel.move(0, r, rear) + wheel.move(0, r, front)).part("wheels", wheels),
        (hub.move(0, r, rear) + hub.move(0, r, front)).part("hubs", pick(rng, paint, STEEL)),
        (guard + rod(head, (0, head[1] + 0.01, head[2]), 0.03)).part("mudguard", BLACK),
    ]


def surfboard(rng: np.random.Generator) -> list[Part]:
    """A surfboard standing on its tail: a pointed nose, a wooden stringer, stripes, three fins behind."""
    paint = pick(rng, WHITE, CYAN, YELLOW, matte(0.94, 0.86, 0.66), RED)
    accent = pick(rng, RED, BLUE, ORANGE, CYAN)
    long, wide = rng.uniform(1.9, 2.3), rng.uniform(0.27, 0.31)
    t = np.linspace(0, 1, 17)
    half = np.interp(
        t, [0, 0.06, 0.25, 0.55, 0.80, 0.94, 1], [0.30, 0.55, 0.88, 1.0, 0.78, 0.36, 0.05]
    )
    rocker = 0.22 * (t - 0.45) ** 2 * long
    rows = [
        (float(long * a), float(wide * h), float(b))
        for a, h, b in zip(t, half, rocker, strict=True)
    ]
    board = _plank(rows, -0.05, 0.0, 0.0)
    board += _plank([(z, 0.80 * w, y) for z, w, y in rows[1:-1]], -0.068, 0.016, 0.0)
    seam = _plank([(z, 0.016, y) for z, w, y in rows[1:-1]], -0.074, 0.022, 0.0)
    bands = group(*(_plank([(z, 1.012 * w, y) for z, w, y in rows[a:b]], -0.071, 0.019, 0.0)
                    for a, b in pick(rng, ((10, 12), (12, 14)), ((3, 5), (11, 14)), ((6, 9),))))  # fmt: skip
    blade = extrude(
        curve([(0, 0), (0.20, 0), (0.17, 0.10), (0.02, 0.20), (0.04, 0.10)], 2, ring=True), 0.02
    )
    fin = blade.turn("y", 90).turn("z", 180).move(0, -0.04, 0.36)
    fins = group(fin, fin.move(0.15, 0, 0.14), fin.move(-0.15, 0, 0.14))

    def upright(solid: Solid) -> Solid:
        return solid.turn("y", 180).turn("x", 90).move(z=-0.1)

    return [
        upright(board).part("board", paint, True),
        upright(seam).part("stringer", matte(0.45, 0.28, 0.15)),
        upright(bands).part("stripes", accent),
        upright(fins).part("fins", pick(rng, BLACK, accent)),
    ]
