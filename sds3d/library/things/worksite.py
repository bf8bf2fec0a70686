"""Construction machines: forklift, excavator, bulldozer, tower crane.  In metres, front +Z."""

from __future__ import annotations

import itertools

import numpy as np

from sds3d.library.kit.looks import (
    BLUE,
    CONCRETE,
    GREEN,
    GREY,
    LAMP_WHITE,
    ORANGE,
    RED,
    STEEL,
    WHITE,
    YELLOW,
    darker,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    arc,
    block,
    box,
    cylinder,
    extrude,
    group,
    rod,
    rounded_box,
    torus,
)
from sds3d.library.kit.solid import turn_part
from sds3d.library.things.bodywork import DARK, WINDOW, side_view, wheel


def forklift(rng: np.random.Generator) -> list[Part]:
    """A forklift truck: a mast with two forks in front, a guard over the seat, a counterweight behind."""
    paint = pick(rng, YELLOW, ORANGE, RED, GREEN)
    x, rear, tall = rng.uniform(0.50, 0.56), rng.uniform(-0.98, -0.86), rng.uniform(2.0, 2.2)
    lift = rng.uniform(0.14, 0.55)
    chassis = side_view([(rear, 0.28), (rear - 0.06, 0.6), (rear, 1.02), (rear + 0.62, 1.08),
                         (rear + 0.70, 0.62), (0.38, 0.58), (0.46, 0.78), (0.60, 0.78), (0.60, 0.22)],
                        2 * x, 0.05)  # fmt: skip
    weight = rounded_box(2 * x + 0.02, 0.56, 0.40, 0.12).move(0, 0.62, rear + 0.12)
    dash = block((-0.26, 0.7, 0.36), (0.26, 1.12, 0.52), 0.04)
    seat = rounded_box(0.46, 0.14, 0.46, 0.05).move(0, 1.14, rear + 0.44)
    seat += rounded_box(0.46, 0.50, 0.13, 0.05).turn("x", -8).move(0, 1.40, rear + 0.22)
    wheel_ring = torus(0.16, 0.025, 14, 6).turn("x", 55).move(0, 1.24, 0.30)
    column = rod((0, 1.02, 0.44), (0, 1.24, 0.30), 0.028, sides=6)
    front_post = rod((x - 0.05, 0.72, 0.54), (x - 0.09, tall, 0.22), 0.036, sides=6)
    rear_post = rod((x - 0.05, 0.95, rear + 0.12), (x - 0.09, tall, rear + 0.30), 0.036, sides=6)
    edge = block((x - 0.14, tall - 0.03, rear + 0.26), (x - 0.05, tall + 0.05, 0.28), 0.01)
    bars = [box(2 * x - 0.16, 0.06, 0.07).move(0, tall + 0.01, z)
            for z in np.linspace(rear + 0.29, 0.25, 7)]  # fmt: skip
    rail = block((0.24, 0.08, 0.64), (0.34, tall + 0.02, 0.76)).both()
    cross = group(*(box(0.6, 0.09, 0.08).move(0, y, 0.68) for y in (0.16, 1.15, tall - 0.02)))
    ram = rod((0.13, 0.2, 0.68), (0.13, tall - 0.15, 0.68), 0.045, sides=8).both()
    plates = group(*(box(0.88, 0.09, 0.06).move(0, lift + h, 0.80) for h in (0.08, 0.42)))
    grid = group(
        *(box(0.04, 0.62, 0.04).move(s, lift + 0.66, 0.79) for s in (-0.36, -0.12, 0.12, 0.36))
    )
    grid += box(0.80, 0.05, 0.05).move(0, lift + 0.97, 0.79)
    fork = side_view([(0.80, -0.02), (1.86, 0.0), (1.86, 0.025), (0.90, 0.06), (0.90, 0.55), (0.82, 0.55),
                      (0.80, 0.06)], 0.13, 0.0)  # fmt: skip
    big, big_hub = wheel(0.33, 0.24)
    small, small_hub = wheel(0.26, 0.20)
    places = ((x - 0.05, 0.33, 0.48), (x - 0.10, 0.26, rear + 0.28))
    lamp = cylinder(0.07, 0.08, sides=10).turn("x", 90).move(x - 0.11, tall - 0.18, 0.30).both()
    return [
        (chassis + dash).part("body", paint, True),
        weight.part("counterweight", darker(paint, 0.55)),
        group(front_post.both(), rear_post.both(), edge.both(), *bars).part("roof", DARK),
        seat.part("seat", matte(0.08, 0.08, 0.09)),
        (wheel_ring + column).part("steering wheel", matte(0.08, 0.08, 0.09)),
        group(rail, cross, plates, grid).part("mast", DARK),
        ram.part("pistons", STEEL),
        fork.move(0.26, lift).both().part("forks", darker(STEEL, 0.75)),
        (big.move(*places[0]) + small.move(*places[1])).both().part("wheels", DARK),
        (big_hub.move(*places[0]) + small_hub.move(*places[1])).both().part("hubcaps", WHITE),
        lamp.part("headlights", LAMP_WHITE),
    ]


