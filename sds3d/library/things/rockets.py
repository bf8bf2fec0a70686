"""Hot air balloon and rocket.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLUE,
    CREAM,
    GREEN,
    IRON,
    LAMP_WHITE,
    ORANGE,
    RED,
    STEEL,
    WHITE,
    YELLOW,
    matte,
    pick,
)
from sds3d.library.kit.model import Look, Part
from sds3d.library.kit.shapes import (
    block,
    box,
    capsule,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    lathe,
    loft,
    rod,
    torus,
)
from sds3d.library.things.bodywork import WINDOW


def balloon(rng: np.random.Generator) -> list[Part]:
    """A hot air balloon: a striped teardrop envelope over a wicker basket on ropes."""
    first = pick(rng, RED, BLUE, ORANGE, GREEN)
    second, gores = pick(rng, YELLOW, WHITE, CREAM), 12
    profile = curve(
        [
            (0.22, -1.25),
            (0.55, -0.85),
            (0.95, -0.2),
            (1.05, 0.35),
            (0.80, 0.88),
            (0.35, 1.16),
            (0.0, 1.22),
        ],
        2,
    )
    profile = profile * [rng.uniform(0.95, 1.05), 1.0]
    a0, a1 = -np.pi / gores, np.pi / gores
    angles = np.array([a0, 0.0, a1])
    rings = []
    for r, y in profile:
        bulge = r * np.array([1.0, 1.03, 1.0])
        outside = np.stack([bulge * np.sin(angles), np.full(3, y), bulge * np.cos(angles)], 1)
        rings.append(np.concatenate([outside, [[0, y, 0]]]))
    rings[-1] = np.broadcast_to([[0.0, profile[-1, 1], 0.0]], (4, 3))
    gore = loft(np.stack(rings), crease_deg=30)
    turns = 360 / gores
    odd = group(*(gore.turn("y", 2 * k * turns) for k in range(gores // 2)))
    even = group(*(gore.turn("y", (2 * k + 1) * turns) for k in range(gores // 2)))
    basket = box(0.40, 0.34, 0.40, 0.04).move(y=-1.95) + box(0.46, 0.06, 0.46, 0.02).move(y=-1.79)
    ropes = rod((0.19, -1.8, 0.19), (0.155, -1.22, 0.155), 0.022, sides=5).four()
    burner = cylinder(0.07, 0.12, sides=10).move(y=-1.5) + box(0.34, 0.03, 0.05).move(y=-1.52)
    flame = lathe([(0.0, 0), (0.05, 0.05), (0.045, 0.12), (0, 0.26)], 8, crease_deg=60).move(
        y=-1.45
    )
    return [
        odd.part("envelope", first, True),
        even.part("stripes", second),
        basket.part("basket", matte(0.58, 0.40, 0.22)),
        (ropes + burner).part("ropes", matte(0.22, 0.18, 0.14)),
        flame.part("flame", ORANGE),
    ]


def _finned_rocket(rng: np.random.Generator, paint: Look, trim: Look) -> list[Part]:
    """A rocket of the comics: a belly, a pointed nose, swept fins, portholes."""
    belly, fins = rng.uniform(0.46, 0.56), pick(rng, 3, 4)
    line = curve(
        [
            (0.30, 0.3),
            (0.9 * belly, 0.85),
            (belly, 1.5),
            (0.8 * belly, 2.25),
            (0.42 * belly, 2.8),
            (0, 3.2),
        ],
        3,
    )
    hull = lathe(line[line[:, 1] <= 2.5], 20, crease_deg=50)
    tip = lathe([tuple(p) for p in line if p[1] >= 2.35], 20, crease_deg=50).scale(1.03, 1, 1.03)
    plate = [(0.30, 0.45), (0.95 * belly, 1.15), (1.35 * belly, 0.85), (1.75 * belly, 0.0),
             (1.5 * belly, 0.0), (1.15 * belly, 0.38)]  # fmt: skip
    blades = extrude(plate, 0.11, bevel=0.03).around(fins, start_deg=-90)
    level = 1.75
    out = float(np.interp(level, line[:, 1], line[:, 0]))
    port = torus(0.18, 0.045, 16, 6).turn("x", 90).move(0, level, out - 0.02)
    pane = ellipsoid(0.18, sides=12).scale(1, 1, 0.35).move(0, level, out - 0.03)
    return [
        hull.part("body", paint, True),
        tip.part("nose", trim),
        blades.part("fins", trim),
        port.both("z").part("rims", STEEL if paint is not STEEL else trim),
        pane.both("z").part("windows", WINDOW),
    ]


def _launcher(rng: np.random.Generator, paint: Look, trim: Look) -> list[Part]:
    """A tall cylinder with boosters at its sides."""
    r, high = rng.uniform(0.30, 0.36), rng.uniform(3.4, 3.9)
    hull = lathe([(r, 0.35), (r, high)], 18)
    tip = lathe([(r, high - 0.02), (0.8 * r, high + 0.35), (0.4 * r, high + 0.75), (0.1, high + 0.95),
                 (0, high + 1.0)], 18, crease_deg=50)  # fmt: skip
    bands = group(
        *(cylinder(r + 0.012, 0.16, sides=18).move(y=y) for y in (0.62 * high, 0.92 * high))
    )
    side = lathe(
        [(0.6 * r, 0.25), (0.6 * r, 0.52 * high), (0.3 * r, 0.62 * high), (0, 0.66 * high)],
        12,
        crease_deg=50,
    )
    boosters = side.move(1.55 * r).around(pick(rng, 2, 4))
    flare = lathe([(0.20, 0.0), (0.11, 0.28)], 12)
    blades = (
        extrude(
            [(r - 0.05, 0.4), (r - 0.05, 1.0), (1.9 * r, 0.55), (1.9 * r, 0.2)], 0.09, bevel=0.02
        )
        .turn("y", 90)
        .both("z")
    )
    panes = block((-0.07, high - 0.35, r - 0.1), (0.07, high - 0.15, r + 0.02), 0.02).both("z")
    return [
        hull.part("body", paint, True),
        tip.part("nose", trim),
        boosters.part("boosters", paint, True),
        (bands + blades).part("fins", trim),
        flare.move(1.55 * r).both().part("nozzle", IRON),
        panes.part("windows", LAMP_WHITE if paint is STEEL else WINDOW),
        capsule((0, high + 0.9, 0), (0, high + 1.15, 0), 0.035, sides=6).part("spike", trim),
    ]


def rocket(rng: np.random.Generator) -> list[Part]:
    """A space rocket: a pointed hull with portholes and fins, or a tall cylinder with boosters."""
    paint, trim = pick(rng, WHITE, WHITE, STEEL), pick(rng, RED, BLUE, ORANGE)
    nozzle = lathe([(0.30, 0.0), (0.16, 0.34)], 14)
    rest = _finned_rocket(rng, paint, trim) if rng.random() < 0.55 else _launcher(rng, paint, trim)
    return [*rest, nozzle.part("nozzle", IRON)]
