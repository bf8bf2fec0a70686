"""Laws of progressive volume distillation: its stages, its norms, and its clip."""

import math

import pytest
import torch

from sds3d.objectives.pvd import Distillation, Points, log_difference, norm

# What the authors' code has, in its own 30,000 steps.
AUTHORS = Distillation(
    rays=4096,
    features_until=2000 / 30000,
    volume_until=5000 / 30000,
    feature_weight=0.002,
    feature_decay=0.995,
    color_weight=0.002,
    density_weight=0.002,
    image_weight=1.0,
    log_density_low=-2.0,
    log_density_high=7.0,
)
LOW, HIGH = -2.0, 7.0


def points(seed=0, features=True, count=7, dtype=torch.float64):
    rng = torch.Generator().manual_seed(seed)
    return Points(
        torch.randn(count, 5, generator=rng, dtype=dtype) if features else None,
        torch.randn(count, generator=rng, dtype=dtype).exp() + 1,
        torch.rand(count, 3, generator=rng, dtype=dtype),
    )


@pytest.mark.parametrize(
    ("step", "stage"),
    [(0, "features"), (1999, "features"), (2000, "volume"), (4999, "volume"), (5000, "pictures")],
)
def test_the_stages_switch_where_the_authors_do(step, stage):
    assert AUTHORS.stage(step, 30000) == stage
    without = "volume" if stage == "features" else stage
    assert AUTHORS.stage(step, 30000, with_features=False) == without


def test_each_stage_adds_to_the_losses_of_the_one_before():
    ours, theirs = points(0), points(1)
    assert set(AUTHORS.point_losses(ours, theirs, 0, "features")) == {"features"}
    for stage in ("volume", "pictures"):
        found = AUTHORS.point_losses(ours, theirs, 3000, stage)
        assert set(found) == {"features", "color", "density"}
    bare = AUTHORS.point_losses(points(0, features=False), theirs, 0, "volume")
    assert set(bare) == {"color", "density"}


def test_equal_scenes_have_no_loss_and_no_gradient():
    theirs = points()
    ours = Points(
        *(x.clone().requires_grad_() for x in (theirs.features, theirs.density, theirs.rgb))
    )
    losses = AUTHORS.point_losses(ours, theirs, 0, "volume")
    losses["image"] = AUTHORS.image_loss(ours.rgb, theirs.rgb)
    assert all(loss.item() == 0 for loss in losses.values())
    sum(losses.values()).backward()
    assert all(not x.grad.any() for x in (ours.features, ours.density, ours.rgb))


def test_the_losses_are_the_weighted_norms_of_the_whole_batch():
    ours, theirs = points(0), points(1)
    found = AUTHORS.point_losses(ours, theirs, 3, "volume")
    pairs = {
        "features": (0.002 * 0.995**3, ours.features - theirs.features),
        "color": (0.002, ours.rgb - theirs.rgb),
        "density": (0.002, ours.density.log() - theirs.density.log()),
    }
    for name, (weight, difference) in pairs.items():
        expected = weight * math.sqrt(sum(x * x for x in difference.flatten().tolist()))
        assert found[name].item() == pytest.approx(expected, rel=1e-12)
    twice = Points(*(torch.cat([x, x]) for x in (ours.features, ours.density, ours.rgb)))
    others = Points(*(torch.cat([x, x]) for x in (theirs.features, theirs.density, theirs.rgb)))
    for name, loss in AUTHORS.point_losses(twice, others, 3, "volume").items():
        assert loss.item() == pytest.approx(
            math.sqrt(2) * found[name].item()
        )  # a mean would be equal


def test_the_weight_of_the_features_is_gone_when_the_authors_stage_of_them_is():
    ours, theirs = points(0), points(1)
    first = AUTHORS.point_losses(ours, theirs, 0, "features")["features"]
    last = AUTHORS.point_losses(ours, theirs, 2000, "volume")["features"]
    assert (last / first).item() == pytest.approx(4.4e-5, rel=0.02)


def test_colours_count_only_where_the_old_scene_has_a_density():
    ours, theirs = points(0, count=2), points(1, count=2)
    theirs.density[0] = math.exp(LOW) * 0.99
    found = AUTHORS.point_losses(ours, theirs, 0, "volume")["color"].item()
    assert found == pytest.approx(0.002 * (ours.rgb[1] - theirs.rgb[1]).norm().item())


def test_the_norm_has_the_gradient_of_unit_length():
    x = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(norm, x.requires_grad_())
    norm(x).backward()
    assert x.grad.norm().item() == pytest.approx(1)


def test_densities_that_count_as_none_or_as_opaque_are_equal():
    below, above = torch.tensor(math.exp(LOW)) * 0.5, torch.tensor(math.exp(HIGH)) * 2
    zero = torch.zeros(())
    assert log_difference(zero, below, LOW, HIGH) == 0
    assert log_difference(below, zero, LOW, HIGH) == 0
    assert log_difference(above, 3 * above, LOW, HIGH) == 0
    assert log_difference(below, above, LOW, HIGH) < 0
    assert log_difference(above, below, LOW, HIGH) > 0


def test_the_clip_is_monotone_in_both_densities():
    densities = torch.linspace(-6, 10, 200, dtype=torch.float64).exp()
    other = torch.tensor(3.0, dtype=torch.float64)
    assert (log_difference(densities, other, LOW, HIGH).diff() > 0).all()
    assert (log_difference(other, densities, LOW, HIGH).diff() <= 0).all()


def test_a_density_outside_of_the_clip_still_has_a_gradient_towards_one_inside():
    for ours, towards in ((1e-4, 5.0), (1e5, 5.0)):
        density = torch.tensor([ours], dtype=torch.float64, requires_grad=True)
        difference = log_difference(
            density, torch.tensor([towards], dtype=torch.float64), LOW, HIGH
        )
        difference.square().sum().backward()
        assert (density.grad < 0).item() == (ours < towards)
