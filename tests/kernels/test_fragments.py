"""Laws of fragments and of the interpolation over them."""

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial import Delaunay

from sds3d.kernels.fragments import fragments
from sds3d.kernels.interpolate import interpolate, screen_derivatives
from sds3d.kernels.rasterize import project, rasterize
from sds3d.views.cameras import orbit

HEIGHT, WIDTH = 18, 22


def reference(screen, faces, height, width):
    """(face, barycentrics, depth) of one image, pixel by pixel and face by face, by 3 x 3 systems in numpy."""
    face = np.full((height, width), -1)
    barycentrics = np.zeros((height, width, 3))
    depth = np.zeros((height, width))
    for row in range(height):
        for col in range(width):
            for f, corners in enumerate(screen[faces]):
                matrix = np.stack([corners[:, 0], corners[:, 1], np.ones(3)])
                b = np.linalg.solve(matrix, [col + 0.5, row + 0.5, 1])
                q = b / corners[:, 2]
                if b.min() < 0 or (face[row, col] >= 0 and 1 / q.sum() >= depth[row, col]):
                    continue
                face[row, col] = f
                depth[row, col] = 1 / q.sum()
                barycentrics[row, col] = q / q.sum()
    return face, barycentrics, depth


@pytest.fixture
def soup(rng):
    """Two views (2, 24, 3) of eight triangles that overlap in places and pierce each other."""
    x = torch.rand(2, 24, generator=rng, dtype=torch.float64) * (WIDTH + 8) - 4
    y = torch.rand(2, 24, generator=rng, dtype=torch.float64) * (HEIGHT + 8) - 4
    z = torch.rand(2, 24, generator=rng, dtype=torch.float64) + 1
    return torch.stack([x, y, z], -1), torch.arange(24).view(8, 3)


@pytest.fixture
def ball():
    mesh = trimesh.creation.icosphere(2, radius=0.8)
    return torch.tensor(np.array(mesh.vertices)).float(), torch.tensor(np.array(mesh.faces))


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_every_pixel_is_that_of_a_loop_over_pixels_and_faces(soup, backend):
    screen, faces = soup
    seen = fragments(screen, faces, HEIGHT, WIDTH, backend=backend)
    for b in range(2):
        face, barycentrics, depth = reference(screen[b].numpy(), faces.numpy(), HEIGHT, WIDTH)
        assert len(np.unique(face)) > 5
        np.testing.assert_array_equal(seen.face[b], face)
        np.testing.assert_allclose(seen.barycentrics[b], barycentrics, atol=1e-12)
        np.testing.assert_allclose(seen.depth[b], depth, rtol=1e-12)


def test_triangles_of_a_square_share_no_sample_and_miss_none(rng):
    """Corners at pixel centres and between them, so that samples lie on edges and on corners."""
    for _ in range(5):
        inner = torch.randint(6, 36, (40, 2), generator=rng) / 2
        square = torch.tensor([[2.5, 2.5], [18.5, 2.5], [18.5, 18.5], [2.5, 18.5]])
        points = np.unique(torch.cat([square, inner]).numpy(), axis=0)
        faces = torch.from_numpy(Delaunay(points).simplices)
        flipped = torch.rand(len(faces), generator=rng) < 0.5
        faces = torch.where(flipped[:, None], faces.flip(1), faces)
        screen = torch.cat([torch.from_numpy(points), torch.ones(len(points), 1)], -1)[None]
        alone = sum(fragments(screen, f[None], 21, 21).mask[0] for f in faces)
        expected = torch.zeros(21, 21)
        expected[2:18, 2:18] = 1
        assert torch.equal(alone.float(), expected)
        assert torch.equal(fragments(screen, faces, 21, 21).mask[0].float(), expected)


def test_the_nearer_face_is_seen_and_of_equally_near_ones_the_first():
    corners = torch.tensor([[0.0, 0, 2], [16, 0, 2], [0, 16, 2]])
    screen = torch.cat([corners, corners, corners - torch.tensor([0.0, 0, 1])])[None]
    same = fragments(screen, torch.tensor([[0, 1, 2], [3, 4, 5]]), 4, 4)
    assert (same.face == 0).all()
    nearer = fragments(screen, torch.tensor([[0, 1, 2], [3, 4, 5], [6, 7, 8]]), 4, 4)
    assert (nearer.face == 2).all()
    torch.testing.assert_close(nearer.depth, torch.ones(1, 4, 4))


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_nothing_is_seen_of_no_faces_and_of_faces_behind_the_camera(backend):
    screen = torch.tensor([[[2.0, 2, 1], [10, 2, 1], [10, 10, -1]]]).requires_grad_()
    for faces in (torch.zeros(0, 3, dtype=torch.int64), torch.tensor([[0, 1, 2]])):
        seen = fragments(screen, faces, 12, 12, backend=backend)
        assert (seen.face == -1).all()
        values = interpolate(torch.ones(3, 1), faces, seen, backend=backend)
        assert not values.any()
        assert not seen.barycentrics.any()
        (seen.depth.sum() + values.sum()).backward()
    assert not screen.grad.any()


