"""Keepsakes: globe, gift box, camera.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLUE,
    BRASS,
    CHROME,
    GREEN,
    OAK,
    RED,
    STEEL,
    WALNUT,
    WHITE,
    YELLOW,
    darker,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.polygon import triangulate
from sds3d.library.kit.shapes import (
    Solid,
    arc,
    box,
    curve,
    cylinder,
    ellipsoid,
    group,
    lathe,
    rod,
    rounded_box,
    torus,
    tube,
)
from sds3d.library.kit.solid import close

# rough outlines of the continents, (longitude, latitude) in degrees
LANDS = (
    [(-165, 65), (-125, 70), (-85, 72), (-60, 52), (-80, 30), (-97, 18), (-82, 9), (-106, 22), (-122, 38),
     (-135, 57)],
    [(-78, 8), (-50, 2), (-36, -8), (-45, -24), (-62, -40), (-70, -54), (-73, -30), (-80, -5)],
    [(-16, 14), (-6, 35), (12, 36), (33, 31), (50, 12), (40, -8), (34, -26), (20, -34), (12, -12), (8, 5),
     (-8, 5)],
    [(-9, 38), (0, 50), (10, 64), (40, 68), (80, 74), (120, 73), (175, 67), (142, 54), (122, 38), (108, 12),
     (98, 10), (88, 22), (78, 8), (68, 24), (50, 25), (36, 34), (22, 38), (8, 44)],
    [(114, -22), (130, -12), (143, -12), (153, -28), (146, -39), (130, -32), (116, -34)],
    [(-50, 61), (-24, 70), (-25, 81), (-60, 81)],
)  # fmt: skip


def globe(rng: np.random.Generator) -> list[Part]:
    """A school globe: blue ball with raised green continents, tilted in a brass arc on a round foot."""
    radius, turn = 0.40, float(rng.uniform(-60, 60))
    wide, stem = rng.uniform(0.24, 0.29), rng.uniform(0.10, 0.16)
    y = 0.08 + stem + radius + 0.09

    def tilted(solid: Solid) -> Solid:
        return solid.turn("y", turn).turn("z", -23).move(y=y)

    lands = group(*(_land(np.array(outline, float), radius) for outline in LANDS))
    caps = ellipsoid(0.13, 0.03, 0.13, sides=12).move(y=0.97 * radius).both("y")
    bow = [(px, py, 0) for px, py in arc(radius + 0.075, -90, 90, 18)]
    meridian = tube(bow, 0.034, 6).turn("z", -23).move(y=y)
    pins = rod((0, -radius - 0.1, 0), (0, radius + 0.1, 0), 0.034).turn("z", -23).move(y=y)
    top = 0.10 + stem
    foot = lathe([
        (wide, 0), (wide, 0.04), (0.5 * wide, 0.08), (0.05, 0.12), (0.045, top), (0, top),
    ], 22)  # fmt: skip
    knee = tube([(0, 0.06 + stem, 0), (-0.02, 0.10 + stem, 0), (-0.13, y - 0.46, 0)], 0.045, 8)
    green = pick(rng, matte(0.30, 0.60, 0.22), matte(0.42, 0.62, 0.25))
    return [
        tilted(ellipsoid(radius, sides=28)).part("ocean", glossy(0.13, 0.42, 0.76), True),
        tilted(lands).part("land", green),
        tilted(caps).part("ice", WHITE),
        group(meridian, pins).part("meridian", BRASS),
        group(foot, knee).part("foot", pick(rng, WALNUT, BRASS, OAK)),
    ]


def _land(outline: np.ndarray, radius: float) -> Solid:
    """A raised patch of the ball within an outline of (longitude, latitude), degrees."""
    points = [tuple(p) for p in outline]
    faces = [tuple(map(int, f)) for f in triangulate(outline)]
    for _ in range(2):  # finer, so that the faces follow the ball
        middle: dict[tuple[int, int], int] = {}
        finer = []
        for a, b, c in faces:
            m = []
            for i, j in ((a, b), (b, c), (c, a)):
                key = (min(i, j), max(i, j))
                if key not in middle:
                    middle[key] = len(points)
                    points.append(tuple((np.array(points[i]) + points[j]) / 2))
                m.append(middle[key])
            finer += [(a, m[0], m[2]), (b, m[1], m[0]), (c, m[2], m[1]), (m[0], m[1], m[2])]
        faces = finer
    lon, lat = np.radians(np.array(points)).T
    unit = np.stack([np.cos(lat) * np.sin(lon), np.sin(lat), np.cos(lat) * np.cos(lon)], 1)
    sheet, n = np.array(faces), len(points)
    edges = np.concatenate([sheet[:, [0, 1]], sheet[:, [1, 2]], sheet[:, [2, 0]]])
    there = {(int(i), int(j)) for i, j in edges}
    rim = [edge for edge in there if edge[::-1] not in there]
    walls = [t for i, j in rim for t in ((j, i, i + n), (j, i + n, j + n))]
    vertices = np.concatenate([unit * 1.025, unit * 0.9]) * radius
    return close(vertices, np.concatenate([sheet, sheet[:, ::-1] + n, sorted(walls)]))


def gift_box(rng: np.random.Generator) -> list[Part]:
    """A wrapped present: box with a lid, a ribbon crossing it and a big bow of loops."""
    wide, high = rng.uniform(0.66, 0.78), rng.uniform(0.50, 0.68)
    body = box(wide, high, wide, 0.01).move(y=high / 2)
    lid = box(wide + 0.07, 0.15, wide + 0.07, 0.015).move(y=high)
    band = group(
        box(0.13, high, wide + 0.035).move(y=high / 2),
        box(wide + 0.035, high, 0.13).move(y=high / 2),
        box(0.13, 0.165, wide + 0.105).move(y=high),
        box(wide + 0.105, 0.165, 0.13).move(y=high),
    )
    top = high + 0.08
    loop = curve(
        [
            (0.02, top + 0.02, 0),
            (0.16, top + 0.19, 0),
            (0.30, top + 0.17, 0),
            (0.27, top + 0.04, 0),
        ],
        3,
        ring=True,
    )
    wing = tube(loop, 0.032, 6, flat=2.2, ring=True)
    bow = group(wing.turn("y", 45), wing.turn("y", 135), wing.turn("y", 225), wing.turn("y", 315))
    knot = ellipsoid(0.075, 0.065, 0.075, sides=10).move(y=top + 0.05)
    wrap, ribbon = pick(
        rng, (RED, YELLOW), (BLUE, WHITE), (GREEN, RED), (glossy(0.50, 0.2, 0.62), YELLOW)
    )
    return [
        body.part("box", wrap, True),
        lid.part("lid", darker(wrap, 0.88), True),
        band.part("ribbon", ribbon),
        group(bow, knot).part("bow", darker(ribbon, 0.92)),
    ]


def camera(rng: np.random.Generator) -> list[Part]:
    """A still camera, lens to the front: leather body, silver top, dial, button, flash."""
    wide, barrel_ = rng.uniform(0.86, 0.98), rng.uniform(0.22, 0.36)
    body = rounded_box(wide, 0.44, 0.30, 0.06).move(y=0.24)
    top = rounded_box(wide, 0.13, 0.30, 0.05).move(y=0.50)
    base = rounded_box(wide, 0.07, 0.30, 0.03).move(y=0.035)
    hump = box(0.32, 0.16, 0.28, 0.05).move(y=0.60)
    grip = rounded_box(0.13, 0.40, 0.12, 0.05).move(-wide / 2 + 0.11, 0.24, 0.15)
    ring = lathe([(0.25, 0), (0.25, 0.08), (0.215, 0.09), (0.215, barrel_), (0.19, barrel_ + 0.02),
                  (0.165, barrel_ - 0.02), (0.12, barrel_ - 0.05), (0, barrel_ - 0.05)], 26)  # fmt: skip
    ribs = group(
        *(torus(0.215, 0.02, 26, 5).move(y=h) for h in np.linspace(0.13, barrel_ - 0.04, 3))
    )
    glass = ellipsoid(0.135, 0.04, 0.135, sides=16).move(y=barrel_ - 0.03)
    shine = ellipsoid(0.035, 0.015, 0.035, sides=8).move(-0.05, barrel_ + 0.005, -0.05)
    collar = torus(0.245, 0.022, 26, 6).move(y=0.06)

    def ahead(solid: Solid) -> Solid:
        return solid.turn("x", 90).move(0, 0.28, 0.14)

    dial = cylinder(0.085, 0.08, sides=16).move(wide / 2 - 0.15, 0.60)
    button = group(cylinder(0.06, 0.07, sides=14).move(-wide / 2 + 0.14, 0.59))
    finder = box(0.20, 0.08, 0.03).move(0, 0.60, 0.14)
    screen = box(0.46, 0.28, 0.03, 0.01).move(0, 0.26, -0.15)
    lugs = torus(0.04, 0.018, 10, 5).turn("x", 90).move(wide / 2 + 0.03, 0.50).both()
    look = pick(rng, matte(0.11, 0.11, 0.12), matte(0.11, 0.11, 0.12), matte(0.42, 0.22, 0.12))
    silver = pick(rng, CHROME, STEEL, matte(0.16, 0.16, 0.17))
    return [
        group(body, grip).part("body", look, True),
        group(top, base, hump).part("top", silver),
        ahead(group(ring, ribs)).part("lens", matte(0.07, 0.07, 0.08)),
        ahead(collar).part("lens ring", CHROME),
        ahead(glass).part("glass", glossy(0.20, 0.28, 0.50)),
        ahead(shine).part("shine", WHITE),
        group(dial, lugs).part("dial", darker(STEEL, 0.75)),
        button.part("button", RED),
        finder.part("flash", glossy(0.90, 0.93, 0.95)),
        screen.part("screen", glossy(0.22, 0.30, 0.36)),
    ]
