"""Differentiable surfaces of a signed distance on tetrahedra: DMTet's marching tetrahedra."""

from __future__ import annotations

from functools import cache
from itertools import combinations, permutations

import numpy as np
import torch
from torch import Tensor

from sds3d.mesh.flexicubes import crossings, cube_grid

EDGES = np.array(list(combinations(range(4), 2)))
"""(6, 2): the corners of each edge of a tetrahedron: 01, 02, 03, 12, 13, 23."""
CORNERS = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])  # of a positive volume


def tetrahedral_grid(resolution: int, bound: float = 1.0) -> tuple[Tensor, Tensor]:
    """(points (V, 3), tetrahedra (T, 4)) of resolution^3 cubes over [-bound, bound]^3, six in each cube.

    Each of the six goes from a cube's lowest corner to its highest along one order of the axes (Freudenthal's
    division), so that neighbouring cubes meet in the same triangles.  All have a positive volume: the corners
    1, 2, 3 are clockwise seen from corner 0.
    """
    grid = cube_grid(resolution, bound)
    paths = []
    for order in permutations(range(3)):
        first, second, _ = order
        path = [0, 1 << first, 1 << first | 1 << second, 7]
        is_even = order in {(0, 1, 2), (1, 2, 0), (2, 0, 1)}
        paths.append(path if is_even else [path[0], path[2], path[1], path[3]])
    return grid.points, grid.cubes[:, torch.tensor(paths)].reshape(-1, 4)


def marching_tetrahedra(points: Tensor, sdf: Tensor, tetrahedra: Tensor) -> tuple[Tensor, Tensor]:
    """(vertices (N, 3), faces (M, 3)) of the surface where `sdf` changes its sign, faces towards the outside.

    One vertex on each crossed edge (i, j), v = (s_i x_j - s_j x_i) / (s_i - s_j), and one or two triangles in
    each crossed tetrahedron.  The surface is closed where it does not leave the tetrahedra, and each of its
    edges has two faces.

    points: (V, 3).  sdf: (V,), negative inside.  Differentiable in both.  tetrahedra: (T, 4), positive volumes.
    Source: Shen et al. 2021 (DMTet), https://arxiv.org/abs/2111.04276.
    """
    inside = sdf < 0
    corners_inside = inside[tetrahedra]
    active = corners_inside.any(1) & ~corners_inside.all(1)
    tetrahedra = tetrahedra[active]
    signs = (corners_inside[active].long() << torch.arange(4, device=sdf.device)).sum(1)
    ends = tetrahedra[:, torch.as_tensor(EDGES, device=sdf.device)].sort(-1).values  # (T, 6, 2)
    is_crossed = inside[ends[..., 0]] != inside[ends[..., 1]]
    key = (ends[..., 0] * len(points) + ends[..., 1])[is_crossed]
    edges, vertex_of = torch.unique(key, return_inverse=True)
    ends = torch.stack([edges // len(points), edges % len(points)], 1)
    vertex = torch.full_like(is_crossed, -1, dtype=torch.long)
    vertex[is_crossed] = vertex_of
    triangles = torch.as_tensor(_triangles(), device=sdf.device)[signs]  # (T, 2, 3)
    tetrahedron, which = (triangles[..., 0] >= 0).nonzero().unbind(1)
    faces = vertex[tetrahedron[:, None], triangles[tetrahedron, which]]
    return crossings(points[ends], sdf[ends]), faces


@cache
def _triangles() -> np.ndarray:
    """(16, 2, 3): the edges whose crossings make the triangles, for each set of inside corners; -1 for none."""
    table = np.full((16, 2, 3), -1)
    middles = CORNERS[EDGES].mean(1)
    for signs in range(1, 15):
        inside = np.array([bool(signs >> corner & 1) for corner in range(4)])
        crossed = np.flatnonzero(inside[EDGES[:, 0]] != inside[EDGES[:, 1]])
        outward = CORNERS[~inside].mean(0) - CORNERS[inside].mean(0)
        ring = _around(crossed, middles, outward)
        for n in range(1, len(ring) - 1):
            table[signs, n - 1] = ring[0], ring[n], ring[n + 1]
    return table


def _around(edges: np.ndarray, middles: np.ndarray, outward: np.ndarray) -> np.ndarray:
    """Edges in the order in which their middles lie counter-clockwise around a direction."""
    center = middles[edges].mean(0)
    first = middles[edges[0]] - center
    second = np.cross(outward, first)
    angle = [
        np.arctan2((middles[e] - center) @ second, (middles[e] - center) @ first) for e in edges
    ]
    return edges[np.argsort(angle)]
