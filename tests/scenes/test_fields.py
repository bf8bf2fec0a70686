"""Laws of fields of density and colour."""

import pytest
import torch

from sds3d.scenes.fields import Blob, HashField, TriplaneField

BLOB = {"blob": Blob(density=6.0, radius=0.5, scale=3.0)}
HASH = {"levels": 4, "features": 2, "log2_table": 8, "base_resolution": 4, "max_resolution": 32}


def make(kind):
    torch.manual_seed(0)
    if kind == "hash":
        return HashField(**HASH, width=8, **BLOB)
    return TriplaneField(channels=4, plane_resolution=8, width=8, **BLOB)


@pytest.fixture(params=["hash", "triplane"])
def field(request):
    return make(request.param)


def test_a_network_of_zeros_leaves_a_grey_soft_ball(field, rng):
    with torch.no_grad():
        for parameter in field.head.parameters():
            parameter.zero_()
        points = 2 * torch.rand(100, 3, generator=rng) - 1
        density, rgb = field(points)
    radius = points.norm(dim=1)
    expected = 3.0 * torch.nn.functional.softplus(6.0 * (1 - radius / 0.5))
    torch.testing.assert_close(density, expected)
    torch.testing.assert_close(rgb, torch.full_like(rgb, 0.5))


def test_the_density_alone_is_the_density_with_the_colour(field, rng):
    points = 2 * torch.rand(50, 3, generator=rng) - 1
    with torch.no_grad():
        torch.testing.assert_close(field.density(points), field(points)[0])


def test_density_is_never_negative_and_colours_can_be_displayed(field, rng):
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.mul_(20)
        density, rgb = field(2 * torch.rand(200, 3, generator=rng) - 1)
    assert density.min() >= 0
    assert 0 <= rgb.min() < rgb.max() <= 1


def test_the_whole_cube_is_encoded_and_its_corners_differ(field):
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 3)
    features = field.encode(corners)
    distance = torch.cdist(features, features)
    assert (distance + torch.eye(8) > 1e-4).all()


def test_every_parameter_has_one_learning_rate(field):
    grouped = [id(p) for parameters in field.groups().values() for p in parameters]
    assert sorted(grouped) == sorted(id(p) for p in field.parameters())


def test_the_resolutions_of_the_levels_are_a_geometric_series():
    assert make("hash").resolutions.tolist() == [4, 8, 16, 32]
    assert HashField(**{**HASH, "levels": 1}, width=8, **BLOB).resolutions.tolist() == [4]
