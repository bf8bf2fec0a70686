"""Differentiable surfaces of a signed distance on cubes: dual marching cubes with weights to optimise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sds3d.mesh.cubes import EDGES, FACES, loops
from sds3d.mesh.rows import rows


@dataclass(frozen=True)
class Grid:
    """Cubes that share their corners: points (V, 3), world units, and cubes (C, 8), rows of points.

    Corner c of a cube lies at (c & 1, c >> 1 & 1, c >> 2) of it.
    """

    points: Tensor
    cubes: Tensor


@dataclass(frozen=True)
class CubeWeights:
    """What moves the vertices of a surface within their cubes; all > 0.

    alpha: (C, 8) of the corners, which shift the crossings along the edges.  beta: (C, 12) of the edges, which
    shift a vertex among its crossings.  gamma: (C,), by which a quadrilateral is divided.
    """

    alpha: Tensor
    beta: Tensor
    gamma: Tensor


@dataclass(frozen=True)
class Surface:
    """vertices: (N, 3).  faces: (M, 3), counter-clockwise seen from outside.

    deviation: (P,), one for each crossed edge of each cube: how much the distance from its crossing to the
    vertex differs from the mean over the vertex's crossings.  Its mean is a regulariser.
    """

    vertices: Tensor
    faces: Tensor
    deviation: Tensor


def cube_grid(resolution: int, bound: float = 1.0) -> Grid:
    """resolution^3 cubes over [-bound, bound]^3, world units."""
    line = torch.linspace(-bound, bound, resolution + 1)
    points = torch.cartesian_prod(line, line, line)
    index = torch.arange((resolution + 1) ** 3).view(resolution + 1, resolution + 1, -1)
    corners = [
        index[x : x + resolution, y : y + resolution, z : z + resolution]
        for z in (0, 1)
        for y in (0, 1)
        for x in (0, 1)
    ]
    return Grid(points, torch.stack(corners, -1).reshape(-1, 8))


def squashed(raw: Tensor, limit: float = 0.99) -> CubeWeights:
    """Weights from 21 numbers a cube, (C, 21); zeros give alpha = beta = 1 and gamma = 1/2.

    alpha, beta = 1 + limit tanh(raw),  gamma = limit sigmoid(raw) + (1 - limit) / 2.
    Source: the authors' code of FlexiCubes, https://github.com/nv-tlabs/FlexiCubes.
    """
    alpha = 1 + limit * torch.tanh(raw[:, :8])
    beta = 1 + limit * torch.tanh(raw[:, 8:20])
    gamma = limit * torch.sigmoid(raw[:, 20]) + (1 - limit) / 2
    return CubeWeights(alpha, beta, gamma)


def flexicubes(
    grid: Grid, sdf: Tensor, weights: CubeWeights | None = None, *, centers: bool = False
) -> Surface:
    """The surface where `sdf` changes its sign, differentiable in the points, the sdf and the weights.

    One vertex for each loop that the surface makes on the faces of a cube,
        v = sum_e beta_e u_e / sum_e beta_e,  u_e = (a_i x_j - a_j x_i) / (a_i - a_j),  a_i = alpha_i sdf_i,
    over the crossed edges e = (i, j) of the loop, and one quadrilateral of the vertices around each crossed
    edge that four cubes share.  Without weights all are 1.  The surface is closed where it does not leave the
    cubes, and each of its edges has two faces.

    sdf: (V,), negative inside.  centers: whether a quadrilateral becomes four triangles around a middle
        (g_1 g_3 (v_1 + v_3) + g_2 g_4 (v_2 + v_4)) / (2 (g_1 g_3 + g_2 g_4)),  g the gamma of its cubes,
    so that gamma has a gradient; otherwise it is cut along the diagonal of the larger product.
    Source: Shen et al. 2023, https://arxiv.org/abs/2308.05371.  Two cubes whose surfaces would meet twice in
    one face turn that face: Wenger 2013, https://doi.org/10.1201/b15025.
    """
    weights = weights or _ones(grid, sdf)
    inside = sdf < 0
    cube, edge, vertex, owner = _loops_of(grid.cubes, inside)
    corner = torch.as_tensor(EDGES, device=sdf.device)[edge]
    ends = grid.cubes[cube[:, None], corner]  # (P, 2)
    x, s = rows(grid.points, ends), rows(sdf, ends)

    u = crossings(x, s * weights.alpha[cube[:, None], corner])
    beta = weights.beta[cube, edge]
    total = beta.new_zeros(len(owner)).index_add(0, vertex, beta)
    vertices = u.new_zeros(len(owner), 3).index_add(0, vertex, beta[:, None] * u) / total[:, None]

    distance = (crossings(x, s) - rows(vertices, vertex)).norm(dim=1)
    sums = distance.new_zeros(len(owner)).index_add(0, vertex, distance)
    mean = sums / torch.bincount(vertex, minlength=len(owner))
    deviation = (distance - rows(mean, vertex)).abs()

    quads = _quads(ends, edge, vertex, inside)
    return Surface(*_triangles(vertices, quads, rows(weights.gamma, owner), centers), deviation)


def near_surface(grid: Grid, sdf: Tensor, rings: int = 1) -> tuple[Grid, Tensor, Tensor]:
    """(the cubes that the surface crosses and their neighbours; the rows of their points and of the cubes).

    Neighbours share a corner, over `rings` steps.  A surface that stays within the cubes is the same as in the
    whole grid.  sdf: (V,).  The rows belong to `grid`: sdf[points], weights[cubes].
    """
    corners_inside = (sdf < 0)[grid.cubes]
    chosen = corners_inside.any(1) & ~corners_inside.all(1)
    is_corner = torch.zeros_like(sdf, dtype=torch.bool)
    for _ in range(rings):
        is_corner[grid.cubes[chosen]] = True
        chosen = is_corner[grid.cubes].any(1)
    cubes = chosen.nonzero()[:, 0]
    points, corners = torch.unique(grid.cubes[cubes], return_inverse=True)
    return Grid(grid.points[points], corners), points, cubes


def crossed_cubes(inside: Tensor) -> tuple[Tensor, Tensor]:
    """(rows (C,) of the cubes of a `cube_grid` whose corners are not all on one side; their corners (C, 8)).

    Those of `near_surface` with no rings, without a list of all cubes.  inside: (R + 1, R + 1, R + 1) bool, of
    the grid's points.
    """
    side = len(inside)
    x, y, z = (torch.arange(8, device=inside.device) >> axis & 1 for axis in range(3))
    count = torch.zeros((side - 1,) * 3, dtype=torch.uint8, device=inside.device)
    for i, j, k in zip(x.tolist(), y.tolist(), z.tolist(), strict=True):
        count += inside[i : i + side - 1, j : j + side - 1, k : k + side - 1]
    i, j, k = ((count > 0) & (count < 8)).nonzero().unbind(1)
    corners = ((i[:, None] + x) * side + j[:, None] + y) * side + k[:, None] + z
    return (i * (side - 1) + j) * (side - 1) + k, corners


def _ones(grid: Grid, sdf: Tensor) -> CubeWeights:
    count = len(grid.cubes)
    one = sdf.new_ones(1, 1)
    return CubeWeights(one.expand(count, 8), one.expand(count, 12), one[0].expand(count))


def _loops_of(cubes: Tensor, inside: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(cube (P,), edge (P,), vertex (P,), owner (N,)) of P crossed edges of cubes.

    vertex: the loop through the edge, numbered over all cubes.  owner: the cube of each loop.
    """
    corners_inside = inside[cubes]
    active = (corners_inside.any(1) & ~corners_inside.all(1)).nonzero()[:, 0]
    signs = (corners_inside[active].long() << torch.arange(8, device=cubes.device)).sum(1)
    label, count, joined = (
        torch.as_tensor(table, device=cubes.device)
        for table in (loops().label, loops().count, loops().joined)
    )
    turned = _turned_faces(cubes[active], joined[signs])
    label, count = label[signs, turned], count[signs, turned]
    cube, edge = (label >= 0).nonzero().unbind(1)
    vertex = (count.cumsum(0) - count)[cube] + label[cube, edge]
    return active[cube], edge, vertex, torch.repeat_interleave(active, count)


