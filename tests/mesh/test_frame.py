"""Laws of where an exported object stands and how large it is."""

import numpy as np
import pytest
import trimesh

from sds3d import library
from sds3d.library.categories import CATEGORIES
from sds3d.library.kit.model import member
from sds3d.mesh.frame import Frame, frame_of, standing
from sds3d.mesh.load import drawn, load_exported
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.readers import read
from sds3d.mesh.save import save

RNG = np.random.default_rng(0)
POINTS = np.float32(RNG.uniform(-1, 1, (50, 3)) * [0.3, 0.5, 0.4] + [0.1, -0.2, 0.3])


def box(points):
    return points.min(0), points.max(0)


@pytest.mark.parametrize("origin", ["base", "center"])
@pytest.mark.parametrize(("height", "longest"), [(0.0, 2.5), (1.2, 2.5)])
def test_an_object_stands_at_the_origin_in_its_size(origin, height, longest):
    low, high = box(standing(POINTS, height=height, longest=longest, origin=origin).to_file(POINTS))
    size = high - low
    assert (size[1] if height else size.max()) == pytest.approx(height or longest, rel=1e-6)
    np.testing.assert_allclose(size / size[1], np.ptp(POINTS, 0) / np.ptp(POINTS[:, 1]), rtol=1e-5)
    middle = (low + high) / 2
    anchor = middle if origin == "center" else [middle[0], low[1], middle[2]]
    np.testing.assert_allclose(anchor, 0, atol=1e-6)


def test_the_way_back_to_the_scene_is_the_inverse():
    frame = standing(POINTS, longest=40.0)
    np.testing.assert_allclose(frame.to_scene(frame.to_file(POINTS)), POINTS, atol=1e-6)


def test_a_glb_carries_its_frame_and_an_older_one_has_none(tmp_path):
    faces = np.int32([[0, 1, 2], [2, 3, 4], [4, 5, 6]])
    used = POINTS[:7]
    normals = np.tile(np.float32([0, 1, 0]), (7, 1))
    mesh = Mesh(used, faces, normals=normals)
    frame = standing(used, height=3.0)
    save(frame.placed(mesh), tmp_path / "new.glb", {"prompt": "a box"} | frame.extras())
    save(mesh, tmp_path / "old.glb", {"prompt": "a box"})
    inside = trimesh.load(tmp_path / "new.glb", force="mesh", process=False)
    assert np.ptp(inside.vertices[:, 1]) == pytest.approx(3.0, rel=1e-6)
    for name in ("new", "old"):
        found = load_exported(tmp_path / f"{name}.glb").vertices
        np.testing.assert_allclose(found[np.lexsort(found.T)], used[np.lexsort(used.T)], atol=1e-6)


def test_extras_without_a_frame_change_nothing():
    assert frame_of({"prompt": "a box"}) == Frame()


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("chair", 0.8, 1.1),
        ("bus", 9, 13),
        ("mug", 0.07, 0.2),
        ("bee", 0.01, 0.03),
        ("giraffe", 4, 6),
    ],
)
def test_things_are_as_large_as_they_are(name, low, high):
    assert low <= library.model(name, 0).longest <= high


def test_every_kind_has_a_size_between_a_ladybug_and_a_skyscraper():
    from sds3d.library.sizes import LONGEST

    assert LONGEST.keys() <= CATEGORIES.keys()
    assert all(0.005 <= longest <= 200 for longest in LONGEST.values())


def test_a_mesh_of_a_user_keeps_the_size_of_its_file(tmp_path):
    trimesh.creation.box((1.0, 3.0, 2.0)).export(tmp_path / "box.ply")
    model = member(drawn(read(tmp_path / "box.ply").pieces), "box")
    assert model.longest == pytest.approx(3.0)
