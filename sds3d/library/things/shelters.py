"""Tent, pyramid and igloo.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLUE, CREAM, OAK, ORANGE, SANDSTONE, darker, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import arc, block, cylinder, extrude, group, hull, lathe, rod


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
            inside.part("lining", darker(cloth, 0.45)),
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
    girth = [(y, r + 0.015 - (r - 0.16) * y / high) for y in (0.32, 0.52, 1.45, 1.65)]
    stripes = group(*(lathe([(g, y) for y, g in girth[k : k + 2]], 14) for k in (0, 2)))
    poles = rod((0, high - 0.35, 0.20), (0, high + 0.75, -0.22), 0.045, sides=5).around(7)
    flap = [(0.3, 0, r), (0.3, 0, r - 0.3), (0, 1.25, 0.58 * r), (0, 1.25, 0.4 * r)]
    opening = hull(np.array([(s * a, b, c) for a, b, c in flap for s in (-1, 1)]))
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
    flight = ((0, half + 0.35), (0, half - 0.4), (top, reach * 0.75), (top, reach * 0.95))
    stair = hull(np.array([(s * 0.42, y, z) for s in (-1, 1) for y, z in flight]))
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
        count = max(round(15 * float(np.cos(low))), 5)
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
    dark = extrude(mouth, 0.05).move(z=r + deep - 0.10)
    return [
        core.part("joints", joint),
        group(*blocks, cap).part("blocks", snow, True),
        tunnel.part("tunnel", darker(snow, 0.95), True),
        dark.part("door", matte(0.22, 0.28, 0.36)),
    ]
