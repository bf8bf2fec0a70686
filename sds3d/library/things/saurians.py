"""Dinosaur (a tyrannosaurus) and dragon.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import ORANGE, WHITE, YELLOW, darker, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import (
    Solid,
    capsule,
    curve,
    cylinder,
    ellipsoid,
    extrude,
    group,
    tube,
)
from sds3d.library.things.beasts import BONE, EYE, NOSE, Skin, blob

CREAM = matte(0.90, 0.84, 0.60)


def _teeth(way: list[tuple[float, float]], y: float, tall: float, up: bool) -> Solid:
    """Cones along a row of (x, z) places, on both sides."""
    cone = cylinder(0.028, tall, top=0.004, sides=6).turn("x", 0 if up else 180)
    return group(*(cone.move(x, y, z) for x, z in way)).both()


def _claws(x: float, z: float, size: float) -> Solid:
    """Three claws at the front of a foot."""
    cone = cylinder(0.42 * size, 1.4 * size, top=0.05 * size, sides=6).turn("x", 100)
    return group(
        *(cone.move(x + d * size, 0.45 * size, z - 0.3 * size * abs(d)) for d in (-1, 0, 1))
    )


def dinosaur(rng: np.random.Generator) -> list[Part]:
    """A tyrannosaurus on two great legs: huge toothed head, tiny arms, long heavy tail, dark stripes."""
    hide = pick(rng, matte(0.36, 0.54, 0.22), matte(0.54, 0.42, 0.24), matte(0.26, 0.50, 0.42))
    tip, gape = rng.uniform(0.46, 0.72), rng.uniform(16, 26)
    body = Skin([
        (tip, -1.15, 0, 0), (0.58 + 0.3 * (tip - 0.6), -0.90, 0.05, 0.05), (0.58, -0.60, 0.115, 0.10),
        (0.60, -0.26, 0.22, 0.18), (0.66, 0.04, 0.27, 0.22), (0.80, 0.28, 0.225, 0.19),
        (1.00, 0.42, 0.165, 0.14), (1.16, 0.52, 0.14, 0.13),
    ], 4)  # fmt: skip
    y, z = 1.21, 0.58
    skull = group(
        blob(0, y, z - 0.02, 0.17, 0.175, 0.19),
        capsule((0, 0, 0), (0, 0, 0.32), 0.15, 0.115, 12).turn("x", -4).move(0, y + 0.01, z + 0.08),
    )
    jaw = capsule((0, 0, 0), (0, 0, 0.34), 0.115, 0.09, 12).scale(1, 0.6, 1)
    jaw = jaw.turn("x", gape).move(0, y - 0.13, z + 0.02)
    places = [(0.118 - 0.007 * k, z + 0.15 + 0.07 * k) for k in range(5)]
    teeth = group(
        _teeth([*places, (0.035, z + 0.50)], y - 0.10, 0.10, up=False),
        _teeth([(0.07, 0.12), (0.065, 0.20), (0.06, 0.28), (0.03, 0.36)], 0.075, 0.07, up=True)
        .turn("x", gape).move(0, y - 0.13, z + 0.04),
    )  # fmt: skip
    leg = group(
        blob(0.19, 0.60, 0.0, 0.15, 0.25, 0.22),
        capsule((0.20, 0.52, 0.06), (0.21, 0.33, 0.14), 0.135, 0.10),
        capsule((0.21, 0.33, 0.12), (0.21, 0.14, -0.06), 0.10, 0.07),
        capsule((0.21, 0.14, -0.06), (0.21, 0.07, 0.04), 0.075, 0.07),
        blob(0.21, 0.055, 0.10, 0.12, 0.06, 0.17, 10),
    )
    arm = group(
        capsule((0.15, 0.80, 0.42), (0.20, 0.70, 0.50), 0.055, 0.045, 8),
        capsule((0.20, 0.70, 0.50), (0.18, 0.70, 0.62), 0.045, 0.038, 8),
    )
    stripes = [
        body.patch(t, 90, 0.022, 62 - 40 * abs(t - 0.55), lift=0.07, sides=7)
        for t in (0.24, 0.33, 0.42, 0.51, 0.60, 0.69, 0.78, 0.87)
    ]
    brow = ellipsoid(0.05, 0.04, 0.09, sides=8).turn("x", 10).move(0.115, y + 0.135, z + 0.08)
    return [
        group(body.solid(16), skull, jaw, brow.both()).part("body", hide, True),
        leg.both().part("legs", hide, True),
        arm.both().part("arms", hide, True),
        group(*stripes).part("stripes", darker(hide, 0.58)),
        body.patch(0.66, -90, 0.26, 52, lift=0.05, sides=16).part("belly", CREAM),
        teeth.part("teeth", WHITE),
        blob(0, y - 0.125, z + 0.14, 0.10, 0.055, 0.15, 8).part("mouth", matte(0.60, 0.14, 0.16)),
        group(
            _claws(0.21, 0.27, 0.07),
            *(capsule((x, 0.69, 0.64), (x, 0.65, 0.70), 0.022, 0.012, 6) for x in (0.16, 0.205)),
        ).both().part("claws", BONE),
        blob(0.142, y + 0.085, z + 0.10, 0.042, 0.045, 0.045, 8).both().part("eyes", YELLOW),
        blob(0.165, y + 0.085, z + 0.122, 0.024, 0.03, 0.026, 6).both().part("pupils", EYE),
        blob(0.055, y + 0.075, z + 0.49, 0.022, 0.022, 0.022, 6).both().part("nose", NOSE),
    ]  # fmt: skip


def _bat_wing(span: float, thick: float) -> tuple[Solid, Solid]:
    """A bat's wing in the xy plane, reaching along +x and up: its membrane and its bones."""
    wrist, tips = (0.42, 0.44), [(1.0, 0.52), (0.94, 0.08), (0.66, -0.10), (0.30, -0.14)]
    outline = [(0.0, 0.02), wrist, tips[0], (0.86, 0.26), tips[1], (0.76, 0.08), tips[2], (0.46, 0.02),
               tips[3], (0.14, -0.02), (0.0, -0.12)]  # fmt: skip
    web = extrude([(span * x, span * y) for x, y in outline], thick)
    at = (span * wrist[0], span * wrist[1], 0)
    bones = [capsule((0, 0, 0), at, 0.055, 0.045, 8)]
    bones += [capsule(at, (span * x, span * y, 0), 0.042, 0.026, 6) for x, y in tips]
    return web, group(*bones)


