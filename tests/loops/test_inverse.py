"""Laws of a scene from images of an object that is known."""

import numpy as np
import pytest
import torch

from sds3d.language.prompt import Prompt
from sds3d.library.kit.model import Model
from sds3d.loops.inverse import only, residual
from sds3d.views.cameras import orbit

CORNERS = np.array([[-0.51, -0.43, 0], [0.47, -0.43, 0], [0.47, 0.39, 0], [-0.51, 0.39, 0]])


def square():
    """A white square that faces +Z."""
    ones = np.ones(4, np.float32)
    return Model(
        caption="a square",
        vertices=CORNERS.astype(np.float32),
        faces=np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        normals=np.tile(np.array([0, 0, 1], np.float32), (4, 1)),
        colors=np.ones((4, 3), np.float32),
        metallic=0 * ones,
        roughness=ones,
    )


@pytest.fixture
def cond():
    cameras = orbit(2, 16, elevation_deg=0)
    return only(square()).condition(Prompt("anything at all"), cameras, torch.zeros(2, 3))


def test_the_edges_of_the_object_are_smooth_in_four_samples_a_pixel(cond):
    rgb = (cond.views.z[0, 0].view(3, 16, 16) + 1) / 2
    share = 4 * rgb / rgb.amax((1, 2), keepdim=True)
    torch.testing.assert_close(share, share.round(), atol=1e-4, rtol=0)
    assert {0, 1, 2, 4} & set(share.round().flatten().tolist()) >= {0, 2, 4}


def test_the_residual_is_what_the_render_differs_from_the_object_by(cond, rng):
    z = torch.randn(2, 3, 16, 16, generator=rng)
    g = residual(None, z, None, None, cond, None)
    torch.testing.assert_close(z - g, cond.views.z[:, 0].view(2, 3, 16, 16))
    seen = cond.views.z[:, 0].view(2, 3, 16, 16).clone()
    assert not residual(None, seen, None, None, cond, None).any()


def test_the_object_is_certain(cond):
    p = cond.text.embedding.exp()
    assert p.shape == (2, 1)
    torch.testing.assert_close(p, torch.ones_like(p))
