"""Tiny islands of an atlas joined to their neighbours."""

from __future__ import annotations

import numpy as np

from sds3d.mesh.flatten import crossings, islands, outline_of, signed_areas

TINY = 20  # faces
ATTEMPTS = 400  # the bus needs 40; a mesh with thousands of tiny islands does not wait for all


def joined(
    points: np.ndarray, origin: np.ndarray, faces: np.ndarray, uv: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(origin (V',), faces (F, 3), uv (V', 2)) with fewer islands below `TINY` faces.

    points: (P, 3).  origin: (V,), the point of each vertex of the atlas.  Each tiny island goes to the
    neighbour with the longest border along which it can be laid, with no face turned and no outline crossed;
    where it can be laid nowhere, it stays.  Vertices that no face has any more are dropped.
    """
    island = islands(faces)
    turned = np.bincount(island, signed_areas(uv, faces)) < 0
    mirrored = np.zeros(len(uv), bool)
    mirrored[faces[turned[island]].ravel()] = True
    uv = np.where(mirrored[:, None], uv * [-1, 1], uv)
    faces = faces.copy()
    size = np.bincount(island)
    tiny = np.flatnonzero(size < TINY)
    twin = _twins(origin[faces])
    attempts = 0
    for small in tiny[np.argsort(size[tiny], kind="stable")]:
        own = np.flatnonzero(island == small)
        for other in _neighbours(island, small, twin[own], points[origin[faces[own]]]):
            if attempts == ATTEMPTS:
                break
            attempts += 1
            laid = _laid(points, own, island == other, twin, faces, origin, uv)
            if laid is None:
                continue
            corners, more_origin, more_uv = laid
            grown = np.concatenate([uv, more_uv])
            outline = outline_of(np.concatenate([faces[island == other], corners]))
            crossing = crossings(grown, outline_of(corners), outline).any()
            if crossing or (signed_areas(grown, corners) <= 0).any():
                continue
            faces[own], island[own] = corners, other
            origin, uv = np.concatenate([origin, more_origin]), grown
            break
    kept, corners = np.unique(faces, return_inverse=True)
    return origin[kept], corners.reshape(-1, 3), uv[kept]


def _twins(corners: np.ndarray) -> np.ndarray:
    """Face and corner (F, 3) as 3 face + corner on the other side of each edge (k, k + 1), or -1."""
    edges = np.stack([corners.ravel(), np.roll(corners, -1, 1).ravel()], 1)
    at = {}
    for k, (a, b) in enumerate(edges.tolist()):
        at[a, b] = -1 if (a, b) in at else k  # an edge of three faces has no twin
    return np.array([at.get((b, a), -1) for a, b in edges.tolist()]).reshape(-1, 3)


def _neighbours(island: np.ndarray, own: int, twin: np.ndarray, triangles: np.ndarray) -> list[int]:
    """The islands around one, that with the longest common border first; twin, triangles: of its faces."""
    length = np.linalg.norm(np.roll(triangles, -1, 1) - triangles, axis=2)
    label = np.where(twin >= 0, island[twin // 3], own)
    border = {int(i): length[label == i].sum() for i in np.unique(label) if i != own}
    return sorted(border, key=lambda i: (-border[i], i))


def _laid(
    points: np.ndarray,
    own: np.ndarray,
    target: np.ndarray,
    twin: np.ndarray,
    faces: np.ndarray,
    origin: np.ndarray,
    uv: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """(corners (n, 3), origin (m,), uv (m, 2) of new vertices): the faces `own` along the faces `target`.

    A face with one known edge is unfolded around it; None when some face is out of reach.
    """
    more_origin: list[int] = []
    more_uv: list[np.ndarray] = []
    corners: dict[int, list[int]] = {}

    def across(face: int, k: int) -> tuple[int, int] | None:  # edge k as the face beyond it has it
        beyond, j = divmod(int(twin[face, k]), 3)
        if beyond < 0 or not (target[beyond] or beyond in corners):
            return None
        there = corners[beyond] if beyond in corners else faces[beyond].tolist()
        return there[(j + 1) % 3], there[j]

    waiting = own.tolist()
    while waiting:
        known = {f: [(k, e) for k in range(3) if (e := across(f, k))] for f in waiting}
        face = max(waiting, key=lambda f: len(known[f]))
        if not known[face]:
            return None
        corner = [-1, -1, -1]
        for k, (a, b) in known[face]:
            if corner[k] in (-1, a) and corner[(k + 1) % 3] in (-1, b):
                corner[k], corner[(k + 1) % 3] = a, b
        if -1 in corner:
            i = corner.index(-1)
            r, p, q = points[origin[np.roll(faces[face], -i)]]
            a, b = (
                uv[v] if v < len(uv) else more_uv[v - len(uv)]
                for v in (corner[(i + 1) % 3], corner[(i + 2) % 3])
            )
            edge, x, y = q - p, *(b - a)
            square = max(edge @ edge, 1e-24)
            along, up = (r - p) @ edge / square, np.linalg.norm(np.cross(edge, r - p)) / square
            corner[i] = len(uv) + len(more_uv)
            more_uv.append(a + along * (b - a) + up * np.array([-y, x]))
            more_origin.append(int(origin[faces[face, i]]))
        corners[face] = corner
        waiting.remove(face)
    laid = np.array([corners[f] for f in own.tolist()])
    return laid, np.array(more_origin, origin.dtype), np.array(more_uv).reshape(-1, 2)
