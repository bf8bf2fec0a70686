"""Laws of the reader: every file in files/ has the colours and the shape that its format defines."""

import hashlib
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh
from gltf_builder import SQUARE, SQUARE_UV, Builder
from PIL import Image

from sds3d.errors import MeshError
from sds3d.mesh.color import encoded, linear
from sds3d.mesh.load import load, load_shape
from sds3d.mesh.readers import SUFFIXES, read
from sds3d.mesh.readers.files import Folder
from sds3d.mesh.readers.plain import triangles
from sds3d.mesh.shape import GLASS, drawn, fitted
from sds3d.training.data.drawing import draw
from sds3d.views.cameras import orbit

FILES = Path(__file__).parent / "files"


def mesh_in(case):
    return next(p for p in sorted((FILES / case).rglob("*")) if p.suffix.lower() in SUFFIXES)


def seen(path, **options):
    """The colours that at least 2 % of the covered samples of six views show, uint8, most seen first."""
    shape = fitted(drawn(read(path, **options).pieces), 0.85)
    rings = [orbit(4, 48, elevation_deg=e).rotated(20) for e in (25, -25)]
    views = [draw(shape, cameras, supersample=1).albedo.reshape(-1, 4) for cameras in rings]
    pixels = np.concatenate(views)
    colors, counts = np.unique(pixels[pixels[:, 3] == 255][:, :3], axis=0, return_counts=True)
    kept = counts > 0.02 * counts.sum()
    return colors[kept][np.argsort(-counts[kept])]


RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
GREY, PLAIN, BRICK = (128, 128, 128), (217, 217, 217), (200, 30, 30)
BOX, PAIR = (1, 1, 1), (3, 1, 1)
COLORED = [
    f"color0_{kind}x{n}_{m}mat" for kind in ("f4", "u1", "u2") for n in (3, 4) for m in ("", "no")
]
# case -> the colours that it shows, and its extent
SHOWN = {
    **dict.fromkeys(COLORED, ((RED,), BOX)),
    "alpha_mask": (((40, 160, 40),), BOX),
    "brokentex_and_factor": ((RED, WHITE), PAIR),
    "color0_and_factor": ((RED, GREEN), PAIR),
    "color0_and_texture": ((RED, GREEN), PAIR),
    "color0_float_linear": ((GREY,), BOX),
    "color0_no_material": ((RED,), BOX),
    "color0_u8_linear": ((GREY,), BOX),
    "default_and_factor": ((RED, WHITE), PAIR),
    "emissive_only": ((RED,), BOX),
    "factor_linear": ((GREY,), BOX),
    "flat_plane": ((RED,), (2, 0, 2)),
    "gltf_bom": ((RED,), BOX),
    "gltf_data_uri": ((RED,), BOX),
    "gltf_missing_texture": ((WHITE,), BOX),
    "gltf_nonascii": ((BRICK,), BOX),
    "gltf_sketchfab": ((BRICK,), BOX),
    "gltf_spaces": ((BRICK,), BOX),
    "gltf_spaces_raw": ((BRICK,), BOX),
    "gpu_instancing": ((RED,), (9, 1, 1)),
    "hard_edges_24": ((RED,), BOX),
    "huge_offset": ((RED,), BOX),
    "huge_vertices": ((RED,), BOX),
    "instances": ((RED,), (5, 1, 1)),
    "ktx2": ((WHITE,), BOX),
    "lines_beside": ((RED,), BOX),
    "material_defaults": ((WHITE,), BOX),
    "morph_weight_1": ((RED,), (1, 4, 1)),
    "negative_scale": ((RED,), BOX),
    "nested": ((RED, GREEN), PAIR),
    "no_default_scene": ((RED,), BOX),
    "no_indices": ((RED,), BOX),
    "no_material": ((WHITE,), BOX),
    "no_normals_8": ((RED,), BOX),
    "nodes_nested": ((RED,), (2, 3, 1)),
    "obj_comma": ((PLAIN,), BOX),
    "obj_continued": ((PLAIN,), BOX),
    "obj_crlf": ((PLAIN,), BOX),
    "obj_d0": ((GREEN,), BOX),
    "obj_exponent": ((PLAIN,), BOX),
    "obj_kd_grey": ((GREY,), BOX),
    "obj_kd_two": ((RED, GREEN), BOX),
    "obj_latin1": ((PLAIN,), BOX),
    "obj_missing_mtl": ((PLAIN,), BOX),
    "obj_mtl_spaces": ((RED,), BOX),
    "obj_negative": ((PLAIN,), BOX),
    "obj_ngon_concave": ((PLAIN,), (2, 2, 1)),
    "obj_no_material": ((PLAIN,), BOX),
    "obj_quads": ((PLAIN,), BOX),
    "obj_tex": ((RED,), BOX),
    "obj_tex_absolute": ((RED,), BOX),
    "obj_tex_backslash": ((RED,), BOX),
    "obj_tex_case": ((RED,), BOX),
    "obj_tex_dot": ((RED,), BOX),
    "obj_tex_kd": ((RED,), BOX),
    "obj_tex_missing": ((RED,), BOX),
    "obj_tex_options": ((RED,), BOX),
    "obj_tex_spaces": ((RED,), BOX),
    "obj_tex_uppercase_key": ((RED,), BOX),
    "obj_two_objects": ((PLAIN,), (6, 1, 1)),
    "obj_usemtl_no_kd": ((PLAIN,), BOX),
    "obj_utf16": ((PLAIN,), BOX),
    "obj_vertex_colors": ((RED,), BOX),
    "obj_zup": ((PLAIN,), BOX),
    "ply_ascii_colors": ((RED,), BOX),
    "ply_big_endian": ((RED,), BOX),
    "ply_crlf": ((RED,), BOX),
    "ply_face_colors": ((RED,), BOX),
    "ply_float_colors": ((RED,), BOX),
    "ply_quads": ((RED,), BOX),
    "ply_tristrips": ((PLAIN,), BOX),
    "ply_uv_texture": ((RED,), BOX),
    "quantized": ((RED, BLUE), (2, 6, 2)),
    "real_draco": ((RED,), BOX),
    "real_meshopt": ((RED,), BOX),
    "real_quantize": ((RED,), BOX),
    "red_tex_factor08_and_green": (((231, 0, 0), GREEN), PAIR),  # 0.8 of the light is 231 in sRGB
    "red_tex_factor1_and_green": ((RED, GREEN), PAIR),
    "spec_gloss": ((RED,), BOX),
    "stray_vertex": ((RED,), BOX),
    "stray_vertex_colored": ((RED,), BOX),
    "texture_16bit": ((GREY,), BOX),
    "texture_and_factor": ((RED, GREEN), PAIR),
    "texture_and_factor_uv": ((RED, GREEN), PAIR),
    "texture_broken_png": ((WHITE,), BOX),
    "texture_cmyk_jpeg": ((BRICK,), BOX),
    "texture_detail": ((RED, BLUE), BOX),
    "texture_grey": ((GREY,), BOX),
    "texture_times_color0": ((RED,), BOX),
    "texture_times_factor": ((RED,), BOX),
    "tiny": ((RED,), (1e-9, 1e-9, 1e-9)),
    "triangle_fan": ((RED,), (2, 2, 0)),
    "triangle_strip": ((RED,), (2, 2, 2)),
    "two_factors": ((RED, GREEN), PAIR),
    "two_factors_mid": ((GREY,), PAIR),
    "two_primitives": ((RED, GREEN), PAIR),
    "two_scenes": ((RED,), BOX),
    "two_tex_factor1": ((RED, GREEN), PAIR),
    "two_textures": ((RED, GREEN), PAIR),
    "two_textures_repeat": ((RED, GREEN), PAIR),
    "unused_mesh": ((RED,), BOX),
    "uppercase": ((GREY,), BOX),
    "uv_repeat": ((RED,), BOX),
    "webp": ((BRICK,), BOX),
    "white_factor1_and_tex": ((WHITE, GREEN), PAIR),
    "white_tex_factor_and_factor": ((RED, GREEN), PAIR),
}
REFUSED = {
    "all_at_origin": "zero area",
    "alpha_blend_zero": "transparent",
    "degenerate_only": "zero area",
    "draco_declared": "KHR_draco_mesh_compression",
    "empty_scene": "no triangles",
    "gltf1": "glTF 1.0",
    "gltf_missing_bin": "box.bin",
    "inf_vertex": "not finite",
    "lfs_pointer": "Git LFS",
    "lines_only": "no triangles",
    "nan_beside_good": "not finite",
    "nan_vertex": "not finite",
    "nan_vertex_colored": "not finite",
    "not_a_mesh": "web page",
    "obj_empty": "no triangles",
    "obj_index_out": "does not exist",
    "obj_lines_only": "no triangles",
    "obj_vertices_only": "no triangles",
    "ply_nan": "not finite",
    "ply_points": "no triangles",
    "ply_points_empty_faces": "no triangles",
    "ply_splats": "Gaussian splats",
    "ply_truncated": "ends before",
    "points_only": "no triangles",
    "stl_only": "no triangles",
    "truncated": "cut short",
    "zero_bytes": "empty",
}
NOTED = {
    "brokentex_and_factor": "not an image",
    "gltf_missing_texture": "gone.png",
    "ktx2": "KTX2 images are not read; PNG, JPEG and WebP are",
    "obj_missing_mtl": "gone.mtl",
    "obj_tex_missing": "gone.png",
    "texture_broken_png": "not an image",
}


