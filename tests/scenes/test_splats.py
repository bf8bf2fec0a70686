"""Laws of Gaussians that grow in number."""

from pathlib import Path

import numpy as np
import pytest
import torch
from box import LR, SPLATS, adam, fitted, make

from sds3d.errors import ExportError
from sds3d.mesh.frame import Frame
from sds3d.mesh.implicit import sample
from sds3d.runs import checkpoint
from sds3d.views.cameras import orbit


def stepped(scene, optimizer):
    """One step towards a white image, so that every Gaussian has moments and a gradient."""
    optimizer.zero_grad()
    scene.render(orbit(2, 24), torch.zeros(2, 3)).rgb.sub(1).square().sum().backward()
    optimizer.step()


def densified(**options):
    """(parameters before, the scene after its first densification)."""
    options = {"densify_every": 1, "densify_until": 1, "densify_grad": 0.0, **options}
    scene = make("splats", count=50, **options)
    optimizer = adam(scene, "splats")
    stepped(scene, optimizer)
    before = {name: p.detach().clone() for name, p in scene.named_parameters()}
    scene.after_step(0, optimizer, torch.Generator().manual_seed(0))
    return before, scene, optimizer


def test_a_clone_is_the_same_gaussian_twice():
    before, scene, _ = densified(split_scale=10.0, most=100)
    assert len(scene.means) == 100
    for name, value in before.items():
        torch.testing.assert_close(getattr(scene, name), value.repeat(2, *[1] * (value.ndim - 1)))


def test_the_halves_of_a_split_are_smaller_by_the_papers_factor_and_near_the_original():
    before, scene, _ = densified(split_scale=0.0, most=100)
    assert len(scene.means) == 100
    ratio = before["scales"].exp().repeat(2, 1) / scene.scales.exp()
    torch.testing.assert_close(ratio, torch.full_like(ratio, 1.6))
    away = (scene.means - before["means"].repeat(2, 1)).norm(dim=1)
    size = before["scales"].exp().amax(1).repeat(2)
    assert (away > 0).all()
    assert (away < 4.5 * size).all()


def test_there_are_never_more_than_the_limit_and_the_largest_gradients_are_densified():
    _, scene, _ = densified(split_scale=10.0, most=60)
    assert len(scene.means) == 60


def test_faint_gaussians_are_dropped_with_their_moments():
    scene = make("splats", count=50, densify_every=1, densify_until=1, densify_grad=1e9)
    optimizer = adam(scene, "splats")
    with torch.no_grad():
        scene.opacities[:20] = -9.0
    kept = scene.means[20:].detach().clone()
    stepped(scene, optimizer)
    moments = optimizer.state[scene.means]["exp_avg_sq"][20:].clone()
    kept = scene.means[20:].detach().clone()
    scene.after_step(0, optimizer, torch.Generator().manual_seed(0))
    assert torch.equal(scene.means, kept)
    assert torch.equal(optimizer.state[scene.means]["exp_avg_sq"], moments)


def test_new_gaussians_start_without_moments_and_train():
    _, scene, optimizer = densified(split_scale=10.0, most=100)
    moments = optimizer.state[scene.means]["exp_avg"]
    assert (moments[:50] != 0).any()
    assert (moments[50:] == 0).all()
    stepped(scene, optimizer)
    assert (optimizer.state[scene.means]["exp_avg"][50:] != 0).any()


def test_a_checkpoint_with_another_number_of_gaussians_is_loaded():
    grown = fitted("splats", steps=31, size=16)[0]
    fresh = make("splats")
    assert len(grown.means) != len(fresh.means)
    fresh.load_state_dict(grown.state_dict())
    images = [s.render(orbit(1, 24), torch.zeros(1, 3)).rgb for s in (grown, fresh)]
    assert torch.equal(*images)
    adam(fresh, "splats")
    assert {g["lr"] for g in fresh.param_groups(LR["splats"])} == set(LR["splats"].values())


