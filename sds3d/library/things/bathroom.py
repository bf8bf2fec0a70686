"""Bathroom: toilet, bathtub, sink.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BRASS, CHROME, PORCELAIN, WHITE, glossy, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    block,
    curve,
    cylinder,
    ellipsoid,
    lathe,
    loft,
    rod,
    rounded_box,
    tube,
)

WATER = glossy(0.62, 0.76, 0.82)


def _oval(half_x: float, back: float, front: float, y: float, sides: int = 20) -> np.ndarray:
    """An egg-shaped ring at height y: blunt at z = back, round at z = front, (sides, 3)."""
    a = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    middle, half = (
        back + 0.45 * (front - back),
        np.where(np.cos(a) > 0, 0.55, 0.45) * (front - back),
    )
    return np.stack([half_x * np.sin(a), np.full(sides, y), middle + half * np.cos(a)], 1)


def _shell(rings: list[tuple[float, float, float, float]], sides: int = 20) -> Solid:
    """A skin over ovals (half_x, back, front, y)."""
    return loft(np.stack([_oval(*ring, sides) for ring in rings]), crease_deg=50)


def toilet(rng: np.random.Generator) -> list[Part]:
    """A pedestal bowl with seat and raised or closed lid before a cistern with a flush button or lever."""
    rim, front = rng.uniform(0.38, 0.42), rng.uniform(0.40, 0.46)
    half, back = rng.uniform(0.18, 0.20), -0.16
    tank_top = rng.uniform(0.76, 0.86)
    waist = rng.uniform(0.10, 0.13)
    bowl = _shell([
        (waist + 0.02, -0.20, 0.24, 0.0), (waist, -0.20, 0.20, 0.06), (waist, -0.18, 0.19, 0.17),
        (half - 0.02, back - 0.02, front - 0.08, rim - 0.09), (half, back, front, rim - 0.03),
        (half, back, front, rim), (half - 0.06, back + 0.08, front - 0.06, rim),
        (half - 0.08, back + 0.10, front - 0.10, rim - 0.10), (0.03, 0.0, 0.08, rim - 0.20),
        (0.0, 0.04, 0.04, rim - 0.20),
    ])  # fmt: skip
    shelf = block((-0.15, 0.10, -0.36), (0.15, rim, -0.10), 0.04)
    tank = rounded_box(0.42, tank_top - rim, 0.19, 0.04).move(0, (tank_top + rim) / 2, -0.32)
    tank_lid = rounded_box(0.46, 0.05, 0.22, 0.02).move(0, tank_top + 0.01, -0.32)
    ring = [
        (half + 0.015, back + 0.02, front + 0.02, rim), (half + 0.015, back + 0.02, front + 0.02, rim + 0.03),
        (half - 0.065, back + 0.10, front - 0.07, rim + 0.03), (half - 0.065, back + 0.10, front - 0.07, rim),
    ]  # fmt: skip
    seat = loft(np.stack([_oval(*r) for r in ring]), ring=True)
    lid = _shell(
        [
            (half + 0.01, back + 0.02, front + 0.01, 0.0),
            (half + 0.01, back + 0.02, front + 0.01, 0.035),
        ]
    )
    if rng.random() < 0.6:
        lid = lid.move(y=rim).turn("x", -97, (0, rim + 0.02, back + 0.01))
    else:
        lid = lid.move(y=rim + 0.028)
    flush = cylinder(0.035, 0.03, sides=10).move(0, tank_top + 0.045, -0.32)
    if rng.random() < 0.5:
        flush = block((-0.19, tank_top - 0.10, -0.24), (-0.09, tank_top - 0.06, -0.20), 0.01)
    water = cylinder(0.075, 0.02, sides=12).scale(1, 1, 1.2).move(0, rim - 0.15, 0.06)
    return [
        (bowl + shelf).part("bowl", PORCELAIN, True),
        (tank + tank_lid).part("tank", PORCELAIN, True),
        seat.part("seat", PORCELAIN, True),
        lid.part("lid", PORCELAIN, True),
        flush.part("handle", CHROME),
        water.part("water", WATER),
    ]


def bathtub(rng: np.random.Generator) -> list[Part]:
    """A free-standing tub with a rolled rim, on four feet or a plinth, with taps at one end."""
    long, half, rim = rng.uniform(1.5, 1.75), rng.uniform(0.36, 0.40), rng.uniform(0.56, 0.64)
    x, feet = long / 2, rng.random() < 0.6
    low, rise = (0.13, rng.uniform(0.02, 0.14)) if feet else (0.0, 0.0)
    a = np.linspace(0, 2 * np.pi, 28, endpoint=False)

    def ring(rx: float, rz: float, y: float, lift: float = 0.0) -> np.ndarray:
        square = (
            np.sign(np.cos(a)) * np.abs(np.cos(a)) ** 0.7,
            np.sign(np.sin(a)) * np.abs(np.sin(a)) ** 0.8,
        )
        return np.stack(
            [rx * square[0], y + lift * np.clip(np.cos(a), 0, 1) ** 2, -rz * square[1]], 1
        )

    tub = loft(np.stack([
        ring(0.70 * x, 0.60 * half, low), ring(0.84 * x, 0.82 * half, low + 0.12),
        ring(0.94 * x, 0.95 * half, rim - 0.06, rise), ring(x + 0.02, half + 0.03, rim - 0.03, rise),
        ring(x + 0.02, half + 0.03, rim + 0.01, rise), ring(0.92 * x, 0.88 * half, rim, rise),
        ring(0.80 * x, 0.75 * half, low + 0.14), ring(0.66 * x, 0.55 * half, low + 0.05),
    ]), crease_deg=50)  # fmt: skip
    bend = [
        (0.05, rim - 0.02, 0),
        (0.04, rim + 0.22, 0),
        (0.16, rim + 0.22, 0),
        (0.20, rim + 0.13, 0),
    ]
    spout = tube(curve(bend, 3), 0.03).move(-x)
    taps = rod((-x + 0.04, rim, 0.11), (-x + 0.04, rim + 0.11, 0.11), 0.028, 0.04).both("z")
    metal = pick(rng, CHROME, BRASS)
    parts = [tub.part("tub", PORCELAIN, True), (spout + taps).part("tap", metal)]
    if feet:
        foot = ellipsoid(0.06, sides=8).move(0.66 * x, 0.055, 0.62 * half)
        foot = foot + rod((0.66 * x, 0.07, 0.62 * half), (0.60 * x, 0.24, 0.55 * half), 0.05, 0.06)
        parts.append(foot.four().part("feet", metal))
    return parts


def sink(rng: np.random.Generator) -> list[Part]:
    """A washbasin on a pedestal or a cupboard, with a tap."""
    half, rim = rng.uniform(0.28, 0.33), 0.84
    basin = _shell([
        (0.09, -0.16, 0.08, rim - 0.22), (0.75 * half, -0.20, 0.18, rim - 0.12),
        (half, -0.22, 0.25, rim - 0.04),
        (half + 0.01, -0.23, 0.26, rim), (half - 0.05, -0.10, 0.21, rim), (0.6 * half, -0.06, 0.15, rim - 0.09),
        (0.05, 0.02, 0.06, rim - 0.12),
    ])  # fmt: skip
    shelf = rounded_box(2 * half, 0.09, 0.16, 0.03).move(0, rim - 0.03, -0.17)
    bend = [(0, rim, -0.16), (0, rim + 0.17, -0.16), (0, rim + 0.19, -0.07), (0, rim + 0.11, -0.03)]
    spout = tube(curve(bend, 3), 0.025)
    knobs = rod((0.13, rim, -0.17), (0.13, rim + 0.07, -0.17), 0.022, 0.036).both()
    parts = [(basin + shelf).part("basin", PORCELAIN, True), (spout + knobs).part("tap", CHROME)]
    if rng.random() < 0.5:
        column = lathe(
            [(0.13, 0), (0.12, 0.04), (0.085, 0.15), (0.08, 0.5), (0.12, rim - 0.14)], 14
        )
        return [*parts, column.scale(1, 1, 0.85).move(z=-0.06).part("pedestal", PORCELAIN, True)]
    wood = pick(rng, matte(0.62, 0.45, 0.28), matte(0.42, 0.50, 0.56), WHITE)
    body = block((-half + 0.02, 0.06, -0.22), (half - 0.02, rim - 0.10, 0.16), 0.01)
    door = block((0.012, 0.09, 0.15), (half - 0.04, rim - 0.14, 0.18), 0.01)
    pulls = block((0.03, 0.4, 0.17), (0.055, 0.54, 0.215), 0.008).both()
    return [*parts, (body + door.both()).part("cabinet", wood), pulls.part("handles", CHROME)]
