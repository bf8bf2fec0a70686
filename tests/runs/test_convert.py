"""Laws of sds3d convert, end to end on tiny recipes."""

import hashlib
import json
import shutil
import signal
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from tiny_run import PICTURES, call, job

from sds3d.errors import ExportError, RecipeError, RunError, UsageError
from sds3d.mesh.load import load
from sds3d.metrics.fidelity import fidelity
from sds3d.runs import checkpoint
from sds3d.runs.convert import convert
from sds3d.runs.edit import edit
from sds3d.runs.export import export
from sds3d.runs.generate import generate
from sds3d.runs.job import Job
from sds3d.runs.report import Silent
from sds3d.runs.run import open_run, trial
from sds3d.runs.to_mesh import to_mesh

SIZES = (
    "camera.sizes=[16]",
    "export.resolution=32",
    "export.texture_size=64",
    "export.faces=500",
    "run.checkpoint_every=2",
    "objective.rays=128",
)
SMALL = {
    "nerf": (*SIZES, "scene.step=0.1", "scene.levels=2", "scene.log2_table=10"),
    "triplane": (*SIZES, "scene.step=0.1", "scene.plane_resolution=16"),
    "splats": (*SIZES, "scene.count=300"),
}


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """The folder of a finished run; no test changes it."""
    folder = tmp_path_factory.mktemp("start") / "sds-2"
    generate(job(folder, seed=2, steps=20))
    return folder


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
        if step == self.after:
            signal.raise_signal(signal.SIGINT)


def change(start, to, folder="", **values):
    """The job of a tiny conversion."""
    known = {"steps": 6, "overrides": SMALL[to], "out": str(folder)} | PICTURES
    return convert(start, to, **known | values)


def command(start, to, *more):
    settings = [part for override in SMALL[to] for part in ("--set", override)]
    sizes = ("--steps", "6", "--preview-size", "24", "--turntable-size", "32")
    return ["convert", start, "--to", to, *sizes, *settings, *more]


