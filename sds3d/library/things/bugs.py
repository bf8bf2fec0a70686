"""Small creatures: snail, butterfly.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLACK, WHITE, darker, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import Solid, capsule, curve, ellipsoid, extrude, group, tube
from sds3d.library.things.beasts import EYE, Skin, blob


def snail(rng: np.random.Generator) -> list[Part]:
    """A snail: a spiral shell upright on a long soft foot, two eye stalks and two feelers."""
    flesh = matte(0.80, 0.68, 0.48)
    shell = pick(rng, matte(0.62, 0.36, 0.16), matte(0.80, 0.50, 0.20), matte(0.66, 0.30, 0.28))
    turns, wide, spread = rng.uniform(2.3, 2.7), rng.uniform(0.19, 0.22), rng.uniform(0.09, 0.14)
    foot = Skin([
        (0.06, -0.62, 0.02, 0.02), (0.08, -0.48, 0.06, 0.08), (0.11, -0.15, 0.11, 0.15),
        (0.11, 0.16, 0.11, 0.15), (0.16, 0.38, 0.12, 0.13), (0.34, 0.53, 0.12, 0.12),
        (0.45, 0.62, 0.10, 0.10), (0.49, 0.69, 0, 0),
    ])  # fmt: skip
    # the whorl's middle is up and behind; it opens at the front of the foot
    a = np.linspace(0, 2 * np.pi * turns, int(15 * turns))
    grow = 0.10 + 0.90 * (a / a[-1]) ** 1.15
    angle = a - a[-1] - np.pi / 2
    rise = 0.30 * grow
    whorl = np.column_stack(
        [0.05 * (1 - grow), 0.50 + rise * np.sin(angle), -0.06 - rise * np.cos(angle)]
    )
    coil = tube(whorl, list(wide * grow), 12)
    hub = blob(0, 0.50, -0.06, 0.17, 0.13, 0.13, 12)
    line = whorl + np.column_stack([0.97 * wide * grow, 0 * a, 0 * a])
    stripe = tube(line[8:], list(0.055 * grow[8:] + 0.004), 6)
    mark = np.column_stack([-line[:, 0] + 2 * whorl[:, 0], line[:, 1:]])
    other = tube(mark[8:], list(0.055 * grow[8:] + 0.004), 6)
    tip = np.array([0.07 + spread, 0.84, 0.74])
    stalk = capsule((0.055, 0.46, 0.61), tip, 0.045, 0.032, 8)
    feeler = capsule((0.05, 0.38, 0.68), (0.08, 0.33, 0.80), 0.034, 0.026, 8)
    return [
        group(coil, hub).part("shell", shell, True),
        group(stripe, other).part("stripes", darker(shell, 0.55)),
        foot.solid().part("body", flesh),
        group(stalk, feeler).both().part("feelers", darker(flesh, 0.92)),
        ellipsoid(0.058, sides=10).move(*tip).both().part("eyes", WHITE),
        ellipsoid(0.034, sides=8)
        .move(*(tip + np.array([0, 0.005, 0.038])))
        .both()
        .part("pupils", EYE),
    ]


def _wing(outline: list[tuple[float, float]], shrink: float, thick: float) -> Solid:
    """A wing lying flat from an outline of (x, z) points, shrunk about its middle."""
    line = curve(outline, 3, ring=True)
    middle = line.mean(0)
    line = middle + shrink * (line - middle)
    return extrude(line * (1, -1), thick).turn("x", -90)


def butterfly(rng: np.random.Generator) -> list[Part]:
    """A butterfly: four broad flat wings with dark borders and spots, thin body, clubbed feelers."""
    color = pick(rng, matte(0.95, 0.50, 0.08), matte(0.20, 0.48, 0.88), matte(0.95, 0.80, 0.20))
    lift, big = rng.uniform(18, 32), rng.uniform(0.92, 1.08)
    front = [(0.03, 0.14), (0.30, 0.46), (0.62, 0.62), (0.76, 0.52), (0.68, 0.20), (0.46, -0.02),
             (0.03, 0.0)]  # fmt: skip
    rear = [(0.03, 0.04), (0.40, 0.02), (0.58, -0.14), (0.52, -0.42), (0.34, -0.58), (0.18, -0.40),
            (0.03, -0.12)]  # fmt: skip
    border = group(_wing(front, 1.0, 0.05), _wing(rear, 1.0, 0.05))
    inside = group(_wing(front, 0.80, 0.075), _wing(rear, 0.78, 0.075))
    spot = ellipsoid(0.036, 0.05, 0.036, sides=8)
    rim = [(0.69, 0.50), (0.665, 0.36), (0.60, 0.20), (0.55, -0.16), (0.515, -0.31), (0.43, -0.46)]
    dots = group(*(spot.scale(0.85, 0.9, 0.85).move(x, 0, z) for x, z in rim))
    eye = group(
        ellipsoid(0.075, 0.048, 0.075, sides=10).move(0.48, 0, 0.34),
        ellipsoid(0.062, 0.048, 0.062, sides=10).move(0.36, 0, -0.24),
    )

    def pose(solid: Solid) -> Solid:
        return solid.scale(big, 1, 1).turn("z", lift).both().turn("x", -62)

    body = group(
        capsule((0, 0.0, 0.02), (0, -0.02, -0.40), 0.062, 0.035),
        ellipsoid(0.08, 0.085, 0.14, sides=12).move(z=0.10),
        ellipsoid(0.085, sides=12).move(0, 0.01, 0.26),
    )
    feeler = group(
        tube(curve([(0.035, 0.05, 0.32), (0.10, 0.14, 0.46), (0.22, 0.20, 0.58)], 3), 0.021, 6),
        ellipsoid(0.042, sides=8).move(0.22, 0.20, 0.58),
    )
    look = ellipsoid(0.034, sides=8).move(0.06, 0.03, 0.315)
    return [
        pose(inside).part("wings", color, True),
        pose(border).part("wing borders", BLACK),
        pose(dots).part("spots", WHITE),
        pose(eye).part("wing spots", darker(color, 0.55)),
        body.turn("x", -62).part("body", matte(0.16, 0.12, 0.10)),
        feeler.both().turn("x", -62).part("feelers", BLACK),
        look.both().turn("x", -62).part("eyes", WHITE),
    ]
