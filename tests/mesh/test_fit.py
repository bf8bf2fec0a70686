"""Laws of meshes and textures that are fitted to pictures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import trimesh

from sds3d.kernels.rasterize import project, rasterize
from sds3d.mesh import fit
from sds3d.mesh.extract import extract
from sds3d.mesh.fit_texture import Pictures, back_projected, fit_texture
from sds3d.mesh.implicit import ImplicitSurface, grid_peaks
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.normals import face_normals
from sds3d.mesh.pictures import texels
from sds3d.mesh.unwrap import unwrap
from sds3d.metrics.geometry import silhouette_iou
from sds3d.views.cameras import orbit, rings

SIZE = 64
CAMERAS = rings(((6, 0.0), (6, 40.0), (4, -30.0)), SIZE)


def meshed(shape: trimesh.Trimesh) -> Mesh:
    return Mesh(np.float32(shape.vertices), np.int32(shape.faces), np.float32(shape.vertex_normals))


def box(rounds: int = 4) -> trimesh.Trimesh:
    shape = trimesh.creation.box([0.9, 0.6, 0.7])
    for _ in range(rounds):
        shape = shape.subdivide()
    return shape


def shaken(shape: trimesh.Trimesh, by: float) -> Mesh:
    noise = np.random.default_rng(0).standard_normal(shape.vertices.shape)
    noisy = trimesh.Trimesh(shape.vertices + by * noise, shape.faces, process=False)
    return meshed(noisy)


def coverage(mesh: Mesh, cameras=CAMERAS) -> torch.Tensor:
    vertices = torch.from_numpy(mesh.vertices)
    nothing = vertices.new_zeros(len(vertices), 1)
    screen, faces = project(vertices, cameras), torch.from_numpy(mesh.faces)
    depth = rasterize(screen, faces, nothing, cameras.height, cameras.width)[2]
    return (depth > 0).float()


def off_axis(vertices: torch.Tensor, shape: trimesh.Trimesh) -> float:
    """The mean angle in degrees between the faces' normals and those of the shape they should have."""
    ours = torch.nn.functional.normalize(
        face_normals(vertices, torch.from_numpy(np.int32(shape.faces))), dim=1
    )
    cosine = (ours * torch.from_numpy(np.float32(shape.face_normals))).sum(1)
    return float(torch.rad2deg(cosine.clamp(-1, 1).arccos()).mean())


def test_the_sides_of_a_shaken_box_become_flat_and_its_edges_stay_sharp():
    shape = box()
    rough = shaken(shape, 0.004)
    vertices = torch.from_numpy(rough.vertices)
    flat = fit.flattened(vertices, torch.from_numpy(rough.faces))
    assert off_axis(vertices, shape) > 8
    assert off_axis(flat, shape) < 1.5
    corners = np.flatnonzero((np.abs(shape.vertices) == shape.extents / 2).all(1))
    assert np.abs(flat.numpy()[corners] - shape.vertices[corners]).max() < 0.02


def test_a_flat_surface_is_left_as_it_is():
    exact = meshed(box(2))
    vertices = torch.from_numpy(exact.vertices)
    flat = fit.flattened(vertices, torch.from_numpy(exact.faces))
    torch.testing.assert_close(flat, vertices, atol=1e-5, rtol=0)


def test_flattening_turns_with_the_object():
    rough = shaken(box(3), 0.004)
    faces, vertices = torch.from_numpy(rough.faces), torch.from_numpy(rough.vertices).double()
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)).double())[
        0
    ]
    turn = turn * torch.linalg.det(turn)  # a rotation
    ours = fit.flattened(vertices @ turn.T, faces)
    torch.testing.assert_close(ours, fit.flattened(vertices, faces) @ turn.T)


def test_neighbours_are_the_faces_that_trimesh_finds():
    shape = trimesh.creation.icosphere(2)
    a, b = fit.neighbours(torch.from_numpy(np.int32(shape.faces)))
    ours = {tuple(sorted(pair)) for pair in zip(a.tolist(), b.tolist(), strict=True)}
    assert ours == {tuple(sorted(pair)) for pair in shape.face_adjacency.tolist()}


def test_the_laplacian_of_an_icosahedron_is_known():
    shape = trimesh.creation.icosahedron()
    matrix = fit.laplacian(torch.from_numpy(np.int32(shape.faces)), 12).toarray()
    np.testing.assert_array_equal(np.diag(matrix), 5)
    np.testing.assert_array_equal(matrix.sum(1), 0)
    np.testing.assert_array_equal(matrix, matrix.T)


@pytest.mark.parametrize(
    "shape", [trimesh.creation.icosphere(4, 0.5), trimesh.creation.torus(0.45, 0.2)]
)
def test_silhouettes_pull_a_mesh_to_its_true_size(shape):
    true = meshed(shape)
    alpha = coverage(true)
    thin = replace(true, vertices=true.vertices - 0.012 * true.normals)
    faces = torch.from_numpy(thin.faces)
    fitted = fit.fit_silhouettes(torch.from_numpy(thin.vertices), faces, CAMERAS, alpha)
    new_views = orbit(7, SIZE, elevation_deg=20).rotated(10)
    target = coverage(true, new_views).numpy()
    before = silhouette_iou(coverage(thin, new_views).numpy(), target)
    after = silhouette_iou(
        coverage(replace(thin, vertices=fitted.numpy()), new_views).numpy(), target
    )
    assert before < 0.965
    assert after > 0.98
    diagonal = np.linalg.norm(shape.extents)
    distance = np.linalg.norm(fitted.numpy() - true.vertices, axis=1).mean()
    assert distance < 0.01 * diagonal


