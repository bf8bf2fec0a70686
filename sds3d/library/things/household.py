"""Household goods: bucket, umbrella, book, suitcase, trash can.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    BRASS,
    CHROME,
    GREEN,
    GREY,
    NAVY,
    OAK,
    RED,
    RUBBER,
    STEEL,
    YELLOW,
    darker,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    arc,
    block,
    box,
    curve,
    cylinder,
    extrude,
    group,
    lathe,
    loft,
    rod,
    rounded_box,
    tube,
)


def bucket(rng: np.random.Generator) -> list[Part]:
    """A tapered pail with a rim and a wire handle, raised or laid to the side."""
    skin = pick(rng, STEEL, BLUE, RED, YELLOW)
    low, rim, high = rng.uniform(0.095, 0.11), rng.uniform(0.14, 0.16), rng.uniform(0.25, 0.30)
    wall = 0.008
    pail = lathe([(0, 0), (low, 0), (rim, high - 0.01), (rim + 0.01, high - 0.01), (rim + 0.01, high + 0.008),
                  (rim - wall, high + 0.008), (low - wall, 0.015), (0, 0.015)], 24)  # fmt: skip
    bow = [(p[0], p[1], 0) for p in arc(rim + 0.012, 0, 180, 12)]
    handle = tube(bow, 0.0085, 6) + rod((-0.05, rim + 0.012, 0), (0.05, rim + 0.012, 0), 0.017)
    handle = handle.turn("x", pick(rng, 0, 0, 62)).move(y=high - 0.02)
    ears = box(0.012, 0.05, 0.04, 0.004).move(rim + 0.01, high - 0.03, 0).both()
    return [
        pail.part("pail", skin, True),
        (handle + ears).part("handle", pick(rng, STEEL, matte(0.2, 0.2, 0.21))),
    ]


def umbrella(rng: np.random.Generator) -> list[Part]:
    """An open umbrella upright: a scalloped canopy of eight panels, a shaft and a hooked handle."""
    cloth = pick(rng, RED, BLACK, BLUE, GREEN)
    panels, radius, rise = 8, rng.uniform(0.48, 0.54), rng.uniform(0.20, 0.28)
    columns = 4 * panels
    a = np.arange(columns) * 2 * np.pi / columns
    sag = 0.5 - 0.5 * np.cos(panels * a)

    def ring(t: float, drop: float) -> np.ndarray:
        """The canopy at a fraction t of its radius; panels sink and draw in between the ribs."""
        r = radius * t * (1 - 0.12 * t * sag)
        return np.stack(
            [r * np.sin(a), rise * (1 - t**2) - 0.05 * t * t * sag - drop + 0 * a, r * np.cos(a)], 1
        )

    upper = [ring(t, 0.0) for t in (0.0, 0.3, 0.6, 0.85, 1.0)]
    lower = [ring(t, 0.016) for t in (1.0, 0.7, 0.35, 0.0)]
    canopy = loft(np.stack(upper + lower), crease_deg=25)
    hook = [(p[0], p[1], 0) for p in arc(0.055, 0, -190, 8, (-0.055, -0.62))]
    shaft = rod((0, -0.55, 0), (0, rise + 0.05, 0), 0.022, sides=8)
    handle = tube([(0, -0.50, 0), *hook], 0.028, 8)
    tip = rod((0, rise - 0.01, 0), (0, rise + 0.09, 0), 0.018, 0.008)
    rib = rod((0, 0.04, 0.0), (0, rise * 0.72 - 0.03, 0.5 * radius), 0.008, sides=5)
    return [
        canopy.part("canopy", cloth, True),
        (shaft + tip + rib.around(panels)).part("shaft", matte(0.20, 0.20, 0.22)),
        handle.part("handle", pick(rng, OAK, BLACK)),
    ]


def book(rng: np.random.Generator) -> list[Part]:
    """A thick closed book lying flat, or an open one with a page rising on each side."""
    cover = pick(
        rng,
        matte(0.55, 0.12, 0.12),
        matte(0.14, 0.26, 0.48),
        matte(0.16, 0.36, 0.22),
        matte(0.36, 0.22, 0.14),
    )
    wide, tall, paper = rng.uniform(0.14, 0.17), rng.uniform(0.20, 0.24), matte(0.95, 0.92, 0.82)
    if rng.random() < 0.6:
        thick = rng.uniform(0.045, 0.06)
        boards = block((-wide / 2, 0, -tall / 2), (wide / 2, 0.007, tall / 2), 0.002)
        boards = boards + boards.move(y=thick - 0.007)
        spine = (
            cylinder(thick / 2, tall, sides=12)
            .scale(0.35, 1, 1)
            .turn("x", 90)
            .move(-wide / 2, thick / 2, 0)
        )
        pages = block(
            (-wide / 2, 0.006, -tall / 2 + 0.008),
            (wide / 2 - 0.01, thick - 0.006, tall / 2 - 0.008),
        )
        band = block((-wide / 2 - 0.012, 0.008, -0.005), (-wide / 2 + 0.002, thick - 0.008, 0.005))
        bands = band.move(z=0.3 * tall).both("z")
        title = block(
            (-0.25 * wide, thick - 0.002, -0.25 * tall), (0.28 * wide, thick + 0.002, -0.12 * tall)
        )
        emblem = cylinder(0.022, 0.004, sides=12).move(0.015 * wide, thick, 0.10 * tall)
        parts = [(boards + spine).part("cover", cover, True), pages.part("pages", paper)]
        return [*parts, (bands + title + emblem).part("title", BRASS)]
    arch = rng.uniform(0.018, 0.028)
    t = np.linspace(0, 1, 8)
    top = [(u * wide, 0.012 + arch * np.sin(np.pi * u**0.6) + 0.004) for u in t]
    page = extrude([(0, 0.006), (wide, 0.006), *top[:0:-1], (0, 0.012)], tall)
    lines = group(*(
        block((0.25 * wide, -0.002, z - 0.003), (0.85 * wide, 0.002, z + 0.003)).turn("z", -7)
        .move(0.02 * wide, 0.026 + arch * 0.78, 0) for z in np.linspace(-0.34 * tall, 0.34 * tall, 7)
    ))  # fmt: skip
    boards = block((-wide - 0.008, 0, -tall / 2 - 0.008), (wide + 0.008, 0.007, tall / 2 + 0.008))
    return [
        boards.part("cover", cover, True),
        page.both().part("pages", paper),
        lines.both().part("text", GREY),
    ]


def suitcase(rng: np.random.Generator) -> list[Part]:
    """A travel case: a leather one with straps and a handle, or a ribbed upright one on wheels."""
    if rng.random() < 0.5:
        leather = pick(
            rng, matte(0.50, 0.30, 0.16), matte(0.36, 0.18, 0.12), matte(0.62, 0.46, 0.28)
        )
        x, y, z = rng.uniform(0.32, 0.37), rng.uniform(0.22, 0.25), 0.095
        case = rounded_box(2 * x, 2 * y, 2 * z, 0.03)
        seam = box(2 * x + 0.012, 2 * y + 0.012, 0.014, 0.004)
        strap = box(0.045, 2 * y + 0.016, 2 * z + 0.016, 0.006).move(0.55 * x).both()
        corner = rounded_box(0.10, 0.10, 2 * z + 0.014, 0.025).move(x - 0.04, y - 0.04).four()
        corner = corner + corner.mirror("y")
        handle = tube(
            curve([(-0.10, y, 0), (-0.085, y + 0.065, 0), (0.085, y + 0.065, 0), (0.10, y, 0)], 3),
            0.017,
        )
        lock = box(0.05, 0.05, 0.02, 0.006).move(0.28 * x, y - 0.06, z + 0.006).both()
        return [
            case.part("case", leather, True),
            (strap + corner + seam).part("straps", darker(leather, 0.55)),
            handle.part("handle", darker(leather, 0.5)),
            lock.part("locks", BRASS),
        ]
    skin = pick(rng, NAVY, RED, matte(0.20, 0.55, 0.52), GREY)
    x, y, z = 0.22, rng.uniform(0.30, 0.35), 0.13
    case = rounded_box(2 * x, 2 * y, 2 * z, 0.055).move(y=y + 0.07)
    ribs = [
        rounded_box(0.035, 1.84 * y, 2 * z + 0.022, 0.012).move(t * x, y + 0.07)
        for t in (-0.66, -0.22, 0.22, 0.66)
    ]
    top = 2 * y + 0.07
    bars = rod((0.09, top - 0.02, -0.07), (0.09, top + 0.28, -0.07), 0.019, sides=6).both()
    grip = box(0.22, 0.04, 0.04, 0.01).move(0, top + 0.29, -0.07)
    wheel = cylinder(0.04, 0.035, sides=12).turn("z", 90).move(x - 0.05, 0.04, z - 0.04).four()
    return [
        (case + group(*ribs)).part("case", skin, True),
        bars.part("handle", CHROME),
        grip.part("grip", BLACK),
        (wheel + box(0.05, 0.06, 0.05).move(x - 0.05, 0.08, z - 0.04).four()).part(
            "wheels", RUBBER
        ),
    ]


def trash_can(rng: np.random.Generator) -> list[Part]:
    """A ribbed metal dustbin with a domed lid and side handles, or a plastic bin on two wheels."""
    if rng.random() < 0.55:
        skin, radius, high = (
            pick(rng, STEEL, matte(0.55, 0.57, 0.58), matte(0.30, 0.42, 0.34)),
            0.24,
            0.62,
        )
        body = lathe([(0.86 * radius, 0), (radius, high)], 24)
        rib = (
            block((-0.014, 0.05, -0.01), (0.014, high - 0.06, 0.018))
            .turn("x", 3)
            .move(z=0.875 * radius)
        )
        lid = lathe([(radius + 0.02, high - 0.03), (radius + 0.025, high + 0.01), (0.8 * radius, high + 0.06),
                     (0, high + 0.08)], 24, crease_deg=50)  # fmt: skip
        loop = tube([(p[0], p[1], 0) for p in arc(0.06, 0, 180, 6, (0, high + 0.07))], 0.014, 6)
        side = tube([(radius + 0.02 + 0.06 * np.sin(np.radians(a)), 0.66 * high, 0.07 * np.cos(np.radians(a)))
                     for a in np.linspace(0, 180, 6)], 0.013, 6).both()  # fmt: skip
        return [
            (body + rib.around(16)).part("can", skin, True),
            lid.part("lid", darker(skin, 0.92), True),
            (loop + side).part("handles", darker(skin, 0.6)),
        ]
    skin, high = (
        pick(rng, GREEN, matte(0.20, 0.28, 0.46), matte(0.26, 0.27, 0.29)),
        rng.uniform(0.88, 1.0),
    )
    sections = [(0.19, 0.20, 0.03), (0.26, 0.29, high)]
    body = loft(
        np.stack(
            [np.array([(-x, y, -z), (x, y, -z), (x, y, z), (-x, y, z)]) for x, z, y in sections]
        )
    )
    rim = box(0.56, 0.06, 0.62, 0.015).move(y=high - 0.02)
    lid = rounded_box(0.56, 0.10, 0.62, 0.035).turn("x", 4).move(0, high + 0.04, 0.01)
    bar = (
        rod((-0.22, high, -0.36), (0.22, high, -0.36), 0.022)
        + box(0.04, 0.06, 0.1).move(0.2, high, -0.32).both()
    )
    wheel = cylinder(0.10, 0.05, sides=16).turn("z", 90).move(0.23, 0.10, -0.22).both()
    return [
        (body + rim).part("can", skin, True),
        lid.part("lid", darker(skin, 0.85), True),
        bar.part("handles", darker(skin, 0.6)),
        wheel.part("wheels", RUBBER),
    ]
