"""Cutlery, upright, and the frying pan.  In metres, front +Z."""

from __future__ import annotations

import numpy as np

from sds3d.library.kit.looks import (
    BLACK,
    BLUE,
    BRASS,
    IRON,
    OAK,
    RED,
    STEEL,
    WALNUT,
    darker,
    glossy,
    matte,
    metal,
    pick,
)
from sds3d.library.kit.model import Look, Part
from sds3d.library.kit.shapes import (
    Solid,
    box,
    curve,
    extrude,
    group,
    lathe,
    loft,
    rod,
    torus,
    tube,
)

GOLD = Look((0.88, 0.70, 0.28), 1.0, 0.25)


def _strip(rows: list[tuple[float, float, float, float]], dish: float = 0.0) -> Solid:
    """A flat bar along y: rows of (y, z, half width, half thickness), hollowed by `dish` in its middle."""
    u = np.linspace(-1, 1, 7)
    sections = []
    for y, z, half, thick in rows:
        bow = z + dish * half * (u**2 - 1)
        edge = thick * (1 - 0.75 * u**4)
        front = np.stack([half * u, np.full(7, y), bow + edge], 1)
        back = np.stack([half * u, np.full(7, y), bow - edge], 1)
        sections.append(np.concatenate([front, back[::-1]]))
    return loft(np.array(sections), crease_deg=50)


def _handle(long: float, style: str) -> list[tuple[float, float, float, float]]:
    """A table knife's, fork's or spoon's handle from its end to the neck, as rows of a strip."""
    end = {"fiddle": 0.014, "plain": 0.0115, "tipped": 0.012}[style]
    rows = [
        (0.0, 0.0, 0.35 * end, 0.002),
        (0.004, 0.0, 0.8 * end, 0.003),
        (0.016, 0.001, end, 0.0036),
    ]
    if style == "fiddle":
        rows += [(0.05, 0.003, 0.95 * end, 0.0036), (0.062, 0.0035, 0.0075, 0.0036)]
    return [
        *rows,
        (0.62 * long, 0.006, 0.0055, 0.0036),
        (0.86 * long, 0.004, 0.0046, 0.0040),
        (long, 0.0, 0.0052, 0.0038),
    ]


def _table_look(rng: np.random.Generator) -> Look:
    return pick(rng, STEEL, metal(0.82, 0.82, 0.80), STEEL, GOLD)


def spoon(rng: np.random.Generator) -> list[Part]:
    """A spoon upright: an oval hollow bowl above, a handle that widens to its end; of metal or of wood."""
    if rng.random() < 0.3:
        wood = pick(rng, OAK, WALNUT, matte(0.80, 0.62, 0.40))
        long, half = rng.uniform(0.20, 0.23), rng.uniform(0.026, 0.031)
        stem = _strip([(0, 0, 0.004, 0.004), (0.006, 0, 0.0085, 0.006), (0.5 * long, 0, 0.0075, 0.0058),
                       (long, 0, 0.007, 0.0055)])  # fmt: skip
        parts = [(stem, wood), (_bowl(long, 0.082, half, 0.006, 0.42), wood)]
    else:
        look, long = _table_look(rng), rng.uniform(0.125, 0.14)
        stem = _strip(_handle(long, pick(rng, "fiddle", "plain", "tipped")))
        parts = [
            (stem, look),
            (_bowl(long, rng.uniform(0.058, 0.066), rng.uniform(0.019, 0.022), 0.0028, 0.48), look),
        ]
    (stem, look), (bowl, _) = parts
    return [bowl.part("bowl", look, True), stem.part("handle", darker(look, 0.94), True)]


def _bowl(y: float, long: float, half: float, thick: float, dish: float) -> Solid:
    """A spoon's bowl: an egg's outline, hollow to the front."""
    rows = []
    for t in np.linspace(0, 1, 12):
        wide = half * np.sqrt(max(0.0, 1 - (2 * t - 1) ** 2)) * (1 + 0.16 * (1 - 2 * t))
        rows.append((float(y - 0.006 + long * t), 0.0, float(max(wide, 0.10 * half)), thick))
    u = np.linspace(-1, 1, 9)
    sections = []
    for h, _, wide, t in rows:
        deep = dish * half * (wide / half) ** 1.5
        bow = deep * (u**2 - 1) * 1.0
        edge = t * (1 - 0.5 * u**4) / 2
        front = np.stack([wide * u, np.full(9, h), bow + edge], 1)
        back = np.stack([wide * u, np.full(9, h), bow - edge - 0.15 * deep * (1 - u**2)], 1)
        sections.append(np.concatenate([front, back[::-1]]))
    return loft(np.array(sections), crease_deg=60)


def fork(rng: np.random.Generator) -> list[Part]:
    """A table fork upright: three or four tines, a curved palm, a handle that widens to its end."""
    look, long = _table_look(rng), rng.uniform(0.125, 0.14)
    tines, half = pick(rng, 3, 4, 4), rng.uniform(0.0125, 0.0145)
    stem = _strip(_handle(long, pick(rng, "fiddle", "plain", "tipped")))
    palm = _strip([(long - 0.004, 0.0, 0.0050, 0.0036), (long + 0.006, -0.003, 0.0075, 0.0032),
                   (long + 0.016, -0.007, 0.93 * half, 0.0028), (long + 0.030, -0.010, half, 0.0026),
                   (long + 0.036, -0.0105, half, 0.0024)], 0.12)  # fmt: skip
    low, high = long + 0.033, long + rng.uniform(0.074, 0.084)
    gap = 2 * half / tines
    prongs = []
    for k in range(tines):
        x = gap * (k + 0.5) - half
        way = [
            (x, low, -0.0108),
            (x, low + 0.3 * (high - low), -0.0115),
            (0.97 * x, low + 0.7 * (high - low), -0.008),
            (0.95 * x, high, -0.001),
        ]
        prongs.append(tube(curve(way, 2), [0.30 * gap] * 5 + [0.22 * gap, 0.06 * gap], 6))
    return [
        group(*prongs, palm).part("tines", look, True),
        stem.part("handle", darker(look, 0.94), True),
    ]


