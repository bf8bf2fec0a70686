"""Damaged and hostile mesh files: read or refused in one line, soon, in little memory, inside their folder."""

import json
import struct
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sds3d.errors import Sds3dError
from sds3d.language.prompt import Prompt
from sds3d.mesh.load import load_shape
from sds3d.priors.exact.folder import folder

FILES = Path(__file__).parent / "files"
MOST_BYTES, MOST_SECONDS = 100e6, 5.0
EXAMPLES = settings(
    max_examples=215,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
NASTY = [
    -1,
    0,
    1,
    2,
    3,
    5,
    255,
    2**31 - 1,
    2**31,
    2**32,
    2**53,
    1e30,
    1e400,
    -1e400,
    0.5,
    None,
    True,
]
NASTY += [
    "",
    "x",
    "../secret.png",
    "/etc/passwd",
    "data:,",
    "data:;base64,@@",
    [],
    [1],
    {},
    {"a": 1},
]
NASTY += ["POSITION", "MASK", "SCALAR", "VEC4", 5120, 5123, 5125, 5126, [0] * 16, float("nan")]
TOKENS = " -1 0 1 4294967296 99999999999 1e400 nan inf -0,5 x / // 1/ 1// 1/2/3/4 \\ # f v vt"
TOKENS += (
    " usemtl mtllib ../secret.mtl /etc/passwd -o list property element end_header double \t \0 é"
)
TOKENS = TOKENS.split(" ")
GLTF = [
    "two_textures",
    "texture_times_color0",
    "real_draco",
    "quantized",
    "gpu_instancing",
    "morph_weight_1",
]
GLTF += ["nodes_nested", "triangle_strip", "alpha_mask", "real_meshopt"]
TEXT = {
    "obj": ["obj_tex_options/box.obj", "obj_ngon_concave/ell.obj", "obj_vertex_colors/box.obj"],
    "mtl": ["obj_tex_options/b.mtl", "obj_d0/b.mtl"],
    "ply": ["ply_face_colors/box.ply", "ply_uv_texture/box.ply", "ply_tristrips/box.ply"],
}
opened: list[str] = []
watched = [False]


def note_opened(event, args):
    if watched[0] and event == "open" and isinstance(args[0], str | bytes):
        opened.append(args[0] if isinstance(args[0], str) else args[0].decode())


sys.addaudithook(note_opened)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder for the files, with an image and a material beside it that no mesh may open."""
    place = tmp_path_factory.mktemp("outside")
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(place / "secret.png")
    (place / "secret.mtl").write_text("newmtl a\nKd 1 0 0\n")
    inside = place / "meshes"
    inside.mkdir()
    for name in ("t.png", "b.mtl"):
        (inside / name).write_bytes((FILES / "obj_tex_options" / name).read_bytes())
    for case in ("two_textures/boxes.glb", "obj_quads/box.obj", "real_meshopt/box.glb"):
        load_shape(FILES / case)  # compiles and imports what is needed
    return inside


def tried(path, use=load_shape):
    """Uses a file; True when it was read.  Anything but success or an Sds3dError is a failure."""
    opened.clear()
    tracemalloc.start()
    begin = time.process_time()
    watched[0] = True
    refused = None
    try:
        use(path)
    except Sds3dError as error:
        refused = error
    finally:
        watched[0] = False
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    if refused is not None:
        assert refused.message
        assert "\n" not in refused.message
        assert refused.fix
    assert time.process_time() - begin < MOST_SECONDS
    assert peak < MOST_BYTES
    assert not [name for name in opened if "secret" in name or name == "/etc/passwd"]
    return refused is None


def with_noise(data, rng):
    """Bytes flipped, cut, doubled, and numbers overwritten."""
    out = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        at = int(rng.integers(0, max(len(out), 1)))
        match rng.integers(0, 5):
            case 0 if out:
                out[at % len(out)] = rng.integers(0, 256)
            case 1:
                del out[at : at + int(rng.integers(1, 40))]
            case 2:
                out[at:at] = out[at : at + int(rng.integers(1, 40))]
            case 3:
                out[at : at + 4] = struct.pack("<I", int(rng.choice([0, 1, 255, 2**31, 2**32 - 1])))
            case _:
                del out[at if rng.random() < 0.2 else len(out) :]
    return bytes(out)


def with_other_words(text, rng):
    """A text with words replaced, lines dropped and doubled."""
    lines = text.split("\n")
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(0, len(lines)))
        words = lines[at].split(" ")
        words[int(rng.integers(0, len(words)))] = TOKENS[int(rng.integers(0, len(TOKENS)))]
        lines[at] = " ".join(words)
        if rng.random() < 0.3:
            lines.insert(at, lines[int(rng.integers(0, len(lines)))])
        if rng.random() < 0.2 and len(lines) > 1:
            del lines[at]
    return "\n".join(lines)


def document_of(data):
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length]), data[20 + length + 8 :]


def with_other_values(document, rng):
    """A JSON document with values replaced, keys dropped and renamed, at any depth."""
    for _ in range(rng.integers(1, 4)):
        node = document
        for _ in range(rng.integers(0, 7)):
            keys = list(node) if isinstance(node, dict) else range(len(node))
            deeper = [k for k in keys if isinstance(node[k], dict | list) and node[k]]
            if not deeper:
                break
            node = node[deeper[int(rng.integers(0, len(deeper)))]]
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            continue
        key = keys[int(rng.integers(0, len(keys)))]
        value = NASTY[int(rng.integers(0, len(NASTY)))]
        if rng.random() < 0.2:
            del node[key]
        elif rng.random() < 0.1 and isinstance(node, dict):
            node["extensions"] = {"KHR_texture_transform": value, "EXT_meshopt_compression": value}
        else:
            node[key] = value
    return document


@EXAMPLES
@given(seed=st.integers(0, 2**32 - 1))
def test_a_glb_with_damaged_bytes(home, seed):
    rng = np.random.default_rng(seed)
    case = GLTF[int(rng.integers(0, len(GLTF)))]
    (source,) = (FILES / case).glob("*.glb")
    path = home / "a.glb"
    path.write_bytes(with_noise(source.read_bytes(), rng))
    tried(path)


@EXAMPLES
@given(seed=st.integers(0, 2**32 - 1))
def test_a_gltf_with_other_values_in_its_json(home, seed):
    rng = np.random.default_rng(seed)
    case = GLTF[int(rng.integers(0, len(GLTF)))]
    (source,) = (FILES / case).glob("*.glb")
    document, binary = document_of(source.read_bytes())
    text = json.dumps(with_other_values(document, rng)).encode()
    path = home / ("a.gltf" if rng.random() < 0.3 else "a.glb")
    data = text
    if path.suffix == ".glb":
        chunks = struct.pack("<I4s", len(text), b"JSON") + text
        chunks += b"\0" * (-len(text) % 4) + struct.pack("<I4s", len(binary), b"BIN\0") + binary
        data = struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
    path.write_bytes(data)
    tried(path)


@pytest.mark.parametrize("suffix", TEXT)
@EXAMPLES
@given(seed=st.integers(0, 2**32 - 1))
def test_a_text_format_with_other_words(home, suffix, seed):
    rng = np.random.default_rng(seed)
    source = FILES / TEXT[suffix][int(rng.integers(0, len(TEXT[suffix])))]
    text = with_other_words(source.read_text(), rng)
    data = with_noise(text.encode(), rng) if rng.random() < 0.3 else text.encode()
    if suffix == "mtl":
        (home / "fuzz.mtl").write_bytes(data)
        data = b"mtllib fuzz.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nusemtl a\nf 1/1 2/1 3/1\n"
    path = home / f"a.{'obj' if suffix == 'mtl' else suffix}"
    path.write_bytes(data)
    tried(path)


@EXAMPLES
@given(seed=st.integers(0, 2**32 - 1))
def test_binary_ply_and_stl_with_damaged_bytes(home, seed):
    rng = np.random.default_rng(seed)
    points = np.float32(rng.standard_normal((12, 3, 3)))
    if rng.random() < 0.5:
        rows = np.zeros(12, [("n", "<f4", 3), ("p", "<f4", (3, 3)), ("c", "<u2")])
        rows["p"] = points
        path, data = home / "a.stl", bytes(80) + struct.pack("<I", 12) + rows.tobytes()
    else:
        path, data = home / "a.ply", (FILES / "ply_big_endian" / "box.ply").read_bytes()
    path.write_bytes(with_noise(data, rng))
    tried(path)


@EXAMPLES
@given(seed=st.integers(0, 2**32 - 1))
def test_a_table_of_captions_with_other_words(home, seed):
    rng = np.random.default_rng(seed)
    source = (FILES / "two_factors" / "boxes.glb").read_bytes()
    place = home.parent / "table"
    place.mkdir(exist_ok=True)
    (place / "a.glb").write_bytes(source)
    text = with_other_words('file,caption\na.glb,a red box\n\n../secret.png,"a, b"\nb.glb,x', rng)
    data = text.encode(["utf-8", "utf-16", "cp1252"][int(rng.integers(0, 3))], "replace")
    data = with_noise(data, rng) if rng.random() < 0.5 else data
    (place / "captions.csv").write_bytes(data)
    tried(place, lambda path: folder(path)(Prompt("a red box")))


BROKEN = {
    "counts.glb": {"accessors": [{"componentType": 5126, "count": 10**9, "type": "VEC3"}]},
    "sparse.glb": {
        "accessors": [
            {"componentType": 5126, "count": 10**12, "type": "VEC3", "sparse": {"count": 10**12}}
        ]
    },
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_count_without_bytes_behind_it_is_refused_before_memory_is_taken(home, name):
    primitive = {"attributes": {"POSITION": 0}}
    root = {
        "asset": {"version": "2.0"},
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
    }
    path = home / "a.gltf"
    path.write_text(json.dumps(root | BROKEN[name]))
    assert not tried(path)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../secret.png", "data:image/png;base64,@", "x" * 3000]
)
def test_an_image_outside_the_folder_is_not_opened(home, name):
    document, binary = document_of((FILES / "texture_detail" / "box.glb").read_bytes())
    document["images"] = [{"uri": name}]
    document["buffers"][0]["uri"] = "a.bin"
    (home / "a.bin").write_bytes(binary)
    path = home / "a.gltf"
    path.write_text(json.dumps(document))
    tried(path)


def test_endlessly_nested_nodes_and_deep_json_are_refused(home):
    path = home / "a.gltf"
    path.write_text("[" * 100_000 + "]" * 100_000)
    assert not tried(path)
    path.write_text('{"asset":{"version":"2.0"},"nodes":' + '{"a":' * 5000 + "1" + "}" * 5000 + "}")
    assert not tried(path)


def test_an_image_with_too_many_pixels_is_noted_and_not_decoded(home):
    Image.new("1", (16_000, 11_000)).save(home / "big.png")
    (home / "big.mtl").write_text("newmtl a\nKd 1 0 0\nmap_Kd big.png\n")
    path = home / "a.obj"
    path.write_text("mtllib big.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nusemtl a\nf 1/1 2/1 3/1\n")
    assert tried(path)
    assert "big.png" in load_shape(path)[1].notes[0]
