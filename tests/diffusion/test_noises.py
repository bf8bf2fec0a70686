"""Laws of noise that the surface of an object carries."""

import math
from dataclasses import replace
from itertools import product

import pytest
import torch

from sds3d.diffusion.noises import SHELLS, SIDE, carried, cell_of, on_surface
from sds3d.views.cameras import look_at_origin, orbit

RADIUS = 0.5


def ball(cameras):
    """(depth, alpha), (B, H, W), of a ball of RADIUS around the origin."""
    origin, direction = cameras.rays()
    middle = -(origin * direction).sum(-1)
    inside = RADIUS**2 - (origin + middle[..., None] * direction).square().sum(-1)
    alpha = (inside > 0).float()
    cosine = torch.einsum("bhwi,bi->bhw", direction, cameras.c2w[:, :3, 2])
    return alpha * (middle - inside.clamp_min(0).sqrt()) * cosine, alpha


def on_ball(cameras, fresh, cells):
    return on_surface(fresh, cells, *ball(cameras), cameras)


def directions(count, rng):
    return torch.nn.functional.normalize(torch.randn(count, 3, generator=rng), dim=1)


def test_pixels_are_sums_of_different_cells_over_the_root_of_their_number():
    """With all cells at 1, a pixel of n cells has sqrt(n)."""
    cameras = orbit(1, 24)
    fresh = torch.full((1, 1, 24, 24), -1.0)
    seen = on_ball(cameras, fresh, torch.ones(SHELLS * SIDE**2, 1))
    covered = seen > 0
    number = seen[covered].square()
    torch.testing.assert_close(number, number.round(), atol=1e-4, rtol=0)
    assert number.min() >= 1
    assert (seen[~covered] == -1).all()


def test_the_pixels_of_an_image_are_independent_and_standard_normal_exactly():
    """The noise is linear in that of the cells, W xi, and W W^T is the identity."""
    cameras, fresh = orbit(1, 12), torch.zeros(1, 1, 12, 12)
    W = torch.autograd.functional.jacobian(
        lambda xi: on_ball(cameras, fresh, xi[:, None]).flatten(), torch.ones(SHELLS * SIDE**2)
    )
    W = W[W.any(1)]
    assert len(W) > 20
    torch.testing.assert_close(W @ W.T, torch.eye(len(W)), atol=1e-5, rtol=0)


def test_what_is_not_covered_keeps_the_noise_that_it_was_given(rng):
    cameras = orbit(2, 16)
    fresh = torch.randn(2, 3, 16, 16, generator=rng)
    found = on_ball(cameras, fresh, carried(rng, 3))
    _, alpha = ball(cameras)
    corner = alpha[:, 0, 0] == 0
    assert corner.all()
    assert torch.equal(found[:, :, :2, :2], fresh[:, :, :2, :2])
    empty = on_surface(fresh, carried(rng, 3), 0 * alpha, 0 * alpha, cameras)
    assert torch.equal(empty, fresh)


def test_the_same_view_sees_the_same_noise_and_a_near_one_nearly_the_same(rng):
    size, cells = 32, carried(rng, 3)
    still = orbit(1, size, elevation_deg=0)
    fresh = [torch.randn(1, 3, size, size, generator=rng) for _ in range(3)]
    _, alpha = ball(still)
    middle = torch.zeros_like(alpha[0], dtype=torch.bool)
    middle[13:19, 13:19] = True

    def likeness(a, b):
        a, b = a[0, :, middle].flatten(), b[0, :, middle].flatten()
        return (a @ b / (a.norm() * b.norm())).item()

    first = on_ball(still, fresh[0], cells)
    assert likeness(first, on_ball(still, fresh[1], cells)) == pytest.approx(1, abs=1e-6)
    turned = still.rotated(0.2)
    assert likeness(first, on_ball(turned, fresh[2], cells)) > 0.6
    assert abs(likeness(first, on_ball(still.rotated(180), fresh[2], cells))) < 0.4


def test_noise_may_be_coarser_than_the_render(rng):
    cameras = orbit(1, 64)
    fresh = torch.randn(1, 4, 8, 8, generator=rng)
    found = on_ball(cameras, fresh, carried(rng, 4))
    assert found.shape == fresh.shape
    assert (found != fresh).any()
    assert found.std().item() == pytest.approx(1, abs=0.25)


