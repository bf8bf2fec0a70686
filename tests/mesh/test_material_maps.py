"""Laws of material textures: tangent frames, baking, and every format that holds them."""

import io
import json
import struct
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from PIL import Image

from sds3d.errors import ExportError, MeshError
from sds3d.mesh.bake import Channels, bake_channels, tangent_space, texel_points
from sds3d.mesh.load import load
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.pictures import texels
from sds3d.mesh.save import save
from sds3d.mesh.tangents import frames, tangents
from sds3d.mesh.unwrap import unwrap

SIZE = 128


UPRIGHT = np.eye(3)


def square(turn=UPRIGHT, uv=((0, 1), (1, 1), (1, 0), (0, 0))):
    """A square of the xy plane that faces +Z, turned; its texture stands upright unless uv says otherwise."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) @ turn.T
    normals = np.tile(turn[:, 2], (4, 1))
    faces = np.int32([[0, 1, 2], [0, 2, 3]])
    return Mesh(np.float32(corners), faces, np.float32(normals), np.float32(uv))


def rotation(seed):
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.sign(np.linalg.det(q))


@pytest.fixture(scope="module")
def ball():
    solid = trimesh.creation.icosphere(3, radius=0.7)
    vertices = np.float32(solid.vertices)
    mesh = Mesh(vertices, np.int32(solid.faces), vertices / np.float32(0.7))
    return unwrap(mesh, SIZE)


def wavy(points):
    """Unit normals that differ from a ball's by up to about 20 degrees."""
    outward = points / np.linalg.norm(points, axis=1, keepdims=True)
    bent = outward + 0.3 * np.sin(points * [7.0, 5.0, 6.0])
    return bent / np.linalg.norm(bent, axis=1, keepdims=True)


def channels(points, normals):
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    return Channels(
        0.5 + 0.4 * np.sin(3 * points),
        metallic=(points[:, 0] > 0).astype(float),
        roughness=0.5 + 0.4 * np.sin(4 * points[:, 1]),
        normals=wavy(points),
    )


@pytest.fixture(scope="module")
def baked(ball):
    return bake_channels(ball, channels, texture_size=SIZE)


def test_the_tangent_of_a_plane_runs_along_u_and_the_bitangent_up_the_image():
    for seed in range(4):
        turn = rotation(seed)
        mesh = square(turn)
        t = tangents(mesh)
        np.testing.assert_allclose(t, np.tile([*turn[:, 0], 1], (4, 1)), atol=1e-6)
        np.testing.assert_allclose(frames(mesh.normals, t), np.tile(turn, (4, 1, 1)), atol=1e-6)


def test_a_mirrored_chart_has_the_other_sign_and_its_bitangent_still_points_up_the_image():
    mesh = square(uv=((1, 1), (0, 1), (0, 0), (1, 0)))
    np.testing.assert_allclose(tangents(mesh), np.tile([-1, 0, 0, -1], (4, 1)), atol=1e-6)
    frame = frames(mesh.normals, tangents(mesh))[0]
    np.testing.assert_allclose(frame, np.array([[-1, 0, 0], [0, 1, 0], [0, 0, 1]]), atol=1e-6)


def test_tangents_are_unit_and_orthogonal_to_the_normals_also_where_a_chart_has_no_area(ball):
    for mesh in (ball, replace(ball, uv=np.zeros_like(ball.uv))):
        t = tangents(mesh)
        assert np.isfinite(t).all()
        np.testing.assert_allclose(np.linalg.norm(t[:, :3], axis=1), 1, atol=1e-5)
        np.testing.assert_allclose((t[:, :3] * mesh.normals).sum(1), 0, atol=1e-5)
        assert set(np.unique(t[:, 3])) <= {-1.0, 1.0}


def test_a_mesh_without_coordinates_has_no_tangents(ball):
    for lack in ("uv", "normals"):
        with pytest.raises(MeshError, match="has no"):
            tangents(replace(ball, **{lack: None}))


