"""Solids swept from outlines: lofts, lathes, extrusions and tubes; and the curves that outline them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from sds3d.library.kit.polygon import area, triangulate
from sds3d.library.kit.solid import Solid, close, cross


def loft(sections: np.ndarray, *, ring: bool = False, crease_deg: float = 40.0) -> Solid:
    """A surface through R sections of N points each, (R, N, 3), with flat caps on the first and last.

    Sections are outlines wound the same way with matching points: a fuselage, a hull, a car body.  A
    section whose points coincide is a tip; an end whose sides coincide is an edge, a ship's stem.  ring: the
    last section joins the first, without caps.
    """
    sections = np.asarray(sections, float)
    rows, columns = sections.shape[:2]
    grid = np.arange(rows * columns).reshape(rows, columns)
    tips = np.ptp(sections, axis=1).max(1) < 1e-9
    grid[tips] = grid[tips, :1]
    for end in (0, -1):
        if not ring and _spread(sections[end]) == 0:
            grid[end] = _weld_row(grid[end], sections[end])
    b = np.roll(grid, -1, 0) if ring else grid[1:]
    a = grid[: len(b)]
    c, d = np.roll(b, -1, 1), np.roll(a, -1, 1)
    faces = [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]
    if not ring and _spread(sections[0]) > 0:
        faces.append(grid[0][_cap(sections[0])])
    if not ring and _spread(sections[-1]) > 0:
        faces.append(grid[-1][_cap(sections[-1])][:, ::-1])
    faces = np.concatenate(faces)
    proper = (faces != np.roll(faces, 1, 1)).all(1)
    return close(sections.reshape(-1, 3), faces[proper], crease_deg)


def lathe(profile: ArrayLike, sides: int = 16, crease_deg: float = 40.0) -> Solid:
    """A profile of (radius, y) points revolved around the y axis.

    An open profile runs from the bottom to the top and its ends are capped flat unless their radius is 0;
    a cup goes up outside and down inside, (0, 0) ... (0, floor).  A profile that ends where it began is a
    ring: a tyre.
    """
    points = np.asarray(profile, float)
    r, y = points.T
    ring = bool(np.allclose(points[0], points[-1])) and len(r) > 2
    if ring:
        r, y = r[:-1], y[:-1]
    a = np.linspace(0, 2 * math.pi, sides, endpoint=False)
    sections = np.stack(
        [
            np.outer(r, np.sin(a)),
            np.broadcast_to(y[:, None], (len(y), sides)),
            np.outer(r, np.cos(a)),
        ],
        -1,
    )
    return loft(sections, ring=ring, crease_deg=crease_deg)


def extrude(
    outline: ArrayLike,
    depth: float,
    holes: Sequence[ArrayLike] = (),
    bevel: float = 0.0,
    crease_deg: float = 40.0,
) -> Solid:
    """A flat outline of (x, y) points, any simple polygon, made `depth` thick along z, centred in z.

    holes: outlines cut out of it.  bevel: the front and back edges are cut off this deep (needs an outline
    without notches narrower than that, and no holes).
    """
    contour = np.asarray(outline, float)
    loops = [contour, *(np.asarray(h, float) for h in holes)]
    if bevel > 0:
        inner = _inset(contour, bevel)
        z = depth / 2
        layers = [(inner, -z), (contour, -z + bevel), (contour, z - bevel), (inner, z)]
        sections = np.stack([np.column_stack([xy, np.full(len(xy), h)]) for xy, h in layers])
        return loft(sections, crease_deg=max(crease_deg, 50.0))
    flat = np.concatenate(loops)
    cap = triangulate(contour, loops[1:])
    n = len(flat)
    vertices = np.concatenate(
        [
            np.column_stack([flat, np.full(n, -depth / 2)]),
            np.column_stack([flat, np.full(n, depth / 2)]),
        ]
    )
    # the walls follow the cap's boundary, so they agree with it however the loops are wound
    edges = np.concatenate([cap[:, [0, 1]], cap[:, [1, 2]], cap[:, [2, 0]]])
    shared = {(int(j), int(i)) for i, j in edges}
    i, j = np.array([(i, j) for i, j in edges.tolist() if (i, j) not in shared]).T
    walls = np.concatenate([np.stack([i, i + n, j + n], 1), np.stack([i, j + n, j], 1)])
    return close(vertices, np.concatenate([cap, cap[:, ::-1] + n, walls]), crease_deg)


def tube(
    points: ArrayLike,
    radius: ArrayLike,
    sides: int = 8,
    *,
    flat: float = 1.0,
    ring: bool = False,
    crease_deg: float = 60.0,
) -> Solid:
    """A round section swept along a polyline, one radius or one per point; radius 0 is a tip.

    flat: how wide the section is across the plane of the bend (or across `up` of a straight line), as a
    factor.  ring: the last point joins the first.
    """
    line = np.asarray(points, float)
    radii = np.broadcast_to(np.asarray(radius, float), len(line))
    ahead = np.roll(line, -1, 0) - line if ring else np.diff(line, axis=0, append=line[-1:])
    if not ring:
        ahead[-1] = ahead[-2]
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    before = np.roll(ahead, 1, 0)
    if not ring:
        before[0] = ahead[0]
    tangent = ahead + before
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    across, normal = _transport_frames(tangent, ahead if ring else ahead[:-1])
    # a mitre: the section is widened in the bend so that the tube keeps its thickness
    mitre = 1 / np.clip((tangent * ahead).sum(1), 0.5, 1)
    a = np.linspace(0, 2 * math.pi, sides, endpoint=False) + math.pi / sides
    offsets = np.cos(a)[None, :, None] * across[:, None] * flat
    offsets = offsets + np.sin(a)[None, :, None] * (normal * mitre[:, None])[:, None]
    sections = line[:, None] + radii[:, None, None] * offsets
    return loft(sections, ring=ring, crease_deg=crease_deg)


def arc(
    radius: float,
    start_deg: float,
    end_deg: float,
    steps: int,
    center: tuple[float, float] = (0.0, 0.0),
) -> list[tuple[float, float]]:
    """`steps` + 1 points (x, y) on a circle, from one angle to another; 0 is +x, 90 is +y."""
    angles = np.radians(np.linspace(start_deg, end_deg, steps + 1))
    return [(center[0] + radius * math.cos(a), center[1] + radius * math.sin(a)) for a in angles]


def curve(points: ArrayLike, steps: int = 4, *, ring: bool = False) -> np.ndarray:
    """A smooth line through the points (Catmull-Rom), `steps` pieces between neighbours, (N, 2 or 3)."""
    p = np.asarray(points, float)
    ends = (p[-1:], p[:2]) if ring else (2 * p[:1] - p[1:2], 2 * p[-1:] - p[-2:-1])
    p = np.concatenate([ends[0], p, ends[1]])
    u = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    p0, p1, p2, p3 = (p[k : len(p) - 3 + k, None] for k in range(4))
    line = 2 * p1 + (p2 - p0) * u + (2 * p0 - 5 * p1 + 4 * p2 - p3) * u**2
    line = (line + (3 * p1 - p0 - 3 * p2 + p3) * u**3) / 2
    line = line.reshape(-1, p.shape[1])
    return line if ring else np.concatenate([line, p[-2:-1]])


def _spread(section: np.ndarray) -> float:
    """Twice the area of a planar outline in space; exactly 0 for a point or a line."""
    centred = section - section.mean(0)
    twice = float(np.linalg.norm(cross(centred, np.roll(centred, -1, 0)).sum(0)))
    return twice if twice > 1e-9 else 0.0


def _weld_row(row: np.ndarray, section: np.ndarray) -> np.ndarray:
    """The row's indices, with coincident points sharing one index."""
    places = np.round(section, 9) + 0.0
    _, first, inverse = np.unique(places, axis=0, return_index=True, return_inverse=True)
    return row[first[inverse.ravel()]]


