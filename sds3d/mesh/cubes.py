"""Cubes by the signs of their corners: which of their edges a surface crosses, and how these hang together.

Corner c of a cube lies at (c & 1, c >> 1 & 1, c >> 2) of it; x is axis 0.  Edge e = 4 d + o runs along axis d,
from the corner with offsets o & 1 and o >> 1 along the axes d + 1 and d + 2, modulo 3.  Face 2 d + s is the one
at s on axis d.  Signs are a number of 8 bits: bit c is 1 where corner c is inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

EDGES = np.array(
    [
        [start := (o & 1) << (d + 1) % 3 | (o >> 1) << (d + 2) % 3, start | 1 << d]
        for d in range(3)
        for o in range(4)
    ]
)
"""(12, 2): the two corners of each edge, the lower first."""

FACES = np.array(
    [
        [s << d | i << (d + 1) % 3 | j << (d + 2) % 3 for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
        for d in range(3)
        for s in range(2)
    ]
)
"""(6, 4): the corners of each face, in a ring."""


@dataclass(frozen=True)
class Loops:
    """The loops that a surface makes on the faces of a cube, for its signs and its turned face.

    On a face whose diagonals have different signs the surface cuts off both inside corners, or both outside
    corners if the face is the turned one, 0 to 5; 6 stands for none.
    label: (256, 7, 12) the loop of each edge, -1 if the surface does not cross it.  count: (256, 7).
    joined: (256,) the face whose two cuts belong to one loop, 6 where there is none.
    """

    label: np.ndarray
    count: np.ndarray
    joined: np.ndarray


@cache
def loops() -> Loops:
    """The table, made once."""
    label = np.full((256, 7, 12), -1)
    count = np.zeros((256, 7), np.int64)
    joined = np.full(256, 6)
    for signs in range(256):
        for turned in range(7):
            cuts = [cut for face in range(6) for cut in _cuts(signs, face, face == turned)]
            label[signs, turned], count[signs, turned] = _connected(cuts)
        for face in range(6):
            pair = _cuts(signs, face, False)
            if len(pair) == 2 and label[signs, 6, pair[0][0]] == label[signs, 6, pair[1][0]]:
                joined[signs] = face
    return Loops(label, count, joined)


def _cuts(signs: int, face: int, turned: bool) -> list[tuple[int, int]]:
    """Pairs of edges of a face between which the surface runs over it."""
    inside = [bool(signs >> int(corner) & 1) for corner in FACES[face]]
    edges = _face_edges()[face]
    crossed = [edges[n] for n in range(4) if inside[n] != inside[(n + 1) % 4]]
    if len(crossed) < 4:
        return [(crossed[0], crossed[1])] if crossed else []
    return [(edges[n - 1], edges[n]) for n in range(4) if inside[n] != turned]


@cache
def _face_edges() -> list[list[int]]:
    """The edges of each face in its ring: edge n from corner n to corner n + 1."""
    number = {frozenset(ends): e for e, ends in enumerate(EDGES.tolist())}
    return [
        [number[frozenset((ring[n], ring[(n + 1) % 4]))] for n in range(4)]
        for ring in FACES.tolist()
    ]


def _connected(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, int]:
    """(loop of each of the 12 edges, number of loops) that pairs of edges make."""
    label = np.full(12, -1)
    for a, b in pairs:
        label[[a, b]] = a, b
    for _ in range(12):
        for a, b in pairs:
            label[[a, b]] = min(label[a], label[b])
    found = sorted({int(n) for n in label if n >= 0})
    return np.array([found.index(n) if n >= 0 else -1 for n in label]), len(found)
