"""Laws of the views: what is stored, under the library's light, is what the exact prior renders."""

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from sds3d import library
from sds3d.kernels.rasterize import project, rasterize
from sds3d.kernels.textures import Texture
from sds3d.library.kit.model import Wish
from sds3d.mesh.material import MASK, Material, Piece
from sds3d.mesh.shape import drawn
from sds3d.priors.exact.prior import render
from sds3d.training.data.drawing import FARTHEST, NEAREST, draw
from sds3d.training.data.shapes import fitted, from_file, from_model, stretched, turned
from sds3d.training.data.swatches import color_name, swatches
from sds3d.views.cameras import orbit
from sds3d.views.lighting import shade

CAMERAS = orbit(4, 64, elevation_deg=25)


def shape_of(mesh):
    """A shape whose normals come from its faces alone."""
    return drawn([Piece(np.asarray(mesh.vertices), np.asarray(mesh.faces))])


@pytest.mark.parametrize("name", ["armchair", "car", "pear"])
def test_albedo_under_the_librarys_light_is_the_exact_priors_render(name):
    model = library.model(name, 0, Wish((0.8, 0.1, 0.1)))
    exact = render([model], CAMERAS, torch.full((4, 3), 0.5), 2)[:, 0].permute(0, 2, 3, 1).numpy()
    views = draw(from_model(model), CAMERAS)
    albedo, alpha = views.albedo[..., :3] / 255, views.albedo[..., 3:] / 255
    lit = albedo * shade(views.normals / 127.5 - 1)[..., None] * alpha + 0.5 * (1 - alpha)
    error = lit - exact
    assert -10 * np.log10((error**2).mean()) > 38
    assert np.quantile(np.abs(error), 0.99) < 0.03  # beyond: pixels that two faces share


def test_depth_and_coverage_are_those_of_the_differentiable_rasteriser():
    model = library.model("teapot", 1)
    views = draw(from_model(model), CAMERAS, supersample=1)
    vertices, faces = torch.from_numpy(model.vertices), torch.from_numpy(model.faces)
    _, face, depth = rasterize(project(vertices, CAMERAS), faces, vertices, 64, 64)
    seen = views.albedo[..., 3] > 0
    assert ((face >= 0).numpy() == seen).mean() > 0.9995
    both = seen & (face >= 0).numpy()
    z = views.depth / 255 * (FARTHEST - NEAREST) + NEAREST
    assert np.quantile(np.abs(z - depth.numpy())[both], 0.999) < 0.01


def test_every_normal_faces_its_camera_even_inside_out():
    ball = trimesh.creation.icosphere(3)
    inside_out = ball.copy()
    inside_out.invert()
    first, second = (draw(fitted(shape_of(m)), CAMERAS) for m in (ball, inside_out))
    seen = first.albedo[..., 3] == 255
    normals = first.normals / 127.5 - 1
    toward = CAMERAS.position.numpy() / 3
    facing = np.einsum("vhwc,vc->vhw", normals, toward)
    assert (facing[seen] > 0).all()
    assert np.abs(first.normals[seen].astype(int) - second.normals[seen]).max() <= 1


def test_a_cube_stays_sharp_and_a_ball_is_smooth():
    cube = shape_of(trimesh.creation.box())
    points = cube.vertices[cube.faces]
    flat = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    assert len(cube.vertices) == 24
    assert np.allclose(cube.normals[cube.faces], flat[:, None], atol=1e-5)
    ball = shape_of(trimesh.creation.icosphere(3))
    assert len(ball.vertices) == 642
    assert np.allclose(ball.normals, ball.vertices, atol=0.02)


def card(pixels):
    """A square facing +Z with a texture."""
    corners = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    uv = np.float32([[0, 1], [1, 1], [1, 0], [0, 0]])
    material = Material(texture=Texture(pixels), alpha=MASK)
    return drawn([Piece(corners, np.array([[0, 1, 2], [0, 2, 3]]), material, uv={"texture": uv})])


def test_a_texture_is_upright_and_its_holes_are_transparent():
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:8] = (255, 0, 0, 255)  # the upper half is red
    pixels[8:, :8] = (0, 0, 255, 255)  # the lower left blue, the lower right a hole
    view = draw(fitted(card(pixels)), orbit(1, 64, elevation_deg=0))
    albedo = view.albedo[0]
    assert albedo[24, 24].tolist() == albedo[24, 40].tolist() == [255, 0, 0, 255]
    assert albedo[40, 24].tolist() == [0, 0, 255, 255]
    assert albedo[40, 40, 3] == 0


def test_a_texture_far_away_is_its_mean_in_linear_light():
    pixels = np.full((256, 256, 4), 255, np.uint8)
    pixels[::2, ::2, :3] = pixels[1::2, 1::2, :3] = 0
    view = draw(fitted(card(pixels)), orbit(1, 32, elevation_deg=0))
    inner = view.albedo[0, 12:20, 12:20, :3]
    assert np.abs(inner.astype(int) - 188).max() <= 2  # half of white's light


def test_turning_a_shape_rotates_points_and_normals_and_stretching_sets_its_bounding_box():
    box = shape_of(trimesh.creation.box((1, 2, 3)))
    quarter = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    moved = turned(box, quarter)
    assert np.allclose(np.ptp(moved.vertices, axis=0), (3, 2, 1))
    assert np.allclose(moved.normals, box.normals @ quarter.T)
    size = np.ptp(stretched(box, (2, 2, 2)).vertices, axis=0)
    assert np.allclose(size / size[0], 1)


def test_stretching_keeps_normals_perpendicular_to_the_surface():
    ball = shape_of(trimesh.creation.icosphere(3))
    egg = stretched(ball, (1, 3, 1))
    radii = np.ptp(egg.vertices, axis=0) / 2
    expected = egg.vertices / radii**2  # the gradient of an ellipsoid
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.einsum("vc,vc->v", egg.normals, expected).min() > 0.999


def test_a_file_of_training_data_keeps_its_texture(tmp_path):
    (tmp_path / "m.mtl").write_text("newmtl a\nmap_Kd t.png\n")
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4] = (250, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "t.png")
    lines = ["mtllib m.mtl", "v -1 -1 0", "v 1 -1 0", "v 1 1 0", "v -1 1 0", "usemtl a"]
    lines += ["vt 0 0", "vt 1 0", "vt 1 1", "vt 0 1", "f 1/1 2/2 3/3 4/4"]
    (tmp_path / "card.obj").write_text("\n".join(lines))
    view = draw(fitted(from_file(tmp_path / "card.obj")), orbit(1, 64, elevation_deg=0))
    assert view.albedo[0, 24, 32].tolist() == [250, 0, 0, 255]
    assert view.albedo[0, 40, 32].tolist() == [0, 0, 0, 255]


def test_swatches_are_the_clusters_and_their_shares():
    albedo = np.full((10, 10, 4), 255, np.uint8)
    albedo[:7, :, :3], albedo[7:9, :, :3], albedo[9:, :, :3] = (
        (204, 15, 15),
        (13, 13, 14),
        (240, 240, 237),
    )
    (main, second, third) = swatches(albedo)
    assert main == (204, 15, 15, 0.7, "red")
    assert (second[3:], third[3:]) == ((0.2, "black"), (0.1, "white"))
    assert color_name(np.array([0.40, 0.23, 0.12])) == "brown"