def test_the_derivatives_of_fragments_pass_finite_differences(soup):
    screen, faces = soup

    def f(s):
        seen = fragments(s, faces, HEIGHT, WIDTH)
        return seen.barycentrics, seen.depth

    assert torch.autograd.gradcheck(f, screen.requires_grad_(), eps=1e-7, fast_mode=True)


@pytest.mark.parametrize("shape", [(24, 3), (2, 24, 3)], ids=["shared", "one per image"])
def test_the_derivatives_of_the_interpolation_pass_finite_differences(soup, rng, shape):
    screen, faces = soup
    attributes = torch.rand(shape, generator=rng, dtype=torch.float64).requires_grad_()

    def f(a, s):
        return interpolate(a, faces, fragments(s, faces, HEIGHT, WIDTH))

    inputs = (attributes, screen.requires_grad_())
    assert torch.autograd.gradcheck(f, inputs, eps=1e-7, fast_mode=True)


def test_both_backends_give_the_same_values_and_gradients(soup, rng):
    screen, faces = soup
    attributes = torch.rand(24, 3, generator=rng, dtype=torch.float64)
    results = []
    for backend in ("numba", "torch"):
        s, a = screen.clone().requires_grad_(), attributes.clone().requires_grad_()
        seen = fragments(s, faces, HEIGHT, WIDTH, backend=backend)
        values = interpolate(a, faces, seen, backend=backend)
        (values.square().sum() + seen.depth.square().sum()).backward()
        results.append((values.detach(), seen.depth.detach(), s.grad, a.grad))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_one_thread_and_two_give_the_same_bits(ball, rng):
    vertices, faces = ball
    threads = torch.get_num_threads()
    upstream = torch.rand(3, 32, 32, 3, generator=rng)
    results = []
    for count in (1, 2):
        torch.set_num_threads(count)
        screen = project(vertices, orbit(3, 32)).requires_grad_()
        attributes = vertices.clone().requires_grad_()
        seen = fragments(screen, faces, 32, 32)
        values = interpolate(attributes, faces, seen)
        (values * upstream).sum().backward()
        results.append((seen.face, seen.depth.detach(), values.detach(), screen.grad))
        results[-1] += (attributes.grad,)
    torch.set_num_threads(threads)
    for one, two in zip(*results, strict=True):
        assert torch.equal(one, two)


def test_an_image_does_not_depend_on_its_batch(ball):
    vertices, faces = ball
    screen = project(vertices, orbit(4, 32))
    together = fragments(screen, faces, 32, 32)
    for b in range(4):
        alone = fragments(screen[b : b + 1], faces, 32, 32)
        assert torch.equal(alone.face[0], together.face[b])
        assert torch.equal(alone.barycentrics[0], together.barycentrics[b])


def test_interpolated_positions_lie_on_the_rays_of_the_pixels_at_their_depth(ball):
    vertices, faces = ball
    cameras = orbit(2, 32, elevation_deg=30)
    seen = fragments(project(vertices, cameras), faces, 32, 32)
    position = interpolate(vertices, faces, seen)
    origin, direction = cameras.rays()
    along = torch.einsum("bhwi,bi->bhw", direction, cameras.c2w[:, :3, 2])
    on_ray = origin + direction * (seen.depth / along)[..., None]
    inside = seen.face >= 0
    torch.testing.assert_close(position[inside], on_ray[inside], atol=1e-5, rtol=0)
    assert not position[~inside].any()


def test_pictures_are_drawn_by_the_same_rasteriser(ball):
    """`rasterize` differs from fragments and interpolation by rounding alone."""
    vertices, faces = ball
    screen = project(vertices, orbit(2, 32))
    values, face, depth = rasterize(screen, faces, vertices, 32, 32)
    seen = fragments(screen, faces, 32, 32)
    assert torch.equal(face, seen.face)
    assert torch.equal(depth, seen.depth)
    torch.testing.assert_close(values, interpolate(vertices, faces, seen), atol=1e-6, rtol=0)


def test_a_mesh_may_have_other_corners_for_its_texture_coordinates(ball, rng):
    vertices, faces = ball
    order = torch.randperm(len(vertices), generator=rng)
    seen = fragments(project(vertices, orbit(1, 32)), faces, 32, 32)
    moved = torch.empty_like(vertices)
    moved[order] = vertices
    torch.testing.assert_close(
        interpolate(moved, order[faces], seen), interpolate(vertices, faces, seen)
    )


def test_screen_derivatives_are_those_of_a_shifted_camera(soup, rng):
    screen, faces = soup
    uv = torch.rand(24, 2, generator=rng, dtype=torch.float64)
    seen = fragments(screen, faces, HEIGHT, WIDTH)
    ours = screen_derivatives(uv, faces, screen, faces, seen.face)
    for axis in range(2):
        step = torch.zeros(3, dtype=torch.float64)
        step[axis] = 1e-5
        after, before = (fragments(screen + s, faces, HEIGHT, WIDTH) for s in (-step, step))
        same = (after.face == seen.face) & (before.face == seen.face)
        change = interpolate(uv, faces, after) - interpolate(uv, faces, before)
        torch.testing.assert_close(
            ours[..., axis][same], (change / 2e-5)[same], atol=1e-6, rtol=1e-6
        )
        assert same.float().mean() > 0.99
