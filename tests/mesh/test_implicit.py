"""Laws of objects given by a density, on a ball whose images are known in closed form."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sds3d.errors import ExportError
from sds3d.mesh.extract import extract
from sds3d.mesh.implicit import (
    ImplicitSurface,
    filled,
    grid_peaks,
    hidden,
    sample,
    surface_level,
)
from sds3d.mesh.pictures import texels
from sds3d.views.cameras import orbit

RADIUS, RESOLUTION, MARGIN = 0.6, 48, 0.05
LINE = np.linspace(-1, 1, RESOLUTION, dtype=np.float32)
GRID = np.stack(np.meshgrid(LINE, LINE, LINE, indexing="ij"), -1)
LEVEL = 3.0


def closest(cameras):
    """The distance from the origin of each pixel's ray, and how far along the ray that point is."""
    origin, direction = cameras.rays()
    along = -(origin * direction).sum(-1)
    return (origin + along[..., None] * direction).norm(dim=-1), along, direction


def look(cameras):
    """Coverage and depth of a ball of RADIUS, exact."""
    distance, along, direction = closest(cameras)
    hit = distance < RADIUS
    half_chord = (RADIUS**2 - distance**2).clamp_min(0).sqrt()
    cosine = torch.einsum("bhwi,bi->bhw", direction, cameras.c2w[:, :3, 2])
    return hit.float(), (along - half_chord) * cosine * hit


def density(points):
    """LEVEL at RADIUS, falling outwards."""
    return LEVEL * RADIUS / np.maximum(np.linalg.norm(points, axis=-1), 0.05)


def paint(points, normals):
    """Opposite colours on opposite sides."""
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-4)
    return 0.5 + 0.4 * points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.fixture
def ball():
    return ImplicitSurface(
        density=density(GRID).astype(np.float32),
        color_at=paint,
        look=look,
        peaks=lambda cameras: density(closest(cameras)[0].numpy()[..., None]).ravel(),
        levels=np.array([0.5, 1.0, 2.0, LEVEL, 4.0, 6.0]),
        slack=0.0,
        size=64,
        margin=MARGIN,
    )


def test_the_level_is_the_one_whose_silhouettes_are_those_of_the_images(ball):
    level, iou = surface_level(ball)
    assert level == LEVEL
    assert iou == pytest.approx(1, abs=0.01)


def test_within_the_slack_of_the_best_level_the_lowest_is_taken(ball):
    levels = LEVEL * np.array([0.5, 0.9, 1.0, 1.1])
    # Silhouettes of the levels 0.9 and 1.1 are balls of radius RADIUS / 0.9 and RADIUS / 1.1.
    for slack, expected in ((0.0, 1.0), (0.3, 0.9), (0.9, 0.5)):
        level, _ = surface_level(replace(ball, levels=levels, slack=slack))
        assert level == pytest.approx(LEVEL * expected)


def test_a_pixel_is_covered_from_an_alpha_of_one_half(ball):
    veiled = replace(ball, look=lambda cameras: (0.55 * look(cameras)[0], look(cameras)[1]))
    assert surface_level(veiled)[0] == LEVEL


def test_a_scene_that_covers_no_pixel_is_empty(ball):
    faint = replace(ball, look=lambda cameras: tuple(0.4 * v for v in look(cameras)))
    with pytest.raises(ExportError, match="empty"):
        surface_level(faint)


def test_exactly_the_points_behind_the_surface_in_all_views_are_hidden():
    points = torch.from_numpy(GRID.reshape(-1, 3))
    radius = points.norm(dim=1)
    inside = hidden(look, points, 0.0)
    assert inside[radius < RADIUS - 0.05].all()
    # Below, where no view looks from, the ball's own shadow is hidden too.
    from_below = -points[:, 1] > 0.3 * radius
    assert not inside[(radius > RADIUS + 0.05) & ~from_below].any()


