"""Food: hamburger, pizza, donut, ice cream, cake, apple, banana, carrot, pumpkin, hot dog.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import CREAM, LEAF, ORANGE, RED, YELLOW, darker, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    capsule,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    lathe,
    rod,
    rounded_box,
    torus,
    tube,
)
from sds3d.library.kit.solid import turn_part

BUN, MEAT, CHEESE = matte(0.80, 0.52, 0.24), matte(0.32, 0.17, 0.10), matte(0.96, 0.72, 0.16)
LETTUCE, TOMATO, CRUST = matte(0.38, 0.66, 0.18), matte(0.82, 0.16, 0.10), matte(0.78, 0.55, 0.30)
PINK, CHOCOLATE = matte(0.93, 0.48, 0.62), matte(0.30, 0.16, 0.09)


def _wavy(radius: float, waves: int, amplitude: float, thick: float) -> Solid:
    """A round sheet lying flat whose rim goes in and out: a lettuce leaf."""
    a = np.linspace(0, 2 * np.pi, 4 * waves, endpoint=False)
    r = radius + amplitude * np.sin(waves * a)
    return extrude(np.stack([r * np.cos(a), r * np.sin(a)], 1), thick).turn("x", 90)


def hamburger(rng: np.random.Generator) -> list[Part]:
    """A bun with sesame, lettuce, tomato, cheese hanging over and a thick patty."""
    wide = rng.uniform(0.46, 0.50)
    bottom = lathe([(0.86 * wide, 0), (wide, 0.05), (wide, 0.13), (0.94 * wide, 0.16)], 22)
    patty = lathe([
        (0.95 * wide, 0.22), (1.03 * wide, 0.25), (1.03 * wide, 0.33), (0.95 * wide, 0.36),
    ], 22)  # fmt: skip
    side = 1.42 * wide
    cheese = rounded_box(side, 0.035, side, 0.015, 1).turn("y", 45).move(y=0.375)
    tomato = cylinder(0.97 * wide, 0.055, sides=20).move(y=0.395)
    lettuce = group(
        _wavy(1.08 * wide, 11, 0.045, 0.04).move(y=0.19),
        _wavy(1.06 * wide, 9, 0.05, 0.04).move(y=0.465),
    )
    top = lathe([
        (0.94 * wide, 0.48), (1.04 * wide, 0.53), (1.02 * wide, 0.62), (0.82 * wide, 0.76),
        (0.45 * wide, 0.85), (0, 0.88),
    ], 22, crease_deg=60)  # fmt: skip
    seeds = []
    for k in range(26):
        a, r = 2.4 * k, wide * 0.80 * np.sqrt((k + 0.5) / 26)
        y = 0.885 - 0.20 * (r / (0.86 * wide)) ** 2.2
        seed = ellipsoid(0.03, 0.016, 0.02, sides=6).turn("y", float(rng.uniform(0, 180)))
        seeds.append(seed.move(r * np.cos(a), y, r * np.sin(a)))
    bun = pick(rng, BUN, matte(0.74, 0.45, 0.19), matte(0.84, 0.58, 0.30))
    return [
        group(bottom, top).part("bun", bun, True),
        patty.part("patty", MEAT),
        cheese.part("cheese", CHEESE),
        tomato.part("tomato", TOMATO),
        lettuce.part("lettuce", LETTUCE),
        group(*seeds).part("seeds", CREAM),
    ]


def hot_dog(rng: np.random.Generator) -> list[Part]:
    """A sausage in a split bun with a wave of mustard."""
    half = rng.uniform(0.42, 0.48)
    roll = capsule((-half, 0.14, 0.12), (half, 0.14, 0.12), 0.13, sides=14)
    roll = group(roll, roll.mirror("z"))
    sausage = capsule((-half - 0.12, 0.25, 0), (half + 0.12, 0.25, 0), 0.105, sides=14)
    x = np.linspace(-half, half, 18)
    sauce = tube(np.stack([x, 0.35 + 0 * x, 0.05 * np.sin(22 * x)], 1), 0.024, 6)
    return [
        roll.part("bun", BUN),
        sausage.part("sausage", matte(0.66, 0.24, 0.13), True),
        sauce.part("mustard", YELLOW),
    ]


def pizza(rng: np.random.Generator) -> list[Part]:
    """A whole pizza leaning towards the front: crust, cheese, salami, basil."""
    disc = group(torus(0.52, 0.055, 24, 8), cylinder(0.52, 0.05, sides=24).move(y=-0.035))
    cheese = cylinder(0.50, 0.03, sides=24).move(y=0.012)
    salami, basil = [], []
    for k in range(9):
        a, r = 2.4 * k, 0.42 * np.sqrt((k + 0.6) / 9)
        x, z = r * np.cos(a), r * np.sin(a)
        salami.append(cylinder(0.085, 0.03, sides=12).move(x, 0.035, z))
        if k % 2:
            leaf = ellipsoid(0.06, 0.015, 0.03, sides=6).turn("y", float(rng.uniform(0, 180)))
            basil.append(leaf.move(0.8 * x + 0.1, 0.05, 0.8 * z))

    def lean(solid: Solid) -> Solid:
        return solid.turn("x", 50)

    return [
        lean(disc).part("crust", CRUST),
        lean(cheese).part("cheese", matte(0.95, 0.78, 0.35), True),
        lean(group(*salami)).part("salami", matte(0.72, 0.18, 0.12)),
        lean(group(*basil)).part("basil", LEAF),
    ]


def donut(rng: np.random.Generator) -> list[Part]:
    """A ring of dough with icing and sprinkles."""
    dough = torus(0.38, 0.20, 26, 12)
    icing = torus(0.38, 0.19, 26, 12).scale(1.0, 0.85, 1.0).move(y=0.055)
    colors = (RED, YELLOW, matte(0.2, 0.5, 0.8), matte(0.95, 0.95, 0.9))
    rows: list[list[Solid]] = [[] for _ in colors]
    for k in range(40):
        a, r = 2.4 * k, 0.38 + 0.11 * np.sin(5.1 * k)
        y = 0.06 + 0.16 * np.sqrt(max(0.0, 1 - ((r - 0.38) / 0.19) ** 2)) + 0.008
        turn = float(rng.uniform(0, 180))
        bit = capsule((-0.025, 0, 0), (0.025, 0, 0), 0.013, sides=5).turn("y", turn)
        rows[k % len(colors)].append(bit.move(r * np.cos(a), y, r * np.sin(a)))
    sprinkles = [
        group(*row).part("sprinkles", look) for row, look in zip(rows, colors, strict=True)
    ]
    return [
        dough.turn("x", 35).part("dough", BUN),
        icing.turn("x", 35).part("icing", pick(rng, PINK, CHOCOLATE), True),
        *(turn_part(part, "x", 35) for part in sprinkles),
    ]


def ice_cream(rng: np.random.Generator) -> list[Part]:
    """A waffle cone with two scoops and a cherry."""
    long, plump = rng.uniform(0.9, 1.15), rng.uniform(0.93, 1.08)
    cone = lathe([(0, 0), (0.20, 0.62), (0.22, 0.62), (0.22, 0.68), (0, 0.68)], 18)
    rings = group(*(torus(0.325 * y, 0.012, 16, 5).move(y=y) for y in (0.2, 0.35, 0.5)))
    waffle = group(cone, rings).move(y=-0.68).scale(1, long, 1).move(y=0.68)
    low = ellipsoid(0.24 * plump, 0.21, 0.24 * plump, sides=14).move(y=0.78)
    high = ellipsoid(0.20 * plump, 0.19, 0.20 * plump, sides=14).move(y=1.04)
    flavour = pick(rng, PINK, CREAM, CHOCOLATE, matte(0.62, 0.82, 0.58))
    return [
        waffle.part("cone", matte(0.80, 0.58, 0.30)),
        group(low, high).part("ice cream", flavour, True),
        ellipsoid(0.06, sides=10).move(y=1.27).part("cherry", RED),
    ]


def cake(rng: np.random.Generator) -> list[Part]:
    """Two tiers on a plate with piped cream and candles."""
    frosting = pick(rng, PINK, CREAM, CHOCOLATE)
    tiers = group(
        cylinder(0.46, 0.30, sides=26).move(y=0.05), cylinder(0.31, 0.26, sides=24).move(y=0.35)
    )
    drops = group(
        ellipsoid(0.045, sides=8).move(0.46, 0.07, 0).around(18),
        ellipsoid(0.04, sides=8).move(0.31, 0.37, 0).around(13),
        ellipsoid(0.04, sides=8).move(0.27, 0.62, 0).around(11),
    )
    count = int(rng.integers(4, 7))
    candles = cylinder(0.026, 0.17, sides=8).move(0.17, 0.61, 0).around(count)
    flames = ellipsoid(0.026, 0.045, 0.026, sides=6).move(0.17, 0.82, 0).around(count)
    return [
        tiers.part("cake", frosting, True),
        drops.part("cream", darker(CREAM, 1.05)),
        candles.part("candles", pick(rng, RED, matte(0.2, 0.5, 0.8))),
        flames.part("flames", YELLOW),
        cylinder(0.58, 0.05, sides=26).part("plate", matte(0.88, 0.88, 0.90)),
    ]


def apple(rng: np.random.Generator) -> list[Part]:
    """A round apple, hollow at the top, with a stalk and a leaf."""
    tall = rng.uniform(0.95, 1.08)
    body = lathe([
        (0.0, 0.06), (0.20, 0.02), (0.40, 0.22), (0.48, 0.50), (0.44, 0.74), (0.27, 0.88),
        (0.10, 0.85), (0.0, 0.78),
    ], 22, crease_deg=70).scale(1, tall, 1)  # fmt: skip
    stalk = tube(curve([(0, 0.76, 0), (0.02, 0.92, 0), (0.07, 1.03, 0)], 3), 0.026, 8)
    leaf = ellipsoid(0.14, 0.02, 0.07, sides=8).turn("z", 22).move(0.19, 0.97, 0)
    return [
        body.part("apple", pick(rng, RED, RED, matte(0.45, 0.68, 0.16)), True),
        stalk.part("stalk", matte(0.35, 0.24, 0.14)),
        leaf.part("leaf", LEAF),
    ]


def banana(rng: np.random.Generator) -> list[Part]:
    """A single bent banana with dark ends."""
    bend = rng.uniform(0.20, 0.30)
    way = curve([(-0.60, bend, 0), (-0.32, 0.04, 0), (0.05, -0.04, 0), (0.40, 0.08, 0),
                 (0.62, bend + 0.06, 0)], 4)  # fmt: skip
    along = np.linspace(0, 1, len(way))
    radii = 0.05 + 0.10 * np.sin(np.pi * along) ** 0.55
    tips = group(
        rod(way[0], way[0] + (-0.05, 0.10, 0), 0.045, 0.035),
        rod(way[-1], way[-1] + (0.03, 0.04, 0), 0.045, 0.025),
    )
    return [
        tube(way, list(radii), 8).part("banana", YELLOW, True),
        tips.part("ends", matte(0.28, 0.20, 0.10)),
    ]


def carrot(rng: np.random.Generator) -> list[Part]:
    """An upright carrot with its green on top."""
    long = rng.uniform(0.95, 1.15)
    root = lathe([(0, 0), (0.06, 0.18), (0.15, 0.75 * long), (0.17, 0.93 * long), (0.10, long)], 16)
    grooves = group(
        *(torus(0.045 + 0.125 * h, 0.010, 12, 5).move(y=h * long) for h in (0.35, 0.55, 0.75))
    )
    blade = ellipsoid(0.035, 0.20, 0.035, sides=8).move(y=0.18).turn("z", 24)
    tops = group(blade.around(5), ellipsoid(0.04, 0.24, 0.04, sides=8).move(y=0.2)).move(y=long)
    return [group(root, grooves).part("carrot", ORANGE, True), tops.part("leaves", LEAF)]


def pumpkin(rng: np.random.Generator) -> list[Part]:
    """A ribbed pumpkin with a stalk."""
    ribs = int(rng.integers(8, 11))
    tall = rng.uniform(0.85, 1.15)
    lobe = ellipsoid(0.26, 0.36, 0.22, sides=12).move(x=0.26)
    stalk = tube(curve([(0, 0.60, 0), (0.02, 0.76, 0), (0.10, 0.86, 0.02)], 3), [0.07] * 7, 8)
    return [
        lobe.around(ribs).move(y=0.36).scale(1, tall, 1).part("pumpkin", ORANGE, True),
        stalk.move(y=0.72 * (tall - 1)).part("stalk", matte(0.33, 0.42, 0.16)),
    ]
