"""Laws of the unwrapping, especially when xatlas fails or takes too long."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import trimesh

from sds3d.mesh import unwrap as unwrapping
from sds3d.mesh.bake import bake, texel_points
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.pictures import texels
from sds3d.mesh.unwrap import face_by_face, unwrap


@pytest.fixture(scope="module")
def ball():
    ball = trimesh.creation.icosphere(3)
    return Mesh(np.float32(ball.vertices), np.int32(ball.faces), np.float32(ball.vertices))


def test_a_mesh_that_exceeds_the_time_limit_is_unwrapped_face_by_face(ball):
    found = unwrap(ball, 512, cpu_seconds=0.0)
    np.testing.assert_array_equal(found.vertices[found.faces], ball.vertices[ball.faces])
    np.testing.assert_array_equal(found.normals[found.faces], ball.normals[ball.faces])
    assert len(found.vertices) == 3 * len(ball.faces)


@pytest.mark.parametrize(("count", "size"), [(1, 16), (7, 64), (1280, 512), (20_000, 512)])
def test_faces_side_by_side_stay_inside_the_texture_and_do_not_overlap(count, size):
    _, faces, uv = face_by_face(np.zeros((count, 3), int), size)
    corners = uv[faces] * size
    assert corners.min() >= 0
    assert corners.max() <= size
    edge, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.abs(edge[:, 0] * other[:, 1] - edge[:, 1] * other[:, 0]) / 2
    np.testing.assert_allclose(area, area[0])
    assert area.sum() > 0.2 * size**2 * count / (2 * np.ceil(np.sqrt((count + 1) // 2)) ** 2)
    flat = Mesh(np.zeros((len(uv), 3), np.float32), np.int32(faces), np.ones((len(uv), 3)), uv=uv)
    _, _, inside = texel_points(flat, size)
    assert inside.sum() <= 1.35 * area.sum()


def test_a_texture_of_faces_side_by_side_shows_its_colours(ball):
    alone = unwrap(ball, 512, cpu_seconds=0.0)
    baked = bake(alone, lambda p, n: 0.5 + 0.4 * np.sin(3 * p), texture_size=512)
    rng = np.random.default_rng(0)
    face = baked.faces[rng.integers(len(baked.faces), size=20_000)]
    weight = rng.dirichlet([1, 1, 1], len(face))
    points, uv = (np.einsum("nk,nkc->nc", weight, a[face]) for a in (baked.vertices, baked.uv))
    error = np.abs(texels(baked.base_color, uv) - (0.5 + 0.4 * np.sin(3 * points)))
    assert error.mean() < 2 / 255
    assert np.quantile(error, 0.999) < 10 / 255


SPIN = """
import os, sys, subprocess, time
child = subprocess.Popen([sys.executable, "-P", {script!r}, str(os.getpid()), "60"],
                         stdin=subprocess.PIPE, start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""
SCRIPT = Path(unwrapping.__file__).with_name("xatlas_process.py")


def alive(pid):
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no parent-death signal")
def test_xatlas_dies_with_a_parent_that_is_killed():
    command = [sys.executable, "-c", SPIN.format(script=str(SCRIPT))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        time.sleep(1.5)  # the child's imports
        assert alive(child)
        parent.kill()
    deadline = time.monotonic() + 10
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def test_time_in_which_xatlas_is_not_running_does_not_count():
    ball = trimesh.creation.icosphere(2)
    request = io.BytesIO()
    np.savez(request, vertices=np.float32(ball.vertices), faces=np.uint32(ball.faces),
             normals=np.float32(ball.vertices), size=64, padding=1)  # fmt: skip
    command = [sys.executable, "-P", str(SCRIPT), str(os.getpid()), "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.send_signal(signal.SIGSTOP)
        time.sleep(2)
        process.send_signal(signal.SIGCONT)
        answer, _ = process.communicate(request.getvalue())
    assert process.returncode == 0
    assert len(np.load(io.BytesIO(answer))["faces"]) == len(ball.faces)


def test_the_process_of_xatlas_ends_without_destroying_an_atlas(tmp_path, monkeypatch):
    # xatlas waits in its destructor for threads that may have missed the word to end.
    (tmp_path / "xatlas.py").write_text(
        "class Atlas:\n"
        "    width = height = 8\n"
        "    add_mesh = add_uv_mesh = generate = lambda *a, **k: None\n"
        "    def __getitem__(self, k):\n"
        "        import numpy as np\n"
        "        return np.arange(3), np.zeros((1, 3), np.uint32), np.zeros((3, 2), np.float32)\n"
        "    def __del__(self):\n"
        "        import time\n"
        "        time.sleep(60)\n"
        "class PackOptions: pass\n"
        "class ChartOptions: pass\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    began = time.monotonic()
    request = {"vertices": np.eye(3), "faces": np.zeros((1, 3)), "normals": np.eye(3)}
    answer = io.BytesIO()
    np.savez(answer, **request, size=8, padding=1)
    script = Path(unwrapping.__file__).with_name("xatlas_process.py")
    command = [sys.executable, "-P", str(script), str(os.getpid()), "20"]
    done = subprocess.run(command, input=answer.getvalue(), capture_output=True, check=True)
    assert set(np.load(io.BytesIO(done.stdout))) == {"origin", "faces", "uv"}
    assert time.monotonic() - began < 30
