"""Primitives for building the library's objects; each returns a closed Solid with outward faces.

Lengths are metres or whatever the object uses (the model is scaled at the end); y up, front +Z.  Primitives
are centred at the origin unless they are given by their end points.  Fewer sides cost less: every face is
rendered again at every optimisation step.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import ConvexHull

from sds3d.library.kit.solid import Solid, close, cross, group
from sds3d.library.kit.sweeps import arc, curve, extrude, frame, lathe, loft, tube

__all__ = [
    "Solid", "arc", "block", "box", "capsule", "curve", "cylinder", "ellipsoid", "extrude", "group",
    "hull", "lathe", "loft", "rod", "rounded_box", "torus", "tube",
]  # fmt: skip


def box(x: float, y: float, z: float, bevel: float = 0.0) -> Solid:
    """A box of the given size; bevelled edges, `bevel` deep, are shaded as if round."""
    half = np.array([x, y, z]) / 2
    signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing="ij"), -1).reshape(8, 3)
    if bevel <= 0:
        return close(signs * half, _box_faces(0), crease_deg=20)
    cut = min(bevel, 0.98 * half.min())
    inset = [half - cut * (1 - np.eye(3)[k]) for k in range(3)]
    return close(np.concatenate([signs * i for i in inset]), _box_faces(1), crease_deg=60)


@cache
def _box_faces(bevels: int) -> np.ndarray:
    """The faces of a box, plain or with bevels; they do not depend on its size."""
    signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing="ij"), -1).reshape(8, 3)
    inset = [1 - 0.5 * bevels * (1 - np.eye(3)[k]) for k in range(3 if bevels else 1)]
    return _hull_faces(np.concatenate([signs * i for i in inset]) if bevels else signs * 1.0)


def block(low: ArrayLike, high: ArrayLike, bevel: float = 0.0) -> Solid:
    """A box between two corners: `block((x0, y0, z0), (x1, y1, z1))`."""
    lowest = np.minimum(low, high)
    highest = np.maximum(low, high)
    x, y, z = highest - lowest
    return box(x, y, z, bevel).move(*((lowest + highest) / 2))


def rounded_box(x: float, y: float, z: float, radius: float, steps: int = 3) -> Solid:
    """A box with round edges and corners of `radius`: cushions, soap, appliances.

    About 24 steps^2 faces.
    """
    half = np.array([x, y, z]) / 2
    radius = min(radius, 0.98 * half.min())
    grid = np.linspace(0, np.pi / 2, steps)
    around, up = (a.ravel() for a in np.meshgrid(grid, grid, indexing="ij"))
    octant = np.stack([np.cos(up) * np.cos(around), np.sin(up), np.cos(up) * np.sin(around)], 1)
    octant = np.unique(np.round(octant, 9), axis=0) * radius + (half - radius)
    signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing="ij"), -1).reshape(8, 1, 3)
    return hull((signs * octant).reshape(-1, 3), crease_deg=50)


def cylinder(radius: float, height: float, top: float | None = None, sides: int = 16) -> Solid:
    """An upright cylinder, or a frustum with another radius at the `top`; `top=0` is a cone."""
    top = radius if top is None else top
    return lathe([(radius, -height / 2), (top, height / 2)], sides)


def rod(
    start: ArrayLike, end: ArrayLike, radius: float, end_radius: float | None = None, sides: int = 8
) -> Solid:
    """A straight round bar with flat ends between two points, tapering to `end_radius`."""
    line = np.stack([np.asarray(start, float), np.asarray(end, float)])
    return tube(line, [radius, radius if end_radius is None else end_radius], sides)


def capsule(
    start: ArrayLike,
    end: ArrayLike,
    radius: float,
    end_radius: float | None = None,
    sides: int = 10,
) -> Solid:
    """The hull of two balls at `start` and `end`: a limb, a finger, a sausage."""
    first = np.asarray(start, float)
    end_radius = radius if end_radius is None else end_radius
    axis = np.asarray(end, float) - first
    length = float(np.linalg.norm(axis))
    if length < 1e-9:
        return ellipsoid(max(radius, end_radius), sides=sides).move(*first)
    # the cone touches the balls where their normals lean by this angle
    lean = math.asin(np.clip((radius - end_radius) / length, -1, 1))
    steps = max(sides // 4, 2)
    low = np.linspace(-math.pi / 2, lean, steps + 1)
    high = np.linspace(lean, math.pi / 2, steps + 1)
    profile = [(radius * math.cos(a), radius * math.sin(a)) for a in low]
    profile += [(end_radius * math.cos(a), length + end_radius * math.sin(a)) for a in high]
    upright = lathe(profile, sides, crease_deg=80)
    rotation = frame(axis / length)
    return Solid(upright.vertices @ rotation + start, upright.faces, upright.normals @ rotation)


def ellipsoid(
    rx: float, ry: float | None = None, rz: float | None = None, sides: int = 14
) -> Solid:
    """A ball of radius rx, or an ellipsoid with three radii; about sides^2 faces."""
    rows = max(sides // 2, 3)
    angles = np.linspace(-math.pi / 2, math.pi / 2, rows + 1)
    ball = lathe([(math.cos(a), math.sin(a)) for a in angles], sides, crease_deg=80)
    return ball.scale(rx, rx if ry is None else ry, rx if rz is None else rz)


def torus(radius: float, thickness: float, sides: int = 20, section: int = 8) -> Solid:
    """A ring around the y axis: `radius` to the middle of its round section of radius `thickness`."""
    angles = np.linspace(0, 2 * math.pi, section, endpoint=False)
    profile = [(radius + thickness * math.cos(a), thickness * math.sin(a)) for a in angles]
    return lathe([*profile, profile[0]], sides, crease_deg=80)


def hull(points: np.ndarray, crease_deg: float = 40.0) -> Solid:
    """The convex hull of points (N, 3): wedges, gems, tapered blocks."""
    points = np.asarray(points, float)
    faces = _hull_faces(points)
    used, index = np.unique(faces, return_inverse=True)
    return close(points[used], index.reshape(-1, 3), crease_deg)


def _hull_faces(points: np.ndarray) -> np.ndarray:
    """The outward faces of the convex hull, as indices of the points."""
    convex = ConvexHull(points)
    faces = convex.simplices.copy()
    a, b, c = (points[faces[:, k]] for k in range(3))
    inward = np.einsum("fi,fi->f", cross(b - a, c - a), convex.equations[:, :3]) < 0
    faces[inward] = faces[inward][:, ::-1]
    return faces
