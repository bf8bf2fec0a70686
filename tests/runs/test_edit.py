"""Laws of an edit, end to end on a tiny recipe."""

import hashlib
import io
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image
from tiny_run import OVERRIDES, PICTURES, call, job
from trimesh.visual.material import SimpleMaterial

from sds3d.errors import RecipeError, RunError, Sds3dError, UsageError
from sds3d.runs import checkpoint
from sds3d.runs.edit import edit
from sds3d.runs.generate import generate
from sds3d.runs.job import Job, resolve
from sds3d.runs.report import Silent
from sds3d.runs.run import open_run, trial

TARGET = "a blue armchair"
FREE = tuple(override for override in OVERRIDES if not override.startswith("scene."))
SIZES = ("--steps", "3", "--preview-size", "24", "--turntable-size", "32")


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """The folder of a finished run; no test changes it."""
    folder = tmp_path_factory.mktemp("start") / "run"
    generate(job(folder, seed=2))
    return folder


@pytest.fixture(scope="module")
def mesh(start):
    return start / "mesh.glb"


class Watch(Silent):
    """Records stages and notes, and stops the run after a step."""

    def __init__(self, after=0):
        self.after = after
        self.stages = []
        self.text = ""

    def stage(self, name):
        self.stages.append(name)

    def note(self, line):
        self.text += line + "\n"

    def step(self, step, total, values):
        if self.stages[-1] == "fit" and step == self.after:
            signal.raise_signal(signal.SIGINT)


def change(start, folder, **values):
    """The job of a tiny edit."""
    known = {"steps": 4, "overrides": FREE, "out": str(folder)} | PICTURES
    return edit(start, TARGET, **known | values)


def from_mesh(mesh, folder, **values):
    return change(mesh, folder, **{"source": "a red armchair", "overrides": OVERRIDES} | values)


def command(start, folder, *more, overrides=FREE):
    settings = [part for override in overrides for part in ("--set", override)]
    options = ["--target", TARGET, "--out", folder, *SIZES, *settings, *more]
    return ["edit", start, *options]