def contents(folder):
    """SHA-256 of every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def state(folder):
    return checkpoint.read(folder / "checkpoint.safetensors")[0]


@pytest.mark.parametrize("to", ["nerf", "triplane", "splats"])
def test_a_conversion_is_a_run_like_every_other(start, to, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = contents(start)
    watch = Watch()
    result = generate(change(start, to), watch)
    assert (result.status, result.evaluations) == ("finished", 0)
    assert watch.stages == ["source", "fit", "mesh", "pictures"]
    assert result.folder.name == f"sds-2-to-{to}"
    assert result.folder.parent.name.startswith("a-red-armchair-")
    for name in ("glb", "preview", "turntable", "report"):
        assert result.files[name].is_file()
    assert contents(start) == before
    assert {"psnr", "psnr_object", "iou"} <= result.values.keys()
    record = json.loads((result.folder / "run.json").read_text())
    sha = hashlib.sha256((start / "checkpoint.safetensors").read_bytes()).hexdigest()
    assert record["inputs"] == {"start checkpoint.safetensors": sha}
    assert record["result"]["values"]["psnr"] == result.values["psnr"]
    theirs = json.loads((start / "run.json").read_text())["result"]["longest"]
    assert result.longest == theirs
    assert "converted from" in (result.folder / "report.html").read_text(encoding="utf-8")
    opened = open_run(result.folder)
    assert opened.recipe.scene.name == to
    assert opened.recipe.prior == open_run(start).recipe.prior
    again = generate(change(start, to))
    assert again.status == "already finished"
    assert again.values["psnr"] == result.values["psnr"]
    made = export(result.folder, formats=["obj"], out=tmp_path)
    assert made.files["obj"].is_file()
    run = trial(edit(result.folder, "a blue armchair"))
    found = run.optimization.scene.state_dict()
    assert all(torch.equal(v, found[k]) for k, v in opened.scene.state_dict().items())


def test_a_mesh_becomes_a_run_that_can_be_edited(start, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(start / "mesh.glb", tmp_path / "red_armchair.glb")
    asked = change("red_armchair.glb", "splats")
    assert asked.prompt == "red armchair"
    result = generate(asked)
    assert result.folder.name == "red_armchair-to-splats"
    record = json.loads((result.folder / "run.json").read_text())
    assert list(record["inputs"]) == ["start red_armchair.glb"]
    begun = edit(result.folder, "a blue armchair")
    assert (begun.scene, begun.source, begun.prior) == ("splats", "red armchair", "exact")
    assert trial(begun).optimization.source is not None
    assert change("red_armchair.glb", "nerf", prompt="an armchair").prompt == "an armchair"


def test_an_interrupted_conversion_that_goes_on_equals_one_that_was_not(start, tmp_path):
    stopped = generate(change(start, "triplane", tmp_path / "broken"), Watch(after=3))
    assert (stopped.status, stopped.steps) == ("stopped", 3)
    again = Watch()
    assert generate(change(start, "triplane", tmp_path / "broken"), again).status == "finished"
    assert "going on from step 3 of 6" in again.text
    generate(change(start, "triplane", tmp_path / "whole"))
    ours, theirs = state(tmp_path / "broken"), state(tmp_path / "whole")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_the_first_of_several_particles_is_converted_and_said(tmp_path):
    generate(job(tmp_path / "start", method="vsd", particles=2, steps=2))
    watch = Watch()
    generate(change(tmp_path / "start", "triplane", tmp_path / "made", steps=1), watch)
    assert "the first of 2 particles is converted" in watch.text


def test_a_conversion_whose_start_has_changed_is_refused(start, tmp_path):
    shutil.copytree(start, tmp_path / "start")
    asked = change(tmp_path / "start", "triplane", tmp_path / "made")
    generate(asked)
    generate(job(tmp_path / "start", seed=2, steps=21))
    with pytest.raises(RunError, match=r"began with another scene: start checkpoint.* has changed"):
        generate(asked)


def test_nothing_is_overwritten_unasked(start, tmp_path):
    generate(change(start, "triplane", tmp_path / "made", steps=1))
    with pytest.raises(RunError, match="holds a run with scene 'triplane'"):
        generate(change(start, "splats", tmp_path / "made"))
    made = generate(change(start, "splats", tmp_path / "made", overwrite=True))
    assert made.status == "finished"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mesh.glb").write_bytes(b"mine")
    with pytest.raises(RunError, match="is not empty"):
        generate(change(start, "splats", tmp_path / "mine"))
    assert (tmp_path / "mine" / "mesh.glb").read_bytes() == b"mine"


def test_json_is_one_object_on_stdout(start, tmp_path, capfd):
    assert call(*command(start, "splats", "--out", tmp_path / "made", "--json")) == 0
    shown = json.loads(capfd.readouterr().out)
    assert shown["status"] == "finished"
    assert shown["values"]["iou"] > 0


def test_the_closing_words_compare_with_the_source(start, tmp_path, capfd):
    assert call(*command(start, "splats", "--out", tmp_path / "made")) == 0
    shown = capfd.readouterr().out
    assert "beside its source: PSNR" in shown
    assert "sds3d edit" in shown


def refusal(capsys, *arguments):
    """The one line and its fix with which a command ends."""
    assert call(*arguments) not in (0, 1, 70)
    shown = capsys.readouterr().err.splitlines()[-2:]
    assert [line[:6] for line in shown] == ["error:", "fix:  "]
    return "\n".join(shown)


def test_what_cannot_be_converted_is_refused_in_one_line(start, tmp_path, capsys):
    def refused(begin, to="splats", *more):
        out = () if "--out" in more else ("--out", tmp_path / "made")
        return refusal(capsys, *command(begin, to, *out, *more))

    (tmp_path / "empty").mkdir()
    assert "holds no run" in refused(tmp_path / "empty")
    assert "neither a run folder nor a mesh file" in refused(tmp_path / "missing")
    (tmp_path / "a note.txt").write_text("no mesh")
    assert "is no mesh file" in refused(tmp_path / "a note.txt")
    (tmp_path / "bad.glb").write_bytes(b"glTF")
    assert "cannot read" in refused(tmp_path / "bad.glb")
    shutil.copy(start / "mesh.glb", tmp_path / "--.glb")
    assert "--prompt" in refused(tmp_path / "--.glb")
    assert "stays as it is" in refused(start, "splats", "--out", start)
    assert "use the recipe convert-splats" in refused(start, "splats", "--recipe", "sds-splats")
    assert "recipe has nerf" in refused(start, "splats", "--recipe", "convert-nerf")
    assert "no part in a conversion" in refused(start, "splats", "--set", "regularizers.size=1")
    assert "no part in a conversion" in refused(start, "splats", "--set", "gradient.clip=1")
    assert "background" in refused(start, "splats", "--set", "background.mode=learned")
    assert not (tmp_path / "made").exists()
    line = refusal(capsys, "convert", start, "--to", "splat")
    assert "did you mean 'splats'" in line


def test_the_recipe_of_a_conversion_neither_generates_nor_edits(start, tmp_path):
    with pytest.raises(UsageError, match="turns one kind of scene into another"):
        generate(job(tmp_path / "run", recipe="convert-nerf"))
    with pytest.raises(UsageError, match="turns one kind of scene into another"):
        generate(edit(start, "a blue armchair", recipe="convert-nerf", out=str(tmp_path / "run")))
    assert not (tmp_path / "run").exists()


def test_a_start_whose_recipe_imports_code_is_not_opened_without_trust(start, tmp_path):
    shutil.copytree(start, tmp_path / "start")
    recipe = tmp_path / "start" / "recipe.toml"
    recipe.write_text(recipe.read_text().replace('name = "nerf"', 'name = "os:abort"'))
    with pytest.raises(RecipeError, match="imports code"):
        generate(change(tmp_path / "start", "splats", tmp_path / "made"))


def test_the_command_of_a_conversion_is_that_of_its_job(start, tmp_path):
    from sds3d.runs.command import words

    asked = change(start, "splats", tmp_path / "made")
    verb, first, *options = words(asked)
    assert (verb, first) == ("convert", str(start))
    assert options[options.index("--to") + 1] == "splats"
    assert "--target" not in options


def test_a_conversion_of_a_scene_under_the_steps_light_divides_none_out(tmp_path):
    """The exact prior takes the light of such a run, so that none is in its colours, nor its copy's."""
    from sds3d.recipe import build

    lit = ("shading.lit=0.5",)
    generate(job(tmp_path / "lit", steps=2, overrides=(*job("x").overrides, *lit)))
    generate(change(tmp_path / "lit", "splats", tmp_path / "made", steps=1))
    assert tomllib.loads((tmp_path / "made" / "recipe.toml").read_text())["shading"]["lit"] == 0.5
    assert build.light(open_run(tmp_path / "made").suited[0], "exact") is None
    generate(job(tmp_path / "plain", steps=2))
    generate(change(tmp_path / "plain", "splats", tmp_path / "other", steps=1))
    assert build.light(open_run(tmp_path / "other").suited[0], "exact") is not None