def dragon(rng: np.random.Generator) -> list[Part]:
    """A dragon on four legs: raised bat wings, arched neck, horns, spiny back, spade-tipped tail."""
    hide = pick(rng, matte(0.20, 0.52, 0.24), matte(0.72, 0.14, 0.12), matte(0.22, 0.34, 0.66))
    span, swing = rng.uniform(0.92, 1.06), rng.uniform(-0.25, 0.25)
    body = Skin([
        (0.52, -0.48, 0.10, 0.09), (0.53, -0.34, 0.18, 0.16), (0.54, -0.05, 0.24, 0.21),
        (0.58, 0.22, 0.24, 0.20),
        (0.76, 0.42, 0.15, 0.13), (0.98, 0.50, 0.11, 0.105), (1.14, 0.54, 0.11, 0.11), (1.21, 0.58, 0.10, 0.10),
    ])  # fmt: skip
    y, z = 1.24, 0.62
    head = group(
        blob(0, y, z, 0.15, 0.14, 0.17),
        capsule((0, y - 0.02, z + 0.06), (0, y - 0.05, z + 0.30), 0.12, 0.085, 12),
        capsule((0, y - 0.10, z + 0.02), (0, y - 0.17, z + 0.26), 0.075, 0.055, 10),
        blob(0.05, y + 0.03, z + 0.34, 0.04, 0.04, 0.045, 8).both(),
    )
    way = curve([(0, 0.52, -0.42), (0.2 * swing, 0.40, -0.72), (swing, 0.20, -0.98), (0.7 * swing, 0.26, -1.24),
                 (0.3 * swing, 0.42, -1.36)], 3)  # fmt: skip
    thick = np.linspace(0.13, 0.04, len(way))
    spade = extrude([(0, -0.05), (0.13, 0.02), (0, 0.24), (-0.13, 0.02)], 0.07).turn("x", -28)
    leg = group(
        blob(0.19, 0.46, 0, 0.11, 0.18, 0.14, 10),
        capsule((0.20, 0.42, 0.02), (0.21, 0.07, 0.0), 0.095, 0.07),
        blob(0.21, 0.06, 0.05, 0.095, 0.06, 0.13, 8),
    )
    spike = cylinder(0.065, 0.15, top=0.008, sides=6).scale(0.7, 1, 1.1)
    spine = body.at(np.linspace(0.06, 0.92, 10), np.full(10, 90.0), np.full(10, 1.04))
    slope = np.degrees(np.arctan2(*np.gradient(spine[:, 1:], axis=0).T))
    spikes = [
        spike.turn("x", -lean).move(*place)
        for place, lean in zip(spine, np.clip(slope, 0, 70), strict=True)
    ]
    spikes += [
        spike.scale(0.8).move(*(way[j] + (0, thick[j] + 0.03, 0)))
        for j in range(2, len(way) - 3, 2)
    ]
    horn = tube(curve([(0.08, y + 0.09, z - 0.03), (0.13, y + 0.24, z - 0.12), (0.15, y + 0.36, z - 0.26)], 3),
                [0.05, 0.05, 0.046, 0.042, 0.036, 0.028, 0.012], 8)  # fmt: skip
    up, sweep = rng.uniform(6, 18), rng.uniform(18, 30)
    web, bones = (
        s.turn("z", up).turn("x", -18).turn("y", sweep).move(0.13, 0.74, 0.10).both()
        for s in _bat_wing(span, 0.05)
    )
    plates = [body.patch(t, -90, 0.032, 44, lift=0.06, sides=7) for t in np.linspace(0.20, 0.90, 9)]
    return [
        group(body.solid(), head).part("body", hide, True),
        group(leg.move(z=0.26), leg.move(z=-0.30)).both().part("legs", hide, True),
        tube(way, list(thick), 10).part("tail", hide, True),
        bones.part("wing bones", hide, True),
        web.part("wings", pick(rng, ORANGE, matte(0.88, 0.62, 0.24))),
        spade.move(*way[-1]).part("tail tip", matte(0.85, 0.50, 0.15)),
        group(*spikes).part("spikes", matte(0.85, 0.50, 0.15)),
        horn.both().part("horns", BONE),
        group(*plates).part("belly", CREAM),
        group(_claws(0.21, 0.43, 0.06), _claws(0.21, -0.13, 0.06)).both().part("claws", BONE),
        blob(0.105, y + 0.06, z + 0.10, 0.042, 0.042, 0.042, 8).both().part("eyes", YELLOW),
        blob(0.122, y + 0.06, z + 0.128, 0.024, 0.032, 0.022, 6).both().part("pupils", EYE),
    ]  # fmt: skip
