"""Laws of the mesh writers: the files are parsed by hand and read by trimesh."""

import io
import json
import resource
import struct

import numpy as np
import pytest
import trimesh
from PIL import Image

from sds3d.errors import ExportError
from sds3d.mesh.formats import EXPORTERS, NEEDS
from sds3d.mesh.formats.gltf import linear
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.save import save

HEIGHT, WIDTH = 4, 6


@pytest.fixture
def corner():
    """A tetrahedron of three unequal edges on the axes; its texture differs in every texel."""
    vertices = np.float32([[0, 0, 0], [0.9, 0, 0], [0, 0.6, 0], [0, 0, 0.3]])
    faces = np.int32([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    normals = vertices - vertices.mean(0)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    row, col = np.mgrid[:HEIGHT, :WIDTH]
    texture = np.uint8(np.stack([row * 60 + 10, col * 40 + 5, row * 7 + col * 30], -1))
    uv = np.float32([[0.5, 0.5], [5.5, 0.5], [0.5, 3.5], [2.5, 1.5]]) / np.float32([WIDTH, HEIGHT])
    return Mesh(vertices, faces, normals, uv, texture, metallic=0.0, roughness=0.7)


@pytest.fixture
def painted(corner):
    """The same tetrahedron with a colour per vertex instead of a texture."""
    colors = np.float32([[0, 0, 0], [1, 0, 0.02], [0.5, 1, 0.25], [0.2, 0.6, 1]])
    return Mesh(corner.vertices, corner.faces, corner.normals, colors=colors)


def chunks(path):
    """(JSON document, binary chunk) of a GLB file, and the container's own laws on the way."""
    data = path.read_bytes()
    magic, version, total = struct.unpack_from("<4sII", data)
    assert (magic, version, total) == (b"glTF", 2, len(data))
    length, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    assert length % 4 == 0
    size, kind = struct.unpack_from("<I4s", data, 20 + length)
    assert kind == b"BIN\0"
    assert size % 4 == 0
    assert 28 + length + size == total
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def array(document, binary, index):
    entry = document["accessors"][index]
    view = document["bufferViews"][entry["bufferView"]]
    assert view["byteOffset"] % 4 == 0
    assert view["byteOffset"] + view["byteLength"] <= len(binary)
    width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}[entry["type"]]
    kind = {5126: "<f4", 5125: "<u4"}[entry["componentType"]]
    values = np.frombuffer(binary, kind, entry["count"] * width, view["byteOffset"])
    assert values.nbytes == view["byteLength"]
    return values.reshape(-1, width)


def texel_colors(image, uv):
    """Colours of the texels that hold uv, origin top left."""
    pixels = np.asarray(image.convert("RGB"))
    height, width = pixels.shape[:2]
    return pixels[(uv[:, 1] * height).astype(int), (uv[:, 0] * width).astype(int)]


def test_every_array_of_a_glb_is_where_its_accessor_says(corner, tmp_path):
    save(corner, tmp_path / "a.glb")
    document, binary = chunks(tmp_path / "a.glb")
    (primitive,) = document["meshes"][0]["primitives"]
    named = primitive["attributes"]
    np.testing.assert_array_equal(array(document, binary, named["POSITION"]), corner.vertices)
    np.testing.assert_allclose(array(document, binary, named["NORMAL"]), corner.normals, atol=1e-6)
    np.testing.assert_array_equal(array(document, binary, named["TEXCOORD_0"]), corner.uv)
    indices = array(document, binary, primitive["indices"])
    np.testing.assert_array_equal(indices.reshape(-1, 3), corner.faces)
    position = document["accessors"][named["POSITION"]]
    np.testing.assert_array_equal(np.float32(position["min"]), corner.vertices.min(0))
    np.testing.assert_array_equal(np.float32(position["max"]), corner.vertices.max(0))
    assert document["buffers"] == [{"byteLength": len(binary)}]


def test_a_glb_stores_its_texture_bit_for_bit_with_metallic_zero(corner, tmp_path):
    save(corner, tmp_path / "a.glb")
    document, binary = chunks(tmp_path / "a.glb")
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    start = view["byteOffset"]
    image = Image.open(io.BytesIO(binary[start : start + view["byteLength"]]))
    np.testing.assert_array_equal(np.asarray(image), corner.base_color)
    surface = document["materials"][0]["pbrMetallicRoughness"]
    assert surface["metallicFactor"] == 0.0
    assert surface["roughnessFactor"] == 0.7
    assert surface["baseColorTexture"] == {"index": 0}
    assert "COLOR_0" not in document["meshes"][0]["primitives"][0]["attributes"]
    assert not document["materials"][0].get("doubleSided", False)


def test_a_glb_carries_the_prompt_and_the_seed(corner, tmp_path):
    save(corner, tmp_path / "a.glb", {"prompt": "une théière « bleue »", "seed": 3})
    document, _ = chunks(tmp_path / "a.glb")
    assert document["asset"]["extras"] == {"prompt": "une théière « bleue »", "seed": 3}
    assert document["asset"]["version"] == "2.0"


def test_vertex_colours_are_written_as_linear_light(painted, tmp_path):
    save(painted, tmp_path / "a.glb")
    document, binary = chunks(tmp_path / "a.glb")
    named = document["meshes"][0]["primitives"][0]["attributes"]
    assert "images" not in document
    stored = array(document, binary, named["COLOR_0"]).astype(np.float64)
    back = np.where(stored <= 0.0031308, stored * 12.92, 1.055 * stored ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(back, painted.colors, atol=1e-6)
    # Half of sRGB is 21.4 % of the light.
    np.testing.assert_allclose(linear(np.array([0, 0.5, 1])), [0, 0.21404, 1], atol=1e-5)


@pytest.mark.parametrize("suffix", ["glb", "obj"])
def test_another_reader_finds_the_same_triangles_and_the_same_colour_at_every_corner(
    corner, tmp_path, suffix
):
    save(corner, tmp_path / f"a.{suffix}")
    # trimesh merges the vertices of an OBJ as it likes, so that corners are compared, not indices.
    mesh = trimesh.load(tmp_path / f"a.{suffix}", force="mesh", process=False)
    triangles = corner.vertices[corner.faces]
    np.testing.assert_allclose(mesh.triangles, triangles, atol=1e-6)
    expected = texel_colors(Image.fromarray(corner.base_color), corner.uv)[corner.faces]
    material = mesh.visual.material
    image = getattr(material, "baseColorTexture", None) or material.image
    upwards = mesh.visual.uv[mesh.faces.ravel()]
    found = texel_colors(image, np.stack([upwards[:, 0], 1 - upwards[:, 1]], 1))
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)
    assert mesh.volume == pytest.approx(0.9 * 0.6 * 0.3 / 6, rel=1e-5)


def test_normals_of_every_format_point_out_of_the_solid(corner, tmp_path):
    for suffix in set(EXPORTERS) - set(
        NEEDS
    ):  # test_usdz.py and tests/test_blender.py read the others
        save(corner, tmp_path / f"a.{suffix}")
        mesh = trimesh.load(tmp_path / f"a.{suffix}", force="mesh", process=False)
        outward = mesh.vertices - mesh.triangles.mean((0, 1))
        assert ((mesh.vertex_normals * outward).sum(1) > 0).all()
        assert mesh.volume > 0


def test_the_files_of_an_obj_name_each_other_and_its_v_runs_upwards(corner, tmp_path):
    save(corner, tmp_path / "blue_pot.obj")
    text = (tmp_path / "blue_pot.obj").read_text().splitlines()
    assert "mtllib blue_pot.mtl" in text
    v = [float(line.split()[2]) for line in text if line.startswith("vt ")]
    np.testing.assert_allclose(v, 1 - corner.uv[:, 1], atol=1e-6)
    material = (tmp_path / "blue_pot.mtl").read_text().split("\n")
    assert material[0] == "newmtl " + next(t for t in text if t.startswith("usemtl")).split()[1]
    assert {"map_Kd blue_pot.png", "Pm 0.0000", "Pr 0.7000"} <= set(material)
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / "blue_pot.png")), corner.base_color
    )