# tests/mesh/broken -> why it is refused, or how many triangles it has; each once ended in a traceback
BROKEN = {
    "glb-bytes-1.glb": "a face refers to a vertex that does not exist",
    "glb-bytes-2.glb": 12,
    "glb-bytes-3.glb": "its header is damaged",
    "glb-bytes-4.glb": "its JSON is damaged",
    "glb-crafted-1.glb": r"bufferViews\[1\] extends beyond its buffer",
    "glb-crafted-2.glb": "its JSON is not an object",
    "glb-crafted-3.glb": 12,  # its texture is /etc/passwd
    "glb-crafted-4.glb": "1000000000 elements without data",
    "glb-crafted-5.glb": "its header is damaged",
    "glb-json-mutation-1.glb": r"bufferViews\[1\] extends beyond its buffer",
    "glb-json-mutation-2.glb": "a primitive is not an object",
    "glb-json-mutation-3.glb": "'baseColorTexture' is not an object",
    "glb-json-mutation-4.glb": r"bufferViews\[None\], which does not exist",
    "glb-json-mutation-5.glb": "'byteOffset' is an object",
    "gltf-1.gltf": r"bufferViews\[1\] extends beyond its buffer",
    "gltf-json-mutation-1.gltf": "a primitive is not an object",
    "gltf-json-mutation-2.gltf": "glTF 1.0",
    "gltf-json-mutation-3.gltf": "'accessors' is not a list",
    "obj-bytes-1.obj": 1,
    "obj-crafted-1.obj": 1,
    "obj-one-point.obj": "zero area",
    "ply-ascii-1.ply": "no triangles",
    "ply-bytes-1.ply": "no triangles",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_file_is_read_as_far_as_it_is_whole_or_refused_in_a_line(name):
    path, expected = FILES.with_name("broken") / name, BROKEN[name]
    if isinstance(expected, int):
        assert len(load_shape(path)[0].faces) == expected
        return
    with pytest.raises(MeshError, match=expected) as caught:
        load_shape(path)
    assert path.name in caught.value.message
    assert caught.value.fix


def test_every_file_has_its_expectation():
    assert {path.name for path in FILES.with_name("broken").iterdir()} == BROKEN.keys()
    of_folders = {"apple_double", "nested", "one_bad", "meshopt.json", "texture_palette"}
    cases = {path.name for path in FILES.iterdir() if not path.name.startswith("csv_")}
    assert cases - of_folders == (SHOWN.keys() | REFUSED.keys()) - of_folders


def test_an_image_with_a_palette_shows_the_colours_of_its_palette():
    red, green, blue = seen(mesh_in("texture_palette")).T
    assert (red == 204).all()
    np.testing.assert_array_equal(green, blue)
    assert green.min() >= 33
    assert green.max() <= 51


@pytest.mark.parametrize("case", SHOWN)
def test_a_file_has_the_colours_and_extent_that_its_format_defines(case):
    if case == "real_draco":
        pytest.importorskip("DracoPy")
    colors, extent = SHOWN[case]
    found = np.float64(seen(mesh_in(case)))
    distance = np.abs(found[:, None] - np.float64(colors)).max(-1)
    assert (distance.min(1) <= 1).all(), found
    assert (distance.min(0) <= 1).all(), found
    vertices = drawn(read(mesh_in(case)).pieces).vertices
    np.testing.assert_allclose(np.ptp(vertices, axis=0), extent, rtol=1e-3, atol=1e-12)


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_without_a_surface_is_refused_with_its_name_and_the_reason(case):
    path = mesh_in(case)
    with pytest.raises(MeshError, match=REFUSED[case]) as caught:
        load_shape(path)
    assert path.name in caught.value.message
    assert caught.value.exit_code == 4
    assert caught.value.fix


@pytest.mark.parametrize("case", SHOWN)
def test_what_a_file_lacks_is_noted_with_the_files_name_and_nothing_else_is(case):
    if case == "real_draco":
        pytest.importorskip("DracoPy")
    notes = read(mesh_in(case)).notes
    assert bool(notes) == (case in NOTED)
    if notes:
        assert NOTED[case] in notes[0]
        assert notes[0].startswith(mesh_in(case).name)


@pytest.mark.parametrize(
    "case", ["hard_edges_24", "no_normals_8", "obj_quads", "ply_quads", "triangle_strip"]
)
def test_a_box_keeps_its_hard_edges(case):
    shape = drawn(read(mesh_in(case)).pieces)
    assert len(shape.vertices) == 24
    a, b, c = shape.vertices[shape.faces].transpose(1, 0, 2)
    flat = np.cross(b - a, c - a)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    np.testing.assert_allclose(
        shape.normals[shape.faces], np.repeat(flat[:, None], 3, 1), atol=1e-6
    )


def test_z_up_turns_a_file_upright_with_minus_y_to_the_front(tmp_path):
    lines = ["v 0 0 0", "v 1 0 0", "v 0 -2 0", "v 0 0 3", "vn 0 -1 0"]
    lines += ["f 1//1 2//1 4//1", "f 1//1 3//1 2//1", "f 1//1 4//1 3//1"]
    (tmp_path / "a.obj").write_text("\n".join(lines))
    (piece,) = read(tmp_path / "a.obj", up="z").pieces
    expected = [[0, 0, 0], [1, 0, 0], [0, 0, 2], [0, 3, 0]]
    np.testing.assert_array_equal(np.unique(piece.vertices, axis=0), np.unique(expected, axis=0))
    np.testing.assert_array_equal(piece.normals, [[0, 0, 1]] * 4)
    with pytest.raises(MeshError, match="up is 'x'"):
        read(tmp_path / "a.obj", up="x")


def test_every_suffix_is_read_in_any_case_and_the_format_is_detected_by_content(tmp_path):
    shutil.copy(mesh_in("two_factors"), tmp_path / "a.GLTF")  # a GLB by another name
    assert len(read(tmp_path / "a.GLTF").pieces) == 2
    (tmp_path / "a.fbx").write_bytes(b"Kaydara FBX Binary  ")
    with pytest.raises(MeshError, match=r"\.fbx.*not a format"):
        read(tmp_path / "a.fbx")


def test_the_hash_of_every_file_that_was_opened_is_kept():
    hashes = read(mesh_in("obj_tex")).hashes
    assert set(hashes) == {"box.obj", "b.mtl", "t.png"}
    for name, digest in hashes.items():
        assert hashlib.sha256((FILES / "obj_tex" / name).read_bytes()).hexdigest() == digest


# Materials, square by square.


def one(tmp_path, builder):
    (piece,) = read(builder.save(tmp_path / "a.glb")).pieces
    return piece


def front(tmp_path, builder, size=32):
    """The middle of the square from the front, (S, S, 4) uint8."""
    shape = fitted(drawn(read(builder.save(tmp_path / "a.glb")).pieces), 0.85)
    view = draw(shape, orbit(1, 4 * size, elevation_deg=0), supersample=1).albedo[0]
    rows = (
        np.flatnonzero((view[..., 3] > 0).any(1)) if (view[..., 3] > 0).any() else np.array([0, 1])
    )
    cols = np.flatnonzero((view[..., 3] > 0).any(0)) if len(rows) > 2 else rows
    return view[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]


def quarter(image, row, col):
    """The sample in the middle of a quarter of an image."""
    height, width = image.shape[:2]
    return image[int(height * (0.25 + 0.5 * row)), int(width * (0.25 + 0.5 * col))].tolist()


QUARTERS = np.uint8([[RED, GREEN], [BLUE, WHITE]]).repeat(8, 0).repeat(8, 1)


def textured(builder, reference=None, pixels=QUARTERS, sampler=None, **material):
    index = builder.image(pixels, **(sampler or {}))
    plain = {"baseColorTexture": {"index": index, **(reference or {})}}
    return {"pbrMetallicRoughness": plain, **material}


def test_a_texture_is_upright(tmp_path):
    builder = Builder()
    builder.square(textured(builder))
    image = front(tmp_path, builder)
    assert [quarter(image, r, c)[:3] for r in (0, 1) for c in (0, 1)] == [
        [*x] for x in (RED, GREEN, BLUE, WHITE)
    ]


@pytest.mark.parametrize(
    ("transform", "corner"),
    [
        ({"offset": [0.5, 0]}, GREEN),
        ({"offset": [0, 0.5]}, BLUE),
        ({"offset": [0, 1], "rotation": np.pi / 2}, BLUE),  # (u, v) -> (v, 1 - u)
        ({"scale": [-1, 1], "offset": [1, 0]}, GREEN),
        ({"scale": [1, -1], "offset": [0, 1]}, BLUE),
    ],
)
def test_a_texture_transform_moves_the_image_as_the_extension_defines(tmp_path, transform, corner):
    builder = Builder()
    extension = {"extensions": {"KHR_texture_transform": transform}}
    builder.square(textured(builder, extension))
    assert quarter(front(tmp_path, builder), 0, 0)[:3] == [*corner]


@pytest.mark.parametrize("where", ["reference", "transform"])
def test_the_second_uv_set_is_used_where_the_material_says_so(tmp_path, where):
    builder = Builder()
    reference = {"texCoord": 1}
    if where == "transform":
        reference = {"extensions": {"KHR_texture_transform": {"texCoord": 1}}}
    flipped = SQUARE_UV * np.float32([-1, 1]) + np.float32([1, 0])
    builder.square(textured(builder, reference), TEXCOORD_1=flipped)
    assert quarter(front(tmp_path, builder), 0, 0)[:3] == [*GREEN]


@pytest.mark.parametrize(("mode", "corner"), [(10497, RED), (33071, WHITE), (33648, WHITE)])
def test_coordinates_outside_repeat_clamp_or_mirror(tmp_path, mode, corner):
    builder = Builder()
    sampler = {"wrapS": mode, "wrapT": mode}
    builder.square(textured(builder, sampler=sampler), TEXCOORD_0=SQUARE_UV + 1)
    image = front(tmp_path, builder)
    # u and v go from 1 to 2: the first quarter shows the texture's first, its last texel, or its last.
    assert quarter(image, 0, 0)[:3] == [*corner]


def test_nearest_keeps_texels_apart_and_linear_blends_them_in_linear_light(tmp_path):
    pixels = np.uint8([[(0, 0, 0), WHITE]])
    for sampler, middle in (
        ({"magFilter": 9728, "wrapS": 33071}, {0, 255}),
        ({"wrapS": 33071}, None),
    ):
        builder = Builder()
        builder.square(textured(builder, pixels=pixels, sampler=sampler))
        image = front(tmp_path, builder)
        line = image[image.shape[0] // 2, :, 0]
        if middle:
            assert set(line.tolist()) == middle
        else:
            half = line[len(line) // 2 - 1 : len(line) // 2 + 1].mean()
            assert abs(half - 188) < 6  # half of the light, not half of sRGB


def test_factor_texture_and_vertex_colour_are_multiplied_in_linear_light(tmp_path):
    builder = Builder()
    material = textured(builder, pixels=np.full((4, 4, 3), 188))
    material["pbrMetallicRoughness"]["baseColorFactor"] = [0.5, 1, 0.25, 1]
    builder.square(material, COLOR_0=np.float32([[0.5, 0.5, 1]] * 4))
    shown = quarter(front(tmp_path, builder), 0, 0)[:3]
    light = linear(np.full(3, 188 / 255)) * [0.25, 0.5, 0.25]
    np.testing.assert_allclose(shown, encoded(light) * 255, atol=1)


def test_the_holes_of_a_mask_start_at_its_cutoff(tmp_path):
    ramp = np.full((64, 64, 4), 255, np.uint8)
    ramp[..., 3] = np.arange(64) * 255 / 63
    widths = []
    for cutoff in (0.0, 0.25, 0.5, 0.75):
        builder = Builder()
        builder.square(textured(builder, pixels=ramp, alphaMode="MASK", alphaCutoff=cutoff))
        shape = fitted(drawn(read(builder.save(tmp_path / "a.glb")).pieces), 0.85)
        view = draw(shape, orbit(1, 256, elevation_deg=0), supersample=1).albedo[0]
        widths.append((view[128, :, 3] > 0).sum())
    np.testing.assert_allclose(np.array(widths[1:]) / widths[0], [0.75, 0.5, 0.25], atol=0.03)


def test_an_opaque_material_ignores_alpha_and_a_translucent_one_is_drawn_through_its_glass(
    tmp_path,
):
    pixels = np.full((4, 4, 4), (255, 0, 0, 102), np.uint8)
    shown = {}
    for mode in ("OPAQUE", "BLEND"):
        builder = Builder()
        builder.square(textured(builder, pixels=pixels, alphaMode=mode))
        shown[mode] = quarter(front(tmp_path, builder), 0, 0)
    assert shown["OPAQUE"] == [255, 0, 0, 255]
    glass = 0.4 * np.array([1, 0, 0]) + 0.6 * np.array(GLASS)
    np.testing.assert_allclose(shown["BLEND"][:3], glass * 255, atol=1)


def test_emission_is_added_to_what_is_reflected(tmp_path):
    builder = Builder()
    material = textured(builder, pixels=np.full((4, 4, 3), (0, 0, 255)), emissiveFactor=[1, 1, 0])
    material["emissiveTexture"] = {"index": builder.image(QUARTERS)}
    builder.square(material)
    image = front(tmp_path, builder)
    shown = [quarter(image, r, c)[:3] for r in (0, 1) for c in (0, 1)]
    assert shown == [[255, 0, 255], [0, 255, 255], [0, 0, 255], [255, 255, 255]]


def test_metallic_and_roughness_are_factor_times_texture(tmp_path):
    builder = Builder()
    surface = builder.image(np.full((2, 2, 3), (9, 51, 204)))
    plain = {"metallicFactor": 0.5, "roughnessFactor": 0.5}
    builder.square(
        {"pbrMetallicRoughness": plain | {"metallicRoughnessTexture": {"index": surface}}}
    )
    shape = drawn([one(tmp_path, builder)])
    np.testing.assert_allclose(shape.metallic, 0.5 * 204 / 255, atol=1e-6)
    np.testing.assert_allclose(shape.roughness, 0.5 * 51 / 255, atol=1e-6)
    default = drawn(read(mesh_in("no_material")).pieces)
    assert (default.metallic.max(), default.roughness.max()) == (1, 1)  # glTF's defaults
    factor = drawn(read(mesh_in("two_factors")).pieces)
    assert (factor.metallic.max(), factor.roughness.min()) == (0, 1)


# Geometry.


def test_a_sparse_accessor_changes_the_elements_that_it_names(tmp_path):
    builder = Builder()
    primitive = builder.square()
    moved = np.float32([[5, 5, 0]])
    entry = builder.root["accessors"][primitive["attributes"]["POSITION"]]
    entry["sparse"] = {
        "count": 1,
        "indices": {"bufferView": builder.view(np.uint16([2]).tobytes()), "componentType": 5123},
        "values": {"bufferView": builder.view(moved.tobytes())},
    }
    np.testing.assert_array_equal(one(tmp_path, builder).vertices[2], moved[0])


def test_a_sparse_accessor_without_a_buffer_view_starts_from_zeros(tmp_path):
    builder = Builder()
    primitive = builder.square()
    entry = builder.root["accessors"][primitive["attributes"]["POSITION"]]
    del entry["bufferView"]
    entry["sparse"] = {
        "count": 3,
        "indices": {
            "bufferView": builder.view(np.uint8([1, 2, 3]).tobytes()),
            "componentType": 5121,
        },
        "values": {
            "bufferView": builder.view(np.float32([[1, 0, 0], [1, 1, 0], [0, 1, 0]]).tobytes())
        },
    }
    np.testing.assert_array_equal(
        one(tmp_path, builder).vertices[:, :2], [[0, 0], [1, 0], [1, 1], [0, 1]]
    )


def test_interleaved_attributes_are_read_with_their_stride(tmp_path):
    builder = Builder()
    primitive = builder.square()
    rows = np.concatenate([SQUARE, np.full((4, 2), 9, np.float32)], 1)
    entry = builder.root["accessors"][primitive["attributes"]["POSITION"]]
    entry["bufferView"] = builder.view(rows.tobytes(), byteStride=20)
    np.testing.assert_array_equal(one(tmp_path, builder).vertices, SQUARE)


def test_a_skinned_mesh_is_posed_by_its_joints(tmp_path):
    builder = Builder()
    builder.square(
        JOINTS_0=np.uint8([[0, 1, 0, 0]] * 4), WEIGHTS_0=np.float32([[0.5, 0.5, 0, 0]] * 4)
    )
    bind = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
    bind[1, 3, :3] = (0, 0, 3)  # column-major: a translation
    builder.root["skins"] = [
        {"joints": [1, 2], "inverseBindMatrices": builder.add(bind.reshape(2, 16))}
    ]
    builder.root["nodes"] = [
        {"mesh": 0, "skin": 0, "translation": [100, 0, 0]},  # which the specification ignores
        {"translation": [2, 0, 0]},
        {"translation": [0, 4, 0]},
    ]
    builder.root["scenes"] = [{"nodes": [0, 1, 2]}]
    expected = SQUARE + np.array([1, 2, 1.5])
    np.testing.assert_allclose(one(tmp_path, builder).vertices, expected, atol=1e-6)


def test_a_nonuniform_scale_keeps_normals_perpendicular_to_the_surface(tmp_path):
    slope = np.float32([[1, 1, 0]] * 4) / np.float32(np.sqrt(2))
    for scale in ([2, 1, 1], [-2, 1, 1]):
        builder = Builder()
        builder.square(NORMAL=slope)
        builder.root["nodes"] = [{"mesh": 0, "scale": scale}]
        normal = np.array([1 / scale[0], 1, 0])
        piece = one(tmp_path, builder)
        np.testing.assert_allclose(piece.normals, [normal / np.linalg.norm(normal)] * 4, atol=1e-6)
        a, b, c = piece.vertices[piece.faces[0]]
        assert np.cross(b - a, c - a)[2] > 0  # mirrored faces are turned round


def test_a_loop_of_nodes_is_refused(tmp_path):
    builder = Builder()
    builder.square()
    builder.root["nodes"] = [{"mesh": 0, "children": [1]}, {"children": [0]}]
    with pytest.raises(MeshError, match="twice"):
        one(tmp_path, builder)


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("ACME_curved_geometry", "without that extension"),
        ("KHR_meshopt_compression", "EXT_meshopt_compression"),
    ],
)
def test_an_unknown_required_extension_is_refused_by_name(tmp_path, name, fix):
    builder = Builder(extensionsRequired=[name])
    builder.square()
    with pytest.raises(MeshError, match=name) as caught:
        one(tmp_path, builder)
    assert fix in caught.value.fix


def test_without_its_decoder_a_compressed_file_is_refused_with_the_extension_and_the_fix(
    monkeypatch,
):
    monkeypatch.setitem(sys.modules, "DracoPy", None)
    with pytest.raises(MeshError, match="KHR_draco_mesh_compression") as caught:
        read(mesh_in("real_draco"))
    assert "pip install" in caught.value.fix


def test_normals_of_a_file_are_kept_and_broken_ones_are_recomputed(tmp_path):
    tilted = np.float32([[0.6, 0, 0.8]] * 4)
    for normals, expected in ((tilted, tilted[0]), (tilted * 0, [0, 0, 1])):
        builder = Builder()
        builder.square(NORMAL=normals)
        shape = drawn([one(tmp_path, builder)])
        np.testing.assert_allclose(shape.normals, [expected] * len(shape.vertices), atol=1e-6)


# OBJ, PLY and STL beside the files above.


def test_a_binary_and_an_ascii_stl_hold_the_same_triangles(tmp_path):
    box = trimesh.creation.box((1, 2, 3))
    (tmp_path / "b.stl").write_bytes(trimesh.exchange.stl.export_stl(box))
    (tmp_path / "a.stl").write_text(trimesh.exchange.stl.export_stl_ascii(box))
    shapes = [drawn(read(tmp_path / name).pieces) for name in ("a.stl", "b.stl")]
    for shape in shapes:
        assert (len(shape.faces), len(np.unique(shape.normals, axis=0))) == (12, 6)
        np.testing.assert_allclose(np.ptp(shape.vertices, axis=0), (1, 2, 3), atol=1e-6)
    (tmp_path / "c.stl").write_bytes((tmp_path / "b.stl").read_bytes()[:-10])
    with pytest.raises(MeshError, match="ends before"):
        read(tmp_path / "c.stl")


def test_smooth_surfaces_without_normals_are_smooth_in_obj_ply_and_stl(tmp_path):
    ball = trimesh.creation.icosphere(3)
    for suffix in ("obj", "ply", "stl"):
        bare = trimesh.Trimesh(ball.vertices, ball.faces, process=False)
        options = {"include_normals": False} if suffix == "obj" else {}
        bare.export(tmp_path / f"a.{suffix}", **options)
        shape = drawn(read(tmp_path / f"a.{suffix}").pieces)
        np.testing.assert_allclose(shape.normals, shape.vertices, atol=0.03)


def test_the_corners_of_an_obj_take_their_own_uv_and_normal(tmp_path):
    lines = ["v 0 0 0", "v 1 0 0", "v 1 1 0", "v 0 1 0", "vt 0 0", "vt 1 1", "vt 0.5 0.25"]
    lines += ["vn 0 0 1", "vn 0 1 0", "f 1/1/1 2/2/1 3/3/2", "f 1/2/2 3/3/1 4/1/1"]
    (tmp_path / "a.obj").write_text("\n".join(lines))
    (piece,) = read(tmp_path / "a.obj").pieces
    corners = piece.faces.ravel()
    np.testing.assert_array_equal(
        piece.uv["texture"][corners], [[0, 1], [1, 0], [0.5, 0.75], [1, 0], [0.5, 0.75], [0, 1]]
    )
    np.testing.assert_array_equal(piece.normals[corners][:, 2], [1, 1, 0, 0, 1, 1])
    # The same faces with negative indices, of the form that is read one by one.
    lines[-2:] = ["f -4/-3/-2 -3/-2/-2 -2/-1/-1", "f -4/-2/-1 -2/-1/-2 -1/-3/-2"]
    (tmp_path / "b.obj").write_text("\n".join(lines))
    (other,) = read(tmp_path / "b.obj").pieces
    for name in ("vertices", "faces", "normals"):
        np.testing.assert_array_equal(getattr(other, name), getattr(piece, name))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("turn", [1, -1])
def test_a_concave_polygon_covers_its_own_area_in_every_plane(axis, turn):
    outline = np.array([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]], float)[::turn]
    points = np.insert(outline, axis, 0.5, axis=1)
    faces = triangles([list(range(5))], points)
    a, b, c = points[faces].transpose(1, 0, 2)
    areas = np.cross(b - a, c - a) / 2
    assert np.linalg.norm(areas, axis=1).sum() == pytest.approx(10)
    assert np.linalg.norm(areas.sum(0)) == pytest.approx(10)  # none is turned over


