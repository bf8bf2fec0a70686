"""Laws of the colours of unseen surfaces."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from sds3d.mesh.bake import texel_points, textured
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.unseen import paint_unseen, seen

SIZE = 128


@pytest.fixture(scope="module")
def table():
    """A thick plate; red wherever its normal does not point down, wild green below."""
    plate = trimesh.creation.box([1.2, 0.3, 0.8]).subdivide().subdivide()
    mesh = Mesh(
        np.float32(plate.triangles.reshape(-1, 3)),
        np.int32(np.arange(3 * len(plate.faces)).reshape(-1, 3)),
        np.float32(np.repeat(plate.face_normals, 3, 0)),
    )
    return textured(
        mesh,
        lambda p, n: np.where(n[:, 1:2] < -0.5, [0.0, 1.0, 0.3], [0.8, 0.1, 0.1]),
        texture_size=SIZE,
    )


def test_only_the_underside_is_unseen(table):
    down = table.normals[table.faces[:, 0], 1] < -0.5
    np.testing.assert_array_equal(seen(table), ~down)


def test_the_inside_of_a_closed_shell_is_unseen():
    outer, inner = trimesh.creation.icosphere(3, 0.8), trimesh.creation.icosphere(3, 0.5)
    both = trimesh.util.concatenate([outer, inner])
    mesh = Mesh(np.float32(both.vertices), np.int32(both.faces), np.float32(both.vertex_normals))
    found = seen(mesh)
    assert not found[len(outer.faces) :].any()
    middle = outer.triangles_center
    assert found[: len(outer.faces)][middle[:, 1] > -0.1].all()


def test_unseen_texels_take_the_colour_beside_them_and_the_others_are_kept(table):
    painted = paint_unseen(table)
    np.testing.assert_allclose(painted.base_color, np.full((SIZE, SIZE, 3), [204, 26, 26]), atol=1)
    _, normals, inside = texel_points(table, SIZE)
    above = normals[:, 1] > -0.5
    np.testing.assert_array_equal(
        painted.base_color[inside][above], table.base_color[inside][above]
    )


def test_a_mesh_without_a_texture_is_unchanged(table):
    plain = replace(table, base_color=None)
    assert paint_unseen(plain) is plain


@pytest.mark.parametrize("size", [0.3, 0.001])
def test_a_face_is_seen_only_from_its_front_however_small_it_is(size):
    corners = np.float32([[0, 0, 0], [0, 0, size], [size, 0, 0]])  # faces up
    normals = np.float32([[0, 1, 0]] * 3)
    up = Mesh(corners, np.int32([[0, 1, 2]]), normals)
    assert seen(up).tolist() == [True]
    assert seen(replace(up, faces=up.faces[:, ::-1].copy())).tolist() == [False]


def test_a_mesh_of_which_too_little_is_seen_is_unchanged(table, monkeypatch):
    monkeypatch.setattr("sds3d.mesh.unseen.NEIGHBOURS", 10**6)
    assert paint_unseen(table) is table
