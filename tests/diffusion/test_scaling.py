"""Laws of gradients in half precision."""

import pytest
import torch

from sds3d.diffusion import scaling
from sds3d.diffusion.scaling import LossScale


def test_the_numbers_are_torchs():
    theirs = torch.amp.GradScaler("cpu")
    assert LossScale().scale.item() == scaling.FIRST == theirs.get_scale()
    assert theirs.get_growth_factor() == scaling.GROWTH
    assert theirs.get_backoff_factor() == scaling.BACKOFF
    assert theirs.get_growth_interval() == scaling.INTERVAL


def test_the_scale_follows_torchs_own_whatever_overflows(monkeypatch, rng):
    monkeypatch.setattr(scaling, "INTERVAL", 3)
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([p], lr=0.1)
    theirs = torch.amp.GradScaler("cpu", growth_interval=3)
    ours = LossScale()
    for finite in (torch.rand(200, generator=rng) > 0.2).tolist():
        optimizer.zero_grad()
        factor = 1.0 if finite else float("inf")
        theirs.scale((p * factor).sum()).backward()
        theirs.step(optimizer)
        theirs.update()
        ours.update(finite)
        assert ours.scale.item() == theirs.get_scale()


def test_what_is_enlarged_behind_and_reduced_before_is_the_gradient_without_either():
    scale = LossScale()
    x = torch.rand(5, requires_grad=True)
    seen = []

    def network(y):
        y.register_hook(lambda g: seen.append(g.clone()))
        return y**3

    scale.enlarge(network(scale.reduce(x))).sum().backward()
    torch.testing.assert_close(x.grad, 3 * x.detach() ** 2)
    torch.testing.assert_close(seen[0], 3 * x.detach() ** 2 * scaling.FIRST)


def test_a_tiny_gradient_survives_half_precision():
    x = torch.full((3,), 0.5, requires_grad=True)
    scale = LossScale()
    for z, expected in (
        (scale.enlarge(scale.reduce(x).half().float()), 1e-8),
        (x.half().float(), 0),
    ):
        x.grad = None
        (z * 1e-8).sum().backward()
        assert x.grad.tolist() == pytest.approx([expected] * 3, rel=1e-2)


def test_the_scale_is_used_up_below_one():
    scale = LossScale()
    for _ in range(16):
        scale.update(False)
        assert not scale.exhausted
    scale.update(False)
    assert scale.exhausted


def test_a_checkpoint_holds_the_scale():
    scale, other = LossScale(), LossScale()
    scale.update(False)
    scale.update(True)
    other.load_state_dict(scale.state_dict())
    assert other.scale.item() == scaling.FIRST / 2
    assert other.clean.item() == 1
