"""Building blocks of road vehicles: wheels, bodies from a side view, windows, lamps.  In metres."""

from __future__ import annotations

import math

from sds3d.library.kit.looks import CHROME, LAMP_RED, LAMP_WHITE, RUBBER, matte
from sds3d.library.kit.model import Look, Part
from sds3d.library.kit.shapes import Solid, arc, block, cylinder, extrude, group, lathe

WINDOW = Look((0.16, 0.20, 0.25), 0.0, 0.1)
DARK = matte(0.13, 0.13, 0.14)


def wheel(radius: float, width: float, sides: int = 16) -> tuple[Solid, Solid]:
    """A tyre and its hub, the axle along x."""
    half, rim = width / 2, 0.6 * radius
    tyre = lathe(
        [(0.9 * radius, -half), (radius, -0.6 * half), (radius, 0.6 * half), (0.9 * radius, half)],
        sides,
    )
    hub = lathe([(rim, -1.05 * half), (rim, 1.05 * half)], 12)
    cap = lathe([(0.3 * rim, -1.2 * half), (0.3 * rim, 1.2 * half)], 8)
    return tyre.turn("z", 90), (hub + cap).turn("z", 90)


def wheels(radius: float, width: float, x: float, places: list[float]) -> list[Part]:
    """Pairs of wheels on the ground at -x and x, at the given places along z: tyres and hubs."""
    tyre, hub = wheel(radius, width)
    both = [group(*(s.move(x, radius, z) for z in places)).both() for s in (tyre, hub)]
    return [both[0].part("wheels", RUBBER), both[1].part("hubcaps", CHROME)]


def side_view(outline: list[tuple[float, float]], width: float, bevel: float) -> Solid:
    """A body from its side view, points (z, y), `width` wide in x with its edges cut off."""
    return extrude(outline, width, bevel=bevel).turn("y", -90)


def arches(places: list[float], radius: float, gap: float, low: float) -> list[tuple[float, float]]:
    """The lower edge of a body from the rear to the front: straight at height `low`, round over wheels."""
    edge, over = [], radius + gap
    below = math.degrees(math.asin((radius - low) / over))
    for z in sorted(places):
        edge += arc(over, 180 + below, -below, 8, (z, radius))
    return edge


def lamps(x: float, y: float, front: float, rear: float, radius: float) -> list[Part]:
    """Round headlights in chrome rings and square tail lights."""
    lamp = cylinder(radius, 0.08, sides=14).turn("x", 90).move(x, y, front)
    rim = cylinder(1.22 * radius, 0.06, sides=14).turn("x", 90).move(x, y, front - 0.005)
    tail = block((x - 0.10, y - 0.06, rear - 0.03), (x + 0.10, y + 0.10, rear + 0.05), 0.01)
    return [
        lamp.both().part("headlights", LAMP_WHITE),
        rim.both().part("trim", CHROME),
        tail.both().part("tail lights", LAMP_RED),
    ]


def windows(x: float, y: tuple[float, float], spans: list[tuple[float, float]]) -> Solid:
    """Panes on both sides of a box body, each from z0 to z1."""
    return group(*(block((x - 0.05, y[0], a), (x + 0.012, y[1], b), 0.01) for a, b in spans)).both()
