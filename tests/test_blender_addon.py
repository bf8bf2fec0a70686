"""The Blender add-on: its zip is what Blender expects; in Blender it generates, imports, cancels and fails.

Blender runs in a process of its own, without a window: no timer runs there, so the script calls what the timer
would call.
"""

import ast
import importlib.util
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import trimesh

import sds3d
from sds3d.cli import main
from sds3d.cli.blender import SOURCES, packed
from sds3d.scenes import SCENES

SOURCE = Path(sds3d.__file__).parent / "blender_addon"
MANIFEST = tomllib.loads((SOURCE / "blender_manifest.toml").read_text(encoding="utf-8"))
needs_blender = [
    pytest.mark.blender,
    pytest.mark.skipif(
        importlib.util.find_spec("bpy") is None, reason="no bpy: pip install 'sds3d[blender]'"
    ),
]

# A command that prints what sds3d prints, takes its time and obeys Ctrl-C.
FAKE = """#!{python}
import json, pathlib, shutil, signal, sys, time
arguments = sys.argv[1:]
prompt = arguments[-1]
say = lambda line: print(line, file=sys.stderr, flush=True)
if "wrong" in prompt:
    say("error: the prior knows no 'wrong'")
    say("fix:   use words: of its library")
    sys.exit(4)
say("optimising")
say("step 50 of 200")
signal.signal(signal.SIGINT, lambda *_: (say("Ctrl-C: saving"), sys.exit(130)))
while "slow" in prompt:
    time.sleep(0.01)
say("mesh and texture")
print("x" * 200_000, file=sys.stderr)  # more than a pipe holds
folder = pathlib.Path("outputs")
folder.mkdir(exist_ok=True)
(folder / "arguments.json").write_text(json.dumps(arguments))
shutil.copy("{glb}", folder / "mesh.glb")
print(json.dumps({{"status": "finished", "files": {{"glb": "outputs/mesh.glb"}}}}))
"""

INSTALL = """
import json, sys, time
import bpy

archive, command, folder, action = sys.argv[1:5]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.preferences.addon_enable(module="bl_pkg")
bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
name = "bl_ext.user_default.sds3d_blender"
addon = sys.modules[name]
preferences = bpy.context.preferences.addons[name].preferences
preferences.command, preferences.folder = command, folder
settings = bpy.context.scene.sds3d
settings.preset, settings.scene, settings.seed = "draft", "splats", 3

def until(condition):
    end = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < end, addon.state.running.said
        addon.look()
        time.sleep(0.02)

def begin(prompt):
    settings.prompt = prompt
    return sorted(bpy.ops.sds3d.generate())

def outcome(prompt, cancels=0):
    began = time.monotonic()
    started = begin(prompt)
    waited = time.monotonic() - began
    seen = None
    if cancels:
        until(lambda: addon.state.running.progress)
        seen = [addon.state.running.progress, addon.state.running.said]
        assert not bpy.ops.sds3d.generate.poll()
        bpy.ops.sds3d.cancel()
    until(lambda: addon.state.running is None)
    return {
        "started": started, "waited": waited, "seen": seen, "message": addon.state.message,
        "fix": addon.state.fix, "objects": sorted(o.name for o in bpy.context.scene.objects),
    }
"""
ACTIONS = {
    "generate": "facts = outcome('-a red box'); thing = bpy.data.objects['-a red box']; "
    "facts['size'] = list(thing.dimensions)",
    "cancel": "facts = outcome('slow', 1)",
    "fail": "facts = outcome('wrong')",
    "missing": "preferences.command = '/nowhere/sds3d'; facts = outcome('a box')",
    "empty": "facts = outcome(' ')",
    "unregister": "begin('slow'); child = addon.state.running._process\n"
    "until(lambda: addon.state.running.progress)\n"
    "bpy.ops.preferences.addon_disable(module=name)\n"
    "facts = {'code': child.wait(10), 'gone': not hasattr(bpy.types.Scene, 'sds3d'), "
    "'panel': hasattr(bpy.types, 'SDS3D_PT_panel'), 'timer': bpy.app.timers.is_registered(addon.look)}\n"
    "bpy.ops.preferences.addon_enable(module=name); facts['again'] = hasattr(bpy.types.Scene, 'sds3d')",
    "real": "settings.scene = 'triplane'; facts = outcome('a red armchair')",
}  # fmt: skip


def test_the_zip_holds_the_sources_in_one_folder_and_is_the_same_each_time(tmp_path, capsys):
    out = tmp_path / "addon.zip"
    with pytest.raises(SystemExit) as end:
        main(["blender-addon", f"--out={out}"])
    assert not end.value.code
    assert str(out) in capsys.readouterr().out
    assert out.read_bytes() == packed()
    names = {p.name for p in SOURCE.iterdir() if p.is_file()}
    assert set(SOURCES) == names
    with zipfile.ZipFile(out) as archive:
        assert set(archive.namelist()) == {f"{MANIFEST['id']}/{name}" for name in names}
        for name in names:
            assert archive.read(f"{MANIFEST['id']}/{name}") == (SOURCE / name).read_bytes()


