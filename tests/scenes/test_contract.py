"""What every scene promises."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from box import HALF, LR, SCENES, adam, box_images, fitted, make

from sds3d.errors import UsageError
from sds3d.metrics.geometry import chamfer, diagonal, sample_surface, silhouette_iou
from sds3d.scenes.render import Render
from sds3d.views.cameras import orbit

pytestmark = pytest.mark.parametrize("name", SCENES)


def test_a_scene_fitted_to_images_of_a_box_has_its_silhouettes_and_colours(name, fitted_box):
    cameras = orbit(6, 64, elevation_deg=25)
    rgb, alpha = box_images(cameras)
    with torch.no_grad():
        render = fitted_box(name).render(cameras, torch.zeros(6, 3))
    assert silhouette_iou(render.alpha.numpy(), alpha.numpy()) > 0.9
    assert (render.rgb - rgb)[alpha > 0.5].abs().mean() < 0.06


def test_the_asset_is_a_textured_box(name, fitted_box):
    mesh = fitted_box(name).to_asset(resolution=64, texture_size=128, faces=2000)
    assert 0 < len(mesh.faces) <= 2000
    assert mesh.base_color.shape == (128, 128, 3)
    low, high = np.percentile(mesh.vertices, (1, 99), axis=0)
    np.testing.assert_allclose(high - low, 2 * HALF, atol=0.1)
    cube = trimesh.creation.box(2 * HALF.numpy())
    expected = sample_surface(np.asarray(cube.vertices), np.asarray(cube.faces), 4000)
    found = sample_surface(np.asarray(mesh.vertices), np.asarray(mesh.faces), 4000)
    assert chamfer(found, expected) < 0.03 * diagonal(expected)


def test_pixels_that_miss_the_object_show_only_the_background(name, fitted_box):
    background = torch.tensor([[0.1, 0.7, 0.4]])
    with torch.no_grad():
        render = fitted_box(name).render(orbit(1, 48), background)
    corner = render.rgb[0, :3, :3]
    torch.testing.assert_close(corner, background.expand_as(corner), atol=0.02, rtol=0)


def test_the_same_seed_gives_the_same_bits_in_training_and_from_its_state(name):
    first, second = (fitted(name, steps=9, size=16)[0] for _ in range(2))
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    third = make(name)
    third.load_state_dict(first.state_dict())
    renders = [s.render(orbit(2, 16), torch.zeros(2, 3)) for s in (first, third)]
    assert torch.equal(renders[0].rgb, renders[1].rgb)


def test_a_batch_of_two_is_two_batches_of_one(name):
    scene, cameras = make(name), orbit(2, 16)
    background = torch.tensor([[0.2, 0.4, 0.6], [1.0, 0, 0]])
    with torch.no_grad():
        both = scene.render(cameras, background)
        for i in range(2):
            one = scene.render(cameras[i : i + 1], background[i : i + 1])
            for field in fields(Render):
                a, b = getattr(one, field.name), getattr(both, field.name)
                if a is None:  # not every scene has it
                    assert b is None
                else:
                    torch.testing.assert_close(a[0], b[i], atol=1e-5, rtol=1e-4)


def test_every_parameter_gets_a_gradient_and_a_group(name, rng):
    # a few steps in, for round Gaussians look the same however they are turned
    scene = fitted(name, steps=3, size=16)[0]
    scene.zero_grad()
    render = scene.render(orbit(2, 16), torch.zeros(2, 3), rng)
    loss = render.rgb.square().mean() + sum(scene.regularizers(render).values())
    loss.backward()
    grouped = {id(p) for g in scene.param_groups(LR[name]) for p in g["params"]}
    for key, parameter in scene.named_parameters():
        assert parameter.grad.abs().sum() > 0, key
        assert id(parameter) in grouped, key


def test_a_learning_rate_for_an_unknown_group_is_an_error_with_the_nearest_name(name):
    known = next(iter(LR[name]))
    with pytest.raises(UsageError, match=f"did you mean '{known}'"):
        make(name).param_groups({known + "x": 0.1, **LR[name]})


def test_a_missing_learning_rate_is_an_error_that_names_all_groups(name):
    *others, missing = LR[name]
    with pytest.raises(UsageError, match=f"missing group '{missing}'") as caught:
        make(name).param_groups({group: 0.1 for group in others})
    assert all(group in caught.value.fix for group in LR[name])


def test_a_scene_loads_a_state_of_another_size_and_its_optimizer_continues(name):
    from sds3d.runs import checkpoint

    scene, optimizer = fitted(name, steps=5, size=16)
    state = checkpoint.pack({"scene": scene}, {"adam": optimizer})
    tensors = {key: value.clone() for key, value in state.items()}
    other = make(name)
    other_optimizer = adam(other, name)
    checkpoint.restore(Path("x"), tensors, {"scene": other}, {"adam": other_optimizer})
    for who, its in ((scene, optimizer), (other, other_optimizer)):
        who.zero_grad()
        who.render(orbit(2, 16), torch.zeros(2, 3)).rgb.square().mean().backward()
        its.step()
    for a, b in zip(scene.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(a, b)
