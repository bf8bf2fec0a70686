"""Building blocks of animals: skins with patches, legs, heads, ears, eyes.  Front +Z, feet at y = 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from sds3d.library.kit.looks import BLACK, matte
from sds3d.library.kit.shapes import Solid, capsule, curve, cylinder, ellipsoid, extrude, group
from sds3d.library.kit.solid import close
from sds3d.library.kit.sweeps import loft

HOOF, PINK, BONE = matte(0.16, 0.13, 0.11), matte(0.90, 0.56, 0.56), matte(0.93, 0.89, 0.76)
EYE, NOSE = BLACK, matte(0.12, 0.09, 0.08)


class Skin:
    """A body in the yz plane with oval sections: rows of (y, z, half height, half width), made smooth.

    Angle 0 is the left flank (+x) and 90 the back of a body that runs to +z.
    """

    def __init__(self, rows: Sequence[Sequence[float]], steps: int = 3) -> None:
        line = curve(rows, steps)
        line[:, 2:] = np.maximum(line[:, 2:], 0)
        line[1:-1, 2:] = np.maximum(line[1:-1, 2:], 1e-3)
        tangent = np.gradient(line[:, :2], axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        self._rows = np.column_stack([line, tangent])

    def at(self, t: np.ndarray, deg: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Points (..., 3) at t in [0, 1] along the body; `out` = 1 is the surface, 0 the middle."""
        along = np.linspace(0, 1, len(self._rows))
        y, z, tall, wide, ty, tz = (np.interp(t, along, column) for column in self._rows.T)
        a = np.radians(deg)
        up = out * tall * np.sin(a)
        return np.stack([out * wide * np.cos(a), y + up * tz, z - up * ty], -1)

    def solid(self, sides: int = 14) -> Solid:
        """The whole body."""
        t = np.linspace(0, 1, len(self._rows))[:, None]
        deg = np.linspace(0, 360, sides, endpoint=False)[None]
        return loft(self.at(t, deg, np.ones((1, 1))), crease_deg=80)

    def band(self, start: float, end: float, lift: float = 0.04, sides: int = 14) -> Solid:
        """A ring of colour around the body between two places along it."""
        t = np.linspace(start, end, 4)[:, None]
        deg = np.linspace(0, 360, sides, endpoint=False)[None]
        return loft(self.at(t, deg, np.full((1, 1), 1 + lift)))

    def patch(
        self,
        t: float,
        deg: float,
        long: float,
        turn: float,
        *,
        wavy: float = 0.0,
        lift: float = 0.06,
        sides: int = 10,
    ) -> Solid:
        """A blotch of colour that follows the body: half its length along t, half its width in degrees.

        wavy: how ragged its outline is; lift: how far it stands out, as a part of the body's radius.
        """
        ball = ellipsoid(1, sides=sides)
        points, index = np.unique(np.round(ball.vertices, 9), axis=0, return_inverse=True)
        u, w, v = points.T
        ragged = 1 + wavy * np.sin(3 * np.arctan2(v, u) + 9 * t + deg)
        shell = 1 + lift * np.clip(2.2 * w + 0.4, -2, 1)
        places = self.at(np.clip(t + long * u * ragged, 0, 1), deg + turn * v * ragged, shell)
        return close(places, index.ravel()[ball.faces], crease_deg=80)


def blob(x: float, y: float, z: float, rx: float, ry: float, rz: float, sides: int = 12) -> Solid:
    """An ellipsoid at a place."""
    return ellipsoid(rx, ry, rz, sides=sides).move(x, y, z)


def blob_at(place: ArrayLike, rx: float, ry: float, rz: float, sides: int = 12) -> Solid:
    """An ellipsoid at a point (3,): the end of a tail."""
    x, y, z = np.asarray(place, float)
    return blob(x, y, z, rx, ry, rz, sides)


def torso(
    long: float, deep: float, wide: float, high: float, chest: float = 1.0, rump: float = 1.0
) -> Skin:
    """A lying barrel from rump to chest: whole length, half height and half width, its middle's height."""
    half = long / 2
    return Skin([
        (high, -half, 0, 0),
        (high, -0.90 * half, 0.60 * rump * deep, 0.60 * rump * wide),
        (high, -0.60 * half, 0.96 * rump * deep, 0.96 * rump * wide),
        (high, 0, deep, wide),
        (high, 0.60 * half, 0.96 * chest * deep, 0.96 * chest * wide),
        (high, 0.90 * half, 0.60 * chest * deep, 0.60 * chest * wide),
        (high, half, 0, 0),
    ])  # fmt: skip


def legs(x: float, front: float, hind: float, top: float, thick: float, thin: float) -> Solid:
    """Four legs down to y = 0, thick above, at z = front and hind; the hind ones have haunches."""
    fore = capsule((x, top, front), (x, thin, front), thick, thin)
    haunch = blob(x, top, hind, 1.15 * thick, 1.6 * thick, 1.5 * thick, 10)
    back = capsule((x, top, hind), (x, thin, hind - 0.3 * thick), 1.15 * thick, thin)
    return group(fore, back, haunch).both()


def paws(x: float, front: float, hind: float, size: float) -> Solid:
    """Four soft feet that stick out to the front."""
    paw = blob(x, 0.7 * size, 0.4 * size, size, 0.75 * size, 1.4 * size, 8)
    return group(paw.move(z=front), paw.move(z=hind)).both()


def hooves(x: float, front: float, hind: float, size: float) -> Solid:
    """Four hard feet."""
    hoof = cylinder(1.2 * size, 1.7 * size, top=0.95 * size, sides=10).move(x, 0.85 * size)
    return group(hoof.move(z=front), hoof.move(z=hind)).both()


def pointed(x: float, y: float, z: float, wide: float, tall: float, lean: float = 15.0) -> Solid:
    """A pair of upright cones, thick as half their width, leaning outward: cat's ears, horns."""
    cone = cylinder(wide, tall, top=0.15 * wide, sides=10).scale(1, 1, 0.6).move(y=tall / 2)
    return cone.turn("z", -lean).move(x, y, z).both()


def flap(
    x: float, y: float, z: float, tall: float, wide: float, lean: float, thick: float
) -> Solid:
    """A pair of long ears rooted at a place; lean 0 stands up, 90 points outward, 180 hangs down."""
    return blob(0, 0.85 * tall, 0, wide, tall, thick, 10).turn("z", -lean).move(x, y, z).both()


def eyes(
    y: float, z: float, radius: float, size: float, aside: float = 38, up: float = 18
) -> Solid:
    """A pair of eyes on a round skull of `radius` at (0, y, z)."""
    a, e = np.radians([aside, up])
    x, h, f = np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)
    r = 0.94 * radius
    return ellipsoid(size, sides=8).move(r * x, y + r * h, z + r * f).both()


def fin(outline: ArrayLike, thick: float) -> Solid:
    """An upright plate in the yz plane from an outline of (z, y) points."""
    return extrude(outline, thick).turn("y", -90)


def rounded(points: Sequence[Sequence[float]], steps: int = 3) -> np.ndarray:
    """A closed outline through the points."""
    return curve(points, steps, ring=True)
