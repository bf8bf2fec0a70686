"""Seats and beds: armchair, sofa, chair, stool, bench, rocking chair, bed.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    CHROME,
    MAHOGANY,
    OAK,
    PINE,
    STEEL,
    WALNUT,
    WHITE,
    darker,
    matte,
    pick,
)
from sds3d.library.kit.model import Look, Part
from sds3d.library.kit.shapes import (
    Solid,
    arc,
    block,
    curve,
    cylinder,
    group,
    rod,
    rounded_box,
    tube,
)


def armchair(rng: np.random.Generator) -> list[Part]:
    """An upholstered chair with arms, a thick seat cushion and short legs; some have wings or a round back."""
    cloth = pick(rng, matte(0.55, 0.42, 0.32), matte(0.35, 0.42, 0.36), matte(0.62, 0.58, 0.52))
    wide, deep, high = rng.uniform(0.52, 0.62), rng.uniform(0.56, 0.68), rng.uniform(0.80, 1.0)
    arm, seat, legs = rng.uniform(0.13, 0.19), 0.42, rng.uniform(0.10, 0.17)
    arm_top = rng.uniform(0.58, 0.66)
    style = pick(rng, "square", "rolled", "wings")
    outside = wide / 2 + arm
    base = block((-outside, legs, -deep / 2), (outside, seat - 0.14, deep / 2 - 0.02), 0.02)
    back = rounded_box(wide + 0.06, high - legs, 0.18, 0.06).turn("x", -8)
    back = back.move(0, legs + (high - legs) / 2, -deep / 2 + 0.02)
    side = rounded_box(arm, arm_top - legs, deep, min(0.07, 0.45 * arm))
    side = side.move(outside - arm / 2, legs + (arm_top - legs) / 2, 0)
    if style == "rolled":
        roll = cylinder(0.55 * arm, deep + 0.03, sides=14).turn("x", 90)
        side = side + roll.move(outside - arm / 2, arm_top - 0.02, 0.01)
    if style == "wings":
        wing = rounded_box(0.09, high - arm_top + 0.04, 0.30, 0.04).turn("x", -8)
        back = (
            back + wing.move(wide / 2 + 0.03, (high + arm_top) / 2 - 0.04, -deep / 2 + 0.13).both()
        )
    cushion = rounded_box(wide + 0.01, 0.18, deep - 0.05, 0.06).move(0, seat - 0.06, 0.03)
    foot = (outside - 0.06, 0, deep / 2 - 0.07)
    leg = rod(foot, (foot[0] - 0.02, legs + 0.03, foot[2] - 0.02), 0.028, 0.042).four()
    return [
        back.part("back", cloth, True),
        base.part("base", cloth, True),
        side.both().part("arms", cloth, True),
        cushion.part("seat", darker(cloth, 0.88), True),
        leg.part("legs", pick(rng, OAK, WALNUT)),
    ]


def sofa(rng: np.random.Generator) -> list[Part]:
    """An armchair's shape two or three seats wide, with a cushion per seat."""
    cloth = pick(rng, matte(0.45, 0.48, 0.52), matte(0.60, 0.54, 0.46), matte(0.36, 0.42, 0.50))
    seats = pick(rng, 2, 3, 3)
    each, deep, high = rng.uniform(0.56, 0.66), rng.uniform(0.76, 0.90), rng.uniform(0.76, 0.92)
    arm, legs, arm_top = rng.uniform(0.14, 0.24), rng.uniform(0.08, 0.15), rng.uniform(0.56, 0.66)
    half = seats * each / 2
    base = block((-half - arm, legs, -deep / 2), (half + arm, 0.32, deep / 2 - 0.02), 0.02)
    rear = block((-half - arm, legs, -deep / 2), (half + arm, high - 0.06, -deep / 2 + 0.14), 0.03)
    side = rounded_box(arm, arm_top - legs, deep, 0.06)
    side = side.move(half + arm / 2, legs + (arm_top - legs) / 2, 0)
    places = [-half + each * (k + 0.5) for k in range(seats)]
    cushion = rounded_box(each - 0.02, 0.17, deep - 0.20, 0.05)
    pillow = rounded_box(each - 0.03, high - 0.42, 0.18, 0.06).turn("x", -10)
    seat = group(*(cushion.move(x, 0.38, 0.09) for x in places))
    back = group(*(pillow.move(x, 0.45 + (high - 0.42) / 2, -deep / 2 + 0.23) for x in places))
    leg = rod(
        (half + arm - 0.08, 0, deep / 2 - 0.09),
        (half + arm - 0.1, legs + 0.03, deep / 2 - 0.1),
        0.04,
    )
    return [
        (base + rear).part("base", cloth, True),
        side.both().part("arms", cloth, True),
        seat.part("seat", darker(cloth, 0.92), True),
        back.part("back", darker(cloth, 0.96), True),
        leg.four().part("legs", pick(rng, WALNUT, OAK, STEEL)),
    ]