def test_a_bumpy_plane_has_the_gradient_of_its_height_in_its_normal_map():
    # h = 0.1 sin(2 x + y):  n ~ (-dh/dx, -dh/dy, 1), with x to the right and y up in the image.
    def bumpy(points, normals):
        slope = 0.1 * np.cos(2 * points[:, 0] + points[:, 1])
        n = np.stack([-2 * slope, -slope, np.ones_like(slope)], 1)
        n /= np.linalg.norm(n, axis=1, keepdims=True)
        half = np.full(len(points), 0.5)
        return Channels(np.full_like(points, 0.5), half, half, normals=n)

    baked = bake_channels(square(), bumpy, texture_size=SIZE)
    x = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    slope = 0.1 * np.cos(2 * x[None, :] - x[:, None])  # y falls from row to row
    expected = np.stack([-2 * slope, -slope, np.ones_like(slope)], -1)
    expected /= np.linalg.norm(expected, axis=-1, keepdims=True)
    np.testing.assert_allclose(baked.normal_map / 255 * 2 - 1, expected, atol=1 / 255 + 1e-6)


def test_the_map_in_the_mesh_s_own_frames_is_the_normal_that_was_given(baked):
    points, normals, inside = texel_points(baked, SIZE)
    local = baked.normal_map[inside] / 255 * 2 - 1
    tangent = tangents(baked)
    # The frame of a texel, from the three corners of its triangle: by hand.
    rng = np.random.default_rng(0)
    face = baked.faces[rng.integers(len(baked.faces), size=3000)]
    weight = rng.dirichlet([4, 4, 4], len(face))
    n, t, p, uv = (
        np.einsum("nk,nkc->nc", weight, a[face])
        for a in (baked.normals, tangent, baked.vertices, baked.uv)
    )
    read = texels(baked.normal_map, uv) * 2 - 1
    found = np.einsum("nij,nj->ni", frames(n, t), read)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    angle = np.degrees(np.arccos((found * wavy(p)).sum(1).clip(-1, 1)))
    assert np.median(angle) < 0.5
    assert np.quantile(angle, 0.95) < 2.5
    flat = np.degrees(np.arccos((n * wavy(p)).sum(1).clip(-1, 1)))
    assert np.median(flat) > 8
    assert (local[:, 2] > 0.5).all()
    own = tangent_space(normals, normals, np.tile([1.0, 0, 0, 1], (len(points), 1)))
    np.testing.assert_allclose(own, np.tile([0, 0, 1], (len(points), 1)), atol=1e-6)


def test_all_channels_are_those_of_one_evaluation_and_no_gutter_is_left_empty(ball, baked):
    calls = []

    def counted(points, normals):
        calls.append(len(points))
        return channels(points, normals)

    again = bake_channels(ball, counted, texture_size=SIZE)
    points, normals, inside = texel_points(ball, SIZE)
    assert calls == [len(points)]
    expected = channels(points, normals)
    byte = 0.5 / 255 + 1e-6
    np.testing.assert_allclose(again.base_color[inside] / 255, expected.color, atol=byte)
    np.testing.assert_allclose(again.surface[inside, 1] / 255, expected.roughness, atol=byte)
    np.testing.assert_array_equal(again.surface[inside, 2] / 255, expected.metallic)
    assert (again.surface[..., 0] == 255).all()
    assert (again.surface[..., 1] > 0).all()
    assert (again.normal_map[..., 2] > 128).all()
    np.testing.assert_array_equal(again.surface, baked.surface)


def test_normals_that_are_not_given_make_no_map_and_occlusion_is_red(ball):
    def plain(points, normals):
        values = np.full(len(points), 0.25)
        return Channels(np.zeros_like(points), values, values, occlusion=values)

    mesh = bake_channels(ball, plain, texture_size=32)
    assert mesh.normal_map is None
    assert (mesh.surface == 64).all()
    with pytest.raises(ExportError, match="texture coordinates"):
        bake_channels(replace(ball, uv=None), plain, texture_size=32)


