"""Building blocks of aircraft and submarines: elliptical skins, wings, fins, propellers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sds3d.library.kit.shapes import Solid, extrude, loft

Rings = list[tuple[float, float, float, float]]


def fuselage(rings: Rings, sides: int = 16) -> Solid:
    """A skin over ellipses across z, given as (z, half width, half height, height of the middle)."""
    a = np.linspace(0, 2 * np.pi, sides, endpoint=False) + np.pi / sides
    sections = [
        np.stack([w * np.cos(a), y + h * np.sin(a), np.full(sides, z)], 1) for z, w, h, y in rings
    ]
    return loft(np.stack(sections), crease_deg=55)


def wing(
    root: tuple[float, float],
    tip: tuple[float, float],
    span: float,
    thick: float,
    rise: float = 0.0,
) -> Solid:
    """One wing from x = 0 to `span`; root and tip are (rear, front) in z, `rise` lifts the tip."""
    sections = []
    for x, (rear, front), y, t in ((0.0, root, 0.0, thick), (span, tip, rise, 0.7 * thick)):
        chord = front - rear
        nose, back = front - 0.12 * chord, front - 0.45 * chord
        profile = [
            (front, 0),
            (nose, 0.5 * t),
            (back, 0.55 * t),
            (rear, 0.08 * t),
            (rear, -0.08 * t),
        ]
        profile += [(back, -0.4 * t), (nose, -0.4 * t)]
        sections.append([(x, y + h, z) for z, h in profile])
    return loft(np.array(sections), crease_deg=50)


def fin(outline: ArrayLike, thick: float) -> Solid:
    """An upright plate from its side view, points (z, y)."""
    return extrude(outline, thick, bevel=0.3 * thick).turn("y", -90)


def propeller(radius: float, blades: int, turned_deg: float = 20.0) -> Solid:
    """Flat blades around the z axis, tips rounded."""
    w = 0.11 * radius
    outline = [
        (-0.5 * w, 0),
        (0.5 * w, 0),
        (w, 0.5 * radius),
        (0.8 * w, 0.92 * radius),
        (0, radius),
    ]
    outline += [(-0.8 * w, 0.92 * radius), (-w, 0.5 * radius)]
    return extrude(outline, 0.06 * radius).around(blades, "z", turned_deg)