def test_the_volume_of_one_gaussian_is_its_formula():
    scene = make("splats", count=4)
    with torch.no_grad():
        scene.opacities[1:] = -30.0
        scene.means[0] = torch.tensor([0.2, -0.1, 0.3])
        scene.scales[0] = torch.tensor([0.2, 0.1, 0.15]).log()
        scene.opacities[0] = 0.0
        scene.colors[0] = torch.tensor([1.0, 0.0, -1.0])
    volume = scene.density_grid(33)
    line = np.linspace(-1, 1, 33)
    x = np.stack(np.meshgrid(line, line, line, indexing="ij"), -1)
    q = ((x - [0.2, -0.1, 0.3]) / [0.2, 0.1, 0.15]) ** 2
    expected = 0.5 * np.exp(-0.5 * q.sum(-1))
    near = q.sum(-1) < 3.5**2
    np.testing.assert_allclose(volume[..., 0][near], expected[near], atol=2e-3)
    color = 1 / (1 + np.exp([-1.0, 0.0, 1.0]))
    at = sample(volume, np.array([[0.2, -0.1, 0.3]]))[0]
    np.testing.assert_allclose(at[1:] / at[0], color, atol=1e-3)


def test_an_empty_scene_has_no_mesh_and_says_so():
    scene = SPLATS()
    with torch.no_grad():
        scene.opacities.fill_(-20.0)
    with pytest.raises(ExportError, match="empty"):
        scene.to_asset(resolution=32, texture_size=64, faces=500)


def test_the_splats_file_is_the_ply_of_all_its_gaussians():
    files = make("splats", count=30).own_files(Frame())
    assert list(files) == ["splats.ply"]
    assert b"element vertex 30\n" in files["splats.ply"]


def test_it_starts_uniform_in_its_ball_and_grey_with_scales_equal_to_the_spacing():
    scene = make("splats", count=2000, radius=0.5, opacity=0.1)
    radius = scene.means.detach().norm(dim=1)
    assert radius.max() <= 0.5
    # Uniform in a ball: the mean distance from the centre is 3/4 of the radius.
    assert radius.mean().item() == pytest.approx(0.375, abs=0.01)
    assert torch.equal(scene.colors.sigmoid(), torch.full((2000, 3), 0.5))
    torch.testing.assert_close(scene.opacities.sigmoid(), torch.full((2000,), 0.1))
    distance = torch.cdist(scene.means, scene.means).sort(dim=1).values[:, 1:4]
    expected = distance.square().mean(1).sqrt()[:, None].expand(-1, 3)
    torch.testing.assert_close(scene.scales.exp(), expected, atol=1e-4, rtol=1e-3)


def pulled(views, steps=1, **options):
    """A scene after some steps towards a white image, and the mean gradient of each centre."""
    scene = make("splats", count=50, densify_every=1000, densify_until=1000, **options)
    optimizer = adam(scene, "splats")
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    norms = []
    for step in range(steps):
        optimizer.zero_grad()
        images = scene.render(orbit(views, 24), torch.zeros(views, 3)).rgb
        images.sub(1).square().sum().backward()
        norms.append(scene._center.grad.norm(dim=-1))
        optimizer.step()
        scene.after_step(step, optimizer, torch.Generator())
    return scene, torch.cat(norms)


def test_a_centres_gradient_is_the_mean_over_all_images_since_the_last_densification():
    scene, norms = pulled(views=3, steps=2)
    assert scene.grad_count == 6
    torch.testing.assert_close(scene.grad_sum / scene.grad_count, norms.mean(0))


@pytest.mark.parametrize(("factor", "doubled"), [(1.01, 0), (0.99, 1)])
def test_gaussians_whose_mean_gradient_exceeds_the_threshold_are_densified(factor, doubled):
    scene, norms = pulled(views=3, steps=2, split_scale=10.0)
    scene.densify_grad = factor * norms.mean(0).max().item()
    scene._densify(adam_with_moments(scene), torch.Generator().manual_seed(0))
    assert len(scene.means) == 50 + doubled


def adam_with_moments(scene):
    """An optimizer that has made one step, of length zero."""
    optimizer = adam(scene, "splats")
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    stepped(scene, optimizer)
    return optimizer


