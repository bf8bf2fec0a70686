"""Laws of the report page."""

import base64
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
import trimesh

from sds3d.mesh.formats.gltf import glb, png
from sds3d.mesh.mesh import Mesh
from sds3d.runs.page import page

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
        PROMPT, model, pictures={"<views>": picture}, facts={"seed": "<0>"}, recipe="a = '<&>'\n"
    )


def test_the_page_embeds_the_exact_bytes_of_the_glb(text, model):
    assert base64.b64decode(Page(text).texts["glb"][0]) == model


def test_user_input_is_escaped_as_text(text):
    page = Page(text)
    assert page.texts["h1"][0] == PROMPT
    assert page.texts["title"][0] == PROMPT
    assert page.texts["td"][0].strip() == "<0>"
    assert page.texts["pre"][0] == "a = '<&>'\n"
    assert "b" not in page.texts


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
    for name in (*primitive["attributes"], "TEXCOORD_0", "COLOR_0"):
        assert f'"{name}"' in text