def _tracks(x: float, half: float, high: float, wide: float) -> tuple[Solid, Solid]:
    """A pair of crawler tracks with ribs, and the wheels that stand out of them."""
    r = high / 2
    run = [*arc(r, 90, -90, 7, (half - r, r)), *arc(r, -90, -270, 7, (r - half, r))]
    belt = side_view(run, wide, 0.02)
    ribs = [box(wide + 0.03, 0.045, 0.09).move(0, y, z)
            for y in (0.0, high) for z in np.linspace(r - half, half - r, 9)]  # fmt: skip
    roller = cylinder(0.62 * r, wide + 0.08, sides=14).turn("z", 90).move(0, r, 0)
    small = cylinder(0.34 * r, wide + 0.07, sides=10).turn("z", 90).move(0, 0.42 * r, 0)
    rollers = [roller.move(z=half - r), roller.move(z=r - half)]
    rollers += [small.move(z=z) for z in np.linspace(1.9 * r - half, half - 1.9 * r, 3)]
    return group(belt, *ribs).move(x).both(), group(*rollers).move(x).both()


def _bar(points: list[tuple[float, float]], width: float) -> Solid:
    """A plate of an excavator's arm from its side view, points (z, y)."""
    return side_view(points, width, 0.02)


def excavator(rng: np.random.Generator) -> list[Part]:
    """A digger on tracks: cab at its left, engine behind, a bent boom, a stick and a toothed bucket."""
    paint = pick(rng, YELLOW, ORANGE, YELLOW, RED)
    belts, rollers = _tracks(0.86, 1.45, 0.66, 0.44)
    under = block((-0.8, 0.28, -0.5), (0.8, 0.6, 0.5), 0.04)
    ring = cylinder(0.55, 0.2, sides=18).move(y=0.70)
    turn = float(rng.uniform(-16, 16))
    deck = block((-1.05, 0.78, -1.35), (1.05, 0.98, 0.95), 0.04)
    engine = rounded_box(2.12, 0.82, 0.95, 0.16).move(0, 1.33, -1.05)
    side = block((-1.04, 0.9, -0.7), (-0.46, 1.52, 0.55), 0.06)
    cab_view = [(-0.62, 0.95), (0.98, 0.95), (1.02, 1.45), (0.78, 2.42), (0.66, 2.52), (-0.56, 2.52),
                (-0.64, 2.42)]  # fmt: skip
    cab = side_view(cab_view, 0.80, 0.05).move(0.62)
    glass = side_view([(-0.48, 1.55), (0.86, 1.55), (0.66, 2.36), (-0.48, 2.36)], 0.84, 0.0).move(
        0.62
    )
    screen = side_view(
        [(0.9, 1.2), (1.045, 1.28), (1.035, 1.46), (0.81, 2.38), (0.7, 2.38)], 0.62, 0.0
    )
    rear_pane = block((0.32, 1.62, -0.70), (0.92, 2.34, -0.55))
    post = block((0.2, 1.5, 0.06), (1.055, 2.4, 0.15))
    pipe = rod((-0.6, 1.6, -0.95), (-0.6, 2.05, -0.95), 0.06)
    reach = rng.uniform(0.0, 12)
    boom = _bar([(0.45, 0.95), (0.62, 0.86), (0.92, 1.25), (1.75, 2.62), (3.15, 2.80), (3.12, 3.02),
                 (1.65, 3.05), (1.42, 2.95), (0.55, 1.45)], 0.34)  # fmt: skip
    stick = _bar(
        [(2.92, 3.42), (3.16, 3.38), (3.30, 2.90), (3.46, 1.18), (3.32, 1.16), (3.02, 2.72)], 0.26
    )
    shell = [(3.30, 1.22), (3.52, 1.20), (3.72, 0.86), (3.62, 0.42), (3.22, 0.22), (2.80, 0.34),
             (2.74, 0.42), (3.20, 0.36), (3.48, 0.52), (3.56, 0.84), (3.42, 1.04), (2.96, 1.00),
             (2.92, 1.08)]  # fmt: skip
    cheek = side_view([(3.30, 1.18), (3.52, 1.18), (3.70, 0.86), (3.60, 0.44), (3.22, 0.25), (2.80, 0.36),
                       (2.94, 1.06)], 0.05, 0.0).move(0.38).both()  # fmt: skip
    bucket = side_view(shell, 0.80, 0.0) + cheek
    tooth = _bar([(2.86, 0.30), (2.84, 0.40), (2.60, 0.44)], 0.08)
    teeth = group(*(tooth.move(s) for s in (-0.34, -0.11, 0.11, 0.34)))
    pistons = group(
        rod((0.24, 1.06, 0.85), (0.24, 2.42, 1.90), 0.075).both(),
        rod((0, 3.05, 1.62), (0, 3.38, 2.98), 0.075),
        rod((0, 3.05, 3.20), (0, 1.34, 3.62), 0.06),
    )
    arm = (boom, stick, bucket + teeth, pistons)
    boom, stick, bucket, pistons = (s.turn("x", reach, (0, 1.1, 0.6)).move(-0.12) for s in arm)

    def slew(solid: Solid) -> Solid:
        return solid.turn("y", turn)

    return [
        slew(group(deck, engine, side)).part("body", paint, True),
        slew(group(cab, post)).part("cab", paint, True),
        slew(group(glass, screen.move(0.62), rear_pane)).part("windows", WINDOW),
        slew(boom).part("boom", paint, True),
        slew(stick).part("arm", paint, True),
        slew(bucket).part("bucket", darker(GREY, 0.55)),
        slew(group(pistons, pipe)).part("pistons", STEEL),
        belts.part("tracks", DARK),
        (rollers + under + ring).part("wheels", darker(GREY, 0.6)),
    ]


