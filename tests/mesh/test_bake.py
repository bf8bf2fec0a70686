"""Laws of unwrapping and baking."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from scipy import ndimage

from sds3d.errors import ExportError
from sds3d.mesh.bake import bake, delight, texel_points, textured
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.pictures import texels
from sds3d.mesh.unwrap import unwrap

SIZE, RADIUS = 256, 0.7


@pytest.fixture(scope="module")
def sphere():
    ball = trimesh.creation.icosphere(3, radius=RADIUS)
    vertices = np.float32(ball.vertices)
    return Mesh(vertices, np.int32(ball.faces), vertices / np.float32(RADIUS))


@pytest.fixture(scope="module")
def unwrapped(sphere):
    return unwrap(sphere, SIZE)


@pytest.fixture(scope="module")
def baked(sphere):
    return textured(sphere, paint, texture_size=SIZE)


def paint(points, normals):
    """Smooth, different on every axis, never black."""
    assert normals.shape == points.shape
    return 0.5 + 0.4 * np.sin(points * np.array([3.0, 4.0, 5.0]))


def shade(normals):
    return 0.6 + 0.3 * normals[:, 1]


def on_triangles(mesh, count=20_000):
    """Random points of the surface: (points, normals, uv), each interpolated by hand."""
    rng = np.random.default_rng(0)
    face = mesh.faces[rng.integers(len(mesh.faces), size=count)]
    weight = rng.dirichlet([1, 1, 1], count)
    points, normals, uv = (
        np.einsum("nk,nkc->nc", weight, a[face]) for a in (mesh.vertices, mesh.normals, mesh.uv)
    )
    return points, normals / np.linalg.norm(normals, axis=1, keepdims=True), uv


def test_every_triangle_keeps_its_place_and_its_normals_when_unwrapped(sphere, unwrapped):
    np.testing.assert_array_equal(
        unwrapped.vertices[unwrapped.faces], sphere.vertices[sphere.faces]
    )
    np.testing.assert_array_equal(unwrapped.normals[unwrapped.faces], sphere.normals[sphere.faces])
    assert unwrapped.uv.min() >= 0
    assert unwrapped.uv.max() <= 1


def test_no_two_triangles_share_a_part_of_the_texture(unwrapped):
    corners = unwrapped.uv[unwrapped.faces].astype(np.float64) * SIZE
    edge, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.abs(edge[:, 0] * other[:, 1] - edge[:, 1] * other[:, 0]).sum() / 2
    _, _, inside = texel_points(unwrapped, SIZE)
    # Each texel counts once: where triangles overlap, their area is more than the texels they cover.
    assert inside.sum() == pytest.approx(area, rel=0.01)
    assert inside.mean() > 0.4


def test_every_texel_knows_its_point_and_normal_on_the_surface(unwrapped):
    points, normals, _ = texel_points(unwrapped, SIZE)
    # A flat triangle lies inside the sphere by at most the sagitta of its edges.
    distance = np.linalg.norm(points, axis=1)
    assert distance.max() <= RADIUS + 1e-5
    assert distance.min() > RADIUS * 0.99
    np.testing.assert_allclose(normals, points / distance[:, None], atol=0.01)


def test_a_baked_surface_shows_its_colour_function(baked):
    points, normals, uv = on_triangles(baked)
    error = np.abs(texels(baked.base_color, uv) - paint(points, normals))
    assert error.mean() < 2 / 255
    # Across seams too, where a bilinear sample reaches out of its chart.
    assert np.quantile(error, 0.999) < 10 / 255


def test_every_texel_is_set(baked, unwrapped):
    assert baked.base_color.shape == (SIZE, SIZE, 3)
    assert baked.base_color.dtype == np.uint8
    # The colours of `paint` on the sphere are far from 0.
    assert baked.base_color.min() > 15
    _, _, inside = texel_points(unwrapped, SIZE)
    border = ndimage.binary_dilation(inside, iterations=8) & ~inside
    row, col = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    np.testing.assert_array_equal(baked.base_color[border], baked.base_color[row, col][border])


def test_delight_divides_a_known_light_out_of_the_texture(sphere, baked):
    lit = textured(sphere, lambda p, n: paint(p, n) * shade(n)[:, None], texture_size=SIZE)
    plain = delight(lit, shade)
    points, normals, uv = on_triangles(plain)
    error = np.abs(texels(plain.base_color, uv) - paint(points, normals))
    assert error.mean() < 2 / 255
    assert np.abs(np.float32(plain.base_color) - baked.base_color).mean() < 2


def test_delight_leaves_a_mesh_without_a_texture_alone(baked):
    plain = replace(baked, base_color=None)
    assert delight(plain, shade) is plain


@pytest.mark.parametrize(("value", "byte"), [(1.0, 255), (0.5, 128), (0.0, 0), (1.7, 255)])
def test_a_colour_is_rounded_to_the_nearest_byte_and_clipped(unwrapped, value, byte):
    mesh = bake(unwrapped, lambda p, n: np.full_like(p, value), texture_size=64)
    assert (mesh.base_color == byte).all()


def test_the_texture_does_not_depend_on_how_many_colours_are_asked_for_at_once(
    unwrapped, monkeypatch
):
    whole = bake(unwrapped, paint, texture_size=64)
    monkeypatch.setattr("sds3d.mesh.bake.CHUNK", 100)
    pieces = bake(unwrapped, paint, texture_size=64)
    np.testing.assert_array_equal(pieces.base_color, whole.base_color)


@pytest.mark.parametrize("missing", ["uv", "normals"])
def test_a_mesh_without_coordinates_or_normals_cannot_be_baked(unwrapped, missing):
    with pytest.raises(ExportError, match="texture coordinates" if missing == "uv" else missing):
        bake(replace(unwrapped, **{missing: None}), paint, texture_size=64)
