"""Cars: car, pickup truck.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLUE, CHROME, GREEN, RED, RUBBER, WHITE, YELLOW, glossy, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import Solid, block, group, hull, rod
from sds3d.library.things.bodywork import DARK, WINDOW, arches, lamps, side_view, wheel, wheels


def _cabin(bottom: tuple[float, float], top: tuple[float, float], wide: tuple[float, float],
           high: tuple[float, float], posts: tuple[float, ...]) -> tuple[Solid, Solid]:  # fmt: skip
    """Windows and roof with pillars over a body.

    bottom, top: (rear, front) of the glass at its two heights `high`; wide: half widths there.  posts:
    fractions from rear to front of further pillars on the sides.
    """
    (z0, z1), (t0, t1), (wb, wt), (y0, y1) = bottom, top, wide, high
    feet = np.array([(s * wb, y0 - 0.05, z) for s in (-1, 1) for z in (z0, z1)])
    crown = np.array([(s * wt, y1, z) for s in (-1, 1) for z in (t0, t1)])
    glass = hull(np.concatenate([feet, crown]), crease_deg=15)
    slab = crown * [1.03, 1, 1] + [0, -0.01, 0]
    middle, inner = crown.mean(0), crown * [0.86, 1, 1] + [0, 0.055, 0]
    inner[:, 2] = middle[2] + 0.82 * (inner[:, 2] - middle[2])
    roof = hull(np.concatenate([slab, inner, slab - [0, 0.04, 0]]), crease_deg=50)
    places = [(0.0, 0.055), (1.0, 0.05), *((p, 0.045) for p in posts)]
    pillars = group(*(
        rod((1.0 * wb, y0 - 0.05, z0 + p * (z1 - z0)), (wt, y1, t0 + p * (t1 - t0)), r, sides=4)
        for p, r in places
    )).both()  # fmt: skip
    return glass, roof + pillars


def car(rng: np.random.Generator) -> list[Part]:
    """A sedan, hatchback, coupe or off-roader with windows, lamps, bumpers, handles and mirrors."""
    paint = pick(rng, RED, BLUE, glossy(0.70, 0.72, 0.75), glossy(0.95, 0.95, 0.94), GREEN, YELLOW)
    style = pick(rng, "jeep", "sedan", "hatchback", "coupe", "hatchback", "sedan")
    half, x = (
        {"sedan": 2.20, "hatchback": 1.90, "coupe": 2.10, "jeep": 2.05}[style],
        rng.uniform(0.84, 0.90),
    )
    radius = {"jeep": 0.40}.get(style, rng.uniform(0.33, 0.37))
    lift = 0.14 if style == "jeep" else 0.0
    low, belt = 0.20 + lift, rng.uniform(0.86, 0.92) + lift
    hood = belt - rng.uniform(0.06, 0.12)
    axles = [-0.60 * half, 0.64 * half]
    tail = {"sedan": belt - 0.02, "hatchback": belt, "coupe": belt - 0.06, "jeep": belt}[style]
    outline = [
        (-half + 0.06, low + 0.08), *arches(axles, radius, 0.07, low), (half - 0.08, low + 0.06),
        (half, low + 0.24), (half - 0.04, hood - 0.10), (half - 0.22, hood - 0.01), (0.36 * half, belt),
        (-0.55 * half, belt + 0.01), (-half + 0.12, tail), (-half + 0.01, tail - 0.14), (-half, low + 0.30),
    ]  # fmt: skip
    body = side_view(outline, 2 * x, 0.09)
    bottom, top = {
        "sedan": ((-1.38, 0.86), (-0.88, 0.22)), "hatchback": ((-1.72, 0.82), (-1.42, 0.18)),
        "coupe": ((-1.55, 0.62), (-0.70, 0.02)), "jeep": ((-1.92, 0.66), (-1.84, 0.34)),
    }[style]  # fmt: skip
    roof_y = belt + {"coupe": 0.42, "jeep": 0.60}.get(style, 0.50)
    glass, roof = _cabin(bottom, top, (x - 0.06, x - 0.18), (belt, roof_y), (0.47,))
    bumper = block((-x + 0.02, low + 0.05, -0.07), (x - 0.02, low + 0.21, 0.07), 0.04)
    bumpers = bumper.move(z=half - 0.02) + bumper.move(z=-half + 0.02)
    grille = block((-0.42, low + 0.25, half - 0.10), (0.42, hood - 0.13, half + 0.015), 0.02)
    plate = block((-0.26, low + 0.30, -half - 0.03), (0.26, low + 0.43, -half + 0.05))
    handle = block((x - 0.02, belt - 0.17, -0.30), (x + 0.025, belt - 0.12, -0.10), 0.01)
    handle = (handle if style == "coupe" else handle + handle.move(z=-0.95 * half / 2)).both()
    mirror = block((x - 0.06, belt + 0.02, 0.50), (x + 0.14, belt + 0.15, 0.60), 0.03).both()
    parts = [
        body.part("body", paint, True),
        roof.part("roof", paint, True),
        mirror.part("mirrors", paint, True),
        glass.part("windows", WINDOW),
        (bumpers + handle).part("bumpers", CHROME if style != "jeep" else DARK),
        grille.part("grille", DARK),
        plate.part("plate", WHITE),
        *lamps(x - 0.20, hood - 0.19, half - 0.02, -half, 0.115),
        *wheels(radius, 0.24, x - 0.11, axles),
    ]
    if style == "jeep":
        tyre, hub = wheel(0.34, 0.2)
        spare = [s.turn("y", 90).move(0, belt - 0.05, -half - 0.10) for s in (tyre, hub)]
        parts += [spare[0].part("wheels", RUBBER), spare[1].part("hubcaps", CHROME)]
    return parts


def pickup(rng: np.random.Generator) -> list[Part]:
    """A pickup: hood, a cab with one or two rows, and an open bed with a tailgate."""
    paint = pick(rng, RED, BLUE, GREEN, WHITE, glossy(0.62, 0.64, 0.68))
    half, x, radius = rng.uniform(2.45, 2.7), 0.94, 0.42
    double = rng.random() < 0.4
    low, belt, axles = 0.36, 1.08, [-0.58 * half, 0.62 * half]
    back = -0.55 if double else 0.0
    outline = [
        (-half, low), *arches(axles, radius, 0.07, low), (half - 0.05, low), (half, low + 0.3),
        (half - 0.04, belt - 0.10), (half - 0.2, belt - 0.03), (1.05, belt), (back - 0.62, belt),
        (back - 0.62, 0.72), (-half + 0.02, 0.72), (-half, 0.6),
    ]  # fmt: skip
    body = side_view(outline, 2 * x, 0.07)
    wall = block((x - 0.11, 0.62, -half), (x - 0.002, belt, back - 0.55), 0.02).both()
    gate = block((-x + 0.02, 0.5, -half - 0.02), (x - 0.02, belt, -half + 0.08), 0.02)
    glass, roof = _cabin((back - 0.58, 1.10), (back - 0.5, 0.52), (x - 0.05, x - 0.16), (belt, belt + 0.55),
                         (0.47,) if double else ())  # fmt: skip
    floor = block((-x + 0.08, 0.70, -half + 0.06), (x - 0.08, 0.76, back - 0.6))
    bumper = block((-x, low + 0.02, -0.09), (x, low + 0.2, 0.09), 0.04)
    grille = block((-0.48, low + 0.24, half - 0.1), (0.48, belt - 0.14, half + 0.02), 0.02)
    mirror = block((x - 0.06, belt + 0.03, 0.72), (x + 0.17, belt + 0.2, 0.82), 0.02).both()
    return [
        (body + wall + gate).part("body", paint, True),
        roof.part("roof", paint, True),
        glass.part("windows", WINDOW),
        floor.part("bed", DARK),
        (bumper.move(z=half) + bumper.move(z=-half)).part("bumpers", CHROME),
        (grille + mirror).part("grille", DARK),
        *lamps(x - 0.18, belt - 0.24, half - 0.02, -half, 0.12),
        *wheels(radius, 0.28, x - 0.12, axles),
    ]