def _slats(width: float, low: float, high: float, thick: float, style: str, count: int) -> Solid:
    """A chair's back between its posts, in the plane z = 0: upright slats, rungs, or one board."""
    if style == "slats":
        places = np.linspace(-width / 2, width / 2, count + 2)[1:-1]
        bars = [block((x - 0.02, low, -0.011), (x + 0.02, high - 0.03, 0.011)) for x in places]
        rail = block((-width / 2, high - 0.08, -thick / 2), (width / 2, high, thick / 2), 0.01)
        return group(*bars, rail, block((-width / 2, low, -0.015), (width / 2, low + 0.05, 0.015)))
    if style == "rungs":
        places = np.linspace(low + 0.1, high - 0.045, count)
        return group(
            *(block((-width / 2, y - 0.032, -0.012), (width / 2, y + 0.032, 0.012)) for y in places)
        )
    return block((-width / 2, low + 0.05, -0.02), (width / 2, high, 0.02), 0.015)


def chair(rng: np.random.Generator) -> list[Part]:
    """A dining chair: four legs, a flat seat, a back of slats, rungs or a board; all of one wood."""
    wood = pick(rng, OAK, PINE, WALNUT, WHITE)
    wide, deep, high = rng.uniform(0.42, 0.48), rng.uniform(0.40, 0.46), rng.uniform(0.88, 1.05)
    seat, thick = rng.uniform(0.44, 0.47), rng.uniform(0.042, 0.055)
    style, lean = pick(rng, "slats", "rungs", "board"), rng.uniform(5, 10)
    x, z = wide / 2 - thick / 2, deep / 2 - thick / 2
    top = block((-wide / 2, seat - 0.045, -deep / 2), (wide / 2, seat, deep / 2 + 0.02), 0.015)
    leg = block(
        (x - thick / 2, 0, z - thick / 2), (x + thick / 2, seat - 0.02, z + thick / 2)
    ).four()
    post = block(
        (x - thick / 2, seat - 0.03, -thick / 2), (x + thick / 2, high, thick / 2), 0.01
    ).both()
    infill = _slats(
        2 * x - thick * 0.5, seat + 0.09, high - 0.01, thick * 0.8, style, int(rng.integers(3, 6))
    )
    back = (post + infill).turn("x", -lean, (0, seat, 0)).move(z=-z)
    parts = [
        top.part("seat", wood, True),
        back.part("back", wood, True),
        leg.part("legs", wood, True),
    ]
    if rng.random() < 0.35:
        pad = rounded_box(wide - 0.05, 0.06, deep - 0.05, 0.025).move(0, seat + 0.02, 0.01)
        parts.append(
            pad.part("cushion", pick(rng, matte(0.72, 0.66, 0.54), matte(0.45, 0.5, 0.56)), True)
        )
    return parts


def stool(rng: np.random.Generator) -> list[Part]:
    """A round seat on three or four splayed legs with a ring of rungs, low or bar high."""
    wood = pick(rng, OAK, PINE, WALNUT)
    high, radius, legs = pick(rng, 0.45, 0.62, 0.75), rng.uniform(0.17, 0.21), pick(rng, 3, 4)
    splay = rng.uniform(0.02, 0.07)
    top = cylinder(radius, 0.055, sides=20).move(y=high - 0.027)
    leg = rod((0, 0, radius + splay), (0, high - 0.04, 0.62 * radius), 0.022, 0.027)
    rung_y = 0.35 * high
    reach = np.interp(rung_y, [0, high], [radius + splay, 0.62 * radius])
    ring = [
        (reach * np.sin(a), rung_y, reach * np.cos(a)) for a in np.arange(legs) * 2 * np.pi / legs
    ]
    rungs = group(*(rod(ring[k - 1], ring[k], 0.016, sides=6) for k in range(legs)))
    return [
        top.part("seat", pick(rng, wood, matte(0.25, 0.22, 0.2)), True),
        (leg.around(legs) + rungs).part("legs", pick(rng, wood, wood, CHROME), True),
    ]


