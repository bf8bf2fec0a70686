"""Laws of charts: rigid where the surface unrolls, never overlapping, apart from each other in the texture."""

import numpy as np
import pytest
import trimesh
from scipy import ndimage

from sds3d.mesh.bake import texel_faces
from sds3d.mesh.flatten import (
    _arap,
    _guarded,
    _until_turned,
    crossed,
    crossings,
    flattened,
    islands,
    signed_areas,
    stretch,
)
from sds3d.mesh.join import joined
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.unwrap import unwrap

SIZE = 256


def grid(side=9):
    index = np.arange(side * side).reshape(side, side)
    a, b, c, d = (
        x.ravel() for x in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1])
    )
    row, column = np.divmod(np.arange(side * side), side)
    plane = np.stack([column, row], 1) / (side - 1)
    return plane, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


@pytest.fixture(scope="module")
def rough():
    """A ball with a grain, as isosurfaces have it."""
    ball = trimesh.creation.icosphere(4)
    grain = 1 + 0.01 * np.random.default_rng(0).standard_normal((len(ball.vertices), 1))
    normals = np.float32(ball.vertices)
    return unwrap(Mesh(np.float32(ball.vertices * grain), np.int32(ball.faces), normals), SIZE)


def test_a_bent_sheet_unrolls_without_stretch_from_a_distorted_start():
    plane, faces = grid(17)
    sheet = np.stack([np.sin(plane[:, 0]), plane[:, 1], np.cos(plane[:, 0])], 1)
    start = plane * [-1, 3] + 0.05 * plane[:, ::-1] ** 2  # mirrored, too
    assert stretch(sheet, faces, start)[0] > 1.2
    found = flattened(sheet, faces, start)
    assert stretch(sheet, faces, found)[0] < 1.002
    assert (signed_areas(found, faces) > 0).all()
    np.testing.assert_allclose(signed_areas(found, faces).sum() / 2, 1, rtol=0.01)


def test_the_stretch_is_that_of_its_singular_values():
    plane, faces = grid()
    flat = np.concatenate([plane, np.zeros((len(plane), 1))], 1)
    np.testing.assert_allclose(stretch(flat, faces, 7 * plane), 1)
    # s = (2, 1/2) on equal areas: sqrt((1/4 + 4) / 2)
    np.testing.assert_allclose(stretch(flat, faces, plane * [2, 0.5]), np.sqrt(17 / 8))


def test_an_outline_that_crosses_itself_is_found():
    plane, faces = grid()
    assert not crossed(plane, faces)
    turn = 2.5 * np.pi * plane[:, 0]
    ring = (1 + plane[:, 1])[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1)  # 1 1/4 turns
    assert crossed(ring, faces)


def test_a_ramp_that_would_unroll_onto_itself_is_flattened_as_far_as_its_outline_allows(
    monkeypatch,
):
    """A ring of three turns around an axis; the start is one turn, its ends apart by a little."""
    plane, faces = grid(25)
    radius, turn = 1 + 3 * plane[:, 1:], 2 * np.pi * plane[:, :1]
    ramp = np.concatenate([radius * np.cos(3 * turn), radius * np.sin(3 * turn), 0.02 * turn], 1)
    start = radius * np.concatenate([np.cos(0.97 * turn), -np.sin(0.97 * turn)], 1)
    met = []

    def watched(*arguments):
        found = crossings(*arguments)
        met.append(found.any())
        return found

    monkeypatch.setattr("sds3d.mesh.flatten.crossings", watched)
    found = _guarded(ramp[faces], faces, start)
    monkeypatch.undo()
    assert any(met)
    assert (signed_areas(found, faces) > 0).all()
    assert not crossed(found, faces)
    assert stretch(ramp, faces, start)[0] > 1.3
    assert stretch(ramp, faces, found)[0] < 1.1


def test_no_face_of_a_sheet_with_much_grain_is_turned():
    plane, faces = grid(25)
    height = 0.2 * np.random.default_rng(0).random((len(plane), 1))
    sheet = np.concatenate([plane, height], 1)
    start = plane * [2, 1]
    triangles, one = sheet[faces], np.zeros(len(plane), np.int64)
    assert (signed_areas(_arap(triangles, faces, start, one), faces) <= 0).any()
    found = flattened(sheet, faces, start)
    assert (signed_areas(found, faces) > 0).all()
    assert stretch(sheet, faces, start)[0] > 1.6
    assert stretch(sheet, faces, found)[0] < 1.2