def document(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def test_a_glb_refers_to_every_texture_with_factors_of_one(baked, tmp_path):
    (path,) = save(replace(baked, metallic=0.3, roughness=0.2), tmp_path / "a.glb")
    root, binary = document(path)
    (material,) = root["materials"]
    plain = material["pbrMetallicRoughness"]
    assert (plain["metallicFactor"], plain["roughnessFactor"]) == (1.0, 1.0)
    assert "occlusionTexture" not in material
    used = {
        "base_color": plain["baseColorTexture"],
        "surface": plain["metallicRoughnessTexture"],
        "normal_map": material["normalTexture"],
    }
    for name, reference in used.items():
        image = root["images"][root["textures"][reference["index"]]["source"]]
        view = root["bufferViews"][image["bufferView"]]
        data = binary[view["byteOffset"] :][: view["byteLength"]]
        pixels = np.asarray(Image.open(io.BytesIO(data)))
        np.testing.assert_array_equal(pixels, getattr(baked, name))
    attributes = root["meshes"][0]["primitives"][0]["attributes"]
    assert root["accessors"][attributes["TANGENT"]]["type"] == "VEC4"


def test_a_glb_names_occlusion_where_something_is_occluded(baked, tmp_path):
    surface = baked.surface.copy()
    surface[3, 4, 0] = 200
    (path,) = save(replace(baked, surface=surface), tmp_path / "a.glb")
    material = document(path)[0]["materials"][0]
    index = material["pbrMetallicRoughness"]["metallicRoughnessTexture"]["index"]
    assert material["occlusionTexture"] == {"index": index}
    np.testing.assert_array_equal(load(path).surface, surface)


@pytest.mark.parametrize("suffix", ["glb", "obj"])
def test_what_is_written_is_read_back(baked, tmp_path, suffix):
    *_, path = save(baked, tmp_path / f"a.{suffix}")
    found = load(path)
    for name in ("base_color", "surface", "normal_map"):
        np.testing.assert_array_equal(getattr(found, name), getattr(baked, name))
    corners = found.vertices[found.faces], found.uv[found.faces]
    np.testing.assert_allclose(corners[0], baked.vertices[baked.faces], atol=1e-6)
    np.testing.assert_allclose(corners[1], baked.uv[baked.faces], atol=1e-6)


@pytest.mark.parametrize("suffix", ["glb", "obj"])
def test_a_mesh_without_maps_has_none_when_it_is_read_back(baked, tmp_path, suffix):
    plain = replace(baked, surface=None, normal_map=None, metallic=1.0, roughness=0.25)
    *_, path = save(plain, tmp_path / f"a.{suffix}")
    found = load(path)
    assert found.surface is None
    assert found.normal_map is None
    assert (found.metallic, found.roughness) == (1.0, 0.25)


def test_another_reader_finds_the_maps_of_a_glb(baked, tmp_path):
    (path,) = save(baked, tmp_path / "a.glb")
    material = trimesh.load(path, force="mesh", process=False).visual.material
    maps = {
        "base_color": material.baseColorTexture,
        "surface": material.metallicRoughnessTexture,
        "normal_map": material.normalTexture,
    }
    for name, image in maps.items():
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), getattr(baked, name))
    assert (material.metallicFactor, material.roughnessFactor) == (1.0, 1.0)


def test_an_mtl_multiplies_its_maps_by_the_factors_beside_them_and_takes_one_for_none(
    baked, tmp_path
):
    save(baked, tmp_path / "a.obj")
    text = (tmp_path / "a.mtl").read_text()
    assert {"Pm 1.0000", "Pr 1.0000", "map_Pr a_roughness.png", "norm a_normal.png"} <= set(
        text.splitlines()
    )
    rows = [row for row in text.splitlines() if not row.startswith(("Pm", "map_Pm"))]
    rows = ["Pr 0.5" if row.startswith("Pr") else row for row in rows]
    (tmp_path / "a.mtl").write_text("\n".join(rows) + "\n")
    surface = load(tmp_path / "a.obj").surface
    np.testing.assert_allclose(surface[..., 1], baked.surface[..., 1] / 2, atol=0.51)
    assert (surface[..., 2] == 0).all()


def test_red_that_is_not_declared_as_occlusion_means_nothing(baked, tmp_path):
    surface = baked.surface.copy()
    surface[..., 0] = 7
    (path,) = save(replace(baked, surface=surface), tmp_path / "a.glb")
    data = path.read_bytes()
    hidden = data.replace(b'"occlusionTexture"', b'"occlusionTexturX"')
    assert hidden != data
    path.write_bytes(hidden)
    np.testing.assert_array_equal(load(path).surface[..., 0], 255)


def test_a_ply_and_an_stl_are_the_same_with_and_without_maps(baked, tmp_path):
    plain = replace(baked, surface=None, normal_map=None)
    for suffix in ("ply", "stl"):
        (one,), (other,) = (
            save(mesh, tmp_path / f"{n}.{suffix}") for n, mesh in enumerate((baked, plain))
        )
        assert one.read_bytes() == other.read_bytes()
