"""Laws of light on surfaces, and of where the lights of a step are."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from sds3d.views.cameras import look_at_origin, orbit
from sds3d.views.shading import Shading, lights_around, lights_in_cone

SURFACES = ("albedo", "white", "normal")


def points(rng, count=50):
    albedo = torch.rand(count, 3, generator=rng, dtype=torch.float64)
    normal, to_light = torch.randn(2, count, 3, generator=rng, dtype=torch.float64)
    return albedo, normalize(normal, dim=1), to_light


def shading(**options):
    return Shading(torch.zeros(1, 3), **options)


def test_a_lit_colour_is_the_albedo_under_ambient_and_point_light():
    albedo = torch.tensor([[0.8, 0.4, 0.2]]).repeat(4, 1)
    normal = torch.tensor([[0.0, 1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0]])
    to_light = torch.tensor([[0.0, 7, 0], [3, 0, 4], [0, -2, 0], [1, 1, 1]])
    to_light[1, 1] = 5  # 45 degrees
    found = shading(ambient=0.1, diffuse=0.9).shade(albedo, normal, to_light)
    factors = torch.tensor([1.0, 0.1 + 0.9 * math.sqrt(0.5), 0.1, 0.1])
    torch.testing.assert_close(found, albedo * factors[:, None])
    white = shading(ambient=0.1, diffuse=0.9, surface="white").shade(albedo, normal, to_light)
    torch.testing.assert_close(white, factors[:, None].expand(-1, 3))
    shown = shading(ambient=0.1, diffuse=0.9, surface="normal").shade(albedo, normal, to_light)
    torch.testing.assert_close(shown, 0.5 + 0.5 * normal)


def test_ambient_light_alone_shows_the_albedo_bit_for_bit(rng):
    albedo, normal, to_light = points(rng)
    assert torch.equal(shading().shade(albedo, normal, to_light), albedo)
    assert torch.equal(shading().lit(albedo, 1.0), albedo)
    assert not shading().needs_normals
    assert not shading(surface="white", ambient=0.3).needs_normals
    assert shading(surface="normal").needs_normals
    assert shading(diffuse=1e-3).needs_normals


def test_a_colour_does_not_change_when_surface_and_light_turn_together(rng):
    albedo, normal, to_light = points(rng)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=rng, dtype=torch.float64))[0]
    look = shading(ambient=0.2, diffuse=0.7)
    turned = look.shade(albedo, normal @ turn.T, to_light @ turn.T)
    torch.testing.assert_close(turned, look.shade(albedo, normal, to_light))


@pytest.mark.parametrize("surface", SURFACES)
def test_the_gradient_of_a_colour_is_that_of_the_formula(surface, rng):
    inputs = [x.requires_grad_() for x in points(rng, 6)]
    look = shading(ambient=0.2, diffuse=0.7, surface=surface)
    assert torch.autograd.gradcheck(look.shade, inputs)


def one_camera(count, elevation=20.0):
    cameras = look_at_origin(
        *(torch.full((count,), v) for v in (30.0, elevation, 1.75, 40.0)), 4, 4
    )
    return cameras, normalize(cameras.position, dim=1)


def test_lights_around_a_camera_are_those_of_dreamfusion(rng):
    """Direction: camera + N(0, 1), normalized; distance: U(0.8, 1.5).  Against draws in numpy's own way."""
    cameras, direction = one_camera(20_000)
    light = lights_around(rng, cameras, (0.8, 1.5), 1.0)
    distance = light.norm(dim=1)
    assert 0.8 <= distance.min() < 0.801
    assert 1.499 < distance.max() <= 1.5
    assert distance.mean().item() == pytest.approx(1.15, abs=0.005)
    cosine = (normalize(light, dim=1) * direction).sum(1)
    draws = np.random.default_rng(0).normal(size=(20_000, 3)) + 1.75 * np.array([0, 0, 1])
    expected = draws[:, 2] / np.linalg.norm(draws, axis=1)
    for quantile in (0.05, 0.25, 0.5, 0.75):
        assert cosine.quantile(quantile).item() == pytest.approx(
            np.quantile(expected, quantile), abs=0.03
        )
    still = lights_around(rng, cameras, (2.0, 2.0), 0.0)
    torch.testing.assert_close(still, 2 * direction)


@pytest.mark.parametrize("elevation", [-30.0, 20.0, 90.0])
def test_lights_in_a_cone_are_those_of_magic3d(elevation, rng):
    """threestudio: elevation U(30, 90) degrees above the plane across the camera's direction, any azimuth."""
    cameras, direction = one_camera(20_000, elevation)
    light = lights_in_cone(rng, cameras, (0.8, 1.5), 60.0)
    unit = normalize(light, dim=1)
    angle = torch.rad2deg((unit * direction).sum(1).clamp(-1, 1).acos())
    assert angle.max() <= 60.01
    assert [angle.quantile(q).item() for q in (0.25, 0.5, 0.75)] == pytest.approx(
        [15, 30, 45], abs=1
    )
    across = unit - (unit * direction).sum(1, keepdim=True) * direction
    assert normalize(across, dim=1).mean(0).abs().max() < 0.03
    assert light.norm(dim=1).mean().item() == pytest.approx(1.15, abs=0.005)


def test_each_view_has_a_light_of_its_own_and_the_generator_decides(rng):
    cameras = orbit(4, 4)
    for draw in (
        lambda seed: lights_around(torch.Generator().manual_seed(seed), cameras, (0.8, 1.5), 1.0),
        lambda seed: lights_in_cone(torch.Generator().manual_seed(seed), cameras, (0.8, 1.5), 60.0),
    ):
        assert torch.equal(draw(1), draw(1))
        assert not torch.equal(draw(1), draw(2))
        assert len({tuple(row) for row in draw(1).tolist()}) == 4


def test_lights_turn_with_the_cameras():
    cameras = orbit(3, 4)
    look = Shading(1.3 * cameras.position).rotated(40.0)
    torch.testing.assert_close(look.light, 1.3 * cameras.rotated(40.0).position)
