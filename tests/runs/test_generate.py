"""Laws of one run, end to end on a tiny recipe."""

import base64
import hashlib
import json
import os
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
from tiny_run import OVERRIDES, PROMPT, call, command, job

from sds3d.errors import ExportError, RecipeError, RunError
from sds3d.files import locked
from sds3d.mesh.load import load_exported
from sds3d.runs import checkpoint
from sds3d.runs.export import export
from sds3d.runs.generate import generate
from sds3d.runs.job import Job
from sds3d.runs.machine import gpu_peak_gib
from sds3d.runs.pictures import SHARE, ProgressPicture
from sds3d.runs.report import Silent
from sds3d.runs.run import open_run

PICTURE = Path(__file__).parents[1] / "priors" / "images" / "rgb.png"
FILES = {
    "mesh.glb", "preview.png", "turntable.mp4", "report.html",
    "recipe.toml", "run.json", "metrics.jsonl", "checkpoint.safetensors",
}  # fmt: skip


class Notes(Silent):
    """Records what is reported, and raises a signal after a step."""

    def __init__(self, after=0, number=signal.SIGINT):
        self.after = after
        self.number = number
        self.lines = []
        self.signals = []

    def note(self, line):
        self.lines.append(line)

    def stopping(self, signal):
        self.signals.append(signal)

    def step(self, step, total, values):
        if step == self.after:
            signal.raise_signal(self.number)

    @property
    def text(self):
        return "\n".join(self.lines)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run; not to be changed."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    generate(job(folder))
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of a finished run."""
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def same_state(ours, theirs):
    """Whether two runs have reached the same state, bit for bit."""
    ours, theirs = (
        checkpoint.read(folder / "checkpoint.safetensors")[0] for folder in (ours, theirs)
    )
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def steps_of(folder):
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["step"] for line in lines]


def test_a_run_leaves_all_its_files_and_records_them(finished):
    assert {path.name for path in finished.iterdir()} == FILES
    record = json.loads((finished / "run.json").read_text())
    assert set(record["files"]) >= FILES


def test_a_run_is_silent(tmp_path, capfd):
    generate(job(tmp_path / "run", steps=1))
    assert capfd.readouterr() == ("", "")


def test_images_have_the_requested_size(finished):
    with Image.open(finished / "preview.png") as image:
        assert image.size == (8 * 24, 2 * 24)


def test_the_page_of_a_run_holds_its_model_prompt_and_recipe(finished):
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert base64.b64encode((finished / "mesh.glb").read_bytes()).decode() in page
    assert PROMPT in page
    assert "[objective]" in page


def test_json_is_one_object_on_stdout(run, capfd):
    assert call(*command(run), "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["status"], found["steps"]) == ("already finished", 3)
    assert Path(found["files"]["glb"]).is_file()


def test_the_closing_panel_names_files_times_their_total_and_what_comes_next(run, capsys):
    call(*command(run))
    panel = capsys.readouterr().out
    named = ("already finished", "mesh.glb", "render", "total", " s", "sds3d export", "--seed 1")
    assert all(part in panel for part in named)


def test_a_finished_run_writes_another_format_without_a_step(run):
    before = (run / "checkpoint.safetensors").stat().st_mtime_ns
    for _ in range(2):
        found = generate(job(run, formats=("glb", "ply")))
        assert found.status == "already finished"
        assert {"glb", "ply", "preview"} <= found.files.keys()
    assert len(trimesh.load(run / "mesh.ply", force="mesh").faces) > 0
    assert (run / "checkpoint.safetensors").stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["mesh.glb", "preview.png"])
def test_a_finished_run_whose_files_are_missing_or_empty_is_exported_again(run, name):
    whole = (run / name).read_bytes()
    seconds = json.loads((run / "run.json").read_text())["result"]["seconds"]
    for damage in (lambda path: path.unlink(), lambda path: path.write_bytes(b"")):
        damage(run / name)
        notes = Notes()
        found = generate(job(run), notes)
        assert found.status == "already finished"
        assert f"{name} is missing or empty" in notes.text
        assert (run / name).read_bytes() == whole
        assert found.seconds["render"] == seconds["render"]
        assert found.evaluations == 3 * 2 * 4  # steps, guided pair, views


def test_a_finished_run_is_trained_longer_by_more_steps(run):
    notes = Notes()
    found = generate(job(run, steps=5), notes)
    assert (found.status, found.steps) == ("finished", 5)
    assert "going on from step 3 of 5, with another recipe: steps 3 -> 5" in notes.text
    assert steps_of(run) == [0, 1, 2, 3, 4]
    with pytest.raises(RunError, match="has done 5 steps, and 3 are requested"):
        generate(job(run, steps=3))


def test_a_better_preset_continues_from_the_draft(tmp_path):
    tiny = OVERRIDES[1:]
    draft = job(tmp_path, preset="draft", steps=2, overrides=(*tiny, "camera.sizes=[12]"))
    generate(draft)
    with pytest.raises(RunError, match=r"another recipe: camera\.sizes \[12\] -> \[16\]"):
        generate(job(tmp_path, preset="draft", steps=4, overrides=(*tiny, "camera.sizes=[16]")))
    notes = Notes()
    found = generate(job(tmp_path, steps=4, overrides=(*tiny, "camera.sizes=[16]")), notes)
    assert (found.status, found.steps) == ("finished", 4)
    assert "going on from step 2 of 4" in notes.text
    assert "camera.sizes [12] -> [16]" in notes.text


def test_other_exports_of_a_finished_run_are_made_without_a_step(run):
    before = (run / "checkpoint.safetensors").stat().st_mtime_ns
    notes = Notes()
    overrides = (*OVERRIDES, "export.faces=200")
    found = generate(job(run, overrides=overrides), notes)
    assert "export.faces 500 -> 200" in notes.text
    assert len(trimesh.load(found.files["glb"], force="mesh").faces) <= 220
    assert (run / "checkpoint.safetensors").stat().st_mtime_ns == before
    assert generate(job(run, overrides=overrides), again := Notes()).status == "already finished"
    assert again.lines == []


def test_another_run_in_the_same_folder_is_refused(run):
    with pytest.raises(RunError, match="holds a run with prompt 'a red armchair'") as caught:
        generate(Job("a blue armchair", out=str(run)))
    assert "--overwrite" in caught.value.fix
    with pytest.raises(RunError, match=r"holds a run with another recipe: camera\.views 4 -> 2"):
        generate(job(run, overrides=(*OVERRIDES, "camera.views=2")))


def test_a_folder_in_use_is_refused_with_the_id_of_its_process(run):
    with locked(run):
        with pytest.raises(RunError, match=f"is in use by process {os.getpid()} on "):
            generate(job(run))
        with pytest.raises(RunError, match="is in use"):
            export(run, formats=["ply"])


def test_overwriting_starts_over_and_keeps_files_of_others(run):
    (run / "notes.txt").write_text("mine")
    generate(job(run, formats=("ply",)))
    found = generate(job(run, steps=1, overwrite=True))
    assert (found.status, found.steps) == ("finished", 1)
    assert {path.name for path in run.iterdir()} == FILES | {"notes.txt"}


@pytest.mark.parametrize("damage", ["metrics", "checkpoint", "record"])
def test_damage_blocks_a_run_only_where_it_matters(run, damage):
    more = job(run, steps=4)
    if damage == "metrics":
        with (run / "metrics.jsonl").open("ab") as stream:
            stream.write(b'{"step": 2, "t\xff')
        assert generate(more).steps == 4
        assert steps_of(run) == [0, 1, 2, 3]
        return
    name = {"checkpoint": "checkpoint.safetensors", "record": "run.json"}[damage]
    data = (run / name).read_bytes()
    middle = len(data) // 2
    (run / name).write_bytes(data[:middle] + b"\0" + data[middle + 1 :])
    with pytest.raises(RunError, match="damaged"):
        generate(more)


def test_a_changed_user_mesh_is_noticed_by_the_same_command(tmp_path):
    meshes = tmp_path / "meshes"
    meshes.mkdir()
    trimesh.creation.box([1.0, 1.0, 1.0]).export(meshes / "crate.glb")
    mine = job(tmp_path / "run", prompt="a crate", prior=f"exact:{meshes}", steps=1)
    generate(mine)
    os.utime(meshes / "crate.glb", (1, 1))  # touched, and the same
    assert generate(mine).status == "already finished"
    trimesh.creation.box([1.0, 1.0, 0.5]).export(meshes / "crate.glb")
    with pytest.raises(RunError, match=r"crate\.glb has changed"):
        generate(mine)


def test_another_image_under_the_name_of_the_image_prompt_is_noticed(tmp_path):
    shutil.copy(PICTURE, tmp_path / "thing.png")
    mine = job(tmp_path / "run", method="csm", image=str(tmp_path / "thing.png"), steps=1)
    generate(mine)
    inputs = json.loads((tmp_path / "run" / "run.json").read_text())["inputs"]
    assert inputs == {"image": hashlib.sha256(PICTURE.read_bytes()).hexdigest()}  # once
    with Image.open(PICTURE) as picture:
        picture.rotate(90).save(tmp_path / "thing.png")
    with pytest.raises(RunError, match="image has changed"):
        generate(mine)


@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_a_signal_stops_saves_and_exports_and_the_same_command_resumes_without_a_trace(
    tmp_path, number
):
    notes = Notes(after=3, number=number)
    stopped = generate(job(tmp_path / "broken", steps=5), notes)
    assert (stopped.status, stopped.steps) == ("stopped", 3)
    assert len(notes.signals) == 1
    assert stopped.files["glb"].is_file()
    resumed = generate(job(tmp_path / "broken", steps=5), again := Notes())
    assert (resumed.status, resumed.steps) == ("finished", 5)
    assert "going on from step 3 of 5" in again.text
    assert steps_of(tmp_path / "broken") == [0, 1, 2, 3, 4]
    generate(job(tmp_path / "whole", steps=5))
    assert same_state(tmp_path / "broken", tmp_path / "whole")


def test_each_particle_has_a_mesh_and_an_image_which_a_restart_removes(tmp_path):
    many = job(tmp_path / "run", method="vsd", steps=2, particles=2)
    result = generate(many)
    assert {"glb", "glb-1", "preview", "preview-1", "turntable-1"} <= result.files.keys()
    assert all(path.is_file() for path in result.files.values())
    generate(job(tmp_path / "run", method="vsd", steps=2, overwrite=True))
    assert not (tmp_path / "run" / "mesh-1.glb").exists()


def test_an_export_goes_where_it_is_told_to_and_overwrites_only_on_request(run, tmp_path, capsys):
    sizes = ["--faces", "200", "--texture-size", "32"]
    assert call("export", run, "--format", "obj,ply", *sizes, "--out", tmp_path / "small") == 0
    files = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {file.suffix for file in files} == {".obj", ".ply"}
    assert all(file.parent == tmp_path / "small" for file in files)
    assert all(0 < len(trimesh.load(file, force="mesh").faces) <= 220 for file in files)
    before = (run / "mesh.glb").read_bytes()
    with pytest.raises(ExportError, match=r"mesh\.glb' exists already") as caught:
        export(run, faces=200)
    assert "--out" in caught.value.fix
    assert (run / "mesh.glb").read_bytes() == before
    export(run, faces=200, overwrite=True)
    assert (run / "mesh.glb").read_bytes() != before


def test_the_model_stands_on_the_ground_in_metres_and_its_scores_do_not_depend_on_it(run, tmp_path):
    low, high = trimesh.load(run / "mesh.glb", force="mesh").bounds
    np.testing.assert_allclose([low[1], low[0] + high[0], low[2] + high[2]], 0, atol=1e-5)
    opened = open_run(run)
    usual = [member.longest for member in opened.prior.members(opened.prompt)]
    assert 0.8 < min(usual) < max(usual) < 1.1
    assert (high - low).max() == pytest.approx(np.mean(usual), rel=1e-4)
    scene = load_exported(run / "mesh.glb").vertices
    assert call("export", run, "--height", 2, "--origin", "center", "--out", tmp_path / "tall") == 0
    low, high = trimesh.load(tmp_path / "tall" / "mesh.glb", force="mesh").bounds
    np.testing.assert_allclose([low[1], high[1], low[0] + high[0]], [-1, 1, 0], atol=1e-5)
    np.testing.assert_allclose(
        load_exported(tmp_path / "tall" / "mesh.glb").vertices, scene, atol=1e-5
    )
    assert call("export", run, "--origin", "middle", "--out", tmp_path / "wrong") == 2


def test_a_run_that_names_code_is_not_opened_without_trust(run):
    recipe = run / "recipe.toml"
    text = recipe.read_text().replace('name = "nerf"', 'name = "os:abort"')
    recipe.write_text(text)
    with pytest.raises(RecipeError, match=r"imports code: scene\.name = os:abort") as caught:
        open_run(run)
    assert "--trust-recipe" in caught.value.fix


def test_a_run_on_a_full_disk_ends_in_one_line(tmp_path, full_disk):
    with full_disk(), pytest.raises((RunError, ExportError), match="cannot write") as caught:
        generate(job(tmp_path / "run"))
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("after", [0, 2], ids=["from the start", "after two steps"])
def test_a_run_on_a_read_only_disk_ends_in_one_line(tmp_path, read_only, capfd, after):
    class Remounted(Silent):
        def step(self, step, total, values):
            if step == after:
                read_only(tmp_path)

    if after == 0:
        read_only(tmp_path)
    with pytest.raises((RunError, ExportError), match=r"cannot write .*Read-only") as caught:
        generate(job(tmp_path / "run"), Remounted())
    assert "\n" not in caught.value.message
    assert caught.value.fix == "choose a folder on a disk that can be written"
    if after == 0:
        assert call(*command(tmp_path / "run")) == RunError.exit_code
        assert "Traceback" not in capfd.readouterr().err


def test_a_run_below_a_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="file' is a file"):
        generate(job(tmp_path / "file" / "run"))


def test_progress_images_take_at_most_their_share_of_the_time(tmp_path):
    now = 0.0

    class Slow:
        particles = ()

    look = ProgressPicture(tmp_path / "progress.png", now=lambda: now)
    drawn = []
    for _ in range(2000):
        now += 0.5  # a step
        if look.due():
            drawn.append(now)
            look.last = 0.3
            look.spent += look.last
            now += look.last
    assert drawn[0] == pytest.approx(5.0)
    assert look.spent <= SHARE * now
    assert look.spent > 0.9 * SHARE * now


def test_progress_images_do_not_change_the_run(finished, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(ProgressPicture, "due", lambda self: True)
    update = ProgressPicture.update

    def kept(self, scene):
        update(self, scene)
        with Image.open(self.path) as image:
            drawn.append(image.size)

    monkeypatch.setattr(ProgressPicture, "update", kept)
    generate(job(tmp_path / "run"))
    assert drawn == [(4 * 96, 96)] * 3
    assert same_state(finished, tmp_path / "run")
    assert not (tmp_path / "run" / "progress.png").exists()


def test_two_processes_in_one_folder_leave_one_run_and_one_refusal(tmp_path):
    line = [sys.executable, "-m", "sds3d", *command(tmp_path / "run")]
    both = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)]  # fmt: skip
    ends = [(process.communicate()[1], process.returncode) for process in both]
    codes = sorted(code for _, code in ends)
    assert codes == [0, RunError.exit_code]
    refused = next(text for text, code in ends if code)
    winner = next(p.pid for p in both if p.returncode == 0)
    assert f"is in use by process {winner} on " in refused
    assert steps_of(tmp_path / "run") == [0, 1, 2]


def test_a_run_on_a_gpu_says_how_much_of_its_memory_it_held(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 3 * 2**29)
    assert gpu_peak_gib(torch.device("cuda")) == 1.5
    assert gpu_peak_gib(torch.device("cpu")) == 0
    monkeypatch.setattr("sds3d.runs.generate.gpu_peak_gib", lambda device: 1.5)
    notes = Notes()
    generate(job(tmp_path / "run", steps=1), notes)
    assert "at most 1.50 GiB were held on the GPU" in notes.lines