def test_densification_forgets_the_gradients_before_it():
    _, scene, _ = densified(split_scale=10.0, most=100)
    assert scene.grad_count == 0
    assert scene.grad_sum.tolist() == [0.0] * 100


def test_beyond_the_limit_only_the_candidates_with_the_largest_gradients_are_densified():
    scene, norms = pulled(views=2, most=55, split_scale=10.0, densify_grad=0.0)
    scene.densify_every = 1
    optimizer = adam(scene, "splats")
    before = scene.means.detach().clone()
    stepped(scene, optimizer)
    with torch.no_grad():
        scene.means.copy_(before)
    norms = torch.cat([norms, scene._center.grad.norm(dim=-1)])
    scene.after_step(1, optimizer, torch.Generator().manual_seed(0))
    largest = norms.mean(0).argsort(descending=True)[:5].sort().values
    assert torch.equal(scene.means[50:], before[largest])


@pytest.mark.parametrize(("step", "count"), [(3, 50), (4, 100), (5, 50), (9, 100), (14, 50)])
def test_it_densifies_at_its_interval_until_the_last_step(step, count):
    options = {"densify_every": 5, "densify_until": 10, "densify_grad": 0.0}
    scene = make("splats", count=50, split_scale=10.0, most=100, **options)
    optimizer = adam(scene, "splats")
    stepped(scene, optimizer)
    scene.after_step(step, optimizer, torch.Generator().manual_seed(0))
    assert len(scene.means) == count


def test_a_gaussian_thinner_than_the_grid_still_has_a_density_between_its_points():
    scene = make("splats", count=4)
    with torch.no_grad():
        scene.opacities.fill_(-30.0)
        scene.means[0] = torch.tensor([0.03, 0.02, -0.04])
        scene.scales[0] = -12.0
        scene.opacities[0] = 3.0
    density = scene.density_grid(17)[..., 0]
    assert density.max() > 0.1
    near = np.linspace(-1, 1, 17)[np.argwhere(density == density.max())[0]]
    np.testing.assert_allclose(near, [0, 0, 0], atol=1e-6)


def test_the_density_reaches_out_to_four_standard_deviations():
    scene = make("splats", count=4)
    with torch.no_grad():
        scene.opacities.fill_(-30.0)
        scene.means[0] = 0.0
        scene.scales[0] = float(np.log(0.2))
        scene.opacities[0] = 20.0
    along_x = scene.density_grid(81)[:, 40, 40, 0]
    x = np.linspace(-1, 1, 81)
    np.testing.assert_allclose(
        along_x[np.abs(x) < 0.79], np.exp(-(x**2) / 0.08)[np.abs(x) < 0.79], atol=1e-4
    )
    assert along_x[np.abs(x) > 0.81].max() < 1e-9


def test_the_colour_of_its_surface_is_that_of_the_gaussians_whatever_their_density():
    scene = make("splats", count=4)
    with torch.no_grad():
        scene.opacities.fill_(-30.0)
        scene.opacities[0] = -4.0
        scene.means[0] = 0.0
        scene.scales[0] = float(np.log(0.3))
        scene.colors[0] = torch.tensor([1.0, 0.0, -1.0])
    surface = scene.implicit_surface(32)
    points = np.float32([[0.3, 0.0, 0.0], [0.0, -0.4, 0.1]])
    colors = surface.color_at(points, np.zeros_like(points))
    np.testing.assert_allclose(
        colors, np.tile(1 / (1 + np.exp([-1.0, 0.0, 1.0])), (2, 1)), atol=1e-3
    )


def harmonic(**options):
    return make("splats", count=50, sh_degree=2, **{"densify_until": 0, **options})


def test_the_degree_in_use_rises_at_its_interval_up_to_the_one_asked_for():
    scene = harmonic(sh_every=3)
    degrees = []
    for step in range(10):
        degrees.append(int(scene.degree))
        scene.after_step(step, adam(scene, "splats"), torch.Generator())
    assert degrees == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]


