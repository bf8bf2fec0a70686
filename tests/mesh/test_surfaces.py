"""Laws of the surfaces of signed distances (FlexiCubes, marching tetrahedra) and of their regularisers."""

import numpy as np
import pytest
import torch
import trimesh

from sds3d.kernels.antialias import adjacency, antialias
from sds3d.kernels.fragments import fragments
from sds3d.kernels.rasterize import project
from sds3d.mesh.cubes import EDGES, FACES, loops
from sds3d.mesh.flexicubes import (
    CubeWeights,
    Grid,
    crossed_cubes,
    cube_grid,
    flexicubes,
    near_surface,
    squashed,
)
from sds3d.mesh.normals import face_normals, vertex_normals
from sds3d.mesh.regularity import grid_edges, laplacian, normal_consistency, sign_changes
from sds3d.mesh.tetrahedra import marching_tetrahedra, tetrahedral_grid
from sds3d.metrics.geometry import chamfer, diagonal
from sds3d.views.cameras import orbit

RADIUS = 0.6


def dual(resolution, distance, **options):
    grid = cube_grid(resolution)
    surface = flexicubes(grid, distance(grid.points), **options)
    return surface.vertices, surface.faces


def tetrahedral(resolution, distance):
    points, tetrahedra = tetrahedral_grid(resolution)
    return marching_tetrahedra(points, distance(points), tetrahedra)


EXTRACTIONS = pytest.mark.parametrize("extract", [dual, tetrahedral])


def sphere(points):
    return points.norm(dim=1) - RADIUS


def ring(points):
    return torch.hypot(torch.hypot(points[:, 0], points[:, 2]) - 0.5, points[:, 1]) - 0.22


def solid(vertices, faces):
    return trimesh.Trimesh(vertices.detach().numpy(), faces.numpy(), process=False)


def noise(resolution, rng, level=0.0):
    """Random distances at the points of a grid, positive on its border."""
    sdf = torch.randn(resolution + 1, resolution + 1, resolution + 1, generator=rng) + level
    for axis in range(3):
        sdf.select(axis, 0).fill_(1)
        sdf.select(axis, -1).fill_(1)
    return sdf.reshape(-1)


def faces_at_edges(faces):
    """How many faces each edge has, and whether none has two in the same direction."""
    ends = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    _, counts = torch.unique(ends.sort(1).values, dim=0, return_counts=True)
    return set(counts.tolist()), len(torch.unique(ends, dim=0)) == len(ends)