def test_the_files_of_an_obj_have_names_without_spaces(corner, tmp_path):
    # "mtllib a b.mtl" means two files to most readers.
    save(corner, tmp_path / "blue pot.obj")
    text = (tmp_path / "blue pot.obj").read_text().splitlines()
    (library,) = [line.split()[1:] for line in text if line.startswith("mtllib")]
    (image,) = [
        line.split()[1:]
        for line in (tmp_path / library[0]).read_text().splitlines()
        if line.startswith("map_Kd")
    ]
    assert len(library) == len(image) == 1
    assert (tmp_path / image[0]).is_file()


def test_an_obj_without_a_texture_keeps_its_vertex_colours(painted, tmp_path):
    save(painted, tmp_path / "a.obj")
    rows = [
        [float(x) for x in line.split()[1:]]
        for line in (tmp_path / "a.obj").read_text().splitlines()
        if line.startswith("v ")
    ]
    np.testing.assert_allclose(rows, np.hstack([painted.vertices, painted.colors]), atol=1e-6)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mtl", "a.obj"]


def test_a_ply_gives_every_vertex_its_colour(corner, painted, tmp_path):
    for mesh, expected in (
        (corner, texel_colors(Image.fromarray(corner.base_color), corner.uv)),
        (painted, np.rint(painted.colors * 255)),
    ):
        save(mesh, tmp_path / "a.ply")
        read = trimesh.load(tmp_path / "a.ply", process=False)
        np.testing.assert_array_equal(read.vertices, mesh.vertices)
        np.testing.assert_array_equal(read.faces, mesh.faces)
        np.testing.assert_array_equal(read.visual.vertex_colors[:, :3], expected)


