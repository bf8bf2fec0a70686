"""Reptiles and amphibians: turtle, frog, snake, crocodile.  Front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import RED, WHITE, YELLOW, darker, matte, pick
from sds3d.library.kit.model import Part
from sds3d.library.kit.shapes import capsule, curve, cylinder, ellipsoid, group, lathe, tube
from sds3d.library.things.beasts import EYE, Skin, blob, eyes

CREAM = matte(0.90, 0.86, 0.66)


def turtle(rng: np.random.Generator) -> list[Part]:
    """A tortoise: high domed shell with plates, thick legs, head stretched out, little tail."""
    green = pick(rng, matte(0.40, 0.56, 0.24), matte(0.52, 0.55, 0.28), matte(0.30, 0.50, 0.30))
    brown = pick(rng, matte(0.44, 0.30, 0.15), matte(0.36, 0.34, 0.16))
    tall, wide = rng.uniform(0.34, 0.42), rng.uniform(0.42, 0.47)
    arch = [(np.cos(a), np.sin(a)) for a in np.linspace(0, np.pi / 2, 7)]
    dome = lathe([(0, 0), (0.97, -0.02), *arch], 18, crease_deg=60).scale(wide, tall, 0.56)
    plate = lathe([(0, -0.18), (0.72, -0.13), (1, 0), (0.72, 0.13), (0, 0.18)], 6, crease_deg=20)
    plates = [plate.scale(0.20).move(y=1.0)]
    for count, up, size, start in ((6, 52, 0.20, 30), (10, 18, 0.175, 0)):
        tile = plate.scale(size).move(y=1.0).turn("x", 90 - up)
        plates.append(tile.around(count, start_deg=start))
    scutes = group(*plates).scale(wide, tall, 0.56)
    rim = lathe([(0.90, -0.03), (1.06, 0), (1.06, 0.05), (0.90, 0.09), (0.90, -0.03)], 18)
    y, z = 0.40, rng.uniform(0.70, 0.78)
    head = group(
        tube([(0, 0.24, 0.40), (0, 0.28, 0.58), (0, y - 0.04, z)], [0.11, 0.105, 0.10], 10),
        blob(0, y, z + 0.02, 0.14, 0.13, 0.17),
    )
    leg = capsule((0.26, 0.22, 0.34), (0.37, 0.09, 0.42), 0.12, 0.10)
    tail = capsule((0, 0.18, -0.50), (0, 0.13, -0.70), 0.07, 0.03)
    smile = tube(
        [(0.11, y - 0.03, z + 0.10), (0, y - 0.05, z + 0.185), (-0.11, y - 0.03, z + 0.10)],
        0.012,
        5,
    )
    return [
        dome.move(y=0.20).part("shell", brown, True),
        scutes.move(y=0.20).part("plates", darker(brown, 1.55)),
        rim.scale(wide, 1, 0.56).move(y=0.20).part("rim", darker(brown, 0.75)),
        ellipsoid(0.92 * wide, 0.09, 0.51, sides=14).move(y=0.19).part("belly", CREAM),
        head.part("head", green),
        leg.four().part("legs", green),
        tail.part("tail", green),
        smile.part("mouth", darker(green, 0.4)),
        eyes(y + 0.01, z + 0.02, 0.145, 0.034, 44, 22).part("eyes", EYE),
    ]  # fmt: skip


def frog(rng: np.random.Generator) -> list[Part]:
    """A squatting frog: wide mouth, eyes bulging on top, folded hind legs, long toes."""
    skin = pick(rng, matte(0.30, 0.62, 0.16), matte(0.20, 0.54, 0.24), matte(0.52, 0.62, 0.18))
    fat, r = rng.uniform(0.27, 0.31), rng.uniform(0.095, 0.115)
    body = Skin([
        (0.12, -0.36, 0, 0), (0.14, -0.32, 0.11, 0.14), (0.23, -0.14, 0.20, 0.92 * fat),
        (0.33, 0.10, 0.22, fat), (0.40, 0.28, 0.15, 0.27), (0.41, 0.38, 0.09, 0.19), (0.41, 0.42, 0, 0),
    ])  # fmt: skip
    thigh = group(
        capsule((0.20, 0.16, -0.22), (0.38, 0.24, 0.06), 0.12, 0.10),
        capsule((0.39, 0.22, 0.06), (0.32, 0.07, -0.24), 0.085, 0.065),
        capsule((0.32, 0.06, -0.24), (0.42, 0.045, 0.04), 0.06, 0.045),
    )
    arm = group(
        capsule((0.20, 0.30, 0.22), (0.30, 0.18, 0.24), 0.075, 0.06),
        capsule((0.30, 0.18, 0.24), (0.25, 0.05, 0.34), 0.06, 0.05),
    )
    toe = capsule((0, 0.035, 0), (0, 0.03, 0.15), 0.028, 0.036, 6)
    toes = group(toe, toe.turn("y", 32), toe.turn("y", -32))
    feet = group(toes.turn("y", 22).move(0.42, 0, 0.04), toes.turn("y", 14).move(0.25, 0, 0.34))
    bump = blob(0.15, 0.545, 0.22, 1.15 * r, r, 1.15 * r, 10)
    mouth = np.array([
        (0.272 * np.sin(a), 0.405 - 0.035 * np.cos(a), 0.20 + 0.222 * np.cos(a))
        for a in np.radians(np.linspace(-82, 82, 15))
    ])  # fmt: skip
    spots = [
        body.patch(t, 90 + d, 0.05, 17, lift=0.07, sides=8)
        for t, d in ((0.30, -24), (0.36, 28), (0.50, 0), (0.56, -46), (0.54, 48))
    ]
    return [
        group(body.solid(16), bump.both()).part("body", skin, True),
        group(thigh, arm, feet).both().part("legs", skin, True),
        body.patch(0.68, -90, 0.30, 64, lift=0.04, sides=16).part("belly", CREAM),
        group(*spots).part("spots", darker(skin, 0.65)),
        blob(0.165, 0.56, 0.265, 0.085, 0.085, 0.085, 10).both().part("eyes", YELLOW),
        blob(0.18, 0.565, 0.33, 0.05, 0.042, 0.03, 8).both().part("pupils", EYE),
        tube(mouth, 0.016, 6).part("mouth", darker(skin, 0.35)),
    ]  # fmt: skip


def snake(rng: np.random.Generator) -> list[Part]:
    """A coiled snake: rings of a thick body with dark blotches, raised neck and head, forked tongue."""
    skin = pick(rng, matte(0.36, 0.56, 0.18), matte(0.76, 0.62, 0.28), matte(0.30, 0.46, 0.34))
    rounds, tall = rng.uniform(2.2, 2.5), rng.uniform(0.72, 0.88)
    a = np.linspace(0, 2 * np.pi * rounds, int(14 * rounds))
    share = a / a[-1]
    # the coil winds inward and upward, and ends behind the neck
    turn = a - a[-1] + np.pi
    reach = 0.50 - 0.27 * share
    coil = np.column_stack([reach * np.sin(turn), 0.10 + 0.26 * share, reach * np.cos(turn)])
    side = coil[-1] + (coil[-1] - coil[-2]) * 0.9 + (0, 0.03, 0)
    rise = curve([coil[-1], side, (-0.14, 0.48, 0.0), (-0.02, tall - 0.12, 0.02),
                  (0, tall, 0.10), (0, tall + 0.02, 0.22)], 4)[1:]  # fmt: skip
    way = np.concatenate([coil, rise])
    thick = np.interp(
        np.linspace(0, 1, len(way)), [0, 0.14, 0.3, 0.8, 1], [0.02, 0.075, 0.105, 0.10, 0.08]
    )
    head = group(
        ellipsoid(0.135, 0.085, 0.18, sides=12).move(0, tall + 0.03, 0.30),
        ellipsoid(0.09, 0.065, 0.11, sides=10).move(0, tall + 0.015, 0.43),
    )
    blotches = []
    for k in range(6, len(way) - 5, 3):
        out = np.array([way[k, 0], 0, way[k, 2]])
        out /= np.linalg.norm(out) + 1e-9
        for lean in (0.15, 0.95):
            place = way[k] + 0.70 * thick[k] * (
                out * np.sin(lean * 1.3) + [0, np.cos(lean * 1.3), 0]
            )
            blotches.append(ellipsoid(0.062, 0.05, 0.062, sides=6).move(*place))
    tongue = group(
        tube([(0, tall - 0.01, 0.48), (0, tall - 0.02, 0.64)], 0.02, 6),
        tube([(0, tall - 0.02, 0.62), (0.05, tall + 0.0, 0.74)], 0.018, 6).both(),
    )
    return [
        group(tube(way, list(thick), 10), head).part("body", skin, True),
        group(*blotches).part("patches", darker(skin, 0.5)),
        blob(0.10, tall + 0.075, 0.36, 0.035, 0.035, 0.04, 8).both().part("eyes", YELLOW),
        blob(0.122, tall + 0.08, 0.378, 0.02, 0.024, 0.024, 6).both().part("pupils", EYE),
        tongue.part("tongue", RED),
    ]


def crocodile(rng: np.random.Generator) -> list[Part]:
    """A crocodile: long low body, long toothed jaws a little open, ridged back and heavy tail."""
    hide = pick(rng, matte(0.32, 0.42, 0.20), matte(0.40, 0.44, 0.26), matte(0.26, 0.38, 0.24))
    swing, gape = rng.uniform(-0.22, 0.22), rng.uniform(12, 20)
    body = Skin([
        (0.24, -0.50, 0.13, 0.15), (0.25, -0.36, 0.17, 0.20), (0.26, -0.08, 0.20, 0.26),
        (0.27, 0.22, 0.19, 0.25), (0.29, 0.42, 0.14, 0.17), (0.31, 0.60, 0.12, 0.15),
        (0.31, 0.70, 0, 0),
    ])  # fmt: skip
    way = curve([(0, 0.24, -0.46), (0.3 * swing, 0.20, -0.72), (swing, 0.11, -0.98),
                 (0.6 * swing, 0.07, -1.20)], 4)  # fmt: skip
    thick = np.linspace(0.15, 0.035, len(way))
    upper = group(
        capsule((0, 0, 0), (0, 0, 0.48), 0.125, 0.075, 12),
        blob(0, 0.045, 0.49, 0.065, 0.05, 0.05, 8),
    ).scale(1, 0.55, 1)
    lower = capsule((0, 0, 0), (0, 0, 0.45), 0.115, 0.065, 12).scale(1, 0.5, 1)
    jaws = group(
        upper.turn("x", -0.6 * gape).move(0, 0.355, 0.62),
        lower.turn("x", 0.6 * gape).move(0, 0.255, 0.60),
    )
    teeth = []
    for k in range(5):
        z, x = 0.14 + 0.085 * k, 0.108 - 0.008 * k
        cone = cylinder(0.026, 0.075, top=0.004, sides=6)
        teeth.append(
            cone.turn("x", 180).move(x, -0.05, z).turn("x", -0.6 * gape).move(0, 0.355, 0.62)
        )
        teeth.append(
            cone.move(x - 0.018, 0.045, z - 0.02).turn("x", 0.6 * gape).move(0, 0.255, 0.60)
        )
    spike = cylinder(0.05, 0.09, top=0.008, sides=6).scale(0.8, 1, 1.3)
    ridge = [spike.move(x, 0.25 + h, z) for z, h in ((0.34, 0.19), (0.18, 0.21), (0.02, 0.22), (-0.14, 0.21),
             (-0.30, 0.195), (-0.44, 0.15)) for x in (-0.075, 0.075)]  # fmt: skip
    ridge += [spike.move(*(way[j] + (0, thick[j] + 0.025, 0))) for j in range(1, len(way) - 1)]
    leg = group(
        capsule((0.18, 0.22, 0.30), (0.33, 0.18, 0.26), 0.10, 0.08),
        capsule((0.33, 0.18, 0.26), (0.35, 0.05, 0.34), 0.07, 0.05),
        blob(0.36, 0.04, 0.40, 0.09, 0.04, 0.10, 8),
    )
    bump = blob(0.085, 0.415, 0.60, 0.06, 0.06, 0.07, 10)
    return [
        group(body.solid(), jaws, bump.both()).part("body", hide, True),
        tube(way, list(thick), 10).part("tail", hide, True),
        group(leg, leg.move(z=-0.66)).both().part("legs", hide, True),
        group(*ridge).part("spikes", darker(hide, 0.66)),
        group(*teeth).both().part("teeth", WHITE),
        body.patch(0.48, -90, 0.42, 52, lift=0.05, sides=16).part("belly", CREAM),
        blob(0.105, 0.43, 0.64, 0.04, 0.042, 0.042, 8).both().part("eyes", YELLOW),
        blob(0.12, 0.435, 0.668, 0.024, 0.032, 0.022, 6).both().part("pupils", EYE),
    ]