def fans(faces, count):
    """How many fans of faces that share edges meet at each vertex, as a set."""
    links = adjacency(faces).long()
    label = torch.arange(3 * len(faces)).view(-1, 3)  # a corner of a face
    for _ in range(64):
        for edge in range(3):
            other = links[:, edge]
            for step in (
                1,
                2,
            ):  # the two corners at this edge, against the same vertices over there
                mine = label[:, (edge + step) % 3]
                theirs = label[other // 3, (other + 3 - step) % 3]
                assert torch.equal(
                    faces[:, (edge + step) % 3], faces[other // 3, (other % 3 + 3 - step) % 3]
                )
                label[:, (edge + step) % 3] = torch.minimum(mine, theirs)
    pairs = torch.unique(torch.stack([faces.flatten(), label.flatten()], 1), dim=0)
    return set(torch.bincount(pairs[:, 0], minlength=count).tolist())


@EXTRACTIONS
@pytest.mark.parametrize(("shape", "euler"), [(sphere, 2), (ring, 0)])
def test_surfaces_are_closed_face_outwards_and_have_the_genus_of_the_shape(extract, shape, euler):
    mesh = solid(*extract(24, shape))
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.euler_number == euler
    volume = 4 / 3 * np.pi * RADIUS**3 if shape is sphere else 2 * np.pi**2 * 0.5 * 0.22**2
    assert mesh.volume == pytest.approx(volume, rel=0.07)


@EXTRACTIONS
def test_a_sphere_is_met_within_one_percent_of_its_diagonal_and_better_on_finer_grids(extract):
    true = trimesh.creation.icosphere(5, RADIUS)
    errors = []
    for resolution in (12, 24):
        mesh = solid(*extract(resolution, sphere))
        points, expected = mesh.sample(4000, seed=0), true.sample(4000, seed=1)
        errors.append(chamfer(points, expected) / diagonal(expected))
        off = np.abs(np.linalg.norm(mesh.vertices, axis=1) - RADIUS).max()
        assert off < 2.6 / resolution**2
    assert errors[1] < 0.01


@EXTRACTIONS
def test_any_signs_give_edges_of_two_faces_each_in_its_direction(extract, rng):
    """Random distances: every ambiguous case, level by level from mostly outside to mostly inside."""
    for level in (-0.8, 0.0, 0.8):
        for _ in range(4):
            _, faces = extract(8, lambda _p, level=level: noise(8, rng, level))
            assert faces_at_edges(faces) == ({2}, True)


def test_any_signs_give_vertices_with_one_fan_of_faces(rng):
    for level in (-0.8, 0.0, 0.8):
        vertices, faces = dual(8, lambda _p, level=level: noise(8, rng, level), centers=True)
        assert fans(faces, len(vertices)) == {1}


def test_a_turned_face_is_the_only_ambiguous_one_and_turning_it_parts_the_loops():
    table = loops()
    assert (table.joined < 6).sum() == 36
    number = {frozenset(ends): e for e, ends in enumerate(EDGES.tolist())}
    for signs in np.flatnonzero(table.joined < 6):
        rings = [[int(signs) >> int(c) & 1 for c in ring] for ring in FACES]
        ambiguous = [
            face for face, ring in enumerate(rings) if ring in ([0, 1, 0, 1], [1, 0, 1, 0])
        ]
        assert ambiguous == [table.joined[signs]]
        ring = FACES[ambiguous[0]].tolist()
        edges = [number[frozenset((ring[n], ring[n - 1]))] for n in range(4)]
        assert len(set(table.label[signs, 6, edges])) == 1
        assert len(set(table.label[signs, ambiguous[0], edges])) == 2


def test_every_loop_of_a_cube_has_the_edges_whose_ends_differ():
    table = loops()
    for signs in range(256):
        inside = [signs >> corner & 1 for corner in range(8)]
        crossed = [inside[a] != inside[b] for a, b in EDGES]
        for turned in range(7):
            label = table.label[signs, turned]
            assert ((label >= 0) == crossed).all()
            sizes = np.bincount(label[label >= 0])
            assert len(sizes) == table.count[signs, turned]
            assert not len(sizes) or sizes.min() >= 3


def test_a_plane_is_exact_and_its_vertices_lie_in_the_middle_of_their_crossings():
    grid = cube_grid(6)
    normal = torch.tensor([0.0, 0.6, 0.8])
    surface = flexicubes(grid, grid.points @ normal - 0.1)
    torch.testing.assert_close(
        surface.vertices @ normal, torch.full((len(surface.vertices),), 0.1), atol=1e-6, rtol=0
    )
    level = flexicubes(grid, grid.points[:, 1] - 0.1)
    assert level.deviation.max() < 1e-6
    assert flexicubes(grid, sphere(grid.points)).deviation.mean() > 1e-3


def test_weights_of_one_are_the_default_and_scaled_distances_change_nothing(rng):
    grid = cube_grid(6)
    sdf = sphere(grid.points)
    plain = flexicubes(grid, sdf)
    zeros = flexicubes(grid, 3 * sdf, squashed(torch.zeros(len(grid.cubes), 21)))
    torch.testing.assert_close(plain.vertices, zeros.vertices)
    assert torch.equal(plain.faces, zeros.faces)


def test_vertices_stay_in_their_cubes_whatever_the_weights(rng):
    grid = cube_grid(6)
    plain = flexicubes(grid, sphere(grid.points))
    raw = 5 * torch.randn(len(grid.cubes), 21, generator=rng)
    moved = flexicubes(grid, sphere(grid.points), squashed(raw))
    assert torch.equal(((plain.vertices + 1) * 3).floor(), ((moved.vertices + 1) * 3).floor())
    assert (plain.vertices - moved.vertices).abs().max() > 0.05


def test_middles_lie_between_the_diagonals_by_gamma():
    """One quadrilateral, around the one crossed edge of four cubes."""
    line = torch.tensor([-1.0, 0, 1])
    points = torch.cartesian_prod(line, line, torch.tensor([-1.0, 1]))
    index = torch.arange(18).view(3, 3, 2)
    cubes = torch.stack(
        [
            torch.stack([index[x + c % 2, y + c // 2 % 2, c // 4] for c in range(8)])
            for x in (0, 1)
            for y in (0, 1)
        ]
    )
    sdf = torch.ones(18)
    sdf[index[1, 1, 0]] = -1
    one = torch.ones(4, 12)
    gamma = torch.tensor([0.9, 0.2, 0.3, 0.9])
    surface = flexicubes(
        Grid(points, cubes), sdf, CubeWeights(one[:, :8], one, gamma), centers=True
    )
    assert len(surface.faces) == 4
    v = surface.vertices[:4]
    first, second = gamma[0] * gamma[3], gamma[1] * gamma[2]
    expected = (first * (v[0] + v[3]) + second * (v[1] + v[2])) / (2 * (first + second))
    torch.testing.assert_close(surface.vertices[4], expected)
    cut = flexicubes(Grid(points, cubes), sdf, CubeWeights(one[:, :8], one, gamma))
    shared = set(cut.faces[0].tolist()) & set(cut.faces[1].tolist())
    assert shared == {0, 3}


def test_the_derivatives_of_flexicubes_pass_finite_differences(rng):
    grid = cube_grid(4)
    points = grid.points.double() + 0.05 * torch.randn(125, 3, generator=rng, dtype=torch.float64)
    sdf = sphere(points)
    assert sdf.abs().min() > 1e-3  # no sign changes within the step
    raw = torch.randn(64, 21, generator=rng, dtype=torch.float64)

    def f(p, s, r):
        surface = flexicubes(Grid(p, grid.cubes), s, squashed(r), centers=True)
        return surface.vertices, surface.deviation

    inputs = (points.requires_grad_(), sdf.detach().requires_grad_(), raw.requires_grad_())
    assert torch.autograd.gradcheck(f, inputs, fast_mode=True)


def test_the_derivatives_of_marching_tetrahedra_pass_finite_differences():
    points, tetrahedra = tetrahedral_grid(3)
    points = points.double().requires_grad_()
    sdf = sphere(points.detach() + 0.03).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda p, s: marching_tetrahedra(p, s, tetrahedra)[0], (points, sdf), fast_mode=True
    )


def test_tetrahedra_fill_the_cube_and_are_positive():
    points, tetrahedra = tetrahedral_grid(3)
    corners = points[tetrahedra]
    volumes = torch.linalg.det(corners[:, 1:] - corners[:, :1]) / 6
    torch.testing.assert_close(volumes, torch.full_like(volumes, 8 / len(tetrahedra)))


def test_the_cubes_near_a_surface_give_the_same_surface():
    grid = cube_grid(16)
    sdf = ring(grid.points)
    raw = torch.sin(torch.arange(21.0 * len(grid.cubes))).view(-1, 21)
    part, points, cubes = near_surface(grid, sdf)
    assert len(cubes) < 0.5 * len(grid.cubes)
    whole = flexicubes(grid, sdf, squashed(raw))
    near = flexicubes(part, sdf[points], squashed(raw[cubes]))
    torch.testing.assert_close(near.vertices, whole.vertices)
    assert torch.equal(near.faces, whole.faces)
    wider = near_surface(grid, sdf, rings=2)
    assert len(wider[2]) > len(cubes)


def test_the_crossed_cubes_are_those_near_the_surface_without_their_neighbours():
    grid = cube_grid(16)
    sdf = ring(grid.points)
    cubes, corners = crossed_cubes((sdf < 0).view(17, 17, 17))
    part, points, expected = near_surface(grid, sdf, rings=0)
    assert torch.equal(cubes, expected)
    assert torch.equal(corners, points[part.cubes])


@EXTRACTIONS
def test_no_surface_is_an_empty_mesh(extract):
    vertices, faces = extract(3, lambda points: torch.ones(len(points)))
    assert vertices.shape == (0, 3)
    assert faces.shape == (0, 3)


def test_edges_of_a_grid_are_counted_once():
    edges = grid_edges(cube_grid(3))
    assert len(edges) == 3 * 3 * 4 * 4
    assert len(torch.unique(edges, dim=0)) == len(edges)


def test_sign_changes_are_penalised_by_the_cross_entropy_of_their_ends():
    edges = torch.tensor([[0, 1], [1, 2], [0, 2]])
    sdf = torch.tensor([0.3, -0.5, 0.8], dtype=torch.float64).requires_grad_()

    def entropy(s, y):
        p = torch.sigmoid(torch.tensor(s, dtype=torch.float64))
        return -(y * p.log() + (1 - y) * (1 - p).log())

    expected = (entropy(0.3, 0) + entropy(-0.5, 1) + entropy(0.8, 0) + entropy(-0.5, 1)) / 2
    torch.testing.assert_close(sign_changes(sdf, edges), expected)
    assert torch.autograd.gradcheck(lambda s: sign_changes(s, edges), sdf)
    assert sign_changes(sdf.abs(), edges) == 0
    huge = torch.tensor([1e30, -1e30]).requires_grad_()
    sign_changes(huge, edges[:1]).backward()
    assert huge.grad.isfinite().all()


def test_normal_consistency_of_a_cube_is_a_third_and_of_a_plane_nothing():
    """Twelve of the eighteen edges of a cube of triangles bend by a right angle: 12 / 18 (1 - 0) / 2."""
    cube = trimesh.creation.box()
    vertices, faces = torch.tensor(np.array(cube.vertices)), torch.tensor(np.array(cube.faces))
    value = normal_consistency(vertices, faces, adjacency(faces))
    torch.testing.assert_close(value, vertices.new_tensor(1 / 3))
    flat = vertices * vertices.new_tensor([1, 1, 0])
    flat[:, 2] = 0
    square = faces[(vertices[faces][..., 2] > 0).all(1)]
    assert normal_consistency(flat, square, adjacency(square)) == 0


def test_normals_of_faces_have_twice_the_area_and_those_of_vertices_unit_length():
    box = trimesh.creation.box((2, 1, 1))
    vertices, faces = torch.tensor(np.array(box.vertices)), torch.tensor(np.array(box.faces))
    normals = face_normals(vertices, faces)
    torch.testing.assert_close(normals.norm(dim=1), 2 * torch.tensor(np.array(box.area_faces)))
    torch.testing.assert_close(
        normals / normals.norm(dim=1, keepdim=True), torch.tensor(np.array(box.face_normals))
    )
    ball = trimesh.creation.icosphere(3)
    vertices, faces = torch.tensor(np.array(ball.vertices)), torch.tensor(np.array(ball.faces))
    assert (vertex_normals(vertices, faces) * vertices).sum(1).min() > 0.999
    lonely = torch.cat([vertices, vertices[:1]]).requires_grad_()
    assert not vertex_normals(lonely, faces)[-1].any()
    vertex_normals(lonely, faces).sum().backward()
    assert lonely.grad.isfinite().all()


def test_the_derivatives_of_normals_pass_finite_differences(rng):
    ball = trimesh.creation.icosahedron()
    vertices = torch.tensor(np.array(ball.vertices)).requires_grad_()
    faces = torch.tensor(np.array(ball.faces))
    assert torch.autograd.gradcheck(lambda v: vertex_normals(v, faces), vertices, fast_mode=True)


def test_weights_bring_out_the_edges_of_a_box():
    """With the distances held, the weights alone halve how far the surface misses a box that lies askew."""
    half = torch.tensor([0.61, 0.47, 0.53])

    def box(points):
        q = points.abs() - half
        return q.clamp_min(0).norm(dim=1) + q.amax(1).clamp_max(0)

    grid = cube_grid(10)
    sdf = box(grid.points)
    raw = torch.zeros(len(grid.cubes), 21).requires_grad_()
    optimizer = torch.optim.Adam([raw], lr=0.1)
    errors = []
    for _ in range(40):
        surface = flexicubes(grid, sdf, squashed(raw))
        error = box(surface.vertices[surface.faces].mean(1)).square().mean()
        error = error + box(surface.vertices).square().mean()
        errors.append(error.item())
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    assert errors[-1] < errors[0] / 4


def test_the_laplacian_of_an_icosahedron():
    """The five neighbours of a vertex have their mean at 1 / sqrt 5 of the radius."""
    mesh = trimesh.creation.icosahedron()
    vertices, faces = torch.tensor(np.array(mesh.vertices)), torch.tensor(np.array(mesh.faces))
    expected = (1 - 5**-0.5) ** 2 * vertices.norm(dim=1).square().mean()
    torch.testing.assert_close(laplacian(vertices, faces), expected)
    torch.testing.assert_close(laplacian(vertices + 5, faces), expected)


def two_balls(points):
    middle = points.new_tensor([0.45, 0, 0])
    return torch.minimum((points - middle).norm(dim=1), (points + middle).norm(dim=1)) - 0.35


def test_one_ball_is_fitted_to_the_silhouettes_of_two():
    """The surface parts: from an IoU below 0.5 to above 0.95, with nearly all of the volume in two pieces."""
    size = 40
    cameras = orbit(4, size, elevation_deg=30)

    def masks(vertices, faces):
        screen = project(vertices, cameras)
        seen = fragments(screen, faces, size, size)
        return antialias(seen.mask[..., None], screen, faces, seen)[..., 0]

    target = masks(*dual(32, two_balls))
    grid = cube_grid(14)
    edges = grid_edges(grid)
    sdf = sphere(grid.points).requires_grad_()
    optimizer = torch.optim.Adam([sdf], lr=0.03)
    found = []
    for _ in range(90):
        surface = flexicubes(grid, sdf)
        mask = masks(surface.vertices, surface.faces)
        found.append((torch.minimum(mask, target).sum() / torch.maximum(mask, target).sum()).item())
        loss = (mask - target).square().mean() + 0.01 * sign_changes(sdf, edges)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert found[0] < 0.5
    assert found[-1] > 0.95
    volumes = sorted(abs(piece.volume) for piece in solid(surface.vertices, surface.faces).split())
    assert volumes[-2] > 0.5 * volumes[-1]
    assert sum(volumes[-2:]) > 0.9 * sum(volumes)