@pytest.mark.parametrize("formats", [("glb",), ("obj", "ply")])
def test_a_scene_with_a_density_becomes_the_mesh_of_its_surface(start, formats, tmp_path):
    before = contents(start)
    result = to_mesh(start, formats=formats, out=str(tmp_path / "made"))
    assert set(result.files) == set(formats)
    assert all(file.is_file() for file in result.files.values())
    assert (result.status, result.steps) == ("finished", 0)
    assert result.values["psnr"] > 20
    assert result.values["iou"] > 0.7
    assert contents(start) == before
    with pytest.raises(ExportError, match="exists already"):
        to_mesh(start, formats=formats, out=str(tmp_path / "made"))
    again = to_mesh(start, formats=formats, out=str(tmp_path / "made"), overwrite=True)
    assert again.values == result.values


def test_splats_become_the_mesh_of_a_nerf_in_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    overrides = (*SIZES[:-1], "scene.count=200")
    generate(job("splats", scene="splats", steps=20, overrides=overrides))
    result = to_mesh("splats", steps=20, overrides=SMALL["nerf"], **PICTURES)
    assert result.folder.name == "splats-to-mesh"
    assert result.files["glb"].is_file()
    made = open_run(result.folder)
    assert made.recipe.scene.name == "nerf"
    recorded = made.folder.require_record().result
    assert recorded.values["psnr"] == result.values["psnr"]
    nerf = fidelity(made.scene, open_run(Path("splats")).scene, torch.device("cpu"))
    assert nerf["psnr"] != result.values["psnr"]  # the scores are those of the mesh


def test_a_mesh_file_is_written_in_another_format_as_it_is(tmp_path):
    box = trimesh.creation.box((1, 2, 3))
    box.visual.vertex_colors = [200, 30, 30, 255]
    box.apply_translation([5, 0, 0])
    box.export(tmp_path / "box.ply")
    result = to_mesh(tmp_path / "box.ply", formats=("glb", "stl"), out=str(tmp_path / "made"))
    again = load(result.files["glb"])
    assert np.ptp(again.vertices, axis=0) == pytest.approx([1, 2, 3], abs=1e-5)
    assert again.vertices.mean(0) == pytest.approx([5, 0, 0], abs=1e-5)
    assert result.values["iou"] == 1
    assert result.values["psnr"] > 40


def test_the_command_line_writes_meshes_and_scores(start, tmp_path, capfd):
    line = ("convert", start, "--to", "mesh", "--out", tmp_path / "made")
    assert call(*line) == 0
    files, scores = capfd.readouterr().out.strip().splitlines()
    assert files == str(tmp_path / "made" / "mesh.glb")
    assert scores.startswith("beside its source: PSNR")
    assert call(*line, "--overwrite", "--json") == 0
    assert json.loads(capfd.readouterr().out)["values"]["iou"] > 0.7


def test_a_mesh_is_refused_options_without_effect_and_formats_that_hold_none(
    start, tmp_path, capsys
):
    line = ("convert", start, "--to", "mesh", "--out", tmp_path / "made")
    assert "nothing is optimised" in refusal(capsys, *line, "--steps", "3")
    assert "nothing is optimised" in refusal(capsys, *line, "--preset", "draft")
    assert "unknown 'spz'" in refusal(capsys, *line, "--format", "spz")
    refusal(capsys, "convert", tmp_path / "none.glb", "--to", "mesh")
    assert not (tmp_path / "made").exists()


def test_a_job_of_a_conversion_is_plain_data(start):
    asked = change(start, "splats")
    assert isinstance(asked, Job)
    assert asked.is_conversion
    assert asked.method == "pvd"
