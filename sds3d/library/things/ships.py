"""Watercraft: sailboat, ship, submarine.  In metres, bow +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    BRASS,
    IRON,
    NAVY,
    OAK,
    PINE,
    RED,
    STEEL,
    WHITE,
    YELLOW,
    darker,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import Solid, block, cylinder, extrude, group, lathe, loft, rod, torus
from sds3d.library.things.airframe import fin, fuselage, propeller
from sds3d.library.things.bodywork import WINDOW


def _hull(half: float, beam: float, depth: float, sheer: float, low: float = 0.0) -> Solid:
    """A boat's hull from the stern at -half to the bow at half: keel at y = low, deck at low + depth.

    sheer: how much the deck rises at the bow.
    """
    stations = np.array([-1.0, -0.7, -0.2, 0.35, 0.7, 0.9, 1.0])
    breadth = np.array([0.78, 0.92, 1.0, 0.90, 0.58, 0.24, 0.0]) * beam
    sections = []
    for s, b in zip(stations, breadth, strict=True):
        top = low + depth + sheer * max(s, 0) ** 2 + 0.3 * sheer * max(-s, 0) ** 2
        keel = low + 0.25 * depth * max(s - 0.5, 0) / 0.5
        mid = keel + 0.45 * (top - keel)
        pull = half * s - 0.12 * half * max(s - 0.6, 0) / 0.4 * np.array([0, 0.4, 1.0])
        z = [pull[0], pull[1], pull[2]]
        right = [(b, top, z[0]), (0.86 * b, mid, z[1]), (0.32 * b, keel, z[2])]
        sections.append([*right, *((-x, y, d) for x, y, d in right[::-1])])
    return loft(np.array(sections), crease_deg=45)


def _sail(outline: list[tuple[float, float]], belly: float) -> Solid:
    """A triangular or square sail from its side view (z, y), thick enough to be seen, bent to one side."""
    front = np.array(outline, float)
    sail = extrude(front, 0.10).turn("y", -90)
    middle, size = front.mean(0), np.ptp(front, axis=0)
    u = (sail.vertices[:, [2, 1]] - middle) / size
    bent = sail.vertices + np.outer(belly * (0.5 - (u**2).sum(1)), [1, 0, 0])
    return Solid(bent, sail.faces, sail.normals)


def sailboat(rng: np.random.Generator) -> list[Part]:
    """A small yacht: a mast with a mainsail and a jib over a pointed hull, a cabin, a rudder."""
    paint = pick(rng, WHITE, BLUE, RED, matte(0.50, 0.32, 0.18))
    cloth = pick(rng, WHITE, matte(0.94, 0.90, 0.80))
    half, high = rng.uniform(2.3, 2.6), rng.uniform(4.4, 5.0)
    hull = _hull(half, 0.85, 0.75, 0.28)
    deck = _hull(0.97 * half, 0.78, 0.06, 0.26, 0.74)
    foot = 0.55
    mast = rod((0, 0.6, foot), (0, high + 0.75, foot), 0.07, 0.055)
    boom = rod((0, 1.35, foot), (0, 1.35, -half + 0.25), 0.06).turn("y", -24, (0, 0, foot))
    # eased, so that they are seen from ahead too
    main = _sail([(foot - 0.08, 1.45), (foot - 0.08, high + 0.6), (-half + 0.35, 1.45)], 0.3)
    main = main.turn("y", -24, (0, 0, foot))
    jib = _sail([(foot + 0.15, 1.3), (half - 0.15, 1.25), (foot + 0.12, 0.85 * high)], 0.25)
    jib = jib.turn("y", 16, (0, 0, half - 0.15))
    stripe = _hull(1.005 * half, 0.862, 0.16, 0.1, 0.36)
    cabin = block((-0.42, 0.75, -0.7), (0.42, 1.12, 0.45), 0.08)
    panes = block((0.36, 0.88, -0.5), (0.435, 1.03, 0.25)).both()
    rudder = fin(
        [(-half - 0.22, -0.25), (-half + 0.02, -0.25), (-half + 0.05, 0.7), (-half - 0.12, 0.7)],
        0.08,
    )
    keel = fin([(-0.5, -0.65), (0.3, -0.65), (0.5, 0.15), (-0.6, 0.15)], 0.12)
    return [
        hull.part("hull", paint, True),
        deck.part("deck", PINE),
        stripe.part("stripe", RED if paint is not RED else WHITE),
        (main + jib).part("sails", cloth),
        (mast + boom).part("mast", OAK),
        cabin.part("cabin", WHITE if paint is not WHITE else PINE),
        panes.part("windows", WINDOW),
        (rudder + keel).part("rudder", darker(paint, 0.7)),
    ]


def ship(rng: np.random.Generator) -> list[Part]:
    """An ocean steamer: a long dark hull, white decks with portholes, two to four funnels, masts, lifeboats."""
    paint = pick(rng, BLACK, NAVY, matte(0.45, 0.10, 0.10), WHITE)
    half, beam = rng.uniform(4.2, 4.8), rng.uniform(0.72, 0.82)
    hull, bottom = (
        _hull(half, beam, 1.15, 0.38),
        _hull(0.975 * half, 1.02 * beam, 0.42, 0.02, -0.02),
    )
    first = block((-0.82 * beam, 1.1, -0.72 * half), (0.82 * beam, 1.48, 0.52 * half), 0.05)
    second = block((-0.66 * beam, 1.45, -0.58 * half), (0.66 * beam, 1.82, 0.44 * half), 0.05)
    bridge = block((-0.80 * beam, 1.8, 0.26 * half), (0.80 * beam, 2.12, 0.42 * half), 0.04)
    count = pick(rng, 2, 3, 4)
    places = np.linspace(-0.42, 0.14, count) * half
    funnel, rim = lathe([(0.27, 1.7), (0.25, 2.75)], 14), lathe([(0.265, 2.5), (0.262, 2.78)], 14)
    band = lathe([(0.263, 2.18), (0.26, 2.32)], 14)
    funnels, rims, bands = (
        group(*(s.turn("x", -7, (0, 1.7, 0)).move(z=float(z)) for z in places))
        for s in (funnel, rim, band)
    )
    masts = rod((0, 1.2, 0.66 * half), (0, 3.3, 0.62 * half), 0.065) + rod(
        (0, 1.2, -0.8 * half), (0, 3.0, -0.84 * half), 0.065
    )
    deck = _hull(0.97 * half, 0.94 * beam, 0.05, 0.36, 1.13)
    spots = np.linspace(-0.66, 0.46, 11) * half
    ports = group(
        *(block((0.78 * beam, 1.2, z - 0.06), (0.825 * beam, 1.36, z + 0.06)) for z in spots)
    )
    ports = ports + group(
        *(block((0.62 * beam, 1.56, z - 0.06), (0.665 * beam, 1.72, z + 0.06)) for z in spots[1:-1])
    )
    ports = ports + block((0.1, 1.9, 0.42 * half - 0.05), (0.7 * beam, 2.04, 0.42 * half + 0.012))
    boat = fuselage(
        [(0.34, 0, 0, 0), (0.2, 0.09, 0.1, 0), (-0.2, 0.09, 0.1, 0), (-0.34, 0, 0, 0)], 8
    )
    boats = group(*(boat.move(0.74 * beam, 1.66, float(z)) for z in (-1.9, -0.9, 0.1))).both()
    return [
        hull.part("hull", paint, True),
        bottom.part("keel", matte(0.55, 0.12, 0.10)),
        deck.part("deck", PINE),
        (first + second + bridge).part("decks", WHITE),
        funnels.part("funnels", pick(rng, RED, YELLOW, matte(0.9, 0.5, 0.15))),
        rims.part("funnel tops", BLACK),
        bands.part("bands", WHITE),
        masts.part("masts", OAK),
        ports.both().part("windows", WINDOW),
        boats.part("lifeboats", pick(rng, WHITE, matte(0.92, 0.45, 0.12))),
    ]


def submarine(rng: np.random.Generator) -> list[Part]:
    """A submarine: a cigar with a conning tower, periscope, tail cross and screw; grey, or a toy's yellow."""
    paint = pick(rng, YELLOW, matte(0.22, 0.25, 0.28), matte(0.40, 0.44, 0.46), YELLOW)
    half, r = rng.uniform(2.4, 2.9), rng.uniform(0.58, 0.68)
    turns = [
        (1.0, 0),
        (0.96, 0.40),
        (0.82, 0.72),
        (0.5, 0.97),
        (0.0, 1.0),
        (-0.45, 0.92),
        (-0.8, 0.52),
        (-1.0, 0.16),
    ]
    body = fuselage([(half * s, r * k, r * k, 0.0) for s, k in turns], 18)
    tower = [(0.95, 0.0, 0.0, 0.9), (0.85, 0.12, 0.5, 0.8), (0.4, 0.25, 0.55, 0.8)]
    tower = fuselage([*tower, (-0.2, 0.22, 0.55, 0.8), (-0.55, 0.05, 0.5, 0.8)], 12)
    tower = tower + block((-0.2, 0.5, -0.3), (0.2, 1.36, 0.62), 0.12)
    planes = block((-0.75, 0.95, 0.15), (0.75, 1.03, 0.5), 0.03)
    scope = rod((0, 1.2, 0.1), (0, 1.95, 0.1), 0.055) + rod((0, 1.92, 0.05), (0, 1.92, 0.34), 0.07)
    blade = fin(
        [(-0.8 * half, 0), (-0.86 * half, 0.95 * r), (-0.99 * half, 0.95 * r), (-0.97 * half, 0)],
        0.09,
    )
    screw = propeller(0.42, 4, 10).move(z=-half - 0.14) + cylinder(0.09, 0.34, sides=8).turn(
        "x", 90
    ).move(z=-half - 0.06)
    spots = (-0.35 * half, 0.0, 0.35 * half)
    place = [
        (
            float(np.interp(z / half, [s for s, _ in turns[::-1]], [k for _, k in turns[::-1]]))
            * r,
            z,
        )
        for z in spots
    ]
    ring, pane = (
        torus(0.15, 0.045, 14, 6).turn("z", 90),
        cylinder(0.14, 0.06, sides=14).turn("z", 90),
    )
    rims, panes = (
        group(*(s.move(x - 0.02, 0.12, z) for x, z in place)).both() for s in (ring, pane)
    )
    trim = BRASS if paint is YELLOW else STEEL
    return [
        body.part("hull", paint, True),
        (tower + planes).part("tower", darker(paint, 0.92), True),
        blade.around(4, "z").part(
            "fins", RED if paint is YELLOW else darker(paint, 0.8), paint is not YELLOW
        ),
        scope.part("periscope", IRON),
        screw.part("propeller", BRASS),
        rims.part("rims", trim),
        panes.part("windows", WINDOW),
    ]
