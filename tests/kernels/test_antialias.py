"""Laws of blended silhouettes: areas, images and their gradients."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import trimesh

from sds3d.kernels.antialias import adjacency, antialias
from sds3d.kernels.fragments import fragments
from sds3d.kernels.interpolate import interpolate
from sds3d.kernels.rasterize import project
from sds3d.views.cameras import orbit

SIZE = 64
ONE = torch.tensor([[0, 1, 2]])


def blended(screen, faces, size=SIZE, **options):
    """The blended mask (B, size, size)."""
    seen = fragments(screen, faces, size, size)
    return antialias(seen.mask[..., None], screen, faces, seen, **options)[..., 0]


def triangle(*corners):
    """Screen positions (1, 3, 3), float64, at depth 1."""
    return torch.tensor([[(*c, 1.0) for c in corners]], dtype=torch.float64).requires_grad_()


def area(screen):
    a, b, c = screen[0, :, :2]
    return ((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])).abs() / 2


def supersampled(screen, faces, size=SIZE, factor=16):
    """Coverage (B, size, size) by factor^2 samples a pixel."""
    fine = screen.detach() * torch.tensor([factor, factor, 1.0], dtype=screen.dtype)
    seen = fragments(fine, faces, size * factor, size * factor)
    return F.avg_pool2d(seen.mask[:, None], factor)[:, 0]


def ring(sections):
    mesh = trimesh.creation.torus(0.5, 0.25, sections, sections)
    vertices = torch.tensor(np.array(mesh.vertices)).float()
    return vertices, torch.tensor(np.array(mesh.faces))


@pytest.mark.parametrize("flip", [False, True], ids=["steep", "level"])
def test_the_mask_of_a_half_plane_sums_to_its_area_and_so_do_the_gradients(flip, rng):
    """Left of the line from (x0, 0) to (x1, 64) lie 32 (x0 + x1) square pixels."""
    for _ in range(10):
        x = (torch.rand(2, generator=rng, dtype=torch.float64) * 40 + 12).requires_grad_()
        slope = (x[1] - x[0]) / SIZE
        ends = [x[0] - SIZE * slope, x[1] + SIZE * slope]  # the edge runs on beyond the image
        rows = [-SIZE, 2 * SIZE]
        corners = [torch.stack([e, x.new_tensor(y)]) for e, y in zip(ends, rows, strict=True)]
        corners.append(x.new_tensor([-1e3, 32.0]))
        flat = torch.stack([c.flip(0) if flip else c for c in corners])
        screen = torch.cat([flat, torch.ones(3, 1)], -1)[None]
        total = blended(screen, ONE).sum()
        torch.testing.assert_close(total, 32 * (x[0] + x[1]))
        (g,) = torch.autograd.grad(total, x)
        torch.testing.assert_close(g, torch.full_like(g, 32.0))


def test_the_mask_of_a_triangle_sums_to_its_area_but_for_its_corners(rng):
    """Within 1 px^2 of areas from 250 to 1,250 px^2, gradients within 7 %; samples alone miss by more."""
    alone = []
    for n in range(20):
        turn = torch.rand(1, generator=rng, dtype=torch.float64) * 6.3
        angle = turn + torch.tensor([0.0, 2.0, 4.3])
        radius = 14 + 0.9 * n
        corners = 32 + radius * torch.stack([angle.cos(), angle.sin()], -1)
        corners += torch.rand(2, generator=rng, dtype=torch.float64) - 0.5
        screen = torch.cat([corners, torch.ones(3, 1)], -1)[None].requires_grad_()
        true = area(screen)
        total = blended(screen, ONE).sum()
        assert (total - true).abs() < 1
        alone.append(fragments(screen, ONE, SIZE, SIZE).mask.sum() - true.detach())
        expected = torch.autograd.grad(true, screen)[0]
        found = torch.autograd.grad(total, screen)[0]
        assert (found - expected).norm() < 0.07 * expected.norm()
        assert not found[..., 2].any()
    assert torch.stack(alone).square().mean().sqrt() > 1


def test_corners_matter_less_in_larger_images():
    errors = []
    for size in (32, 256):
        corners = torch.tensor([[0.1, 0.15], [0.83, 0.3], [0.4, 0.87]], dtype=torch.float64) * size
        screen = torch.cat([corners, torch.ones(3, 1)], -1)[None].requires_grad_()
        expected = torch.autograd.grad(area(screen), screen)[0]
        found = torch.autograd.grad(blended(screen, ONE, size).sum(), screen)[0]
        errors.append((found - expected).norm() / expected.norm())
    assert errors[1] < errors[0] / 4
    assert errors[1] < 0.005


@pytest.mark.parametrize("sections", [16, 150], ids=["large faces", "faces below a pixel"])
def test_blended_images_are_those_of_many_samples(sections):
    """Within 0.04 where the coverage is partial, corners included; one sample a pixel is 0.25 off."""
    vertices, faces = ring(sections)
    screen = project(vertices, orbit(2, SIZE, elevation_deg=35)).double()
    fine = supersampled(screen, faces)
    partial = (fine > 0) & (fine < 1)
    ours = blended(screen, faces)
    alone = fragments(screen, faces, SIZE, SIZE).mask

    def error(mask):
        return (mask - fine)[partial].square().mean().sqrt()

    assert error(ours) < 0.04
    assert error(alone) > 0.2
    assert (ours - fine)[~partial].abs().max() < 0.05
    assert (ours - fine).abs().max() < 0.15


def test_the_derivatives_of_the_blended_image_pass_finite_differences(rng):
    """Two triangles, one before the other, in three colours with the background."""
    screen = torch.tensor(
        [
            [
                [2.2, 1.3, 1],
                [9.1, 3.3, 1],
                [3.3, 9.8, 1],
                [5.1, 0.7, 2],
                [10.6, 9.3, 2],
                [0.9, 7.7, 2],
            ]
        ],
        dtype=torch.float64,
    ).requires_grad_()
    faces = torch.arange(6).view(2, 3)
    colors = torch.rand(6, 3, generator=rng, dtype=torch.float64).requires_grad_()

    def f(s, c):
        seen = fragments(s, faces, 12, 12)
        return antialias(interpolate(c, faces, seen), s, faces, seen)

    assert torch.autograd.gradcheck(f, (screen, colors), eps=1e-7)


def test_the_gradient_of_a_mask_is_that_of_many_samples():
    """Moving, turning and scaling a ring changes a weighted sum of its mask as finite differences say.

    Within 1 % of what goes in and out along the silhouette.
    """
    vertices, faces = ring(60)
    screen = project(vertices, orbit(1, SIZE, elevation_deg=35)).double().requires_grad_()
    y, x = torch.meshgrid(torch.arange(SIZE) + 0.5, torch.arange(SIZE) + 0.5, indexing="ij")
    weights = 1 + torch.sin(x / 9) * torch.cos(y / 7) + x / 40
    (g,) = torch.autograd.grad((blended(screen, faces)[0] * weights).sum(), screen)
    place = screen.detach()
    center = place.new_tensor([32.0, 32, 0])
    moves = {
        "x": place.new_tensor([1.0, 0, 0]).expand_as(place),
        "y": place.new_tensor([0.0, 1, 0]).expand_as(place),
        "scale": (place - center) * place.new_tensor([0.05, 0.05, 0]),
        "turn": (place - center)[..., [1, 0, 2]] * place.new_tensor([-0.05, 0.05, 0]),
    }
    for name, move in moves.items():
        after, before = (supersampled(place + h * move, faces)[0] for h in (0.25, -0.25))
        change = (after - before) * weights / 0.5
        error = ((g * move).sum() - change.sum()).abs()
        assert error < 0.01 * change.abs().sum(), name


def test_the_blend_is_continuous_where_an_edge_passes_a_pixel():
    """An edge that moves by 1e-6 px changes no pixel by more than 1e-5, wherever it is."""
    for x in np.linspace(20, 22, 17):
        before, after = (
            blended(triangle((x + h, -64), (x + 6 + h, 128), (-500, 32)), ONE)
            for h in (-1e-6, 1e-6)
        )
        assert (before - after).abs().max() < 1e-5


def test_edges_inside_a_surface_are_not_blended(rng):
    """A flat grid of triangles in random colours fills the image: nothing is a silhouette but its border."""
    x, y = torch.meshgrid(torch.linspace(-3, 67, 9), torch.linspace(-3, 67, 9), indexing="ij")
    screen = torch.stack([x, y, 1 + x / 99], -1).reshape(1, -1, 3)
    cell = torch.arange(64) // 8 * 9 + torch.arange(64) % 8
    faces = torch.cat(
        [
            torch.stack([cell, cell + 1, cell + 9], -1),
            torch.stack([cell + 1, cell + 10, cell + 9], -1),
        ]
    )
    image = torch.rand(1, SIZE, SIZE, 3, generator=rng)
    seen = fragments(screen, faces, SIZE, SIZE)
    assert torch.equal(antialias(image, screen, faces, seen), image)
    apart = screen[:, faces.reshape(-1)], torch.arange(3 * len(faces)).view(-1, 3)
    assert not torch.equal(antialias(image, *apart, seen), image)


def test_a_fold_hides_what_lies_behind_it(ball_and_wall):
    """Between a ball and the wall behind it every blended pixel lies between the colours of the two."""
    screen, faces, colors = ball_and_wall
    seen = fragments(screen, faces, SIZE, SIZE)
    assert (seen.face >= 0).all()
    image = interpolate(colors, faces, seen)
    out = antialias(image, screen, faces, seen)
    changed = (out != image).any(-1)
    assert 80 < changed.sum() < 160
    torch.testing.assert_close(out.sum(-1), torch.ones_like(out[..., 0]))
    assert ((out > -1e-5) & (out < 1 + 1e-5)).all()


def test_the_edge_towards_a_face_that_is_not_drawn_is_a_silhouette():
    """The second face has a corner behind the camera; the first is blended as if it stood alone."""
    corners = [(10.2, 5.1, 1.0), (50.7, 20.3, 1.0), (15.4, 55.8, 1.0), (60.0, 60.0, -1.0)]
    screen = torch.tensor([corners], dtype=torch.float64)
    alone = blended(screen, ONE)
    assert torch.equal(blended(screen, torch.tensor([[0, 1, 2], [2, 1, 3]])), alone)
    whole = screen.clone()
    whole[0, 3, 2] = 1
    assert blended(whole, torch.tensor([[0, 1, 2], [2, 1, 3]])).sum() > 1.5 * alone.sum()


@pytest.fixture
def ball_and_wall():
    """(screen, faces, colors): a red ball before a green wall that fills the image."""
    ball = trimesh.creation.icosphere(3, radius=0.6)
    vertices = torch.tensor(np.array(ball.vertices)).float()
    wall = torch.tensor([[-9.0, -9, -2], [9, -9, -2], [9, 9, -2], [-9, 9, -2]])
    count = len(vertices)
    faces = torch.tensor(np.array(ball.faces))
    faces = torch.cat([faces, torch.tensor([[0, 1, 2], [0, 2, 3]]) + count])
    screen = project(torch.cat([vertices, wall]), orbit(1, SIZE, elevation_deg=0))
    colors = torch.zeros(count + 4, 2)
    colors[:count, 0] = 1
    colors[count:, 1] = 1
    return screen, faces, colors


def test_both_backends_give_the_same_values_and_gradients(ball_and_wall, rng):
    screen, faces, colors = ball_and_wall
    upstream = torch.rand(1, SIZE, SIZE, 2, generator=rng, dtype=torch.float64)
    results = []
    for backend in ("numba", "torch"):
        s, c = screen.double().requires_grad_(), colors.double().requires_grad_()
        seen = fragments(s, faces, SIZE, SIZE)
        out = antialias(interpolate(c, faces, seen), s, faces, seen, backend=backend)
        (out * upstream).sum().backward()
        results.append((out.detach(), s.grad, c.grad))
    assert results[0][1].any()
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_one_thread_and_two_give_the_same_bits(rng):
    vertices, faces = ring(40)
    upstream = torch.rand(3, SIZE, SIZE, generator=rng)
    threads = torch.get_num_threads()
    results = []
    for count in (1, 2):
        torch.set_num_threads(count)
        screen = project(vertices, orbit(3, SIZE)).requires_grad_()
        out = blended(screen, faces)
        (out * upstream).sum().backward()
        results.append((out.detach(), screen.grad))
    torch.set_num_threads(threads)
    for one, two in zip(*results, strict=True):
        assert torch.equal(one, two)


def test_adjacency_pairs_the_edges_of_a_closed_mesh():
    faces = torch.tensor(np.array(trimesh.creation.icosphere(1).faces))
    links = adjacency(faces).long()
    flat = links.flatten()
    assert torch.equal(flat[flat], torch.arange(len(flat)))
    for f, k in ((0, 0), (17, 2), (40, 1)):
        g, m = divmod(int(links[f, k]), 3)
        assert {int(v) for n, v in enumerate(faces[f]) if n != k} == {
            int(v) for n, v in enumerate(faces[g]) if n != m
        }


def test_adjacency_links_neither_borders_nor_edges_of_three_faces():
    faces = torch.tensor([[0, 1, 2], [0, 1, 3], [1, 0, 4], [2, 1, 5]])
    links = adjacency(faces)
    assert links.tolist() == [[11, -1, -1], [-1, -1, -1], [-1, -1, -1], [-1, -1, 0]]
    given = adjacency(ONE)
    assert given.tolist() == [[-1, -1, -1]]
    assert adjacency(torch.zeros(0, 3, dtype=torch.int64)).shape == (0, 3)


def test_a_sphere_is_fitted_to_the_silhouettes_of_a_cube():
    """From an IoU of 0.75 at most to 0.95 at least, by the gradients of the masks and smooth steps alone."""
    cube = trimesh.creation.box((0.9, 0.9, 0.9))
    corners = torch.tensor(np.array(cube.vertices)).float()
    sphere = trimesh.creation.icosphere(2, radius=0.75)
    vertices = torch.tensor(np.array(sphere.vertices)).float()
    faces = torch.tensor(np.array(sphere.faces))
    links = adjacency(faces)
    edges = torch.tensor(np.array(sphere.edges_unique))
    cameras = orbit(6, SIZE, elevation_deg=25)
    box = torch.tensor(np.array(cube.faces))
    target = blended(project(corners, cameras), box)
    offset = torch.zeros_like(vertices).requires_grad_()
    optimizer = torch.optim.Adam([offset], lr=0.02)

    def iou(mask):
        return (torch.minimum(mask, target).sum() / torch.maximum(mask, target).sum()).item()

    first = None
    for step in range(120):
        optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / 120)
        moved = vertices + offset
        mask = blended(project(moved, cameras), faces, links=links)
        first = first or iou(mask)
        bending = (offset[edges[:, 0]] - offset[edges[:, 1]]).square().sum()
        loss = (mask - target).square().sum(dim=(1, 2)).mean() + 20 * bending
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert first < 0.75
    assert iou(blended(project(vertices + offset, cameras), faces)) > 0.95
