"""Charts flattened with little stretch, and what says whether a chart is valid."""

from __future__ import annotations

import numpy as np
from scipy.sparse import block_array, coo_matrix, csr_matrix, diags
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

ROUNDS = 10
GUARDED_ROUNDS = 15
SHORTEST_STEP = 1e-3
HOLD = 100.0  # tie, to the mean diagonal, of vertices at which a guarded step made the outline cross itself
ENOUGH = 1e-3  # relative gain of a guarded round below which it ends
LONGEST_OUTLINE = 4000  # edges: longer outlines are not tested for crossings, and count as crossed
ANCHOR = 1e-9  # share of the mean diagonal that ties each vertex to where it was: the system stays regular


def islands(faces: np.ndarray) -> np.ndarray:
    """The island (F,) of each face, from 0: faces that share vertices are on one."""
    pairs = np.concatenate([faces[:, :2], faces[:, 1:]])
    count = int(faces.max(initial=-1)) + 1
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (count, count))
    _, label = connected_components(links)
    return np.unique(label[faces[:, 0]], return_inverse=True)[1]


def signed_areas(uv: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Twice the areas (F,) of triangles in the plane, negative where they are clockwise."""
    a, b, c = uv[faces].astype(np.float64).transpose(1, 0, 2)
    e, f = b - a, c - a
    return e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0]


def flattened(points: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Coordinates (V, 2) in the units of `points`, counter-clockwise, each island as rigid as it can be.

    points: (V, 3).  uv: (V, 2), valid coordinates of each island, in which the search begins.  An island on
    which it ends with a turned face or a crossed outline is flattened by steps that allow neither (`_guarded`).
    Liu et al. 2008, "A Local/Global Approach to Mesh Parameterization", ARAP with cotangent weights (eq. 2).
    """
    island = islands(faces)
    triangles = points[faces].astype(np.float64)
    area = np.linalg.norm(
        np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1
    )
    signed = signed_areas(uv, faces)
    scale = np.sqrt(
        np.bincount(island, area) / np.maximum(np.bincount(island, np.abs(signed)), 1e-20)
    )
    mirrored = np.bincount(island, signed) < 0
    of_vertex = np.zeros(len(points), np.int64)
    of_vertex[faces.ravel()] = np.repeat(island, 3)
    start = uv.astype(np.float64) * scale[of_vertex][:, None]
    start[mirrored[of_vertex], 0] *= -1
    found = _arap(triangles, faces, start, of_vertex)
    bad = np.bincount(island, signed_areas(found, faces) <= 0) > 0
    for i in np.flatnonzero(~bad):
        bad[i] = crossed(found, faces[island == i])
    for i in np.flatnonzero(bad):
        own = island == i
        vertices, corners = np.unique(faces[own], return_inverse=True)
        found[vertices] = _guarded(triangles[own], corners.reshape(-1, 3), start[vertices])
    return found


def _arap(
    triangles: np.ndarray, faces: np.ndarray, start: np.ndarray, of_vertex: np.ndarray
) -> np.ndarray:
    count = len(start)
    flat = _laid_flat(triangles)
    i, j = faces, np.roll(faces, -1, 1)
    edge = flat - np.roll(flat, -1, 1)  # x_i - x_j
    apex = np.roll(flat, 1, 1)
    a, b = flat - apex, np.roll(flat, -1, 1) - apex
    sine = np.abs(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
    weight = ((a * b).sum(-1) / np.maximum(sine, 1e-12)).clip(1e-2, 1e2) / 2
    rows, columns = np.r_[i.ravel(), j.ravel()], np.r_[j.ravel(), i.ravel()]
    off = coo_matrix((np.tile(-weight.ravel(), 2), (rows, columns)), (count, count)).tocsr()
    diagonal = -np.asarray(off.sum(1)).ravel()
    anchor = np.full(count, ANCHOR * diagonal.mean())
    anchor[np.unique(of_vertex, return_index=True)[1]] = diagonal.mean()  # one vertex an island
    solver = splu((off + diags(diagonal + anchor)).tocsc())
    u = start.copy()
    for _ in range(ROUNDS):
        covariance = np.einsum("fk,fki,fkj->fij", weight, u[i] - u[j], edge)
        c = covariance[:, 0, 0] + covariance[:, 1, 1]
        s = covariance[:, 1, 0] - covariance[:, 0, 1]
        length = np.maximum(np.hypot(c, s), 1e-20)
        c, s = (c / length)[:, None], (s / length)[:, None]
        x, y = edge[..., 0], edge[..., 1]
        turned = weight[..., None] * np.stack([c * x - s * y, s * x + c * y], -1)
        right = anchor[:, None] * u
        for k in range(2):
            right[:, k] += np.bincount(i.ravel(), turned[..., k].ravel(), count)
            right[:, k] -= np.bincount(j.ravel(), turned[..., k].ravel(), count)
        u = solver.solve(right)
    return u


def _guarded(triangles: np.ndarray, faces: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Coordinates (V, 2) of one island with less of the symmetric Dirichlet energy, none overlapping.

    sum A (s1^2 + s2^2 + 1/s1^2 + 1/s2^2), infinite where a face turns.  Steps are those of Rabinovich et al.
    2017, "Scalable Locally Injective Mappings" (sections 3 and 4), cut short before a face turns (Smith and
    Schaefer 2015, section 3.3) or the outline crosses itself.  An invalid start is returned as it is.
    """
    if (signed_areas(start, faces) <= 0).any() or crossed(start, faces):
        return start
    outline = outline_of(faces)
    count = len(start)
    x, cx, cy, area = _frames(triangles)
    row = np.repeat(np.arange(len(faces)), 3)
    zero = np.zeros_like(x)
    by_x = np.stack([-1 / x, 1 / x, zero], 1)
    by_y = np.stack([(cx / x - 1) / cy, -cx / (x * cy), 1 / cy], 1)
    gradient = [
        csr_matrix((g.ravel(), (row, faces.ravel())), (len(faces), count)) for g in (by_x, by_y)
    ]

    def jacobians(u: np.ndarray) -> np.ndarray:
        return np.stack([g @ u for g in gradient], -1)

    def energy(u: np.ndarray) -> float:
        j = jacobians(u)
        det = j[:, 0, 0] * j[:, 1, 1] - j[:, 0, 1] * j[:, 1, 0]
        if (det <= 0).any() or (signed_areas(u, faces) <= 0).any():
            return np.inf
        return float((area * (j**2).sum((1, 2)) * (1 + 1 / det**2)).sum())

    u, now, held = start, energy(start), np.zeros(count, bool)
    for _ in range(GUARDED_ROUNDS):
        left, s, right = np.linalg.svd(jacobians(u))
        weight = (1 + s) * (1 + s**2) / s**3  # (s - s^-3) / (s - 1)
        square = np.einsum("fik,fk,fjk->fij", left, area[:, None] * weight, left)
        target = square @ (left @ right)
        block = [
            [sum(g.T @ diags(square[:, i, j]) @ g for g in gradient) for j in range(2)]
            for i in range(2)
        ]
        matrix = block_array(block).tocsc()
        tie = matrix.diagonal().mean() * np.where(held, HOLD, ANCHOR)
        value = [sum(g.T @ target[:, i, k] for k, g in enumerate(gradient)) for i in range(2)]
        system, tied = matrix + diags(np.tile(tie, 2)), (tie[:, None] * u).T.ravel()
        step = splu(system.tocsc()).solve(np.concatenate(value) + tied).reshape(2, -1).T - u
        length = min(1.0, 0.8 * _until_turned(u, step, faces))
        before, touched = now, np.zeros(count, bool)
        while length > SHORTEST_STEP:
            moved = u + length * step
            then = energy(moved)
            if then < now:
                hit = outline[crossings(moved, outline, outline)]
                if not len(hit):
                    u, now = moved, then
                    break
                touched[hit] = True
            length /= 2
        if now > (1 - ENOUGH) * before and not (touched & ~held).any():
            break
        held = held | touched if touched.any() else touched
    return u


def _until_turned(u: np.ndarray, step: np.ndarray, faces: np.ndarray) -> float:
    """The least t > 0 at which a face of u + t step has no area; infinite when there is none."""
    a, b, c = u[faces].transpose(1, 0, 2)
    p, q, r = step[faces].transpose(1, 0, 2)
    e, f, de, df = b - a, c - a, q - p, r - p

    def cross(v: np.ndarray, w: np.ndarray) -> np.ndarray:
        return v[:, 0] * w[:, 1] - v[:, 1] * w[:, 0]

    constant, linear, square = cross(e, f), cross(e, df) + cross(de, f), cross(de, df)
    # constant > 0; the stable form of the root nearest to 0 from above
    inside = linear**2 - 4 * constant * square
    root = np.sqrt(np.maximum(inside, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = 2 * constant / (root - linear)
    return float(np.where((inside >= 0) & (t > 0), t, np.inf).min())


def _laid_flat(triangles: np.ndarray) -> np.ndarray:
    """The triangles (F, 3, 3) in their own planes (F, 3, 2): the first edge along x, counter-clockwise."""
    e, f = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    length = np.maximum(np.linalg.norm(e, axis=1), 1e-12)
    flat = np.zeros((len(triangles), 3, 2))
    flat[:, 1, 0] = length
    flat[:, 2, 0] = (e * f).sum(1) / length
    flat[:, 2, 1] = np.linalg.norm(np.cross(e, f), axis=1) / length
    return flat


def _frames(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(x, cx, cy, area) of triangles laid flat as (0, 0), (x, 0), (cx, cy), none of them without area."""
    flat = _laid_flat(triangles)
    x, cx, cy = flat[:, 1, 0], flat[:, 2, 0], np.maximum(flat[:, 2, 1], 1e-12)
    return x, cx, cy, x * cy / 2


def outline_of(faces: np.ndarray) -> np.ndarray:
    """The edges (E, 2) on one face only."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    _, index, times = np.unique(np.sort(edges, 1), axis=0, return_index=True, return_counts=True)
    return edges[index[times == 1]]


def crossed(uv: np.ndarray, faces: np.ndarray) -> bool:
    """Whether the outline of an island crosses itself; with no turned face and none of it, nothing overlaps."""
    outline = outline_of(faces)
    return len(outline) > LONGEST_OUTLINE or bool(crossings(uv, outline, outline).any())


def crossings(uv: np.ndarray, edges: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which edges (E,) cross one of the others; edges and others: (E, 2) and (O, 2) vertices."""

    def sides(
        lines: np.ndarray, ends: np.ndarray
    ) -> np.ndarray:  # whether line i runs between the ends j
        p, q = uv[lines[:, 0], None], uv[lines[:, 1], None]
        d, e, f = q - p, uv[ends[:, 0]] - p, uv[ends[:, 1]] - p
        start = d[..., 0] * e[..., 1] - d[..., 1] * e[..., 0]
        return start * (d[..., 0] * f[..., 1] - d[..., 1] * f[..., 0]) < 0

    return np.any(sides(edges, others) & sides(others, edges).T, axis=1)


def stretch(points: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """The L2 stretch (islands,) of Sander et al. 2001 (section 3), at the scale of each island; 1: an isometry.

    sqrt(sum A (1/s1^2 + 1/s2^2)/2 / sum A) sqrt(sum A' / sum A), s1 >= s2 the singular values of the map from
    the surface to the plane, A and A' a triangle's areas there.
    """
    x, cx, cy, area = _frames(points[faces].astype(np.float64))
    a, b, c = uv[faces].astype(np.float64).transpose(1, 0, 2)
    du = (b - a) / x[:, None]
    dv = ((c - a) - du * cx[:, None]) / cy[:, None]
    det = np.abs(du[:, 0] * dv[:, 1] - du[:, 1] * dv[:, 0])
    square = (du**2).sum(1) + (dv**2).sum(1)  # s1^2 + s2^2
    island = islands(faces)
    total = np.bincount(island, area)
    mean = np.bincount(island, area * square / (2 * np.maximum(det, 1e-20) ** 2)) / total
    return np.sqrt(mean * np.bincount(island, area * det) / total)
