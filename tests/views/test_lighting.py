"""Laws of the library's light."""

import numpy as np
import pytest
import torch

from sds3d.training.evaluate import SHADE
from sds3d.views.cameras import orbit
from sds3d.views.lighting import LIGHT, headlight, mean_shade, shade, shaded


def directions(count=2000):
    vectors = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_light_is_affine_in_the_normal_and_brightest_from_above_the_front_right():
    normals = directions()
    factors = shade(normals)
    np.testing.assert_allclose(factors + shade(-normals), 2 * LIGHT[0], atol=1e-6)
    brightest = normals[factors.argmax()]
    np.testing.assert_allclose(brightest, LIGHT[1:] / np.linalg.norm(LIGHT[1:]), atol=0.1)
    for axis, gain in enumerate((0.08, 0.20, 0.11)):
        assert shade(np.eye(3)[axis]) == pytest.approx(0.70 + gain)


def test_the_light_never_blackens_a_surface_and_never_makes_it_brighter_than_its_colour():
    factors = shade(directions())
    assert factors.min() > 0.45
    assert factors.max() < 0.95


def test_the_headlight_lights_what_faces_the_camera_and_the_sky_what_faces_up():
    normals = directions()
    front = np.broadcast_to(np.float32([0, 0, 1]), normals.shape)
    level = normals * [1, 0, 1] / np.linalg.norm(normals * [1, 0, 1], axis=1, keepdims=True)
    cosine = level[:, 2]
    np.testing.assert_allclose(headlight(level, front), 0.5 + 0.4 * cosine.clip(0), atol=1e-6)
    up = np.eye(3)[1]
    assert headlight(up, up) - headlight(-up, -up) == pytest.approx(0.3)
    assert headlight(normals, front).min() >= 0.35
    assert headlight(normals, normals).max() <= 1.05


def test_images_of_normals_are_shaded_pixel_by_pixel():
    image = directions(12).reshape(3, 4, 3)
    np.testing.assert_array_equal(shade(image).ravel(), shade(image.reshape(-1, 3)))


def test_a_shaded_colour_is_the_colour_times_the_factor_within_what_can_be_displayed():
    normals = directions(50)
    colors = np.random.default_rng(1).uniform(size=(50, 3))
    np.testing.assert_allclose(shaded(colors, normals), colors * shade(normals)[:, None])
    assert shaded(np.full((50, 3), 9.0), normals).max() == 1


@pytest.mark.parametrize("elevation", [0.0, 20.0, 70.0])
def test_the_mean_light_on_a_ball_is_the_mean_over_its_visible_pixels_from_all_sides(elevation):
    cameras = orbit(8, 64, elevation_deg=elevation, distance=200.0, fov_deg=0.6)
    origin, direction = (rays.numpy() for rays in cameras.rays())
    middle = -(origin * direction).sum(-1)
    inside = 1 - (origin**2).sum(-1) + middle**2
    points = origin + (middle - np.sqrt(np.maximum(inside, 0)))[..., None] * direction
    seen = shade(points[inside > 0])
    assert mean_shade(elevation) == pytest.approx(float(seen.mean()), abs=0.003)


def test_colours_of_samples_are_named_under_the_mean_light():
    assert SHADE == 0.75
    assert mean_shade(20.0) == pytest.approx(SHADE, abs=0.005)


def test_the_light_is_the_same_in_single_and_double_precision():
    normals = directions(100)
    torch.testing.assert_close(
        torch.from_numpy(shade(normals).astype(np.float64)),
        torch.from_numpy(shade(normals.astype(np.float64))),
        atol=1e-6,
        rtol=0,
    )
