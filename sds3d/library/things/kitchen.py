"""Kitchen: refrigerator, stove, washing machine.  In metres."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import BLACK, CHROME, GLASS, IRON, PORCELAIN, STEEL, WHITE, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import block, cylinder, ellipsoid, extrude, group, rod, torus


def refrigerator(rng: np.random.Generator) -> list[Part]:
    """A tall fridge: freezer door above or below, or two doors side by side, with bar handles."""
    skin = pick(rng, WHITE, STEEL, WHITE, matte(0.62, 0.76, 0.74))
    wide, high, deep = rng.uniform(0.62, 0.72), rng.uniform(1.6, 1.85), 0.62
    style = pick(rng, "top", "bottom", "side")
    wide = 0.9 if style == "side" else wide
    x, z = wide / 2, deep / 2
    body = block((-x + 0.01, 0.06, -z), (x - 0.01, high, z - 0.07), 0.015)
    split = high * {"top": 0.68, "bottom": 0.36, "side": 0.5}[style]
    front, bar = z - 0.06, 0.022
    if style == "side":
        door = block((0.008, 0.08, front), (x, high - 0.005, z), 0.02)
        handle = rod((0.055, 0.6, z + 0.045), (0.055, 1.3, z + 0.045), bar)
        posts = [
            rod((0.055, y, z - 0.01), (0.055, y, z + 0.045), bar, sides=6) for y in (0.64, 1.26)
        ]
        doors, handles = door.both(), group(handle, *posts).both()
    else:
        doors = block((-x, 0.08, front), (x, split - 0.01, z), 0.02)
        doors = doors + block((-x, split + 0.01, front), (x, high - 0.005, z), 0.02)
        spans = ((split - 0.08, split - 0.42), (split + 0.08, min(split + 0.42, high - 0.08)))
        handles = group(
            *(rod((-x + 0.07, a, z + 0.045), (-x + 0.07, b, z + 0.045), bar) for a, b in spans)
        )
        posts = [rod((-x + 0.07, y, z - 0.01), (-x + 0.07, y, z + 0.045), bar, sides=6)
                 for span in spans for y in span]  # fmt: skip
        handles = group(handles, *posts)
    return [
        body.part("body", skin, True),
        doors.part("doors", skin, True),
        handles.part(
            "handles", matte(0.25, 0.25, 0.27) if skin is STEEL else pick(rng, CHROME, IRON)
        ),
        block((-x + 0.03, 0, -z + 0.03), (x - 0.03, 0.07, z - 0.1)).part("feet", IRON),
    ]


def stove(rng: np.random.Generator) -> list[Part]:
    """A kitchen range: oven door with a window, a row of knobs, four burners, a back panel."""
    skin = pick(rng, WHITE, STEEL, matte(0.82, 0.80, 0.76))
    x, z, high = rng.uniform(0.30, 0.36), 0.31, 0.90
    body = block((-x, 0.06, -z), (x, high - 0.02, z - 0.03), 0.01)
    top = block((-x - 0.01, high - 0.03, -z), (x + 0.01, high, z), 0.008)
    panel = block((-x, high - 0.01, -z), (x, high + rng.uniform(0.10, 0.2), -z + 0.06), 0.015)
    door = block((-x + 0.015, 0.22, z - 0.04), (x - 0.015, high - 0.17, z), 0.01)
    drawer = block((-x + 0.015, 0.07, z - 0.04), (x - 0.015, 0.20, z), 0.01)
    window = block((-x + 0.10, 0.32, z - 0.01), (x - 0.10, high - 0.32, z + 0.008))
    bar = rod((-x + 0.06, high - 0.22, z + 0.045), (x - 0.06, high - 0.22, z + 0.045), 0.018)
    posts = rod(
        (x - 0.09, high - 0.22, z - 0.01), (x - 0.09, high - 0.22, z + 0.045), 0.016, sides=6
    ).both()
    knobs = [cylinder(0.028, 0.045, sides=10).turn("x", 90).move(t * (x - 0.07), high - 0.09, z - 0.01)
             for t in (-1, -0.5, 0.5, 1)]  # fmt: skip
    burner = cylinder(0.095, 0.02, sides=16) + torus(0.065, 0.014, 14, 5).move(y=0.012)
    return [
        (body + top + panel).part("body", skin, True),
        (door + drawer).part("door", skin, True),
        window.part("window", GLASS),
        (bar + posts).part("handle", CHROME),
        group(*knobs).part("knobs", BLACK),
        burner.move(0.52 * x, high + 0.008, 0.14).four().part("burners", BLACK),
        block((-x + 0.03, 0, -z + 0.03), (x - 0.03, 0.07, z - 0.08)).part("feet", IRON),
    ]


def washing_machine(rng: np.random.Generator) -> list[Part]:
    """A front loader: a white cube with a round glass door, a dial, and a soap drawer."""
    skin, x, z = pick(rng, WHITE, PORCELAIN, matte(0.78, 0.79, 0.80)), 0.30, rng.uniform(0.27, 0.31)
    high, radius = rng.uniform(0.82, 0.88), rng.uniform(0.18, 0.21)
    body = block((-x, 0.03, -z), (x, high, z), 0.025)
    middle = 0.44 * high
    ring = torus(radius, 0.035, 24, 6).turn("x", 90).move(0, middle, z + 0.01)
    glass = ellipsoid(radius, sides=14).scale(1, 1, 0.22).move(0, middle, z + 0.005)
    catch = block(
        (radius - 0.02, middle - 0.04, z), (radius + 0.06, middle + 0.04, z + 0.05), 0.012
    )
    panel = block((-x + 0.02, high - 0.15, z - 0.02), (x - 0.02, high - 0.025, z + 0.012), 0.008)
    soap = extrude([(-0.26, -0.045), (-0.10, -0.045), (-0.10, 0.045), (-0.26, 0.045)], 0.03)
    dial = (
        cylinder(0.042, 0.05, sides=14)
        .turn("x", 90)
        .move(rng.uniform(-0.02, 0.04), high - 0.088, z + 0.02)
    )
    screen = block((0.10, high - 0.12, z), (0.24, high - 0.06, z + 0.02))
    return [
        body.part("body", skin, True),
        (ring + catch).part("door", pick(rng, CHROME, matte(0.35, 0.36, 0.38))),
        glass.part("window", GLASS),
        panel.part("panel", matte(0.80, 0.81, 0.82)),
        soap.move(0, high - 0.088, z + 0.005).part("drawer", skin, True),
        dial.part("knobs", CHROME),
        screen.part("screen", BLACK),
        block((-x + 0.03, 0, -z + 0.03), (x - 0.03, 0.05, z - 0.03)).part("feet", BLACK),
    ]
