"""Laws of charts: rigid where the surface unrolls, never overlapping, apart from each other in the texture."""

import numpy as np
import pytest
import trimesh
from scipy import ndimage

from sds3d.mesh.bake import texel_faces
from sds3d.mesh.flatten import _until_turned, crossed, flattened, islands, signed_areas, stretch
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


def test_a_ramp_that_would_unroll_onto_itself_is_flattened_as_far_as_its_outline_allows():
    """A ring of 1 1/4 turns, wound around an axis; the start is half a turn, with stretch."""
    plane, faces = grid(25)
    radius = (1 + plane[:, 1])[:, None]
    turn = 2.5 * np.pi * plane[:, :1]
    ramp = np.concatenate([radius * np.cos(turn), radius * np.sin(turn), 0.02 * turn], 1)
    assert crossed(ramp[:, :2], faces)
    start = radius * np.concatenate([np.cos(0.4 * turn), np.sin(0.4 * turn)], 1)
    found = flattened(ramp, faces, start)
    assert (signed_areas(found, faces) > 0).all()
    assert not crossed(found, faces)
    assert stretch(ramp, faces, start)[0] > 1.2
    assert stretch(ramp, faces, found)[0] < 1.02


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
