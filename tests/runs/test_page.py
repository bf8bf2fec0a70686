"""Laws of the report page."""

import base64
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import trimesh

from sds3d.mesh.formats.gltf import glb, png
from sds3d.mesh.mesh import Mesh
from sds3d.runs.page import page, shape

PROMPT = 'a "red" </script><b>chair</b> & $title'


class Page(HTMLParser):
    """Texts by tag, and every attribute that could load something."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.loads = "", {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.open = attrs.get("id", tag)
        self.texts.setdefault(self.open, []).append("")
        self.loads += [attrs[name] for name in ("src", "href", "srcset", "data") if name in attrs]

    def handle_endtag(self, tag):
        self.open = ""

    def handle_data(self, data):
        if self.open:
            self.texts[self.open][-1] += data


@pytest.fixture(scope="module")
def model():
    ball = trimesh.creation.icosphere(1)
    return glb(Mesh(np.float32(ball.vertices), np.int32(ball.faces), np.float32(ball.vertices)))


@pytest.fixture(scope="module")
def text(model):
    picture = png(np.zeros((2, 2, 3), np.uint8))
    return page(
        PROMPT,
        model,
        pictures={"<views>": picture},
        facts={"seed": "<0>"},
        recipe="a = '<&>'\n",
        reading="read as <i>'chair'</i>",
    )


def test_the_page_embeds_the_exact_bytes_of_the_glb(text, model):
    assert base64.b64decode(Page(text).texts["glb"][0]) == model


def test_user_input_is_escaped_as_text(text):
    page = Page(text)
    assert page.texts["h1"][0] == PROMPT
    assert page.texts["title"][0] == PROMPT
    assert page.texts["td"][0].strip() == "<0>"
    assert page.texts["pre"][0] == "a = '<&>'\n"
    assert page.texts["p"][0] == "read as <i>'chair'</i>"
    assert not {"b", "i"} & page.texts.keys()


def test_without_a_reading_there_is_no_line_for_it(model):
    text = page(PROMPT, model, pictures={}, facts={}, recipe="")
    assert "<p>" not in text.split("</h1>")[1].split("<main>")[0]


def test_the_facts_of_a_mesh_are_its_counts_its_size_and_its_textures():
    box = trimesh.creation.box((0.5, 1.25, 2.0))
    plain = Mesh(np.float32(box.vertices), np.int32(box.faces), np.float32(box.vertices))
    assert shape(plain) == {
        "mesh": "12 triangles, 8 vertices",
        "width, height, depth": "0.5 x 1.25 x 2 m",
        "textures": "none",
    }
    image = np.zeros((4, 8, 3), np.uint8)
    full = replace(plain, uv=np.zeros((8, 2), np.float32), surface=image, normal_map=image)
    assert shape(full)["textures"] == "surface 8 x 4, normal 8 x 4"


def test_the_page_loads_nothing_from_outside(text):
    assert [load.split(",")[0] for load in Page(text).loads] == ["data:image/png;base64"]
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|//\w+\.\w+/", text)


def test_the_viewer_is_javascript_that_parses(text, tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = tmp_path / "viewer.js"
    script.write_text(text.rsplit("<script>", 1)[1].split("</script>")[0], encoding="utf-8")
    subprocess.run([node, "--check", str(script)], check=True)


def test_the_viewer_reads_the_attributes_that_the_writer_writes(text, model):
    size = int.from_bytes(model[12:16], "little")
    primitive = json.loads(model[20 : 20 + size])["meshes"][0]["primitives"][0]
    for name in (*primitive["attributes"], "TEXCOORD_0", "COLOR_0", "TANGENT"):
        assert f'"{name}"' in text


def test_the_viewer_reads_every_texture_that_the_writer_writes(text):
    image = np.zeros((2, 2, 3), np.uint8)
    uv = np.float32([[0, 0], [1, 0], [0, 1]])
    corners = np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    up = np.float32([[0, 0, 1]] * 3)
    maps = {"base_color": image, "surface": image, "normal_map": image}
    file = glb(Mesh(corners, np.int32([[0, 1, 2]]), up, uv, **maps))
    size = int.from_bytes(file[12:16], "little")
    document = json.loads(file[20 : 20 + size])
    written = document["materials"][0] | document["materials"][0]["pbrMetallicRoughness"]
    named = {name for name in written if name.endswith("Texture")} - {"occlusionTexture"}
    assert named == {"baseColorTexture", "metallicRoughnessTexture", "normalTexture"}
    for name in named:
        assert f".{name}" in text


def test_every_look_that_can_be_chosen_is_drawn(text):
    chosen = [int(value) for value in re.findall(r'name="look" value="(\d)"', text)]
    assert chosen == list(range(7))
    drawn = {int(number) for number in re.findall(r"look == (\d)", text)}
    assert drawn == set(range(6))  # and the last where it is more than 4
