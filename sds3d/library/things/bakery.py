"""Baked goods and dairy: croissant, egg, bread, cheese."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import darker, glossy, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import Solid, box, curve, cylinder, extrude, group, lathe

CRUST = matte(0.76, 0.48, 0.20)


def croissant(rng: np.random.Generator) -> list[Part]:
    """A croissant lying down, its horns to the front: seven overlapping rolls, thickest in the middle."""
    bend, rolls = rng.uniform(0.30, 0.40), 7
    pieces = []
    for k in range(rolls):
        t = (k - (rolls - 1) / 2) / ((rolls - 1) / 2)
        deg = 82 * t
        x, z = 0.52 * np.sin(np.radians(deg)), bend * (1 - np.cos(np.radians(deg))) * 1.6
        size = 0.25 * (1 - 0.52 * abs(t) ** 1.6)
        long = 0.17 + 0.03 * abs(t)
        profile = [(0, -long), (0.72 * size, -0.85 * long), (size, -0.25 * long), (0.96 * size, 0.3 * long),
                   (0.55 * size, long), (0, 1.15 * long)]  # fmt: skip
        roll = lathe(profile, 16, crease_deg=50).turn("z", -90 if t >= 0 else 90)
        if k == rolls // 2:
            roll = roll + roll.mirror("x")
        pieces.append(roll.scale(1, 0.85, 1).turn("y", -0.9 * deg).move(x, 0.85 * size, z))
    look = pick(rng, matte(0.82, 0.52, 0.20), matte(0.76, 0.45, 0.16), matte(0.86, 0.60, 0.28))
    light = group(*pieces[::2]).part("croissant", look, True)
    return [light, group(*pieces[1::2]).part("layers", darker(look, 0.84), True)]


def egg(rng: np.random.Generator) -> list[Part]:
    """A boiled egg in an egg cup."""
    tall, wide = rng.uniform(0.36, 0.40), rng.uniform(0.275, 0.30)
    a = np.linspace(-np.pi / 2, np.pi / 2, 13)
    shell = [(wide * np.cos(t) * (1 - 0.16 * np.sin(t)), 0.62 + tall * np.sin(t)) for t in a]
    cup = lathe([(0.22, 0), (0.23, 0.04), (0.10, 0.10), (0.08, 0.20), (0.20, 0.30), (0.31, 0.46), (0.32, 0.56),
                 (0.28, 0.56), (0.18, 0.36), (0, 0.30)], 22, crease_deg=60)  # fmt: skip
    band = lathe([(0.298, 0.44), (0.328, 0.47), (0.334, 0.52), (0.30, 0.52)], 22)
    look = pick(rng, matte(0.94, 0.90, 0.84), matte(0.84, 0.62, 0.44), matte(0.90, 0.76, 0.60))
    color = pick(rng, glossy(0.25, 0.50, 0.78), glossy(0.82, 0.25, 0.20), glossy(0.30, 0.62, 0.45))
    return [
        lathe(shell, 22, crease_deg=70).part("egg", look, True),
        cup.part("cup", color),
        band.part("band", matte(0.95, 0.95, 0.95)),
    ]


def bread(rng: np.random.Generator) -> list[Part]:
    """A tin loaf with a mushroom top, one slice cut off and leaning at its end."""
    long, high = rng.uniform(0.70, 0.85), rng.uniform(0.30, 0.36)
    half = curve(
        [(0.0, high + 0.19), (0.17, high + 0.16), (0.27, high + 0.06), (0.25, high - 0.03)], 3
    )
    half = np.concatenate([half, [(0.215, high - 0.08), (0.205, 0.03), (0.18, 0.0)]])
    outline = np.concatenate([half, (half * [-1, 1])[:0:-1]])
    middle = np.array([0, 0.5 * high + 0.06])
    inner = (outline - middle) * 0.86 + middle
    loaf = extrude(outline, long, bevel=0.03).turn("y", 90)
    crumb = extrude(inner, 0.03).turn("y", 90).move(long / 2)
    slits = group(
        *(
            box(0.04, 0.04, 0.30, 0.015).turn("y", 28).move(x, high + 0.175, 0)
            for x in (-0.26, -0.06, 0.14)
        )
    )
    cut = extrude(outline, 0.09).turn("y", 90)
    soft = extrude(inner, 0.115).turn("y", 90)
    lean = rng.uniform(14, 24)

    def tip(solid: Solid) -> Solid:
        return solid.turn("z", lean).move(long / 2 + 0.30, 0.0)

    look = pick(rng, CRUST, darker(CRUST, 0.85), matte(0.80, 0.55, 0.26))
    inside = matte(0.95, 0.85, 0.64)

    def rotate(solid: Solid) -> Solid:
        return solid.turn("y", -28)

    return [
        rotate(group(loaf, tip(cut))).part("crust", look, True),
        rotate(group(crumb, tip(soft))).part("crumb", inside),
        rotate(slits).part("cuts", matte(0.92, 0.76, 0.48)),
    ]


def cheese(rng: np.random.Generator) -> list[Part]:
    """A wedge of yellow cheese with round holes in its sides and a rind on its back."""
    spread, tall = rng.uniform(24, 30), rng.uniform(0.40, 0.48)
    edge = [
        (0.9 * np.sin(t), -0.9 * np.cos(t)) for t in np.radians(np.linspace(-spread, spread, 9))
    ]
    wedge = extrude([(0, 0), *edge], tall).turn("x", -90).move(y=tall / 2)
    outer = [(1.05 * x, 1.05 * z) for x, z in edge]
    rind = extrude([*edge, *outer[::-1]], tall).turn("x", -90).move(y=tall / 2)
    holes = []
    spots = [
        (0.28, 0.30, 0.06),
        (0.50, 0.62, 0.085),
        (0.55, 0.20, 0.07),
        (0.76, 0.40, 0.09),
        (0.78, 0.82, 0.06),
    ]
    for side in (1, -1):
        for along, high, r in spots:
            disc = (
                cylinder(r, 0.02, sides=12)
                .turn("z", 90)
                .move(0, (high if side > 0 else 1 - high) * tall, 0.9 * along)
            )
            holes.append(disc.turn("y", side * spread))
    for x, z, r in ((0.02, 0.42, 0.06), (-0.12, 0.66, 0.085), (0.16, 0.70, 0.07)):
        holes.append(cylinder(r, 0.02, sides=12).move(x, tall, z))

    def set_down(solid: Solid) -> Solid:
        return solid.move(z=-0.45).turn("y", 60)

    look = pick(rng, matte(0.96, 0.76, 0.22), matte(0.95, 0.70, 0.16), matte(0.97, 0.84, 0.40))
    return [
        set_down(wedge).part("cheese", look, True),
        set_down(rind).part("rind", pick(rng, matte(0.85, 0.50, 0.12), matte(0.72, 0.12, 0.08))),
        set_down(group(*holes)).part("holes", darker(look, 0.62)),
    ]