def test_the_options_of_an_mtl_map_are_separated_from_its_name():
    from sds3d.mesh.readers.mtl import _map

    assert _map("-s 1 1 1 -bm 1.0 t.png") == ("t.png", False)
    assert _map("-clamp on -o 0.5 my red tex.png") == ("my red tex.png", True)
    assert _map('-mm 0 1 "t 1.png"') == ("t 1.png", False)
    assert _map("-5.png") == ("-5.png", False)


def test_nothing_outside_the_folder_is_opened(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    Image.fromarray(QUARTERS).save(tmp_path / "secret.png")
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    files = Folder(inside)
    outside = [
        "../secret.png",
        "/etc/passwd",
        str(tmp_path / "secret.png"),
        "a/../../secret.png",
        "..\\secret.png",
        "file:///etc/passwd",
        "link.png",
        "%2e%2e/secret.png",
        "\0",
        "x" * 5000,
    ]
    assert [files.read(name) for name in outside] == [None] * len(outside)
    assert not files.hashes
    assert Folder(inside, tmp_path).read("../secret.png")


def test_a_merged_mesh_keeps_its_textures_as_vertex_colours():
    mesh = load(mesh_in("two_textures"))
    assert mesh.base_color is None
    shown = np.unique(np.round(mesh.colors * 255), axis=0)
    np.testing.assert_array_equal(shown, [GREEN, RED])
    whole = load(mesh_in("texture_times_factor"))
    assert whole.base_color.reshape(-1, 3).max(0).tolist() == [255, 0, 0]
