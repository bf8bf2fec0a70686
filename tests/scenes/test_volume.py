"""Laws of scenes that are a field of density and colour."""

import numpy as np
import pytest
import torch
import trimesh
from box import COLORS, HALF, make
from skimage.measure import marching_cubes

from sds3d.mesh.implicit import filled, surface_level
from sds3d.metrics.geometry import chamfer, diagonal, sample_surface
from sds3d.scenes.render import Render
from sds3d.views.cameras import look_at_origin, orbit


@pytest.fixture(params=["nerf", "triplane"])
def box(request, fitted_box):
    return fitted_box(request.param)


def test_its_depth_is_the_distance_to_the_box_along_the_axis_of_the_camera(box):
    cameras = look_at_origin(*(torch.tensor([v]) for v in (0.0, 0.0, 3.0, 40.0)), 65, 65)
    with torch.no_grad():
        render = box.render(cameras, torch.zeros(1, 3))
    front = render.depth[0, 28:37, 24:41]
    assert (front - (3 - HALF[2])).abs().mean() < 0.1  # a mean free path behind the surface
    normal = render.normal[0, 28:37, 24:41].mean((0, 1))
    assert normal[2] > 0.8


def test_its_surface_is_the_box(box):
    resolution = 80
    surface = box.implicit_surface(resolution)
    level, agreement = surface_level(surface)
    assert agreement > 0.9
    vertices, faces, _, _ = marching_cubes(filled(surface, level), level)
    found = sample_surface(vertices * (2 / (resolution - 1)) - 1, faces, 4000)
    cube = trimesh.creation.box(2 * HALF.numpy())
    expected = sample_surface(np.asarray(cube.vertices), np.asarray(cube.faces), 4000)
    assert chamfer(found, expected) < 0.03 * diagonal(expected)


def test_the_colour_at_a_surface_point_is_what_is_seen_there(box):
    points = torch.tensor([[HALF[0], 0, 0], [0, HALF[1], 0], [0, 0, HALF[2]]])
    found = box.color_at(points, torch.eye(3), 0.06)
    assert (found - COLORS).abs().mean() < 0.12


def test_the_penalties_have_their_values_on_a_half_covered_image():
    alpha = torch.full((1, 2, 2), 0.5)
    empty = torch.zeros(1, 2, 2, 3)
    penalties = make("nerf").regularizers(Render(empty, alpha, alpha, empty))
    assert penalties["sparsity"].item() == pytest.approx(0.26**0.5)
    assert penalties["opaque"].item() == pytest.approx(np.log(2))
    assert penalties["hollow"].item() == pytest.approx(0.25)


def test_skipping_empty_cells_changes_the_image_by_less_than_their_opacity(box):
    cameras, background = orbit(2, 32), torch.zeros(2, 3)
    with torch.no_grad():
        fast = box.render(cameras, background)
        kept = box.occupancy.density_floor.clone()
        box.occupancy.density_floor.zero_()
        full = box.render(cameras, background)
        box.occupancy.density_floor.copy_(kept)
    assert (fast.alpha - full.alpha).abs().max() < 0.05
    assert (fast.rgb - full.rgb).abs().mean() < 2e-3