def contents(folder):
    """SHA-256 of every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def state(folder):
    return checkpoint.read(folder / "checkpoint.safetensors")[0]


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def test_an_edit_takes_prompt_prior_seed_and_scene_of_its_run():
    asked = edit("nothing.glb", TARGET, source="a red armchair")
    assert (asked.method, asked.prior, asked.seed) == ("dds", "exact", 0)


def test_an_edit_of_a_run_is_a_run_like_every_other(start, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = contents(start)
    asked = change(start, "")
    assert (asked.source, asked.seed, asked.scene) == ("a red armchair", 2, "nerf")
    result = generate(asked)
    assert result.folder.name == "edit-dds-2"
    assert result.folder.parent.name.startswith("a-blue-armchair-")
    assert result.files["glb"].is_file()
    record = json.loads((result.folder / "run.json").read_text())
    sha = hashlib.sha256((start / "checkpoint.safetensors").read_bytes()).hexdigest()
    assert record["inputs"] == {"start checkpoint.safetensors": sha}
    assert str(start) in (result.folder / "report.html").read_text(encoding="utf-8")
    assert generate(asked).status == "already finished"
    assert contents(start) == before
    opened = open_run(result.folder)
    assert resolve(asked).scene == opened.recipe.scene == resolve(job("x")).scene


def test_an_edit_begins_with_the_scene_of_its_run_and_compares_with_it(start, tmp_path):
    run = trial(change(start, tmp_path / "edit"))
    theirs = open_run(start).scene.state_dict()
    assert same(run.optimization.scene.state_dict(), theirs)
    assert run.optimization.source is not None
    assert same(run.optimization.source.scene.state_dict(), theirs)
    assert all(p.requires_grad for p in run.optimization.scene.parameters())
    assert not any(p.requires_grad for p in run.optimization.source.scene.parameters())


def test_other_objectives_go_on_from_the_scene_of_the_run(start, tmp_path):
    run = trial(change(start, tmp_path / "edit", method="csd"))
    assert same(run.optimization.scene.state_dict(), open_run(start).scene.state_dict())
    assert run.optimization.source is None


def test_an_interrupted_edit_that_goes_on_equals_one_that_was_not(start, tmp_path):
    stopped = generate(change(start, tmp_path / "broken"), Watch(after=3))
    assert (stopped.status, stopped.steps) == ("stopped", 3)
    again = Watch()
    assert generate(change(start, tmp_path / "broken"), again).status == "finished"
    assert "going on from step 3 of 4" in again.text
    generate(change(start, tmp_path / "whole"))
    assert same(state(tmp_path / "broken"), state(tmp_path / "whole"))


def test_an_edit_of_a_mesh_fits_a_scene_once(mesh, tmp_path):
    watch = Watch(after=2)
    asked = from_mesh(mesh, tmp_path / "edit", method="pds")
    assert generate(asked, watch).status == "stopped"
    assert watch.stages == ["prior", "start", "fit", "mesh", "pictures"]
    fitted = (tmp_path / "edit" / "start.safetensors").read_bytes()
    again = Watch()
    assert generate(asked, again).status == "finished"
    assert again.stages == ["prior", "fit", "mesh", "pictures"]
    assert (tmp_path / "edit" / "start.safetensors").read_bytes() == fitted
    whole = from_mesh(mesh, tmp_path / "whole", method="pds")
    generate(whole)
    assert same(state(tmp_path / "edit"), state(tmp_path / "whole"))
    (tmp_path / "edit" / "mesh.glb").unlink()
    assert generate(asked, last := Watch()).status == "already finished"
    assert last.stages == ["mesh", "pictures"]


def test_overwriting_an_edit_of_a_mesh_fits_again(mesh, tmp_path):
    generate(from_mesh(mesh, tmp_path / "edit", steps=1))
    watch = Watch()
    generate(from_mesh(mesh, tmp_path / "edit", steps=2, overwrite=True), watch)
    assert "start" in watch.stages


def test_an_edit_whose_start_has_changed_is_refused(start, tmp_path):
    shutil.copytree(start, tmp_path / "start")
    asked = change(tmp_path / "start", tmp_path / "edit")
    generate(asked)
    generate(job(tmp_path / "start", seed=2, steps=4))
    with pytest.raises(RunError, match=r"began with another scene: start checkpoint.* has changed"):
        generate(asked)


def test_a_changed_file_of_a_mesh_is_noticed(tmp_path):
    mesh = trimesh.creation.box()
    image = Image.new("RGB", (4, 4), "red")
    mesh.visual = trimesh.visual.TextureVisuals(
        np.zeros((8, 2)), SimpleMaterial(image, name="box"), image
    )
    mesh.export(tmp_path / "box.obj", mtl_name="box.mtl")
    asked = from_mesh(tmp_path / "box.obj", tmp_path / "edit", steps=1)
    generate(asked)
    other = io.BytesIO()
    Image.new("RGB", (4, 4), "blue").save(other, "png")
    for name, more in (("box.obj", b"\n# changed"), ("box.mtl", b"\n# changed"), ("box.png", None)):
        path = tmp_path / name
        kept = path.read_bytes()
        path.write_bytes(kept + more if more else other.getvalue())
        with pytest.raises(RunError, match=f"start {name} has changed"):
            generate(asked)
        path.unlink()
        with pytest.raises(Sds3dError):
            generate(asked)
        path.write_bytes(kept)
        assert generate(asked).status == "already finished"


def test_an_edit_with_another_source_is_refused(start, tmp_path):
    generate(change(start, tmp_path / "edit", steps=1))
    with pytest.raises(RunError, match="holds a run with source 'a red armchair'"):
        generate(change(start, tmp_path / "edit", steps=1, source="an armchair"))


def test_two_edits_in_one_folder_leave_one_run_and_one_refusal(start, tmp_path):
    line = [sys.executable, "-m", "sds3d", *map(str, command(start, tmp_path / "edit"))]
    both = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)]  # fmt: skip
    ends = [(process.communicate()[1], process.returncode) for process in both]
    assert sorted(code for _, code in ends) == [0, RunError.exit_code]
    assert "is in use by process" in next(text for text, code in ends if code)


def test_json_is_one_object_on_stdout(start, tmp_path, capfd):
    assert call(*command(start, tmp_path / "edit", "--json")) == 0
    assert json.loads(capfd.readouterr().out)["status"] == "finished"


def test_an_objective_that_compares_with_a_source_needs_one(tmp_path):
    for method in ("dds", "pds"):
        with pytest.raises(UsageError, match=f"'{method}' changes a scene that is there") as caught:
            generate(job(tmp_path / "run", method=method))
        assert "sds3d edit" in caught.value.fix
        with pytest.raises(UsageError, match="changes a scene"):
            trial(job(tmp_path / "run", method=method))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["prompt", "source"])
def test_a_prompt_that_the_prior_does_not_know_is_refused_before_anything_is_written(
    start, tmp_path, name, capsys
):
    asked = change(start, tmp_path / "edit")
    values = {**vars(asked), name: "a quasar"}
    with pytest.raises(Exception, match="cannot make 'a quasar'"):
        generate(Job(**values))
    assert not (tmp_path / "edit" / "run.json").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"overrides": OVERRIDES}, r"--set scene\.step=0\.15: an edit keeps scene\.step"),
        ({"overrides": (*FREE, "particles=2")}, "an edit keeps particles of its start"),
        ({"particles": 2}, "an edit keeps particles of its start"),
        ({"recipe": "dds-splats"}, "has the scene 'nerf', the recipe 'splats'"),
    ],
)
def test_what_the_start_has_settled_cannot_be_changed(start, tmp_path, values, message):
    with pytest.raises(RecipeError, match=message):
        generate(change(start, tmp_path / "edit", **values))


def refusal(capsys, *arguments):
    """The one line and its fix with which a command ends."""
    assert call(*arguments) not in (0, 1, 70)
    shown = capsys.readouterr().err.splitlines()[-2:]
    assert [line[:6] for line in shown] == ["error:", "fix:  "]
    return "\n".join(shown)


def test_a_start_that_is_none_is_refused_in_one_line(start, mesh, tmp_path, capsys):
    def refused(begin, *more):
        return refusal(capsys, *command(begin, tmp_path / "edit", *more))

    (tmp_path / "empty").mkdir()
    assert "holds no run" in refused(tmp_path / "empty")
    assert "neither a run folder nor a mesh file" in refused(tmp_path / "missing")
    (tmp_path / "note.txt").write_text("no mesh")
    assert "is no mesh file" in refused(tmp_path / "note.txt")
    assert '--source "a red armchair"' in refused(mesh)
    (tmp_path / "bad.glb").write_bytes(b"glTF")
    assert "cannot read" in refused(tmp_path / "bad.glb", "--source", "a red armchair")
    shutil.copytree(start, tmp_path / "bare")
    (tmp_path / "bare" / "checkpoint.safetensors").unlink()
    assert "has no checkpoint yet" in refused(tmp_path / "bare")
    assert "did you mean 'dds'" in refused(start, "--method", "ddss")
    assert "has the scene 'nerf'" in refused(start, "--scene", "splats")


def test_an_edit_never_goes_into_the_folder_that_it_starts_from(start, capsys):
    before = contents(start)
    shown = refusal(capsys, *command(start, start, "--overwrite"))
    assert "stays as it is" in shown
    assert contents(start) == before


def test_a_start_whose_recipe_imports_code_is_not_opened_without_trust(start, tmp_path):
    shutil.copytree(start, tmp_path / "start")
    recipe = tmp_path / "start" / "recipe.toml"
    recipe.write_text(recipe.read_text().replace('name = "nerf"', 'name = "os:abort"'))
    with pytest.raises(RecipeError, match="imports code"):
        generate(change(tmp_path / "start", tmp_path / "edit"))


def test_a_source_without_a_start_is_refused():
    with pytest.raises(UsageError, match="there is none"):
        Job(TARGET, source="a red armchair")


def test_several_particles_are_edited_together(tmp_path):
    many = job(tmp_path / "start", method="vsd", particles=2, steps=2)
    generate(many)
    run = trial(change(tmp_path / "start", tmp_path / "edit"))
    assert len(run.optimization.scene.particles) == 2
    assert Path(run.job.start) == tmp_path / "start"
