"""The scene of triangles, beyond what tests/scenes/test_contract.py states for every scene."""

import pytest
import torch
import trimesh
from box import make

from sds3d.errors import ExportError, UsageError
from sds3d.scenes.mesh import MeshScene
from sds3d.scenes.volume import NerfScene
from sds3d.views.cameras import orbit
from sds3d.views.shading import Shading

SMALL = {"resolution": 24, "levels": 4, "log2_table": 12, "max_resolution": 64, "width": 16}


def small(**options):
    return make("mesh", **{**SMALL, **options})


def test_it_begins_as_a_ball_with_the_depth_and_the_normals_of_a_ball():
    cameras = orbit(2, 48)
    with torch.no_grad():
        render = small(resolution=32, radius=0.6).render(cameras, torch.zeros(2, 3))
    origin, direction = cameras.rays()
    along = (origin * direction).sum(-1)
    root = along.square() - origin.square().sum(-1) + 0.6**2
    inner = root > 0.06  # away from the rim, where the depth is steep
    point = origin + (-along - root.clamp_min(0).sqrt())[..., None] * direction
    depth = ((point - origin) * cameras.c2w[:, None, None, :3, 2]).sum(-1)
    assert render.alpha[inner].min() > 0.99
    assert (render.depth - depth)[inner].abs().max() < 0.01
    assert (render.normal * point / 0.6).sum(-1)[inner].min() > 0.99


@pytest.mark.parametrize("distance", [-0.1, -5.0])
def test_the_surface_is_closed_where_all_of_the_grid_is_inside(distance):
    scene = small(resolution=8)
    with torch.no_grad():
        scene.start.fill_(distance)
        surface = scene.surface().surface
    mesh = trimesh.Trimesh(surface.vertices.numpy(), surface.faces.numpy(), process=False)
    assert mesh.is_watertight
    assert 1.7**3 < mesh.volume <= 8


def test_lit_from_the_camera_a_white_ball_is_brightest_in_its_middle_and_the_light_moves_it():
    scene, cameras = small(), orbit(1, 33)
    shading = Shading(cameras.position, ambient=0.0, diffuse=1.0, surface="white")
    render = scene.render_shaded(cameras, torch.zeros(1, 3), None, shading, normals=True)
    assert render.rgb[0, 16, 16].min() > 0.98
    row = render.rgb[0, 16, :, 0].detach()
    assert (row[5:16].diff() > -0.02).all()
    assert render.averted.max() < 0.05
    render.rgb.sum().backward()
    assert scene.shape.head.weight.grad.any()
    assert scene.color.table.grad is None or not scene.color.table.grad.any()  # white has no albedo


def test_the_penalties_are_those_that_a_recipe_may_set_and_a_ball_in_the_middle_of_its_cubes_has_little():
    scene = small()
    black = torch.zeros(1, 3)
    render = scene.render_shaded(orbit(1, 32), black, None, None, normals=True)
    found = scene.regularizers(render)
    assert tuple(found) == MeshScene.PENALTIES
    assert found["creases"] < 0.02
    assert found["laplacian"] < 0.02
    assert found["orient"] < 0.01
    scene.weights.data.normal_()
    worse = scene.regularizers(scene.render(orbit(1, 32), black))
    assert worse["deviation"] > found["deviation"]
    assert worse["creases"] > found["creases"]


def test_without_a_surface_it_shows_the_background_and_has_no_asset():
    scene = small(resolution=8)
    scene.start.fill_(0.1)
    background = torch.tensor([[0.2, 0.4, 0.6]])
    render = scene.render(orbit(1, 8), background)
    torch.testing.assert_close(render.rgb, background[:, None, None].expand_as(render.rgb))
    (render.rgb.sum() + sum(scene.regularizers(render).values())).backward()
    assert scene.shape.head.bias.grad.eq(0).all()
    with pytest.raises(ExportError, match="no surface"):
        scene.to_asset(resolution=8, texture_size=16, faces=10)


def test_a_ball_that_falls_between_the_points_of_the_grid_is_refused():
    with pytest.raises(UsageError, match="no point of the grid lies in that ball"):
        small(resolution=9, radius=0.05)


def test_it_takes_shape_and_colours_of_another_scene(fitted_box):
    source = fitted_box("nerf")
    assert isinstance(source, NerfScene)
    scene = small(resolution=48)
    scene.start_from(source.implicit_surface(49), torch.Generator().manual_seed(0))
    cameras = orbit(4, 48, elevation_deg=25)
    with torch.no_grad():
        ours, theirs = (s.render(cameras, torch.zeros(4, 3)) for s in (scene, source))
    both = ((ours.alpha > 0.5) & (theirs.alpha > 0.5)).float()
    either = ((ours.alpha > 0.5) | (theirs.alpha > 0.5)).float()
    assert both.sum() / either.sum() > 0.93
    assert (ours.rgb - theirs.rgb)[both > 0].abs().mean() < 0.06


def test_another_scene_on_another_grid_is_refused(fitted_box):
    with pytest.raises(ValueError, match="32 points per axis for 24 cubes"):
        small().start_from(fitted_box("nerf").implicit_surface(32), torch.Generator())