def test_cells_of_a_shell_have_equal_areas(rng):
    """Uniform directions fall into each of 64 blocks of cells equally often."""
    count = 640_000
    cell = cell_of(0.9 * directions(count, rng))
    shell, rest = cell // SIDE**2, cell % SIDE**2
    assert (shell == SHELLS - 1).all()
    block = (rest // SIDE * 8 // SIDE) * 8 + rest % SIDE * 8 // SIDE
    share = torch.bincount(block, minlength=64) / count
    assert (share * 64 - 1).abs().max() < 5 * math.sqrt(64 / count)


def test_cells_are_small_and_what_lies_behind_has_others(rng):
    direction = directions(2000, rng)
    beside = torch.nn.functional.normalize(direction + 0.2 * directions(2000, rng), dim=1)
    assert (cell_of(0.6 * direction) != cell_of(0.6 * beside)).float().mean() > 0.97
    assert torch.equal(cell_of(0.6 * direction), cell_of(0.7 * direction))
    assert (cell_of(0.6 * direction) != cell_of(0.2 * direction)).all()
    assert (cell_of(0.6 * direction) != cell_of(-0.6 * direction)).all()
    ends = cell_of(torch.tensor([[0.0, 0, 0], [2.0, 0, 0], [0, 0, -1]]))
    assert ((ends >= 0) & (ends < SHELLS * SIDE**2)).all()


def test_every_cell_is_somewhere_in_the_ball(rng):
    assert carried(rng, 2).shape == (SHELLS * SIDE**2, 2)
    points = directions(400_000, rng) * torch.rand(400_000, 1, generator=rng)
    cell = cell_of(points)
    shell, i, j = cell // SIDE**2, cell // SIDE % SIDE, cell % SIDE
    for found, count in ((shell, SHELLS), (i, SIDE), (j, SIDE)):
        assert set(found.unique().tolist()) == set(range(count))


def test_a_pixel_that_sees_one_cell_has_its_noise():
    cameras = orbit(1, 160)
    fresh = torch.full((1, 1, 160, 160), -1.0)
    seen = on_ball(cameras, fresh, torch.ones(SHELLS * SIDE**2, 1))
    assert seen[seen > 0].min() == 1


def test_a_pixel_has_the_noise_of_the_cells_that_it_is_the_first_to_see(rng):
    """A plane that faces each camera, pixel by pixel, each at four by four points."""
    views, height, width, samples, depth = 2, 5, 7, 4, 2.9
    angles = (torch.tensor(x) for x in ([10.0, 140.0], [25.0, -35.0], [3.0, 3.2], [30.0, 40.0]))
    cameras = look_at_origin(*angles, height, width)
    cameras = replace(cameras, c2w=cameras.c2w.double(), K=cameras.K.double())
    seen = torch.ones(views, height, width, dtype=torch.float64)
    seen[0, :, 5:] = 0
    seen[1, :2] = 0
    cells = carried(rng, 3)
    fresh = torch.randn(views, 3, height, width, generator=rng, dtype=torch.float64)
    found = on_surface(fresh, cells, torch.full_like(seen, depth), seen, cameras)

    offsets = (torch.arange(samples, dtype=torch.float64) + 0.5) / samples
    for view in range(views):
        K, c2w, taken = cameras.K[view], cameras.c2w[view], set()
        for row, column in product(range(height), range(width)):
            if not seen[view, row, column]:
                assert torch.equal(found[view, :, row, column], fresh[view, :, row, column])
                continue
            v = (row + offsets).clamp(0.5, height - 0.5)[:, None].expand(samples, samples)
            u = (column + offsets).clamp(0.5, width - 0.5).expand(samples, samples)
            x, y = (u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1]
            point = depth * torch.stack([x, y, torch.ones_like(x)], -1).flatten(0, 1)
            new = set(cell_of(point @ c2w[:3, :3].T + c2w[:3, 3]).tolist()) - taken
            taken |= new
            expected = cells[sorted(new)].double().sum(0) / len(new) ** 0.5
            torch.testing.assert_close(found[view, :, row, column], expected)
