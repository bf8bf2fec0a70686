"""Laws of the geometric scores."""

import numpy as np
import pytest
import trimesh

from sds3d.metrics.geometry import chamfer, diagonal, sample_surface, silhouette_iou


def test_iou_of_two_half_overlapping_squares_is_a_third():
    a, b = np.zeros((2, 8, 8)), np.zeros((2, 8, 8))
    a[:, :, :4], b[:, :, 2:6] = 1, 1
    assert silhouette_iou(a, b) == pytest.approx(1 / 3)
    assert silhouette_iou(a, a) == 1


def test_points_sampled_on_a_sphere_are_uniform_on_it():
    sphere = trimesh.creation.icosphere(4)
    points = sample_surface(np.asarray(sphere.vertices), np.asarray(sphere.faces), 20_000)
    radius = np.linalg.norm(points, axis=1)
    assert radius.min() > 0.99
    assert radius.max() < 1.001
    assert np.abs(points.mean(0)).max() < 0.02


def test_chamfer_of_concentric_spheres_is_their_distance():
    sphere = trimesh.creation.icosphere(4)
    points = sample_surface(np.asarray(sphere.vertices), np.asarray(sphere.faces), 20_000)
    assert chamfer(points, 1.1 * points) == pytest.approx(0.1, abs=0.005)
    assert chamfer(points, points) == 0


def test_the_diagonal_of_a_unit_cube_is_the_root_of_three():
    assert diagonal(np.array([[0, 0, 0], [1, 1, 1], [0.5, 0, 1]])) == pytest.approx(3**0.5)