@pytest.mark.parametrize(("margin", "is_hidden"), [(0.0, False), (0.04, False), (0.06, True)])
def test_a_point_in_front_of_the_surface_by_less_than_the_margin_counts_as_hidden(
    margin, is_hidden
):
    def wall(cameras):
        """In every view a wall 0.05 behind the origin."""
        shape = (len(cameras), cameras.height, cameras.width)
        return torch.ones(shape), torch.full(shape, 3.05)

    assert hidden(wall, torch.zeros(1, 3), margin).item() is is_hidden


def test_a_single_view_from_which_a_point_is_seen_is_enough_to_show_it():
    rings = []

    def pierced(cameras):
        """The ball, but transparent in the first view of the second ring."""
        alpha, depth = look(cameras)
        rings.append(len(cameras))
        if len(rings) == 2:
            alpha[0] = 0
        return alpha, depth

    assert not hidden(pierced, torch.zeros(1, 3), 0.0).any()
    assert rings == [12, 8, 4]
    assert hidden(look, torch.zeros(1, 3), 0.0).all()


def test_the_grid_is_clipped_at_twice_the_level_and_filled_where_nothing_is_seen(ball):
    radius = np.linalg.norm(GRID, axis=-1)
    hollow = np.where(radius < 0.4, 0, 3 * ball.density)
    volume = filled(replace(ball, density=hollow), LEVEL)
    assert (volume[radius < RADIUS - 0.06] == 2 * LEVEL).all()
    visible = (radius > RADIUS + MARGIN + 0.05) & (GRID[..., 1] > 0)
    assert hollow[visible].max() > 2 * LEVEL > hollow[visible].min()
    np.testing.assert_array_equal(volume[visible], np.minimum(hollow[visible], 2 * LEVEL))


def test_samples_of_a_linear_volume_are_exact_and_zero_outside(rng):
    volume = np.stack([GRID[..., 0], GRID @ np.float32([1, 2, 3])], -1)
    points = 2 * torch.rand(200, 3, generator=rng).numpy() - 1
    values = sample(volume, points)
    np.testing.assert_allclose(values[:, 0], points[:, 0], atol=1e-5)
    np.testing.assert_allclose(values[:, 1], points @ [1, 2, 3], atol=1e-5)
    assert not sample(volume, points + 3).any()


def test_the_peaks_of_a_grid_are_the_highest_values_along_the_rays(ball):
    cameras = orbit(2, 24)
    distance = closest(cameras)[0].numpy().ravel()
    peaks = grid_peaks(ball.density, cameras)
    assert peaks.shape == (2 * 24 * 24,)
    near = (distance > 0.2) & (distance < 0.8)
    np.testing.assert_allclose(peaks[near], density(distance[near, None]), rtol=0.03)


def test_the_peaks_of_a_grid_are_found_in_front_of_and_behind_the_centre():
    for z in (-0.6, 0.6):
        blob = np.exp(-((np.linalg.norm(GRID - np.float32([0, 0, z]), axis=-1) / 0.2) ** 2))
        peaks = grid_peaks(blob.astype(np.float32), orbit(1, 25, elevation_deg=0))
        assert peaks.reshape(25, 25)[12, 12] == pytest.approx(1, abs=0.1)


def test_the_mesh_of_a_surface_is_closed_in_place_and_has_its_colours(ball):
    mesh = extract(ball, texture_size=128, faces=1500)
    assert 0 < len(mesh.faces) <= 1500
    radius = np.linalg.norm(mesh.vertices, axis=1)
    assert np.abs(radius - RADIUS).max() < 0.04
    outward = (mesh.normals * mesh.vertices).sum(1) / radius
    assert np.quantile(outward, 0.05) > 0.8
    assert outward.mean() > 0.95
    colors = texels(mesh.base_color, mesh.uv)
    assert np.abs(colors - paint(mesh.vertices, mesh.normals)).mean() < 0.03


def test_meshing_requests_colours_only_on_the_surface(ball):
    asked = []

    def color_at(points, normals):
        asked.append(points)
        return paint(points, normals)

    extract(replace(ball, color_at=color_at), texture_size=64, faces=800)
    radius = np.linalg.norm(np.concatenate(asked), axis=1)
    assert np.abs(radius - RADIUS).max() < 0.06
