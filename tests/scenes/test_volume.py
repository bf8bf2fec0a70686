from dataclasses import fields

import numpy as np
import pytest
import torch
import trimesh
from skimage.measure import marching_cubes

from sds3d.cameras import look_at_origin, orbit, random_views
from sds3d.errors import UsageError
from sds3d.metrics.geometry import chamfer, diagonal, sample_surface, silhouette_iou
from sds3d.render import Render
from sds3d.scenes.volume import nerf, triplane

HALF = torch.tensor([0.5, 0.35, 0.25])  # of the box, world units
COLORS = torch.tensor(
    [[0.9, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.2, 0.9]]
)  # of the faces +x, +y, +z
SCENES = {"nerf": nerf, "triplane": triplane}
LR = {
    "nerf": {"table": 0.05, "mlp": 0.01},
    "triplane": {"planes": 0.05, "mlp": 0.01},
}


def box_images(cameras):
    """rgb premultiplied and alpha of a box whose six faces have six colours, by the slab test."""
    origin, direction = cameras.rays()
    near, far = (-HALF - origin) / direction, (HALF - origin) / direction
    first, last = torch.minimum(near, far).amax(-1), torch.maximum(near, far).amin(-1)
    hit = (first < last).float()
    point = (origin + first[..., None] * direction) / HALF
    axis = point.abs().argmax(-1)
    positive = point.gather(-1, axis[..., None])[..., 0] > 0
    rgb = torch.where(positive[..., None], COLORS[axis], 1 - COLORS[axis])
    return rgb * hit[..., None], hit


def make(name, **options):
    torch.manual_seed(0)
    return SCENES[name](**options)


def fitted(name, steps=100, size=40):
    """A scene fitted to the box by least squares."""
    rng = torch.Generator().manual_seed(0)
    scene = make(name)
    optimizer = torch.optim.Adam(
        scene.param_groups(LR[name]), betas=(0.9, 0.99), eps=1e-15, fused=True
    )
    for step in range(steps):
        cameras = random_views(
            rng, 4, size, elevation_deg=(-40, 60), distance=(2.8, 3.2), fov_deg=(38, 42)
        )
        background = torch.rand(4, 3, generator=rng)
        rgb, alpha = box_images(cameras)
        target = rgb + (1 - alpha)[..., None] * background[:, None, None]
        loss = (scene.render(cameras, background, rng).rgb - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scene.after_step(step, optimizer, rng)
    return scene, optimizer


@pytest.fixture(scope="module", params=SCENES)
def box(request):
    return fitted(request.param)[0]


def test_a_scene_fitted_to_pictures_of_a_box_has_its_silhouettes_and_colours(box):
    cameras = orbit(6, 64, elevation_deg=25)
    rgb, alpha = box_images(cameras)
    with torch.no_grad():
        render = box.render(cameras, torch.zeros(6, 3))
    assert silhouette_iou(render.alpha.numpy(), alpha.numpy()) > 0.9
    assert (render.rgb - rgb)[alpha > 0.5].abs().mean() < 0.06


def test_its_depth_is_the_distance_to_the_box_along_the_axis_of_the_camera(box):
    cameras = look_at_origin(*(torch.tensor([v]) for v in (0.0, 0.0, 3.0, 40.0)), 65, 65)
    with torch.no_grad():
        render = box.render(cameras, torch.zeros(1, 3))
    front = render.depth[0, 28:37, 24:41]
    assert (front - (3 - HALF[2])).abs().mean() < 0.1  # a mean free path behind the surface
    normal = render.normal[0, 28:37, 24:41].mean((0, 1))
    assert normal[2] > 0.8


def test_its_surface_is_the_box(box):
    level, agreement = box.surface_level()
    assert agreement > 0.9
    resolution = 80
    vertices, faces, _, _ = marching_cubes(box.solid(resolution, level), level)
    found = sample_surface(vertices * (2 / (resolution - 1)) - 1, faces, 4000)
    cube = trimesh.creation.box(2 * HALF.numpy())
    expected = sample_surface(np.asarray(cube.vertices), np.asarray(cube.faces), 4000)
    assert chamfer(found, expected) < 0.03 * diagonal(expected)


def test_the_colour_at_a_surface_point_is_what_is_seen_there(box):
    points = torch.tensor([[HALF[0], 0, 0], [0, HALF[1], 0], [0, 0, HALF[2]]])
    found = box.color_at(points, torch.eye(3), 0.06)
    assert (found - COLORS).abs().mean() < 0.12


def test_the_asset_is_a_textured_box(box):
    mesh = box.to_asset(resolution=64, texture_size=128, faces=2000)
    assert 0 < len(mesh.faces) <= 2000
    assert mesh.base_color.shape == (128, 128, 3)
    extent = torch.from_numpy(np.ptp(mesh.vertices, axis=0))
    torch.testing.assert_close(extent, 2 * HALF, atol=0.1, rtol=0)


@pytest.mark.parametrize("name", SCENES)
def test_the_same_seed_gives_the_same_bits_in_training_and_from_its_state(name):
    first, second = (fitted(name, steps=9, size=16)[0] for _ in range(2))
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    third = make(name)
    third.load_state_dict(first.state_dict())
    renders = [s.render(orbit(2, 16), torch.zeros(2, 3)) for s in (first, third)]
    assert torch.equal(renders[0].rgb, renders[1].rgb)


@pytest.mark.parametrize("name", SCENES)
def test_a_batch_of_two_is_two_batches_of_one(name):
    scene, cameras = make(name), orbit(2, 16)
    background = torch.tensor([[0.2, 0.4, 0.6], [1.0, 0, 0]])
    with torch.no_grad():
        both = scene.render(cameras, background)
        for i in range(2):
            one = scene.render(cameras[i : i + 1], background[i : i + 1])
            for field in fields(Render):
                a, b = getattr(one, field.name)[0], getattr(both, field.name)[i]
                torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", SCENES)
def test_every_parameter_gets_a_gradient_and_a_group(name, rng):
    scene = make(name)
    render = scene.render(orbit(2, 16), torch.zeros(2, 3), rng)
    loss = render.rgb.square().mean() + sum(scene.regularizers(render).values())
    loss.backward()
    grouped = {id(p) for g in scene.param_groups(LR[name]) for p in g["params"]}
    for key, parameter in scene.named_parameters():
        assert parameter.grad.abs().sum() > 0, key
        assert id(parameter) in grouped, key


def test_the_penalties_have_their_values_on_a_half_covered_image():
    alpha = torch.full((1, 2, 2), 0.5)
    empty = torch.zeros(1, 2, 2, 3)
    penalties = make("nerf").regularizers(Render(empty, alpha, alpha, empty))
    assert penalties["sparsity"].item() == pytest.approx(0.26**0.5)
    assert penalties["opaque"].item() == pytest.approx(np.log(2))


def test_a_learning_rate_for_an_unknown_group_is_an_error_with_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean 'table'"):
        make("nerf").param_groups({"tables": 0.1, "mlp": 0.1, "table": 0.1})


def test_skipping_empty_cells_changes_the_image_by_less_than_their_opacity(box):
    cameras, background = orbit(2, 32), torch.zeros(2, 3)
    with torch.no_grad():
        fast = box.render(cameras, background)
        kept = box.cells.thickness.clone()
        box.cells.thickness.zero_()
        full = box.render(cameras, background)
        box.cells.thickness.copy_(kept)
    assert (fast.alpha - full.alpha).abs().max() < 0.05
    assert (fast.rgb - full.rgb).abs().mean() < 2e-3