@pytest.mark.parametrize("suffix", list(EXPORTERS))
def test_no_format_accepts_an_empty_mesh(corner, tmp_path, suffix):
    empty = Mesh(corner.vertices, corner.faces[:0])
    with pytest.raises(ExportError, match="empty"):
        save(empty, tmp_path / f"a.{suffix}")
    assert not list(tmp_path.iterdir())


def test_an_unknown_suffix_is_refused_with_the_nearest_known_one(corner, tmp_path):
    with pytest.raises(ExportError, match=r"'glbb'.*glb"):
        save(corner, tmp_path / "a.glbb")


def test_a_failed_write_leaves_the_old_file_intact(corner, painted, tmp_path):
    save(corner, tmp_path / "a.glb")
    before = (tmp_path / "a.glb").read_bytes()
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, usual[1]))  # no file may grow beyond 100 bytes
    try:
        with pytest.raises(ExportError, match=r"a\.glb"):
            save(painted, tmp_path / "a.glb")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert (tmp_path / "a.glb").read_bytes() == before


def test_a_missing_folder_is_an_export_error(corner, tmp_path):
    with pytest.raises(ExportError, match="cannot write"):
        save(corner, tmp_path / "nowhere" / "a.glb")


def test_a_normal_of_length_zero_is_written_as_one_that_points_up(corner, tmp_path):
    flat = Mesh(corner.vertices, corner.faces, np.zeros_like(corner.normals))
    save(flat, tmp_path / "a.glb")
    document, binary = chunks(tmp_path / "a.glb")
    named = document["meshes"][0]["primitives"][0]["attributes"]
    np.testing.assert_array_equal(array(document, binary, named["NORMAL"]), [[0, 1, 0]] * 4)


def test_an_stl_is_the_same_solid_in_millimetres_with_z_up(corner, tmp_path):
    (path,) = save(corner, tmp_path / "a.stl")
    found = trimesh.load(path, process=False)
    ours = trimesh.Trimesh(corner.vertices, corner.faces, process=False)
    assert found.volume == pytest.approx(ours.volume * 1000**3, rel=1e-5)
    turned = 1000 * ours.triangles[..., [0, 2, 1]] * [1, -1, 1]
    np.testing.assert_allclose(found.triangles, turned, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(
        found.face_normals, ours.face_normals[:, [0, 2, 1]] * [1, -1, 1], atol=1e-5
    )