def knife(rng: np.random.Generator) -> list[Part]:
    """A kitchen knife upright, point up: a wide blade with a curved edge, a riveted handle."""
    long, deep = rng.uniform(0.19, 0.23), rng.uniform(0.040, 0.052)
    y = 0.125
    spine = pick(rng, 0.0, 0.35)
    edge = [(-deep / 2, y), (-0.50 * deep, y + 0.30 * long), (-0.44 * deep, y + 0.60 * long),
            (-0.22 * deep, y + 0.85 * long), (0.36 * deep - spine * 0.5 * deep, y + long)]  # fmt: skip
    back = [(0.5 * deep, y), (0.5 * deep, y + 0.5 * long), (0.46 * deep, y + 0.85 * long)]
    low, high = curve(edge, 4), curve([*back, edge[-1]], 4)[:-1]
    blade = extrude(np.concatenate([low, high[::-1]]), 0.0045)
    inner = low[-3::-1] + np.array([0.18 * deep, 0])
    bevel = extrude(np.concatenate([low[:-1], inner]), 0.0062)
    bolster = box(0.72 * deep, 0.018, 0.013, 0.004).move(0.10 * deep, y - 0.003)
    grip = curve([(0.50 * deep, y - 0.008), (0.46 * deep, 0.065), (0.52 * deep, 0.015), (0.30 * deep, 0.0),
                  (-0.24 * deep, 0.006), (-0.18 * deep, 0.05), (-0.22 * deep, y - 0.008)], 3)  # fmt: skip
    handle = extrude(grip, 0.019, bevel=0.004)
    rivets = group(*(rod((0.13 * deep, h, -0.0105), (0.13 * deep, h, 0.0105), 0.0038, sides=10)
                     for h in (0.028, 0.062, 0.096)))  # fmt: skip
    look = pick(rng, metal(0.80, 0.82, 0.84), metal(0.72, 0.73, 0.75))
    return [
        blade.part("blade", look, True),
        bevel.part("edge", metal(0.90, 0.91, 0.93)),
        bolster.part("bolster", darker(STEEL, 0.85)),
        handle.part("handle", pick(rng, matte(0.10, 0.10, 0.11), WALNUT, OAK, RED, BLUE)),
        rivets.part("rivets", pick(rng, STEEL, BRASS)),
    ]


def frying_pan(rng: np.random.Generator) -> list[Part]:
    """A frying pan on the table: a shallow round pan, a long handle at the right; some with an egg in it."""
    skin = pick(rng, matte(0.13, 0.13, 0.14), IRON, STEEL, glossy(0.66, 0.10, 0.10))
    r, deep = rng.uniform(0.125, 0.145), rng.uniform(0.038, 0.05)
    pan = lathe([(0, 0), (0.78 * r, 0), (0.86 * r, 0.006), (r, deep), (0.965 * r, deep), (0.83 * r, 0.010),
                 (0.78 * r, 0.007), (0, 0.007)], 32)  # fmt: skip
    floor = lathe([(0, 0.0072), (0.81 * r, 0.0072), (0.81 * r, 0.0082), (0, 0.0082)], 28)
    way = curve([(0.92 * r, 0.75 * deep, 0), (1.25 * r, 1.2 * deep, 0), (1.7 * r, 1.65 * deep, 0),
                 (2.5 * r, 1.95 * deep, 0)], 3)  # fmt: skip
    neck = tube(way[:5], 0.011, 8, flat=1.5)
    grip = tube(way[3:], [0.013, 0.0145, 0.016, 0.016, 0.0165, 0.017, 0.014], 10, flat=1.25)
    eye = torus(0.010, 0.004, 12, 6).move(2.5 * r + 0.012, 1.96 * deep, 0)
    rivets = group(*(rod((0.80 * r, 0.62 * deep, z), (0.98 * r, 0.80 * deep, z), 0.006, sides=8)
                     for z in (-0.012, 0.012)))  # fmt: skip
    parts = [
        pan.part("pan", skin, True),
        floor.part("coating", matte(0.11, 0.11, 0.12) if skin is not STEEL else darker(STEEL, 0.8)),
        (neck + rivets).part("rivets", STEEL),
        (grip + eye).part("handle", pick(rng, BLACK, BLACK, WALNUT)),
    ]
    if rng.random() < 0.5:
        a = np.linspace(0, 2 * np.pi, 22, endpoint=False)
        wave = 0.062 * (1 + 0.13 * np.sin(3 * a + rng.uniform(0, 6)) + 0.07 * np.sin(5 * a))
        rings = [np.stack([k * wave * np.cos(a), np.full(22, h), k * wave * np.sin(a)], 1)
                 for k, h in ((1.0, 0.0082), (0.97, 0.0125), (0.5, 0.0150))]  # fmt: skip
        white = loft(np.array(rings), crease_deg=60)
        yolk = lathe(
            [(0.023, 0.012), (0.021, 0.021), (0.013, 0.028), (0, 0.030)], 16, crease_deg=80
        )
        at = (-0.02, 0.0, 0.015)
        parts += [
            white.move(*at).part("egg white", matte(0.97, 0.97, 0.95)),
            yolk.move(*at).part("yolk", glossy(0.96, 0.68, 0.10)),
        ]
    return parts
