"""Laws of the triangle rasteriser."""

import numpy as np
import pytest
import torch
import trimesh

from sds3d.kernels.rasterize import project, rasterize, render_models
from sds3d.views.cameras import orbit

SIZE = 24


@pytest.fixture
def ball():
    mesh = trimesh.creation.icosphere(2, radius=0.8)
    return torch.tensor(np.array(mesh.vertices)), torch.tensor(np.array(mesh.faces))


def test_interpolation_is_exact_in_perspective(ball):
    """Interpolating the world position gives points on the rays of the pixels, at the depth returned."""
    vertices, faces = ball
    cameras = orbit(2, SIZE, elevation_deg=30)
    screen = project(vertices.float(), cameras)
    position, face, depth = rasterize(screen, faces, vertices.float(), SIZE, SIZE)
    seen = face >= 0
    origin, direction = cameras.rays()
    along = torch.einsum("bhwi,bi->bhw", direction, cameras.c2w[:, :3, 2])
    on_ray = origin + direction * (depth / along)[..., None]
    torch.testing.assert_close(position[seen], on_ray[seen], atol=1e-4, rtol=0)
    assert torch.equal(seen, depth > 0)
    assert (position[seen].norm(dim=-1) > 0.74).all()


def test_a_square_of_two_triangles_covers_each_pixel_once_and_exactly():
    screen = torch.tensor([[[2.0, 2, 1], [10, 2, 1], [10, 10, 1], [2, 10, 1]]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    values, face, _ = rasterize(screen, faces, torch.ones(4, 1), 12, 12)
    assert values.sum() == 64
    assert (face >= 0).sum() == 64


def test_faces_behind_the_camera_are_not_drawn():
    screen = torch.tensor([[[2.0, 2, 1], [10, 2, 1], [10, 10, -1]]])
    assert (rasterize(screen, torch.tensor([[0, 1, 2]]), torch.ones(3, 1), 12, 12)[1] == -1).all()


def test_the_fused_path_draws_what_the_plain_one_draws(ball, rng):
    vertices, faces = ball
    colors = torch.rand(len(vertices), 3, generator=rng)
    cameras = orbit(3, SIZE, elevation_deg=10)
    model = (vertices.float().numpy(), faces.int().numpy(), colors.numpy())
    values, face, _ = rasterize(project(vertices.float(), cameras), faces, colors, SIZE, SIZE)
    for closed in (False, True):
        rgb, alpha = render_models([model, model], cameras, supersample=1, closed=[closed] * 2)
        differs = (alpha[1] > 0) != (face >= 0)
        assert differs.sum() <= 3
        same = ~differs[..., None].expand_as(values)
        torch.testing.assert_close(rgb[1][same], values[same], atol=2e-3, rtol=0)


def test_supersampling_averages_the_samples(ball):
    vertices, faces = ball
    model = (vertices.float().numpy(), faces.int().numpy(), np.ones((len(vertices), 3), np.float32))
    fine = render_models([model], orbit(2, 2 * SIZE), supersample=1)[1]
    coarse = render_models([model], orbit(2, SIZE), supersample=2)[1]
    pooled = torch.nn.functional.avg_pool2d(fine[0][:, None], 2)[:, 0]
    torch.testing.assert_close(coarse[0], pooled)