def bench(rng: np.random.Generator) -> list[Part]:
    """A park bench: long wooden planks for seat and back on two side frames with arms."""
    wood = pick(rng, OAK, PINE, matte(0.5, 0.3, 0.2))
    long, planks = rng.uniform(1.3, 1.7), int(rng.integers(3, 5))
    depth = 0.44 / planks
    plank = block((-long / 2, -0.02, -depth / 2 + 0.012), (long / 2, 0.02, depth / 2 - 0.012))
    seat = group(*(plank.move(0, 0.44, 0.22 - depth * (k + 0.5)) for k in range(planks)))
    rows = np.linspace(0.56, 0.86, pick(rng, 2, 3))
    board = block((-long / 2, -0.055, -0.02), (long / 2, 0.055, 0.02))
    back = group(*(board.turn("x", -12).move(0, y, -0.23 - 0.21 * (y - 0.45)) for y in rows))
    x = long / 2 - 0.14
    front = block((x - 0.03, 0, 0.16), (x + 0.03, 0.64, 0.22))
    rear = block((x - 0.03, 0, -0.25), (x + 0.03, 0.45, -0.19))
    post = block((x - 0.03, 0, -0.03), (x + 0.03, 0.50, 0.02)).turn("x", -12).move(0, 0.42, -0.245)
    arm = block((x - 0.04, 0.62, -0.30), (x + 0.04, 0.66, 0.25))
    rail = block((x - 0.03, 0.37, -0.22), (x + 0.03, 0.42, 0.2))
    frame = group(front, rear, post, arm, rail).both()
    iron = pick(rng, matte(0.13, 0.14, 0.15), matte(0.16, 0.24, 0.18), wood)
    return [seat.part("seat", wood, True), back.part("back", wood, True), frame.part("legs", iron)]


def rocking_chair(rng: np.random.Generator) -> list[Part]:
    """A high slatted chair with arms on two curved runners."""
    wood = pick(rng, OAK, WALNUT, MAHOGANY, WHITE)
    wide, high, seat = rng.uniform(0.50, 0.56), rng.uniform(1.05, 1.18), 0.44
    x = wide / 2
    # the runners lie on a circle of this radius about a point high above the seat
    bow = [(x, p[1], p[0]) for p in arc(1.05, -118, -58, 8, (0, 1.05))]
    runner = tube(bow, 0.03, 6)
    front = rod((x, 0.02, 0.22), (x, 0.64, 0.22), 0.025, sides=8)
    rear = rod((x, 0.03, -0.22), (x, seat, -0.22), 0.025, sides=8)
    arm = block((x - 0.04, 0.63, -0.30), (x + 0.04, 0.665, 0.27), 0.01)
    top = block((-x - 0.02, seat - 0.04, -0.25), (x + 0.02, seat, 0.27), 0.015)
    style = pick(rng, "slats", "rungs", "slats")
    infill = _slats(wide - 0.03, seat + 0.04, high, 0.04, style, 5)
    post = rod((x, seat - 0.03, 0), (x, high + 0.03, 0), 0.025).both()
    back = (infill + post).turn("x", -14, (0, seat, 0)).move(z=-0.22)
    return [
        top.part("seat", wood, True),
        back.part("back", wood, True),
        arm.both().part("arms", wood, True),
        (front + rear).both().part("legs", wood, True),
        runner.both().part("runners", wood, True),
    ]


def bed(rng: np.random.Generator) -> list[Part]:
    """A wooden bed seen from its foot: headboard, mattress, pillows and a blanket."""
    wood = pick(rng, OAK, WALNUT, PINE, WHITE)
    cover = pick(rng, matte(0.45, 0.55, 0.68), matte(0.70, 0.62, 0.52), matte(0.50, 0.58, 0.48))
    wide, long = pick(rng, 1.0, 1.5, 1.7), 2.05
    head, foot = rng.uniform(0.85, 1.15), pick(rng, 0.0, 0.55)
    x, z = wide / 2, long / 2
    frame = block((-x, 0.18, -z), (x, 0.34, z), 0.01)
    posts = block((x - 0.08, 0, z - 0.08), (x, 0.3, z)).four()
    board = block((-x - 0.03, 0.1, -z - 0.06), (x + 0.03, head, -z + 0.02), 0.02)
    if rng.random() < 0.5:
        top = [(0.5 * wide * t, head + 0.16 * (1 - t * t) - 0.03) for t in np.linspace(-1, 1, 7)]
        spine = curve([(a, b, -z - 0.02) for a, b in top], 1)
        board = board + tube(spine, 0.06, 8)
    ends = (
        [board]
        if foot == 0
        else [board, block((-x - 0.03, 0.1, z - 0.02), (x + 0.03, foot, z + 0.05), 0.02)]
    )
    mattress = rounded_box(wide - 0.04, 0.24, long - 0.06, 0.06).move(0, 0.44, 0)
    blanket = rounded_box(wide + 0.02, 0.24, 0.68 * long, 0.07).move(0, 0.475, 0.16 * long - 0.02)
    count = 1 if wide < 1.2 else 2
    pillow = rounded_box(0.86 * wide / count, 0.15, 0.40, 0.07).turn("x", 12)
    places = [(k - (count - 1) / 2) * 0.92 * wide / count for k in range(count)]
    return [
        (frame + posts).part("legs", wood, True),
        group(*ends).part("headboard", wood, True),
        mattress.part("mattress", WHITE),
        blanket.part("blanket", cover, True),
        group(*(pillow.move(p, 0.62, -z + 0.27) for p in places)).part(
            "pillows", Look((0.95, 0.95, 0.94))
        ),
    ]
