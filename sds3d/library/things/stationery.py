"""Stationery, upright with the point below: pencil, paintbrush."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    BRASS,
    GREEN,
    ORANGE,
    PINE,
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
from sds3d.library.kit.shapes import group, lathe, loft, torus, tube
from sds3d.library.kit.solid import turn_part


def _six(r: float, y: float) -> np.ndarray:
    a = np.radians(np.arange(0, 360, 15.0))
    flat = np.cos(np.pi / 6) / np.cos((a % (np.pi / 3)) - np.pi / 6)
    return np.stack([r * flat * np.sin(a), np.full(len(a), y), r * flat * np.cos(a)], 1)


def _round(r: float, y: float, wave: float = 0.0) -> np.ndarray:
    a = np.radians(np.arange(0, 360, 15.0))
    return np.stack([r * np.sin(a), y + wave * np.cos(6 * a), r * np.cos(a)], 1)


def pencil(rng: np.random.Generator) -> list[Part]:
    """A pencil aslant: a six-sided shaft, a sharpened cone with a lead, an eraser in a ferrule."""
    paint = pick(rng, YELLOW, YELLOW, RED, BLUE, GREEN)
    r, long = rng.uniform(0.056, 0.066), rng.uniform(1.05, 1.35)
    tip = 0.25
    shaft = loft(np.array([_six(r, tip), _six(r, tip + long)]), crease_deg=25)
    wood = loft(
        np.array(
            [_round(0.30 * r, 0.075), _round(0.93 * r, tip - 0.02), _round(0.90 * r, tip + 0.02)]
        ),
        crease_deg=60,
    )
    skirt = loft(
        np.array([_round(1.0 * r, tip - 0.012, 0.020), _six(1.005 * r, tip + 0.06)]), crease_deg=40
    )
    lead_look = pick(rng, matte(0.16, 0.16, 0.17), matte(0.16, 0.16, 0.17), paint)
    lead = lathe([(0, 0.0), (0.10 * r, 0.004), (0.32 * r, 0.08), (0, 0.08)], 12)
    top = tip + long
    ferrule = lathe([(1.0 * r, top - 0.02), (1.0 * r, top + 0.12), (0.94 * r, top + 0.125)], 20)
    rings = group(
        *(torus(1.0 * r, 0.0075, 20, 5).move(y=top + h) for h in (0.01, 0.035, 0.075, 0.10))
    )
    eraser = lathe(
        [(0.93 * r, top + 0.10), (0.95 * r, top + 0.20), (0.78 * r, top + 0.245), (0, top + 0.255)],
        18,
        crease_deg=60,
    )
    band = loft(np.array([_six(1.012 * r, top - 0.16), _six(1.012 * r, top - 0.10)]), crease_deg=25)
    parts = [
        group(shaft, skirt).part("shaft", paint, True),
        wood.part("wood", matte(0.88, 0.68, 0.44)),
        lead.part("lead", lead_look),
        (ferrule + rings).part("ferrule", pick(rng, BRASS, STEEL)),
        eraser.part("eraser", pick(rng, matte(0.90, 0.52, 0.54), matte(0.90, 0.52, 0.54), WHITE)),
        band.part("band", pick(rng, darker(paint, 0.6), BLACK)),
    ]
    lean = float(rng.uniform(-20, 20))
    return [turn_part(part, "z", lean) for part in parts]


def paintbrush(rng: np.random.Generator) -> list[Part]:
    """A paintbrush, bristles below: a flat one of a house painter with wet paint, or an artist's round one."""
    wet = pick(rng, RED, BLUE, GREEN, YELLOW, ORANGE, glossy(0.55, 0.20, 0.60))
    handle = pick(rng, PINE, WALNUT, RED, BLUE, matte(0.12, 0.12, 0.13))
    hair = pick(rng, matte(0.82, 0.70, 0.50), matte(0.36, 0.26, 0.18))
    a = np.linspace(0, 2 * np.pi, 24, endpoint=False)

    def flat(y: float, x: float, z: float, ragged: float = 0.0) -> np.ndarray:
        c, s = np.cos(a), np.sin(a)
        wave = ragged * np.sin(9 * a)
        return np.stack(
            [x * np.sign(c) * np.abs(c) ** 0.5, y + wave, z * np.sign(s) * np.abs(s) ** 0.5], 1
        )

    if rng.random() < 0.55:
        x, z = rng.uniform(0.20, 0.27), 0.062
        bristles = loft(
            np.array(
                [flat(0.03, 0.93 * x, 0.026, 0.012), flat(0.16, 1.02 * x, 0.052), flat(0.42, x, z)]
            ),
            crease_deg=50,
        )
        dip = loft(
            np.array(
                [
                    flat(0.0, 0.92 * x, 0.026, 0.016),
                    flat(0.10, 1.03 * x, 0.052),
                    flat(0.19, 1.04 * x, 0.060, 0.022),
                    flat(0.19, 0.8 * x, 0.04),
                ]
            ),
            crease_deg=50,
        )
        sleeve = loft(
            np.array([flat(0.38, 1.03 * x, 1.1 * z), flat(0.60, 1.03 * x, 1.1 * z)]), crease_deg=50
        )
        edges = group(
            *(
                loft(np.array([flat(y, 1.05 * x, 1.2 * z), flat(y + 0.022, 1.05 * x, 1.2 * z)]))
                for y in (0.40, 0.56)
            )
        )
        grip = loft(
            np.array(
                [
                    flat(0.58, 0.98 * x, 0.95 * z),
                    flat(0.70, 0.86 * x, 0.060),
                    flat(0.80, 0.42 * x, 0.058),
                    flat(0.92, 0.055, 0.050),
                    flat(1.15, 0.062, 0.050),
                    flat(1.32, 0.080, 0.055),
                    flat(1.40, 0.050, 0.040),
                ]
            ),
            crease_deg=60,
        )
        hole = tube([(0, 1.32, -0.062), (0, 1.32, 0.062)], 0.024, 10)
        parts = [
            grip.part("handle", handle, True),
            hole.part("hole", matte(0.10, 0.09, 0.08)),
        ]
    else:
        r = rng.uniform(0.055, 0.07)
        bristles = lathe(
            [(0.30 * r, 0.05), (0.85 * r, 0.16), (1.05 * r, 0.28), (0.90 * r, 0.40)],
            18,
            crease_deg=60,
        )
        dip = lathe(
            [(0, 0.0), (0.20 * r, 0.02), (0.62 * r, 0.11), (0.98 * r, 0.21), (0, 0.21)],
            18,
            crease_deg=60,
        )
        sleeve = lathe([(0.95 * r, 0.38), (1.0 * r, 0.42), (0.72 * r, 0.70)], 18)
        edges = group(
            torus(0.93 * r, 0.010, 18, 5).move(y=0.46), torus(0.80 * r, 0.010, 18, 5).move(y=0.62)
        )
        grip = lathe(
            [
                (0.70 * r, 0.69),
                (1.0 * r, 0.86),
                (0.90 * r, 1.05),
                (0.42 * r, 1.45),
                (0.22 * r, 1.60),
                (0, 1.61),
            ],
            16,
            crease_deg=60,
        )
        parts = [grip.part("handle", handle, True)]
    parts += [
        bristles.part("bristles", hair),
        dip.part("paint", wet),
        (sleeve + edges).part("ferrule", pick(rng, STEEL, BRASS)),
    ]
    lean = float(rng.uniform(-14, 14))
    return [turn_part(part, "z", lean) for part in parts]