def test_a_face_that_would_turn_over_stays():
    shape = meshed(trimesh.creation.icosphere(2, 0.5))
    before, faces = torch.from_numpy(shape.vertices), torch.from_numpy(shape.faces)
    after = before * 1.1
    after[0] = -2 * before[0]
    kept = fit.without_folds(before, after, faces)
    agree = (face_normals(kept, faces) * face_normals(before, faces)).sum(1)
    assert agree.min() > 0
    torch.testing.assert_close(kept[0], before[0])
    far = (before @ before[0] < 0).nonzero()[:, 0]  # the other side of the ball
    torch.testing.assert_close(kept[far], after[far])


def painted(points: np.ndarray) -> np.ndarray:
    """A smooth pattern, (N, 3) in [0, 1]."""
    return 0.5 + 0.4 * np.sin(9 * points + np.array([0.0, 1.0, 2.0]))


def pictured(mesh: Mesh, cameras) -> Pictures:
    """Renders of the pattern on the mesh, evaluated at the point that each pixel sees."""
    vertices = torch.from_numpy(mesh.vertices)
    screen, faces = project(vertices, cameras), torch.from_numpy(mesh.faces)
    points, face, _ = rasterize(screen, faces, vertices, cameras.height, cameras.width)
    alpha = (face >= 0).float()
    rgb = torch.from_numpy(np.float32(painted(points.numpy()))) * alpha[..., None]
    return Pictures(cameras, rgb, alpha)


@pytest.fixture(scope="module")
def ball():
    return unwrap(meshed(trimesh.creation.icosphere(3, 0.6)), 256)


def shown(mesh: Mesh, cameras) -> np.ndarray:
    """sRGB (N, 3) of the texture in the pixels that see the mesh."""
    screen = project(torch.from_numpy(mesh.vertices), cameras)
    uv, face, _ = rasterize(
        screen,
        torch.from_numpy(mesh.faces),
        torch.from_numpy(mesh.uv),
        cameras.height,
        cameras.width,
    )
    return texels(mesh.base_color, uv.numpy()[face.numpy() >= 0])


def test_the_texture_of_a_known_pattern_is_recovered_in_new_views(ball):
    mesh = fit_texture(ball, pictured(ball, rings(((8, 0.0), (8, 40.0)), 128)), texture_size=256)
    views = orbit(5, 96, elevation_deg=20).rotated(13)
    pictures = pictured(ball, views)
    error = shown(mesh, views) - pictures.rgb[pictures.alpha > 0].numpy()
    assert np.sqrt((error**2).mean()) < 0.01


def test_the_corrections_sharpen_the_first_texture(ball, monkeypatch):
    pictures = pictured(ball, CAMERAS)
    sharp = np.abs(
        shown(fit_texture(ball, pictures, texture_size=256), CAMERAS) - _target(pictures)
    )
    monkeypatch.setattr("sds3d.mesh.fit_texture.ROUNDS", 0)
    first = np.abs(
        shown(fit_texture(ball, pictures, texture_size=256), CAMERAS) - _target(pictures)
    )
    assert sharp.mean() < 0.9 * first.mean()


def _target(pictures: Pictures) -> np.ndarray:
    return pictures.rgb[pictures.alpha > 0].numpy()


def test_one_colour_comes_back_and_unseen_texels_get_it_too(ball):
    pictures = pictured(ball, orbit(3, 64, elevation_deg=30)[:1])
    plain = replace(pictures, rgb=torch.full_like(pictures.rgb, 0.4) * pictures.alpha[..., None])
    mesh = fit_texture(ball, plain, texture_size=64)
    assert np.unique(mesh.base_color).tolist() == [102]


def test_a_point_behind_another_surface_takes_nothing_from_its_picture():
    near = trimesh.creation.box([0.6, 0.6, 0.05])
    near.apply_translation([0, 0, 0.4])
    far = trimesh.creation.box([0.3, 0.3, 0.05])
    mesh = meshed(trimesh.util.concatenate([near, far]))
    front = orbit(1, 64, elevation_deg=0)
    points = np.float32([[0, 0, 0.425], [0, 0, 0.025]])
    normals = np.float32([[0, 0, 1], [0, 0, 1]])
    _, weight = back_projected(mesh, points, normals, pictured(mesh, front))
    assert weight[0] > 0.99
    assert weight[1] == 0


def test_a_fitted_mesh_is_nearer_to_what_is_seen_than_the_isosurface():
    line = torch.linspace(-1, 1, 32)
    x, y, z = torch.meshgrid(line, line, line, indexing="ij")
    radius = (x**2 + y**2 + z**2).sqrt()
    density = (20 * (0.5 - radius)).sigmoid().numpy()
    true = meshed(
        trimesh.creation.icosphere(3, 0.515)
    )  # what is seen is larger than the level says

    def look(cameras):
        alpha = coverage(true, cameras)
        return alpha, 3 * alpha

    surface = ImplicitSurface(
        density=density,
        color_at=lambda points, normals: np.full_like(points, 0.5),
        look=look,
        peaks=lambda cameras: grid_peaks(density, cameras),
        levels=np.array([0.5]),
        slack=0.0,
        size=32,
        margin=0.1,
        pictures=lambda cameras: pictured(true, cameras),
    )
    plain, fitted = (
        extract(surface, texture_size=64, faces=1500, fitted=flag) for flag in (False, True)
    )
    sizes = [np.linalg.norm(mesh.vertices, axis=1).mean() for mesh in (plain, fitted)]
    assert abs(sizes[0] - 0.5) < 0.01
    assert abs(sizes[1] - 0.515) < 0.006
    assert fitted.base_color.std() > 20  # the pattern of the pictures
    assert plain.base_color.std() < 1
