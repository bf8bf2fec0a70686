"""Figures: teddy bear, snowman.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLACK, BLUE, GREEN, ORANGE, RED, darker, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import capsule, cylinder, ellipsoid, group, rod, tube

COAL, SNOW = matte(0.08, 0.08, 0.08), matte(0.95, 0.96, 0.98)


def teddy_bear(rng: np.random.Generator) -> list[Part]:
    """A sitting plush bear: round ears, light muzzle and soles, arms a little open, often a bow tie."""
    fur = pick(rng, matte(0.60, 0.38, 0.20), matte(0.72, 0.52, 0.30), matte(0.45, 0.27, 0.15))
    light = matte(
        *(0.45 * c + 0.55 * x for c, x in zip(fur.color, (0.95, 0.85, 0.70), strict=True))
    )
    head, belly = rng.uniform(0.27, 0.30), rng.uniform(0.31, 0.35)
    spread = rng.uniform(18, 30)
    body = ellipsoid(belly, 0.36, 0.30).move(y=0.36)
    skull = ellipsoid(head, 0.94 * head, 0.92 * head).move(y=0.86)
    ear = ellipsoid(0.115, 0.115, 0.06, sides=10).move(0.86 * head, 1.08, -0.01)
    arm = capsule((0.26, 0.56, 0.02), (0.50, 0.40, 0.20), 0.105, 0.095)
    leg = capsule((0.17, 0.13, 0.12), (0.27, 0.12, 0.46), 0.125, 0.135).turn("y", spread - 24)
    inner = ellipsoid(0.07, 0.07, 0.03, sides=8).move(0.86 * head, 1.075, 0.05)
    muzzle = ellipsoid(0.135, 0.105, 0.11, sides=10).move(y=0.80, z=0.84 * head)
    sole = ellipsoid(0.09, 0.09, 0.03, sides=10).move(0.27, 0.12, 0.585).turn("y", spread - 24)
    tummy = ellipsoid(0.72 * belly, 0.25, 0.07, sides=12).move(y=0.35, z=0.255)
    eye = ellipsoid(0.035, sides=8).move(0.105, 0.92, 0.87 * head)
    nose = ellipsoid(0.05, 0.036, 0.035, sides=8).move(y=0.845, z=0.84 * head + 0.10)
    mouth = rod((0, 0.82, 0.84 * head + 0.10), (0, 0.755, 0.84 * head + 0.09), 0.012, sides=6)
    parts = [
        group(body, skull, ear.both(), arm.both(), leg.both()).part("fur", fur, True),
        group(inner.both(), muzzle, sole.both(), tummy).part("muzzle", light),
        group(eye.both(), nose, mouth).part("eyes", BLACK),
    ]
    if rng.random() < 0.6:
        wing = ellipsoid(0.09, 0.065, 0.035, sides=8).move(0.09, 0.64, 0.29)
        knot = ellipsoid(0.035, sides=8).move(y=0.64, z=0.31)
        parts.append(group(wing.both(), knot).part("bow tie", pick(rng, RED, BLUE, GREEN)))
    return parts


def snowman(rng: np.random.Generator) -> list[Part]:
    """Three balls of snow, coal eyes and buttons, a carrot, stick arms, a scarf and a top hat."""
    low, mid, top = rng.uniform(0.40, 0.45), rng.uniform(0.30, 0.33), rng.uniform(0.22, 0.24)
    at_mid = 0.92 * low + 0.80 * low + 0.70 * mid
    at_top = at_mid + 0.80 * mid + 0.72 * top
    balls = group(
        ellipsoid(low, 0.92 * low, low, sides=18).move(y=0.92 * low),
        ellipsoid(mid, sides=16).move(y=at_mid),
        ellipsoid(top, sides=16).move(y=at_top),
    )
    eye = ellipsoid(0.038, sides=8).move(0.085, at_top + 0.06, 0.90 * top)
    buttons = group(
        *(
            ellipsoid(0.04, sides=8).move(y=at_mid + h * mid, z=mid * np.sqrt(1 - h * h))
            for h in (-0.35, 0.1, 0.52)
        )
    )
    smile = group(
        *(
            ellipsoid(0.02, sides=6).move(
                0.09 * np.sin(a), at_top - 0.03 - 0.06 * np.cos(a), 0.93 * top
            )
            for a in np.radians((-60, -30, 0, 30, 60))
        )
    )
    carrot = cylinder(0.05, 0.24, top=0.0, sides=10).turn("x", 90).move(y=at_top, z=0.90 * top)
    lift = rng.uniform(0.05, 0.28)
    arm = group(
        rod((0.75 * mid, at_mid + 0.08, 0), (mid + 0.36, at_mid + lift, 0.05), 0.032, 0.022),
        rod(
            (mid + 0.26, at_mid + 0.76 * lift, 0.04), (mid + 0.34, at_mid + lift + 0.13, 0.1), 0.022
        ),
    )
    parts = [
        balls.part("snow", SNOW, True),
        group(eye.both(), buttons, smile).part("buttons", COAL),
        carrot.part("nose", ORANGE),
        arm.both().part("arms", matte(0.36, 0.24, 0.14)),
    ]
    brim = cylinder(1.25 * top, 0.035, sides=20).move(y=at_top + 0.66 * top)
    crown = cylinder(0.78 * top, 0.26, top=0.84 * top, sides=20).move(y=at_top + 0.68 * top)
    band = cylinder(0.82 * top, 0.06, sides=20).move(y=at_top + 0.68 * top + 0.03)
    color = pick(rng, RED, BLUE, GREEN)
    parts += [group(brim, crown).part("hat", BLACK), band.part("hat band", color)]
    neck = at_mid + 0.86 * mid
    ring = [
        (0.86 * top * np.cos(a), neck, 0.86 * top * np.sin(a))
        for a in np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ]
    tail = tube(
        [
            (0.10, neck, 0.85 * top),
            (0.13, neck - 0.12, 0.98 * mid),
            (0.14, neck - 0.30, 1.04 * mid),
        ],
        0.045,
        flat=1.6,
    )
    scarf = group(tube(ring, 0.055, ring=True), tail)
    return [*parts, scarf.part("scarf", darker(color, 0.95))]