def crossings(x: Tensor, a: Tensor) -> Tensor:
    """Where values a (P, 2) of different sign reach 0 between the points x (P, 2, 3), linearly, (P, 3)."""
    a_i, a_j = a.unbind(1)
    return (a_i[:, None] * x[:, 1] - a_j[:, None] * x[:, 0]) / (a_i - a_j)[:, None]


def _turned_faces(cubes: Tensor, joined: Tensor) -> Tensor:
    """The face that each cube (A, 8) turns, (A,), 6 for none: one that is joined on both of its sides."""
    cube = (joined < 6).nonzero()[:, 0]
    ring = torch.as_tensor(FACES, device=cubes.device)[joined[cube]]
    corners = cubes[cube[:, None], ring].sort(1).values
    _, face, sides = torch.unique(corners, dim=0, return_inverse=True, return_counts=True)
    turned = torch.full_like(joined, 6)
    both = sides[face] == 2
    turned[cube[both]] = joined[cube[both]]
    return turned


def _quads(ends: Tensor, edge: Tensor, vertex: Tensor, inside: Tensor) -> Tensor:
    """The vertices (Q, 4) around each crossed edge of four cubes, counter-clockwise seen from outside.

    ends (P, 2): the corners of the crossed edge `edge` (P,) of a cube, the lower first; vertex (P,).
    """
    # The edge's offsets (0, 0), (1, 0), (1, 1), (0, 1) in its cubes: counter-clockwise around the edge.
    ring = edge.new_tensor([0, 1, 3, 2])[edge % 4]
    key = ends[:, 0] * len(inside) + ends[:, 1]
    _, group, members = torch.unique(key, return_inverse=True, return_counts=True)
    order = (4 * group + ring).argsort()
    order = order[members[group[order]] == 4].view(-1, 4)
    quads = vertex[order]
    leaves = inside[ends[order[:, 0], 0]]  # the surface faces along the edge
    return torch.where(leaves[:, None], quads, quads.flip(1))


def _triangles(
    vertices: Tensor, quads: Tensor, gamma: Tensor, centers: bool
) -> tuple[Tensor, Tensor]:
    """(vertices, with the middles of the quadrilaterals if they are wanted; triangles (M, 3))."""
    g = rows(gamma, quads)
    first, second = g[:, 0] * g[:, 2], g[:, 1] * g[:, 3]
    a, b, c, d = quads.unbind(1)
    if not centers:
        along = [torch.stack(t, 1) for t in ((a, b, c), (a, c, d))]
        across = [torch.stack(t, 1) for t in ((a, b, d), (b, c, d))]
        cut = (first >= second)[:, None]
        return vertices, torch.cat(
            [torch.where(cut, p, q) for p, q in zip(along, across, strict=True)]
        )
    v = rows(vertices, quads)
    middle = first[:, None] * (v[:, 0] + v[:, 2]) + second[:, None] * (v[:, 1] + v[:, 3])
    middle = middle / (2 * (first + second))[:, None]
    m = len(vertices) + torch.arange(len(quads), device=quads.device)
    faces = [torch.stack(t, 1) for t in ((a, b, m), (b, c, m), (c, d, m), (d, a, m))]
    return torch.cat([vertices, middle]), torch.cat(faces)
