"""Triangulation of flat polygons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def triangulate(outline: np.ndarray, holes: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Triangles (T, 3) of a simple polygon (N, 2), wound as the outline is.

    Indices count the outline's points first, then those of each hole, as concatenated.  Ear clipping;
    holes are joined to the outline by a bridge (D. Eberly, Triangulation by Ear Clipping, 2002).
    """
    points = np.concatenate([outline, *holes])
    loop = list(range(len(outline)))
    turn = np.sign(area(outline))
    starts = np.cumsum([len(outline)] + [len(h) for h in holes])
    inner = [
        _opposite_winding(list(range(s, s + len(h))), points, turn)
        for s, h in zip(starts, holes, strict=False)
    ]
    for hole in sorted(inner, key=lambda h: -points[h, 0].max()):
        loop = _bridge_hole(loop, hole, points)
    return np.array(_ears(loop, points, turn), int).reshape(-1, 3)


def area(outline: np.ndarray) -> float:
    """Signed area, positive when the outline is counter-clockwise."""
    x, y = outline.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _opposite_winding(hole: list[int], points: np.ndarray, turn: float) -> list[int]:
    return hole[::-1] if np.sign(area(points[hole])) == turn else hole


def _bridge_hole(loop: list[int], hole: list[int], points: np.ndarray) -> list[int]:
    """One loop: along the outline, over the shortest unobstructed bridge to the hole, around it and back."""
    start = int(np.argmax(points[hole, 0]))
    hole = hole[start:] + hole[:start]
    tip = points[hole[0]]
    ring = [(loop[k], loop[(k + 1) % len(loop)]) for k in range(len(loop))]
    for k in sorted(range(len(loop)), key=lambda k: np.sum((points[loop[k]] - tip) ** 2)):
        end = points[loop[k]]
        blocked = any(
            _cross(tip, end, points[p], points[q]) for p, q in ring if loop[k] not in (p, q)
        )
        if not blocked:
            return [*loop[: k + 1], *hole, hole[0], *loop[k:]]
    raise ValueError("a hole lies outside its outline")


def _side(
    a: Sequence[float] | np.ndarray,
    b: Sequence[float] | np.ndarray,
    c: Sequence[float] | np.ndarray,
) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _cross(
    a: Sequence[float] | np.ndarray,
    b: Sequence[float] | np.ndarray,
    p: Sequence[float] | np.ndarray,
    q: Sequence[float] | np.ndarray,
) -> bool:
    return _side(a, b, p) * _side(a, b, q) < 0 and _side(p, q, a) * _side(p, q, b) < 0


def _ears(loop: list[int], points: np.ndarray, turn: float) -> list[list[int]]:
    """Triangles clipped one convex, empty corner at a time."""
    xy = [(float(x) * turn, float(y)) for x, y in points]
    triangles = []
    loop = list(loop)
    at = 0
    misses = 0
    while len(loop) > 3:
        n = len(loop)
        i, j, k = loop[(at - 1) % n], loop[at % n], loop[(at + 1) % n]
        # after a full round without an ear only collinear corners are left: any of them may go
        if _is_ear(i, j, k, loop, xy) or misses > n:
            triangles.append([i, j, k])
            loop.pop(at % n)
            misses = 0
            at = at % n
        else:
            at, misses = at + 1, misses + 1
    return [*triangles, loop]


def _is_ear(i: int, j: int, k: int, loop: list[int], xy: list[tuple[float, float]]) -> bool:
    a, b, c = xy[i], xy[j], xy[k]
    if _side(a, b, c) <= 1e-12:
        return False
    for other in loop:
        p = xy[other]
        if p in (a, b, c):
            continue
        if _side(a, b, p) >= 0 and _side(b, c, p) >= 0 and _side(c, a, p) >= 0:
            return False
    return True
