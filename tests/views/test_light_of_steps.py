"""Laws of the lights of a step by their formulas, in the order of their draws: a seed means the same light."""

import math

import pytest
import torch
from torch.nn.functional import normalize

from sds3d.views.cameras import look_at_origin
from sds3d.views.shading import lights_around, lights_in_cone

DISTANCE = (0.8, 1.5)
POLE = 89.9


def cameras(elevation):
    angles = (torch.tensor([10.0, -130.0, 80.0]), torch.full((3,), elevation))
    return look_at_origin(*angles, torch.full((3,), 2.5), torch.full((3,), 40.0), 4, 4)


def test_lights_around_the_cameras_are_their_formula():
    seen = cameras(20.0)
    found = lights_around(torch.Generator().manual_seed(3), seen, DISTANCE, 0.7)
    draw = torch.Generator().manual_seed(3)
    direction = normalize(seen.position + 0.7 * torch.randn(3, 3, generator=draw), dim=1)
    expected = direction * (0.8 + 0.7 * torch.rand(3, 1, generator=draw))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("elevation", "up"),
    [(-POLE, (1.0, 0, 0)), (20.0, (0, 1.0, 0)), (86.9, (0, 1.0, 0)), (POLE, (1.0, 0, 0))],
)
def test_lights_in_a_cone_turn_from_the_cameras_right_upwards(elevation, up):
    """At a pole, where y is no side, from -z or z."""
    seen = cameras(elevation)
    found = lights_in_cone(torch.Generator().manual_seed(3), seen, DISTANCE, 60.0)
    draw = torch.Generator().manual_seed(3)
    angle, around = torch.rand(2, 3, 1, generator=draw)
    angle, around = angle * math.pi / 3, around * 2 * math.pi
    z = normalize(seen.position, dim=1)
    x = normalize(torch.linalg.cross(torch.tensor(up).expand(3, 3), z), dim=1)
    y = torch.linalg.cross(z, x)
    direction = angle.cos() * z + angle.sin() * around.cos() * x + angle.sin() * around.sin() * y
    expected = direction * (0.8 + 0.7 * torch.rand(3, 1, generator=draw))
    torch.testing.assert_close(found, expected)