@pytest.mark.parametrize(("name", "code"), [("there.zip", 6), ("addon.txt", 2)])
def test_a_file_is_neither_replaced_unasked_nor_misnamed(name, code, tmp_path, capsys):
    (tmp_path / "there.zip").write_bytes(b"mine")
    with pytest.raises(SystemExit) as end:
        main(["blender-addon", f"--out={tmp_path / name}"])
    assert end.value.code == code
    assert "fix:" in capsys.readouterr().err
    assert (tmp_path / "there.zip").read_bytes() == b"mine"
    assert not (tmp_path / "addon.txt").exists()


def test_the_version_is_the_packages_and_the_choices_are_the_commands():
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    values = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict | ast.Tuple):
            values[node.targets[0].id] = node.value
    info = ast.literal_eval(values["bl_info"])
    assert ".".join(map(str, info["version"])) == MANIFEST["version"] == sds3d.__version__
    assert ".".join(map(str, info["blender"])) == MANIFEST["blender_version_min"]
    assert info["description"] == MANIFEST["tagline"]
    assert ast.literal_eval(values["SCENES"]) == tuple(SCENES)
    assert ast.literal_eval(values["PRESETS"]) == ("draft", "laptop", "quality")


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    """A command in place of sds3d, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("a place")
    trimesh.creation.box((1, 2, 3)).export(folder / "box.glb")
    command = folder / "sds3d"
    command.write_text(FAKE.format(python=sys.executable, glb=folder / "box.glb"))
    command.chmod(0o755)
    return command


def in_blender(action, command, folder):
    """What the action saw in a Blender with the add-on freshly installed."""
    archive, script = folder / "addon.zip", folder / "script.py"
    archive.write_bytes(packed())
    script.write_text(f"{INSTALL}\n{ACTIONS[action]}\nprint('FACTS ' + json.dumps(facts))\n")
    done = subprocess.run(
        [sys.executable, str(script), str(archive), str(command), str(folder / "my runs"), action],
        env=os.environ | {"BLENDER_USER_RESOURCES": str(folder / "blender")},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    facts = [line for line in done.stdout.splitlines() if line.startswith("FACTS ")]
    assert facts, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(facts[0][6:])


class TestInBlender:
    pytestmark = needs_blender

    def test_blenders_own_check_finds_nothing_wrong_with_the_zip(self, tmp_path):
        tool = "scripts/addons_core/bl_pkg/cli/blender_ext.py"
        place = Path(importlib.util.find_spec("bpy").origin).parent
        (found,) = place.glob(f"*/{tool}")
        (tmp_path / "addon.zip").write_bytes(packed())
        done = subprocess.run(
            [sys.executable, str(found), "validate", str(tmp_path / "addon.zip")],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def test_generate_runs_the_command_without_waiting_and_imports_its_glb(self, fake, tmp_path):
        facts = in_blender("generate", fake, tmp_path)
        assert facts["started"] == ["FINISHED"]
        assert facts["waited"] < 2.0
        assert facts["objects"] == ["-a red box"]
        assert facts["size"] == pytest.approx([1, 3, 2])  # Blender's (x, y, z) are our (x, -z, y)
        assert facts["message"].startswith("imported ")
        given = json.loads((tmp_path / "my runs/outputs/arguments.json").read_text())
        assert given == ["generate", "--preset", "draft", "--scene", "splats", "--seed", "3",
                         "--json", "--", "-a red box"]  # fmt: skip

    def test_cancel_sends_ctrl_c_and_imports_nothing(self, fake, tmp_path):
        facts = in_blender("cancel", fake, tmp_path)
        assert facts["seen"] == [0.25, "step 50 of 200"]
        assert facts["message"] == "cancelled"
        assert facts["fix"]
        assert facts["objects"] == []

    def test_a_failure_shows_the_error_and_its_fix(self, fake, tmp_path):
        facts = in_blender("fail", fake, tmp_path)
        assert facts["message"] == "the prior knows no 'wrong'"
        assert facts["fix"] == "use words: of its library"
        assert facts["objects"] == []

    @pytest.mark.parametrize(
        ("action", "said"), [("missing", "/nowhere/sds3d"), ("empty", "prompt is empty")]
    )
    def test_what_cannot_start_is_refused_with_a_fix(self, action, said, fake, tmp_path):
        facts = in_blender(action, fake, tmp_path)
        assert facts["started"] == ["CANCELLED"]
        assert said in facts["message"]
        assert facts["fix"]

    def test_switching_it_off_stops_the_run_and_leaves_nothing_behind(self, fake, tmp_path):
        facts = in_blender("unregister", fake, tmp_path)
        assert facts == {"code": 130, "gone": True, "panel": False, "timer": False, "again": True}

    def test_a_real_run_is_imported(self, tmp_path):
        command = tmp_path / "sds3d"
        tiny = ("--steps=2", "--set=camera.sizes=[16]", "--set=camera.views=1", "--preview-size=16",
                "--set=export.faces=200", "--set=export.resolution=12", "--set=export.texture_size=32",
                "--turntable-size=16")  # fmt: skip
        words = " ".join(f"'{word}'" for word in tiny)
        command.write_text(
            f'#!/bin/sh\nverb=$1\nshift\nexec {sys.executable} -m sds3d "$verb" {words} "$@"\n'
        )
        command.chmod(0o755)
        facts = in_blender("real", command, tmp_path)
        assert facts["message"].startswith("imported "), facts
        assert facts["objects"] == ["a red armchair"]