def _cap(section: np.ndarray) -> np.ndarray:
    """Triangles of a planar outline in space, wound as it is."""
    following = np.roll(section, -1, 0)
    normal = cross(section - section.mean(0), following - section.mean(0)).sum(0)
    plane = frame(normal / np.linalg.norm(normal))
    flat = section @ plane[[2, 0]].T
    edges = np.roll(flat, -1, 0) - flat
    after = np.roll(edges, -1, 0)
    if (edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0] > 1e-12).all():
        fan = np.arange(1, len(flat) - 1)
        return np.stack([np.zeros_like(fan), fan, fan + 1], 1)
    return triangulate(flat)


def frame(axis: np.ndarray) -> np.ndarray:
    """Rows x', y', z' of a right-handed frame whose y' is the unit `axis`."""
    side = np.array([1.0, 0, 0]) if abs(axis[0]) < 0.9 else np.array([0, 0, 1.0])
    z = cross(side, axis)
    z /= np.linalg.norm(z)
    return np.stack([cross(axis, z), axis, z])


def _transport_frames(tangent: np.ndarray, legs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors normal to each tangent; the first stays normal to the plane of the bend."""
    plane = cross(legs[:-1], legs[1:]).sum(0) if len(legs) > 1 else np.zeros(3)
    if np.linalg.norm(plane) < 1e-6:
        plane = frame(tangent[0])[0]
    across = []
    current = plane / np.linalg.norm(plane)
    for t in tangent:
        current = current - (current @ t) * t
        current /= np.linalg.norm(current)
        across.append(current)
    across = np.array(across)
    return across, cross(tangent, across)


def _inset(outline: np.ndarray, depth: float) -> np.ndarray:
    """The outline moved inward by `depth` along its corners' bisectors."""
    edge = np.roll(outline, -1, 0) - outline
    edge /= np.linalg.norm(edge, axis=1, keepdims=True)
    turn = np.sign(area(outline))
    inward = turn * np.stack([-edge[:, 1], edge[:, 0]], 1)
    bisector = inward + np.roll(inward, 1, 0)
    bisector /= np.linalg.norm(bisector, axis=1, keepdims=True)
    return outline + depth * bisector / np.clip((bisector * inward).sum(1), 0.4, 1)[:, None]
