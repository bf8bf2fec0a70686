"""Laws of Gaussians that grow in number."""

import numpy as np
import pytest
import torch
from box import LR, SPLATS, adam, fitted, make

from sds3d.errors import ExportError
from sds3d.mesh.implicit import sample
from sds3d.views.cameras import orbit


def stepped(scene, optimizer):
    """One step towards a white picture, so that every Gaussian has moments and a pull."""
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


def test_a_split_halves_are_smaller_by_the_papers_factor_and_near_where_the_one_was():
    before, scene, _ = densified(split_scale=0.0, most=100)
    assert len(scene.means) == 100
    ratio = before["scales"].exp().repeat(2, 1) / scene.scales.exp()
    torch.testing.assert_close(ratio, torch.full_like(ratio, 1.6))
    away = (scene.means - before["means"].repeat(2, 1)).norm(dim=1)
    size = before["scales"].exp().amax(1).repeat(2)
    assert (away > 0).all()
    assert (away < 4.5 * size).all()


def test_there_are_never_more_than_the_most_and_those_that_pull_hardest_are_doubled():
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


def test_new_gaussians_begin_without_moments_and_train_on():
    _, scene, optimizer = densified(split_scale=10.0, most=100)
    moments = optimizer.state[scene.means]["exp_avg"]
    assert (moments[:50] != 0).any()
    assert (moments[50:] == 0).all()
    stepped(scene, optimizer)
    assert (optimizer.state[scene.means]["exp_avg"][50:] != 0).any()


def test_a_checkpoint_of_another_number_of_gaussians_is_taken():
    grown = fitted("splats", steps=31, size=16)[0]
    fresh = make("splats")
    assert len(grown.means) != len(fresh.means)
    fresh.load_state_dict(grown.state_dict())
    pictures = [s.render(orbit(1, 24), torch.zeros(1, 3)).rgb for s in (grown, fresh)]
    assert torch.equal(*pictures)
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


def test_its_own_file_is_the_ply_of_all_its_gaussians():
    files = make("splats", count=30).own_files()
    assert list(files) == ["splats.ply"]
    assert b"element vertex 30\n" in files["splats.ply"]