def test_a_tiny_island_is_unfolded_along_its_neighbour():
    plane, faces = grid()
    bend = np.stack([plane[:, 0], np.abs(plane[:, 1] - 0.5), np.zeros(len(plane))], 1)  # isometric
    cut = np.array([36, 37, 38])  # faces in the middle of the sheet
    apart = np.arange(9) + len(plane)
    corners = faces.copy()
    corners[cut] = apart.reshape(3, 3)
    origin = np.concatenate([np.arange(len(plane)), faces[cut].ravel()])
    uv = np.concatenate([plane * [-2, 2], np.tile([[5, 5], [6, 5], [5, 6]], (3, 1))])  # mirrored
    assert islands(corners).max() == 3
    found_origin, found, place = joined(bend, origin, corners, uv)
    assert islands(found).max() == 0
    np.testing.assert_array_equal(found_origin[found], faces)
    areas = signed_areas(place, found)
    np.testing.assert_allclose(areas, 4 / 64)
    assert not crossed(place, found)


def test_a_tiny_island_stays_where_its_place_is_taken():
    """Five triangles of 75 degrees around a point: the fifth would lie on the first."""
    at = np.arange(6)
    rim = np.stack([np.cos(at * np.pi / 4), np.sin(at * np.pi / 4), 0.6 * (-1.0) ** at], 1)
    points = np.concatenate([np.zeros((1, 3)), rim])
    origin = np.array([0, 1, 2, 3, 4, 5, 0, 5, 6])
    faces = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 5], [6, 7, 8]])
    angle = np.radians(75) * np.arange(5)
    fan = np.stack([np.cos(angle), np.sin(angle)], 1)
    uv = np.concatenate([np.zeros((1, 2)), fan, [[5, 5], [6, 5], [5, 6]]])
    _, found, place = joined(points, origin, faces, uv)
    assert islands(found).max() == 1
    np.testing.assert_allclose(place, uv)
    less = np.delete(faces, 0, 0)  # then there is room
    assert islands(joined(points, origin, less, uv)[1]).max() == 0


def test_a_step_is_cut_short_where_the_first_face_loses_its_area():
    generator = np.random.default_rng(0)
    faces = np.arange(300).reshape(100, 3)
    u, step = generator.standard_normal((2, 300, 2))
    u = np.where((signed_areas(u, faces) < 0).repeat(3)[:, None], u * [-1, 1], u)
    length = _until_turned(u, step, faces)
    assert (signed_areas(u + 0.999 * length * step, faces) > 0).all()
    at_end = signed_areas(u + length * step, faces)
    np.testing.assert_allclose(at_end.min(), 0, atol=1e-9)
    assert _until_turned(u, u, faces) == np.inf


def test_a_rough_ball_has_few_islands_with_little_stretch_that_do_not_overlap(rough):
    island = islands(rough.faces)
    assert island.max() + 1 <= 30
    assert stretch(rough.vertices, rough.faces, rough.uv).max() < 1.3
    area = np.abs(signed_areas(rough.uv, rough.faces)) * SIZE**2 / 2
    _, _, face = texel_faces(rough, SIZE)
    covered = np.bincount(island[face[face >= 0]], minlength=island.max() + 1)
    expected = np.bincount(island, area)
    np.testing.assert_allclose(covered, expected, atol=8, rtol=0.05)
    assert expected.sum() > 0.45 * SIZE**2


def test_gutters_keep_bilinear_samples_of_the_first_two_mip_levels_to_one_chart(rough):
    """They read 2 x 2 texels of the texture, and 4 x 4 through its half size."""
    island = islands(rough.faces)
    _, _, face = texel_faces(rough, SIZE)
    least = np.where(face >= 0, island[face], len(island))
    most = np.where(face >= 0, island[face], -1)
    low, high = ndimage.minimum_filter(least, 4), ndimage.maximum_filter(most, 4)
    assert (low[high >= 0] == high[high >= 0]).all()
