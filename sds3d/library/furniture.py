"""Seats and beds: armchair, sofa, chair, stool, bench, rocking chair, bed."""

from __future__ import annotations

import numpy as np

from sds3d.library.looks import OAK, WALNUT, matte, pick
from sds3d.library.model import Part
from sds3d.library.shapes import block, group, rod, rounded_box


def armchair(rng: np.random.Generator) -> list[Part]:
    """An upholstered chair with arms, a thick seat cushion and short wooden legs."""
    cloth = pick(rng, matte(0.55, 0.42, 0.32), matte(0.35, 0.42, 0.36), matte(0.62, 0.58, 0.52))
    dark = matte(*(0.88 * c for c in cloth.color))
    wide, deep, high = rng.uniform(0.52, 0.62), rng.uniform(0.56, 0.66), rng.uniform(0.78, 1.0)
    arm, seat, legs = rng.uniform(0.13, 0.19), 0.42, rng.uniform(0.10, 0.17)
    arm_top = rng.uniform(0.56, 0.64)
    outside = wide / 2 + arm
    base = block((-outside, legs, -deep / 2), (outside, seat - 0.14, deep / 2 - 0.02), 0.02)
    back = rounded_box(wide + 0.06, high - legs, 0.18, 0.06).turn("x", -8)
    back = back.move(0, legs + (high - legs) / 2, -deep / 2 + 0.02)
    side = rounded_box(arm, arm_top - legs, deep, min(0.07, 0.45 * arm))
    side = side.move(outside - arm / 2, legs + (arm_top - legs) / 2, 0)
    cushion = rounded_box(wide + 0.01, 0.18, deep - 0.05, 0.06).move(0, seat - 0.06, 0.03)
    foot = (outside - 0.06, 0, deep / 2 - 0.07)
    leg = rod(foot, (foot[0] - 0.02, legs + 0.03, foot[2] - 0.02), 0.028, 0.042).four()
    return [
        group(base, back).part("back", cloth, True),
        side.both().part("arms", cloth, True),
        cushion.part("seat", dark, True),
        leg.part("legs", pick(rng, OAK, WALNUT)),
    ]
