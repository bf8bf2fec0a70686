"""Laws of the learned background."""

import torch
from torch.nn.functional import normalize

from sds3d.scenes.backdrop import Backdrop
from sds3d.views.cameras import orbit


def directions(count=500):
    rng = torch.Generator().manual_seed(0)
    return normalize(torch.randn(count, 3, generator=rng), dim=1)


def test_a_background_is_a_colour_of_each_direction_alone():
    torch.manual_seed(0)
    backdrop = Backdrop()
    near, far = orbit(2, 8, distance=2.0), orbit(2, 8, distance=5.0)
    images = [backdrop.render(cameras) for cameras in (near, far)]
    torch.testing.assert_close(*images)
    assert images[0].shape == (2, 8, 8, 3)
    assert 0 < images[0].min() < images[0].max() < 1
    assert (images[0][0] - images[0][1]).abs().max() > 0.01


def test_a_background_can_become_an_environment_and_every_weight_takes_part():
    torch.manual_seed(0)
    backdrop, d = Backdrop(), directions()
    sky = 0.5 + 0.4 * d[:, 1:2] * torch.tensor([[0.2, 0.5, 1.0]])
    optimizer = torch.optim.Adam(backdrop.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        loss = (backdrop(d) - sky).square().mean()
        loss.backward()
        optimizer.step()
    assert all(p.grad.abs().sum() > 0 for p in backdrop.parameters())
    assert loss.item() < 1e-3
