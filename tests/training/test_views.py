"""Laws of the training batches: light, colour, background."""

import pytest
import torch

from sds3d.training import views
from sds3d.training.views import Pool, batch, recolored

LIGHT = torch.tensor([0.7, 0.08, 0.2, 0.11])


def flat(rgb, normal, coverage=255, color=(0, 0, 0, 0), count=8):
    """A pool of one object whose views are of one colour and one normal."""
    albedo = torch.tensor([*rgb, coverage], dtype=torch.uint8).expand(1, count, 8, 8, 4)
    normals = torch.tensor([round(127.5 * (n + 1)) for n in normal], dtype=torch.uint8)
    return Pool(
        albedo=albedo,
        normals=normals.expand(1, count, 8, 8, 3),
        c2w=torch.arange(count).float()[None, :, None, None].expand(1, count, 4, 4),
        main=torch.tensor([rgb]).float() / 255,
        owner=torch.zeros(1, dtype=torch.long),
        text=torch.ones(1, 3, 5),
        color=torch.tensor([color], dtype=torch.float32),
        light=LIGHT,
    )


def test_a_covered_pixel_is_albedo_times_light(rng, monkeypatch):
    monkeypatch.setattr(views, "OTHER_LIGHT", 0.0)
    drawn = batch(flat((200, 100, 50), (0, 1, 0)), 3, rng)
    expected = torch.tensor([200, 100, 50]) / 255 * (LIGHT[0] + LIGHT[2])
    seen = drawn.z.permute(0, 2, 3, 1) / 2 + 0.5
    torch.testing.assert_close(seen, expected.expand_as(seen), atol=2e-3, rtol=0)


def test_an_empty_pixel_is_the_background_that_the_network_is_conditioned_on(rng):
    drawn = batch(flat((0, 0, 0), (0, 0, 0), coverage=0), 3, rng)
    background = drawn.background[:, :3, None, None].expand_as(drawn.z)
    torch.testing.assert_close(drawn.z, background, atol=1e-5, rtol=0)
    assert torch.equal(drawn.background[:, 3], torch.ones(12))


def test_the_four_views_of_a_batch_row_are_one_group(rng):
    drawn = batch(flat((1, 2, 3), (0, 0, 1)), 16, rng)
    index = drawn.camera[:, 0].view(16, 4)
    assert {tuple(row) for row in index.tolist()} == {(0, 1, 2, 3), (4, 5, 6, 7)}


def test_light_from_other_directions_is_equally_strong(rng, monkeypatch):
    monkeypatch.setattr(views, "OTHER_LIGHT", 1.0)
    drawn = batch(flat((255, 255, 255), (1, 0, 0)), 2000, rng)
    shade = (drawn.z[::4, 0, 0, 0] / 2 + 0.5).clamp(0, 1)
    assert shade.mean().item() == pytest.approx(LIGHT[0].item(), abs=0.02)
    assert shade.std().item() == pytest.approx(0.25 / 3**0.5, abs=0.03)


def test_recolouring_replaces_the_main_colour_and_keeps_the_others():
    main, other, wanted = (
        torch.tensor([x]) for x in ((0.6, 0.3, 0.1), (0.1, 0.2, 0.9), (0.8, 0.1, 0.1))
    )
    out = recolored(torch.stack([main, other], 1), main, wanted, torch.ones(1))
    torch.testing.assert_close(out[0, 0], wanted[0])
    torch.testing.assert_close(out[0, 1], other[0], atol=1e-3, rtol=0)


def test_recolouring_keeps_the_order_of_luma_and_a_share_of_zero_changes_nothing(rng):
    main, wanted = torch.tensor([[0.5, 0.4, 0.3]]), torch.tensor([[0.2, 0.6, 0.2]])
    pixels = torch.stack([main * f for f in (0.8, 1.0, 1.1)], 1)
    out = recolored(pixels, main, wanted, torch.ones(1)).sum(-1)
    assert (out.diff() > 0).all()
    assert torch.equal(recolored(pixels, main, wanted, torch.zeros(1)), pixels)
