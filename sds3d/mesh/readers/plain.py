"""What readers share: the surface of a mesh without a material, polygons cut into triangles."""

from __future__ import annotations

import numpy as np

from sds3d.mesh.color import linear
from sds3d.mesh.material import Material

GREY = float(linear(np.array(0.85)))
PLAIN = Material("plain", (GREY, GREY, GREY, 1.0))  # of what names no colour
LONGEST = 100  # corners of a polygon that is cut by its ears; longer ones are cut as fans


def triangles(polygons: list[list[int]], vertices: np.ndarray) -> np.ndarray:
    """Corners (T, 3) of simple polygons, each a list of corners, with their places `vertices[corner]`.

    Convex ones are cut as fans, others by their ears; corners count as the caller counts them.
    """
    out = []
    for polygon in polygons:
        out += _cut(polygon, vertices)
    return np.array(out, np.int64).reshape(-1, 3)


def _cut(corners: list[int], vertices: np.ndarray) -> list[tuple[int, int, int]]:
    fan = [(corners[0], corners[k], corners[k + 1]) for k in range(1, len(corners) - 1)]
    if len(corners) == 3 or len(corners) > LONGEST:
        return fan
    points = vertices[corners]
    following = np.roll(points, -1, 0)
    normal = np.cross(points - points[0], following - points[0]).sum(0)
    turns = np.cross(following - points, np.roll(points, -2, 0) - following) @ normal
    if not np.isfinite(turns).all() or (turns >= 0).all():
        return fan
    axis = int(np.abs(normal).argmax())
    flat = np.delete(points, axis, 1)
    if (normal[axis] < 0) != (axis == 1):  # dropping y turns the plane over
        flat = flat[:, ::-1]
    return [(corners[a], corners[b], corners[c]) for a, b, c in _ears(flat)]


def _ears(points: np.ndarray) -> list[tuple[int, int, int]]:
    """Triangles of a counter-clockwise simple polygon (N, 2), cut ear by ear."""
    ring = list(range(len(points)))
    out = []
    while len(ring) > 3:
        count = len(ring)
        for k in range(count):
            a, b, c = ring[k - 1], ring[k], ring[(k + 1) % count]
            if _is_ear(points, a, b, c, ring):
                break
        else:
            k = 0  # it crosses itself: any corner will do
            a, b, c = ring[-1], ring[0], ring[1]
        out.append((a, b, c))
        del ring[k]
    a, b, c = ring
    return [*out, (a, b, c)]


def _is_ear(points: np.ndarray, a: int, b: int, c: int, ring: list[int]) -> bool:
    corner = points[[a, b, c]]
    if _side(corner[0], corner[1], corner[2]) <= 0:
        return False
    others = points[[i for i in ring if i not in (a, b, c)]]
    inside = [_side(corner[i], corner[(i + 1) % 3], others.T) >= 0 for i in range(3)]
    return not np.logical_and.reduce(inside).any()


def _side(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
