"""Laws of the isosurface, against the ellipsoid's closed forms."""

import math

import numpy as np
import pytest
import trimesh

from sds3d.errors import ExportError
from sds3d.mesh.isosurface import isosurface

CENTER, AXES = np.array([0.2, -0.15, 0.1]), np.array([0.6, 0.4, 0.25])
RESOLUTION, BOUND, LEVEL, FACES = 64, 1.0, 10.0, 4000


def grid(resolution=RESOLUTION, bound=BOUND):
    line = np.linspace(-bound, bound, resolution)
    return np.stack(np.meshgrid(line, line, line, indexing="ij"), -1)


def density(points, center, axes):
    """LEVEL on the ellipsoid, twice as much at its centre, 0 far outside."""
    radius = np.linalg.norm((points - center) / axes, axis=-1)
    return np.float32(LEVEL * (2 - radius).clip(0))


def solid(mesh):
    return trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)


@pytest.fixture(scope="module")
def volume():
    return density(grid(), CENTER, AXES)


@pytest.fixture(scope="module")
def ellipsoid(volume):
    return isosurface(volume, LEVEL, bound=BOUND, faces=FACES)


def test_an_ellipsoid_keeps_its_place_and_its_axes(ellipsoid):
    low, high = ellipsoid.vertices.min(0), ellipsoid.vertices.max(0)
    np.testing.assert_allclose((low + high) / 2, CENTER, atol=0.01)
    np.testing.assert_allclose((high - low) / 2, AXES, atol=0.012)


def test_an_ellipsoid_keeps_its_volume(ellipsoid):
    assert solid(ellipsoid).volume == pytest.approx(4 / 3 * math.pi * AXES.prod(), rel=0.02)


def test_the_surface_is_closed_and_within_the_budget_of_faces(ellipsoid):
    assert solid(ellipsoid).is_watertight
    assert solid(ellipsoid).is_winding_consistent
    assert 0.9 * FACES < len(ellipsoid.faces) <= FACES


def test_normals_are_unit_and_those_of_the_ellipsoid(ellipsoid):
    np.testing.assert_allclose(np.linalg.norm(ellipsoid.normals, axis=1), 1, atol=1e-5)
    gradient = (ellipsoid.vertices - CENTER) / AXES**2
    gradient /= np.linalg.norm(gradient, axis=1, keepdims=True)
    cosine = (ellipsoid.normals * gradient).sum(1)
    assert cosine.min() > 0.9
    assert cosine.mean() > 0.99


def test_a_floater_is_dropped_and_a_second_real_piece_is_kept(volume):
    speck = density(grid(), np.array([-0.8, 0.8, -0.8]), np.full(3, 0.08))
    with_speck = isosurface(np.maximum(volume, speck), LEVEL, faces=FACES)
    assert len(solid(with_speck).split()) == 1
    ball = density(grid(), np.array([-0.6, 0.6, -0.6]), np.full(3, 0.25))
    with_ball = isosurface(np.maximum(volume, ball), LEVEL, faces=FACES)
    assert len(solid(with_ball).split()) == 2


def test_an_object_cut_by_the_end_of_the_grid_is_closed_there():
    # A ball of radius 0.8 in a grid that ends at 0.5.
    volume = density(grid(bound=0.5), np.zeros(3), np.full(3, 0.8))
    mesh = isosurface(volume, LEVEL, bound=0.5, faces=FACES)
    assert solid(mesh).is_watertight
    assert solid(mesh).volume > 0.8
    assert np.abs(mesh.vertices).max() < 0.5 + 1.5 / (RESOLUTION - 1)


def test_the_grid_can_be_larger_or_smaller_than_the_unit_cube():
    volume = density(grid(32, 2.0), 2 * CENTER, 2 * AXES)
    mesh = isosurface(volume, LEVEL, bound=2.0, faces=FACES)
    assert solid(mesh).volume == pytest.approx(8 * 4 / 3 * math.pi * AXES.prod(), rel=0.04)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_an_empty_volume_has_no_surface_and_the_error_gives_its_range(value):
    volume = np.full((16, 16, 16), value, np.float32)
    with pytest.raises(
        ExportError, match=rf"density 10: densities run from {value:g} to {value:g}"
    ):
        isosurface(volume, LEVEL, faces=FACES)


def test_a_volume_that_is_full_everywhere_is_closed_at_its_ends():
    mesh = isosurface(np.full((16, 16, 16), 20.0, np.float32), LEVEL, faces=FACES)
    assert solid(mesh).is_watertight
    assert solid(mesh).volume == pytest.approx(8, rel=0.25)


def test_the_steps_of_a_grid_of_zeros_and_ones_are_smoothed():
    ball = (np.linalg.norm(grid(32), axis=-1) < 0.7).astype(np.float32)
    mesh = isosurface(ball, 0.5, faces=10**6)
    radius = np.linalg.norm(mesh.vertices, axis=1)
    assert radius.std() < 0.18 * 2 / 31
    outward = (mesh.normals * mesh.vertices).sum(1) / radius
    assert outward.min() > 0.78
