"""Laws of .blend files that need no Blender: a failure of its process is one line and leaves nothing."""

import numpy as np
import pytest

from sds3d.errors import ExportError
from sds3d.mesh import formats
from sds3d.mesh.formats import blend
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.save import save

CORNERS = np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
TRIANGLE = Mesh(CORNERS, np.int32([[0, 1, 2]]), np.float32([[0, 0, 1]] * 3))


def test_without_blender_the_format_is_refused_with_the_extra(monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(
        ExportError, match="'blend' needs a package that is not installed"
    ) as caught:
        formats.require_installed(["glb", "blend"])
    assert "sds3d[blender]" in caught.value.fix


def process(tmp_path, monkeypatch, source):
    """Puts a script in the place of Blender's process."""
    script = tmp_path / "process.py"
    script.write_text(source)
    monkeypatch.setattr(blend, "PROCESS", script)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise RuntimeError('no such node')", "RuntimeError: no such node"),
        ("import sys; print('gone'); sys.exit(3)", "gone"),
        ("import os; os._exit(11)", "it ended with 11"),
        ("pass", "it ended with 0"),  # without a file
    ],
)
def test_what_blender_said_last_is_the_error(tmp_path, monkeypatch, source, said):
    process(tmp_path, monkeypatch, source)
    with pytest.raises(ExportError, match=said) as caught:
        save(TRIANGLE, tmp_path / "a.blend")
    assert "--format glb" in caught.value.fix
    assert not (tmp_path / "a.blend").exists()


def test_a_process_that_hangs_is_ended(tmp_path, monkeypatch):
    process(tmp_path, monkeypatch, "import time; time.sleep(60)")
    with pytest.raises(ExportError, match=r"within 0\.5 s"):
        blend.blend(TRIANGLE, seconds=0.5)


def test_the_process_gets_the_glb_and_the_run(tmp_path, monkeypatch):
    copy = """
import pathlib, sys
source, target, extras = sys.argv[1:]
pathlib.Path(target).write_bytes(pathlib.Path(source).read_bytes() + extras.encode())
"""
    process(tmp_path, monkeypatch, copy)
    data = blend.blend(TRIANGLE, {"prompt": "ein Stück", "seed": 1})
    assert data.startswith(b"glTF")
    assert data.endswith(b'{"prompt": "ein St\\u00fcck", "seed": 1}')