def test_coefficients_of_a_degree_that_is_not_in_use_stay_zero():
    scene = harmonic(sh_every=1)
    optimizer = adam(scene, "splats")
    for step, count in enumerate([0, 3, 8]):
        stepped(scene, optimizer)
        moved = (scene.harmonics != 0).any(0).any(1)
        assert moved.tolist() == [True] * count + [False] * (8 - count)
        scene.after_step(step, optimizer, torch.Generator())


def test_at_degree_0_there_are_no_coefficients_and_the_learning_rate_is_not_used():
    scene = make("splats")
    assert "harmonics" not in scene.state_dict()
    assert "degree" not in scene.state_dict()
    assert [g["name"] for g in scene.param_groups(LR["splats"])] == list(LR["splats"])[:-1]
    assert [g["name"] for g in harmonic().param_groups(LR["splats"])] == list(LR["splats"])


def test_a_clone_has_the_coefficients_of_its_original_and_no_moments():
    scene = harmonic(densify_every=1, densify_until=2, densify_grad=0.0, split_scale=10.0, most=100)
    optimizer = adam(scene, "splats")
    scene.degree.fill_(2)
    stepped(scene, optimizer)
    before = scene.harmonics.detach().clone()
    assert (before != 0).any()
    scene.after_step(0, optimizer, torch.Generator().manual_seed(0))
    assert torch.equal(scene.harmonics, before.repeat(2, 1, 1))
    moments = optimizer.state[scene.harmonics]["exp_avg"]
    assert (moments[:50] != 0).any()
    assert (moments[50:] == 0).all()


def test_what_two_opposite_cameras_see_can_differ_in_colour_only_with_harmonics():
    cameras = orbit(2, 16)
    target = torch.tensor([[1.0, 0.2, 0.2], [0.2, 0.2, 1.0]])[:, None, None]
    errors = {}
    for degree in (0, 1):
        torch.manual_seed(0)
        scene = make("splats", count=50, sh_degree=degree, sh_every=1, opacity=0.9)
        optimizer = adam(scene, "splats")
        for step in range(40):
            optimizer.zero_grad()
            render = scene.render(cameras, torch.zeros(2, 3))
            seen = render.alpha.detach()[..., None]
            error = (render.rgb - seen * target).square().mean() / seen.mean()
            error.backward()
            optimizer.step()
            scene.after_step(step, optimizer, torch.Generator().manual_seed(0))
        errors[degree] = error.item()
    assert errors[1] < 0.2 * errors[0]


def test_an_image_with_harmonics_lies_between_0_and_1():
    scene = harmonic(opacity=0.9)
    scene.degree.fill_(2)
    with torch.no_grad():
        scene.harmonics.normal_(std=5.0)
        image = scene.render(orbit(2, 24), torch.zeros(2, 3)).rgb
    assert image.min() == 0
    assert image.max() == 1


def test_the_mesh_has_the_part_of_the_colour_that_is_the_same_from_all_sides():
    scene = harmonic()
    plain = scene.density_grid(24)
    with torch.no_grad():
        scene.harmonics.fill_(0.3)
        scene.degree.fill_(2)
    np.testing.assert_array_equal(scene.density_grid(24), plain)
    assert (
        b"property float f_rest_23\nproperty float opacity"
        in scene.own_files(Frame())["splats.ply"]
    )


def test_a_run_with_harmonics_continues_from_a_checkpoint_bit_for_bit():
    options = {
        "sh_every": 2,
        "densify_every": 2,
        "densify_until": 9,
        "densify_grad": 0.0,
        "most": 90,
    }
    scene = harmonic(**options)
    optimizer = adam(scene, "splats")
    other = harmonic(**options)
    for step in range(6):
        if step == 3:
            state = checkpoint.pack({"scene": scene}, {"adam": optimizer})
            state = {name: value.clone() for name, value in state.items()}
            other_optimizer = adam(other, "splats")
            checkpoint.restore(Path("x"), state, {"scene": other}, {"adam": other_optimizer})
        stepped(scene, optimizer)
        scene.after_step(step, optimizer, torch.Generator().manual_seed(step))
        if step >= 3:
            stepped(other, other_optimizer)
            other.after_step(step, other_optimizer, torch.Generator().manual_seed(step))
    assert len(scene.means) > 50
    for name, value in scene.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