def bulldozer(rng: np.random.Generator) -> list[Part]:
    """A crawler with a wide curved blade in front, a long hood, a glazed cab and an exhaust."""
    paint = pick(rng, YELLOW, YELLOW, ORANGE, GREEN)
    belts, rollers = _tracks(0.86, 1.42, 0.80, 0.46)
    hood = block((-0.42, 0.62, -0.1), (0.42, 1.55, 1.5), 0.07)
    grille = block((-0.34, 0.75, 1.42), (0.34, 1.45, 1.54), 0.02)
    rear = block((-0.62, 0.5, -1.35), (0.62, 1.35, 0.0), 0.06)
    guard = block((-1.1, 0.90, -1.15), (1.1, 1.02, 0.1), 0.03)
    tall = rng.uniform(2.35, 2.6)
    cab = block((-0.56, 1.2, -1.05), (0.56, tall - 0.08, 0.02), 0.04)
    roof = rounded_box(1.32, 0.14, 1.30, 0.05).move(0, tall, -0.52)
    pane = block((-0.575, 1.62, -0.92), (0.575, tall - 0.2, -0.12))
    pane += block((-0.44, 1.62, -1.07), (0.44, tall - 0.2, 0.04))
    pipe = rod((0.2, 1.5, 0.85), (0.2, 2.2, 0.85), 0.055) + rod(
        (0.2, 1.62, 0.85), (0.2, 1.9, 0.85), 0.09
    )
    wide, blade_y = rng.uniform(1.32, 1.5), rng.uniform(0.0, 0.16)
    bow = [*arc(0.62, 205, 130, 8, (2.35, 0.58))]
    outer = [*arc(0.70, 130, 205, 8, (2.35, 0.58))]
    blade = side_view([*bow, *outer], 2 * wide, 0.0)
    lip = block((-wide, 0.20, 1.70), (wide, 0.34, 1.84))
    push = rod((1.16, 0.42, -0.2), (1.16, 0.42, 1.72), 0.075, sides=6).both()
    lifts = rod((0.46, 1.32, 1.2), (0.62, 0.72, 1.70), 0.05).both()
    blade, lip = blade.move(y=blade_y), lip.move(y=blade_y)
    lamp = cylinder(0.09, 0.08, sides=10).turn("x", 90).move(0.42, tall + 0.05, 0.12).both()
    parts = []
    if rng.random() < 0.5:
        claw = side_view([(-1.30, 0.95), (-1.85, 0.80), (-1.98, 0.25), (-2.10, 0.05), (-1.84, 0.20),
                          (-1.70, 0.62), (-1.30, 0.70)], 0.12, 0.0)  # fmt: skip
        beam = block((-0.6, 0.66, -1.78), (0.6, 0.86, -1.58), 0.02)
        ripper = group(claw.move(0.42).both(), claw, beam)
        parts.append(ripper.part("ripper", darker(paint, 0.8), True))
    return [
        *parts,
        (hood + rear + guard).part("hood", paint, True),
        (cab + roof).part("cab", paint, True),
        pane.part("windows", WINDOW),
        blade.part("blade", paint, True),
        (lip + lifts).part("blade edge", STEEL),
        push.part("push arms", darker(paint, 0.8), True),
        (grille + pipe).part("exhaust", DARK),
        belts.part("tracks", DARK),
        rollers.part("wheels", darker(paint, 0.7), True),
        lamp.part("headlights", LAMP_WHITE),
    ]


