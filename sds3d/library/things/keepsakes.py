"""Keepsakes: globe, snow globe, hourglass, gift box, camera.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLUE,
    BRASS,
    CHROME,
    GREEN,
    OAK,
    RED,
    STEEL,
    WALNUT,
    WHITE,
    YELLOW,
    darker,
    glossy,
    matte,
    pick,
)
from sds3d.library.kit.model import Part
from sds3d.library.kit.polygon import triangulate
from sds3d.library.kit.shapes import (
    Solid,
    arc,
    box,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    lathe,
    loft,
    rod,
    rounded_box,
    torus,
    tube,
)
from sds3d.library.kit.solid import close

# rough outlines of the continents, (longitude, latitude) in degrees
LANDS = (
    [(-165, 65), (-125, 70), (-85, 72), (-60, 52), (-80, 30), (-97, 18), (-82, 9), (-106, 22), (-122, 38),
     (-135, 57)],
    [(-78, 8), (-50, 2), (-36, -8), (-45, -24), (-62, -40), (-70, -54), (-73, -30), (-80, -5)],
    [(-16, 14), (-6, 35), (12, 36), (33, 31), (50, 12), (40, -8), (34, -26), (20, -34), (12, -12), (8, 5),
     (-8, 5)],
    [(-9, 38), (0, 50), (10, 64), (40, 68), (80, 74), (120, 73), (175, 67), (142, 54), (122, 38), (108, 12),
     (98, 10), (88, 22), (78, 8), (68, 24), (50, 25), (36, 34), (22, 38), (8, 44)],
    [(114, -22), (130, -12), (143, -12), (153, -28), (146, -39), (130, -32), (116, -34)],
    [(-50, 61), (-24, 70), (-25, 81), (-60, 81)],
)  # fmt: skip


def globe(rng: np.random.Generator) -> list[Part]:
    """A school globe: blue ball with raised green continents, tilted in a brass arc on a round foot."""
    radius, turn = 0.40, float(rng.uniform(-60, 60))
    wide, stem = rng.uniform(0.24, 0.29), rng.uniform(0.10, 0.16)
    y = 0.08 + stem + radius + 0.09

    def tilt(solid: Solid) -> Solid:
        return solid.turn("y", turn).turn("z", -23).move(y=y)

    lands = group(*(_land(np.array(outline, float), radius) for outline in LANDS))
    caps = ellipsoid(0.13, 0.03, 0.13, sides=12).move(y=0.97 * radius).both("y")
    bow = [(px, py, 0) for px, py in arc(radius + 0.075, -90, 90, 18)]
    meridian = tube(bow, 0.034, 6).turn("z", -23).move(y=y)
    pins = rod((0, -radius - 0.1, 0), (0, radius + 0.1, 0), 0.034).turn("z", -23).move(y=y)
    top = 0.10 + stem
    foot = lathe([
        (wide, 0), (wide, 0.04), (0.5 * wide, 0.08), (0.05, 0.12), (0.045, top), (0, top),
    ], 22)  # fmt: skip
    knee = tube([(0, 0.06 + stem, 0), (-0.02, 0.10 + stem, 0), (-0.13, y - 0.46, 0)], 0.045, 8)
    green = pick(rng, matte(0.30, 0.60, 0.22), matte(0.42, 0.62, 0.25))
    return [
        tilt(ellipsoid(radius, sides=28)).part("ocean", glossy(0.13, 0.42, 0.76), True),
        tilt(lands).part("land", green),
        tilt(caps).part("ice", WHITE),
        group(meridian, pins).part("meridian", BRASS),
        group(foot, knee).part("foot", pick(rng, WALNUT, BRASS, OAK)),
    ]


def _land(outline: np.ndarray, radius: float) -> Solid:
    """A raised patch of the ball within an outline of (longitude, latitude), degrees."""
    points = [tuple(p) for p in outline]
    faces = [tuple(map(int, f)) for f in triangulate(outline)]
    for _ in range(2):  # finer, so that the faces follow the ball
        middle: dict[tuple[int, int], int] = {}
        finer = []
        for a, b, c in faces:
            m = []
            for i, j in ((a, b), (b, c), (c, a)):
                key = (min(i, j), max(i, j))
                if key not in middle:
                    middle[key] = len(points)
                    points.append(tuple((np.array(points[i]) + points[j]) / 2))
                m.append(middle[key])
            finer += [(a, m[0], m[2]), (b, m[1], m[0]), (c, m[2], m[1]), (m[0], m[1], m[2])]
        faces = finer
    lon, lat = np.radians(np.array(points)).T
    unit = np.stack([np.cos(lat) * np.sin(lon), np.sin(lat), np.cos(lat) * np.cos(lon)], 1)
    sheet, n = np.array(faces), len(points)
    edges = np.concatenate([sheet[:, [0, 1]], sheet[:, [1, 2]], sheet[:, [2, 0]]])
    there = {(int(i), int(j)) for i, j in edges}
    rim = [edge for edge in there if edge[::-1] not in there]
    walls = [t for i, j in rim for t in ((j, i, i + n), (j, i + n, j + n))]
    vertices = np.concatenate([unit * 1.025, unit * 0.9]) * radius
    return close(vertices, np.concatenate([sheet, sheet[:, ::-1] + n, sorted(walls)]))


def snow_globe(rng: np.random.Generator) -> list[Part]:
    """A snow globe: a pale ball half full of snow, firs, a house and a snowman against its glass, a wide base.

    The scene stands out of the ball's surface, since an opaque ball would hide what is inside.
    """
    radius, wide = 0.42, rng.uniform(0.34, 0.39)
    high = rng.uniform(0.20, 0.26)
    y = high + 0.86 * radius
    ball = ellipsoid(radius, sides=24).move(y=y)
    a = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    drift = 0.05 * np.sin(3 * a + rng.uniform(0, 6)) + 0.03 * np.sin(5 * a)
    sections = []
    for t in np.linspace(-1.2, 0, 7):
        level = radius * (t + 0.9) * 0.9 - 0.18 + drift * np.clip(t + 1, 0, 1)
        level = np.clip(level, -0.99 * radius, None)
        r = 1.015 * np.sqrt(radius**2 - level**2)
        sections.append(np.stack([r * np.sin(a), y + level, r * np.cos(a)], 1))
    inner = sections[-1] * [0.94, 1, 0.94]
    snow = loft(np.array([*sections, inner]), crease_deg=70)

    def at_glass(solid: Solid, deg: float, out: float = 0.985) -> Solid:
        """A flat thing, its middle at the origin, laid against the ball a little below its equator."""
        return solid.move(z=out * radius).turn("x", 13).move(y=y).turn("y", deg)

    fir = group(
        *(
            cylinder(0.105 - 0.022 * k, 0.13, top=0.012, sides=9).move(y=0.075 * k - 0.07)
            for k in range(3)
        )
    )
    fir = fir.scale(1, 1, 0.40)
    trunk = cylinder(0.022, 0.10, sides=6).scale(1, 1, 0.6).move(y=-0.16)
    starts = np.array([-72, -34, 40, 96, 215, 262]) + rng.uniform(-7, 7, 6)
    sizes = rng.uniform(0.72, 1.05, 6)
    firs = group(*(at_glass(fir.scale(k), d) for d, k in zip(starts, sizes, strict=True)))
    trunks = group(*(at_glass(trunk.scale(k), d) for d, k in zip(starts, sizes, strict=True)))
    scene = pick(rng, "house", "snowman")
    facing = (0.0, 165.0)
    extra = []
    if scene == "house":
        wall = box(0.20, 0.15, 0.07).move(y=-0.06)
        roof = extrude([(-0.145, 0), (0.145, 0), (0, 0.125)], 0.095).move(y=0.01)
        door = box(0.05, 0.085, 0.08).move(y=-0.09)
        panes = box(0.038, 0.042, 0.08).move(0.068, -0.045, 0).both()
        extra = [
            group(*(at_glass(wall, d) for d in facing)).part("house", pick(rng, RED, OAK, YELLOW)),
            group(*(at_glass(roof, d) for d in facing)).part("roof", WHITE),
            group(*(at_glass(door, d) for d in facing)).part("door", WALNUT),
            group(*(at_glass(panes, d) for d in facing)).part("windows", glossy(0.98, 0.86, 0.40)),
        ]
    else:
        body = group(
            ellipsoid(0.095, 0.09, 0.06, sides=10).move(y=-0.10),
            ellipsoid(0.070, 0.068, 0.05, sides=10).move(y=0.02),
            ellipsoid(0.050, 0.05, 0.042, sides=10).move(y=0.115),
        )
        hat = group(
            cylinder(0.062, 0.012, sides=12).move(y=0.155),
            cylinder(0.038, 0.07, sides=10).move(y=0.19),
        )
        hat = hat.scale(1, 1, 0.8)
        coal = [
            ellipsoid(0.010, sides=5).move(sx, h, z)
            for sx, h, z in (
                (-0.018, 0.13, 0.038),
                (0.018, 0.13, 0.038),
                (0, 0.035, 0.048),
                (0, 0.0, 0.048),
            )
        ]
        nose = cylinder(0.011, 0.045, top=0.0, sides=6).turn("x", 90).move(0, 0.112, 0.055)
        scarf = torus(0.046, 0.017, 12, 5).scale(1, 1, 0.8).move(y=0.074)
        extra = [
            group(*(at_glass(body, d) for d in facing)).part("snowman", WHITE),
            group(*(at_glass(group(hat, *coal), d) for d in facing)).part(
                "hat", matte(0.07, 0.07, 0.08)
            ),
            group(*(at_glass(nose, d) for d in facing)).part("nose", glossy(0.92, 0.45, 0.08)),
            group(*(at_glass(scarf, d) for d in facing)).part("scarf", pick(rng, RED, GREEN, BLUE)),
        ]
    flakes = []
    golden = np.pi * (3 - np.sqrt(5))
    for k in range(24):
        up = 0.05 + 0.90 * (k + 0.5) / 24
        turn = golden * k
        flat = np.sqrt(1 - up**2)
        spot = np.array([flat * np.sin(turn), up, flat * np.cos(turn)]) * radius
        flakes.append(ellipsoid(0.0145, sides=5).move(spot[0], y + spot[1], spot[2]))
    wood = pick(rng, WALNUT, OAK, RED, matte(0.12, 0.12, 0.13), GREEN)
    base = lathe([(wide + 0.07, 0), (wide + 0.07, 0.05), (wide + 0.02, 0.075), (wide - 0.02, high - 0.05),
                  (wide, high - 0.03), (wide, high), (0, high)], 24)  # fmt: skip
    band = lathe([(wide + 0.012, 0.085), (wide + 0.012, 0.105)], 24)
    collar = torus(0.84 * wide, 0.035, 24, 6).move(y=high + 0.01)
    plate = box(0.22, 0.07, 0.03, 0.008).move(0, 0.5 * high + 0.02, wide + 0.005)
    return [
        ball.part("glass", glossy(0.62, 0.78, 0.90), True),
        snow.part("snow", matte(0.96, 0.97, 0.99)),
        group(*flakes).part("flakes", WHITE),
        firs.part("firs", matte(0.12, 0.42, 0.20)),
        trunks.part("trunks", matte(0.36, 0.24, 0.14)),
        *extra,
        base.part("base", wood, True),
        group(band, collar, plate).part("trim", BRASS),
    ]


def hourglass(rng: np.random.Generator) -> list[Part]:
    """An hourglass: two glass bulbs that meet in a neck, sand in both, plates and turned posts."""
    wood = pick(rng, WALNUT, OAK, BRASS, matte(0.45, 0.20, 0.12))
    sand = pick(rng, matte(0.90, 0.74, 0.44), matte(0.82, 0.60, 0.36), matte(0.55, 0.72, 0.82))
    fat, tall = rng.uniform(0.22, 0.26), rng.uniform(0.46, 0.54)
    bulb = curve(
        [
            (0.0, 0.0),
            (0.70 * fat, 0.02),
            (fat, 0.24 * tall),
            (0.86 * fat, 0.60 * tall),
            (0.30 * fat, 0.90 * tall),
            (0.035, tall),
        ],
        3,
    )
    bulb[0, 0] = 0.0
    full = rng.uniform(0.40, 0.55)
    wall = [(float(max(r, 0)), float(h)) for r, h in bulb]
    low_sand = [(r, h) for r, h in wall if h <= full * tall]
    level = low_sand[-1][1]
    low = lathe(
        [
            *((1.012 * r, h) for r, h in low_sand),
            (0.45 * low_sand[-1][0], level + 0.06),
            (0, level + 0.10),
        ],
        22,
        crease_deg=60,
    )
    glass = group(lathe([*wall, (0, tall)], 24, crease_deg=70))
    glass = group(glass, glass.mirror("y").move(y=2 * tall))
    top_band = [(r, h) for r, h in wall if h >= (1.10 - full) * tall]
    top = (
        lathe([*((1.012 * r, h) for r, h in top_band), (0, tall)], 22, crease_deg=60)
        .mirror("y")
        .move(y=2 * tall)
    )
    stream = rod((0, level, 0), (0, tall, 0), 0.012, sides=6)
    plate = lathe(
        [
            (1.42 * fat, -0.07),
            (1.50 * fat, -0.055),
            (1.50 * fat, -0.015),
            (1.36 * fat, 0.012),
            (0, 0.012),
        ],
        28,
    )
    plates = group(plate, plate.mirror("y").move(y=2 * tall))
    half = [
        (0.030, 0),
        (0.038, 0.03),
        (0.026, 0.06),
        (0.024, 0.42 * tall),
        (0.040, 0.72 * tall),
        (0.026, 0.90 * tall),
        (0.045, tall),
    ]
    post = lathe([*half, *((r, 2 * tall - h) for r, h in half[-2::-1])], 10, crease_deg=50)
    posts = post.move(0, 0, 1.24 * fat).around(pick(rng, 3, 4), start_deg=45)
    ring = torus(0.05, 0.018, 16, 6).move(y=tall)
    return [
        glass.part("glass", glossy(0.80, 0.88, 0.92)),
        group(low, top, stream).part("sand", sand),
        plates.part("plates", wood, True),
        posts.part("posts", wood, True),
        ring.part("ring", BRASS),
    ]


def gift_box(rng: np.random.Generator) -> list[Part]:
    """A wrapped present: box with a lid, a ribbon crossing it and a big bow of loops."""
    wide, high = rng.uniform(0.66, 0.78), rng.uniform(0.50, 0.68)
    body = box(wide, high, wide, 0.01).move(y=high / 2)
    lid = box(wide + 0.07, 0.15, wide + 0.07, 0.015).move(y=high)
    band = group(
        box(0.13, high, wide + 0.035).move(y=high / 2),
        box(wide + 0.035, high, 0.13).move(y=high / 2),
        box(0.13, 0.165, wide + 0.105).move(y=high),
        box(wide + 0.105, 0.165, 0.13).move(y=high),
    )
    top = high + 0.08
    loop = curve(
        [
            (0.02, top + 0.02, 0),
            (0.16, top + 0.19, 0),
            (0.30, top + 0.17, 0),
            (0.27, top + 0.04, 0),
        ],
        3,
        ring=True,
    )
    wing = tube(loop, 0.032, 6, flat=2.2, ring=True)
    bow = group(wing.turn("y", 45), wing.turn("y", 135), wing.turn("y", 225), wing.turn("y", 315))
    knot = ellipsoid(0.075, 0.065, 0.075, sides=10).move(y=top + 0.05)
    wrap, ribbon = pick(
        rng, (RED, YELLOW), (BLUE, WHITE), (GREEN, RED), (glossy(0.50, 0.2, 0.62), YELLOW)
    )
    return [
        body.part("box", wrap, True),
        lid.part("lid", darker(wrap, 0.88), True),
        band.part("ribbon", ribbon),
        group(bow, knot).part("bow", darker(ribbon, 0.92)),
    ]


def camera(rng: np.random.Generator) -> list[Part]:
    """A still camera, lens to the front: leather body, silver top, dial, button, flash."""
    wide, barrel_ = rng.uniform(0.86, 0.98), rng.uniform(0.22, 0.36)
    body = rounded_box(wide, 0.44, 0.30, 0.06).move(y=0.24)
    top = rounded_box(wide, 0.13, 0.30, 0.05).move(y=0.50)
    base = rounded_box(wide, 0.07, 0.30, 0.03).move(y=0.035)
    hump = box(0.32, 0.16, 0.28, 0.05).move(y=0.60)
    grip = rounded_box(0.13, 0.40, 0.12, 0.05).move(-wide / 2 + 0.11, 0.24, 0.15)
    ring = lathe([(0.25, 0), (0.25, 0.08), (0.215, 0.09), (0.215, barrel_), (0.19, barrel_ + 0.02),
                  (0.165, barrel_ - 0.02), (0.12, barrel_ - 0.05), (0, barrel_ - 0.05)], 26)  # fmt: skip
    ribs = group(
        *(torus(0.215, 0.02, 26, 5).move(y=h) for h in np.linspace(0.13, barrel_ - 0.04, 3))
    )
    glass = ellipsoid(0.135, 0.04, 0.135, sides=16).move(y=barrel_ - 0.03)
    shine = ellipsoid(0.035, 0.015, 0.035, sides=8).move(-0.05, barrel_ + 0.005, -0.05)
    collar = torus(0.245, 0.022, 26, 6).move(y=0.06)

    def ahead(solid: Solid) -> Solid:
        return solid.turn("x", 90).move(0, 0.28, 0.14)

    dial = cylinder(0.085, 0.08, sides=16).move(wide / 2 - 0.15, 0.60)
    button = group(cylinder(0.06, 0.07, sides=14).move(-wide / 2 + 0.14, 0.59))
    finder = box(0.20, 0.08, 0.03).move(0, 0.60, 0.14)
    screen = box(0.46, 0.28, 0.03, 0.01).move(0, 0.26, -0.15)
    lugs = torus(0.04, 0.018, 10, 5).turn("x", 90).move(wide / 2 + 0.03, 0.50).both()
    look = pick(rng, matte(0.11, 0.11, 0.12), matte(0.11, 0.11, 0.12), matte(0.42, 0.22, 0.12))
    silver = pick(rng, CHROME, STEEL, matte(0.16, 0.16, 0.17))
    return [
        group(body, grip).part("body", look, True),
        group(top, base, hump).part("top", silver),
        ahead(group(ring, ribs)).part("lens", matte(0.07, 0.07, 0.08)),
        ahead(collar).part("lens ring", CHROME),
        ahead(glass).part("glass", glossy(0.20, 0.28, 0.50)),
        ahead(shine).part("shine", WHITE),
        group(dial, lugs).part("dial", darker(STEEL, 0.75)),
        button.part("button", RED),
        finder.part("flash", glossy(0.90, 0.93, 0.95)),
        screen.part("screen", glossy(0.22, 0.30, 0.36)),
    ]