def _lattice(long: float, half: float, bays: int, thick: float, top: float | None = None) -> Solid:
    """A lattice beam up the y axis: four chords and a zigzag on each side; `top` is its half width there."""
    top = half if top is None else top
    width = np.linspace(half, top, bays + 1)
    height = np.linspace(0, long, bays + 1)
    chord = rod((half, 0, half), (top, long, top), thick, sides=4).four()
    bars = []
    for k in range(bays):
        a, b = width[k], width[k + 1]
        s = 1 if k % 2 else -1
        bars.append(rod((s * a, height[k], a), (-s * b, height[k + 1], b), 0.7 * thick, sides=4))
        bars.append(rod((-b, height[k + 1], b), (b, height[k + 1], b), 0.7 * thick, sides=4))
    return chord + group(*bars).around(4)


def crane(rng: np.random.Generator) -> list[Part]:
    """A tower crane: a lattice mast on a foot, a long jib with a hook, a short one with a counterweight."""
    paint = pick(rng, YELLOW, YELLOW, RED, ORANGE, BLUE)
    tall, reach = rng.uniform(6.4, 7.4), rng.uniform(4.4, 5.2)
    turn = float(rng.uniform(-65, -30))
    mast = _lattice(tall, 0.34, 8, 0.075)
    slab = block((-1.1, -0.24, -1.1), (1.1, 0.06, 1.1), 0.05)
    table = cylinder(0.52, 0.26, sides=16).move(y=tall + 0.1)
    jib = _lattice(reach, 0.26, 7, 0.06, 0.16).turn("x", 90).move(0, tall + 0.52, 0.3)
    tail = _lattice(1.9, 0.26, 3, 0.06).turn("x", -90).move(0, tall + 0.52, -0.3)
    head = _lattice(1.5, 0.30, 2, 0.065, 0.06).move(0, tall + 0.24)
    peak = (0, tall + 1.74, 0)
    cables = rod(peak, (0, tall + 0.72, 0.78 * reach), 0.035, sides=4)
    cables += rod(peak, (0, tall + 0.72, -2.0), 0.035, sides=4)
    cab = rounded_box(0.62, 0.78, 0.72, 0.08).move(0.60, tall + 0.42, 0.32)
    pane = block((0.34, tall + 0.36, 0.3), (0.94, tall + 0.72, 0.70), 0.02)
    load = block((-0.36, tall - 0.35, -2.15), (0.36, tall + 0.52, -1.55), 0.04)
    at, drop = rng.uniform(0.55, 0.8) * reach, rng.uniform(1.4, 2.6)
    trolley = box(0.5, 0.16, 0.5).move(0, tall + 0.22, at)
    line = rod((0, tall + 0.2, at), (0, tall - drop, at), 0.035, sides=4)
    pulley = rounded_box(0.34, 0.42, 0.22, 0.08).move(0, tall - drop, at)
    points = [(p[0], p[1], 0) for p in arc(0.17, 90, -170, 8)]
    hook = group(*(rod(a, b, 0.055, sides=6) for a, b in itertools.pairwise(points)))
    hook = hook.move(0, tall - drop - 0.40, at)
    pallet = extrude([(-0.5, -0.3), (0.5, -0.3), (0.5, 0.3), (-0.5, 0.3)], 0.7).move(0, 0, at)
    has_load = rng.random() < 0.5
    upper = [
        group(jib, tail, head, trolley).part("jib", paint, True),
        cables.part("cables", DARK),
        cab.part("cab", pick(rng, WHITE, paint)),
        pane.part("windows", WINDOW),
        load.part("counterweight", CONCRETE),
        (line + pulley + hook).part("hook", darker(GREY, 0.5)),
    ]
    if has_load:
        sling = rod((0, tall - drop - 0.5, at), (0, tall - drop - 0.9, at), 0.04, sides=4)
        cargo = pallet.move(y=tall - drop - 1.1) + sling
        upper.append(cargo.part("load", matte(0.62, 0.42, 0.22)))
    return [
        mast.part("mast", paint, True),
        table.part("turntable", DARK),
        slab.part("foot", CONCRETE),
        *(turn_part(part, "y", turn) for part in upper),
    ]
