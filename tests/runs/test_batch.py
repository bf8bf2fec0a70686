"""Laws of a batch, and of one run as a user meets it, end to end on a tiny recipe."""

import base64
import csv
import json
import signal
from pathlib import Path

import pytest
import trimesh

import sds3d.runs.generate
import sds3d.runs.outputs
from sds3d.cli import main
from sds3d.errors import UsageError
from sds3d.runs import checkpoint
from sds3d.runs.batch import COLUMNS, Line, read_jobs, run
from sds3d.runs.job import Job

TINY = ("camera.sizes=[16]", "export.resolution=32", "export.texture_size=64", "export.faces=500")
OVERRIDES = [part for override in TINY for part in ("--set", override)]


def written(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def jobs_of(path, *, methods=("sds",), seeds=1, **shared):
    return read_jobs(path, shared, methods, range(seeds), Path("out"))


def test_a_text_file_is_a_prompt_a_line(tmp_path):
    path = written(tmp_path, "p.txt", "# furniture\na red chair\n\n  a blue car  \n")
    assert [job.prompt for job in jobs_of(path)] == ["a red chair", "a blue car"]


def test_each_prompt_meets_each_method_and_seed_in_a_folder_of_its_own(tmp_path):
    path = written(tmp_path, "p.txt", "a red chair\na blue car\n")
    jobs = jobs_of(path, methods=("sds", "vsd"), seeds=3)
    assert len(jobs) == len({job.folder() for job in jobs}) == 12
    assert {(job.method, job.seed) for job in jobs} == {
        (m, s) for m in ("sds", "vsd") for s in range(3)
    }


def test_the_keys_of_a_row_win_over_the_options(tmp_path):
    row = {"prompt": "a chair", "scene": "triplane", "steps": 7, "seed": 5, "overrides": ["a.b=1"]}
    path = written(tmp_path, "p.jsonl", json.dumps(row) + "\n" + json.dumps("a plain one"))
    first, second = jobs_of(path, scene="nerf", preset="draft")
    assert (first.scene, first.steps, first.seed, first.overrides) == ("triplane", 7, 5, ("a.b=1",))
    assert (second.prompt, second.scene, second.preset) == ("a plain one", "nerf", "draft")


def test_a_table_says_the_same_as_lines_of_json(tmp_path):
    table = 'prompt,method,steps,overwrite\na chair,vsd,7,yes\n"a car, blue",,,\n'
    lines = [
        {"prompt": "a chair", "method": "vsd", "steps": 7, "overwrite": True},
        {"prompt": "a car, blue"},
    ]
    from_csv = jobs_of(written(tmp_path, "p.csv", table))
    assert from_csv == jobs_of(written(tmp_path, "p.jsonl", "\n".join(map(json.dumps, lines))))


def test_a_row_with_a_recipe_has_the_recipes_method_and_scene(tmp_path):
    path = written(tmp_path, "p.jsonl", '{"prompt": "a chair", "recipe": "vsd-triplane"}')
    (job,) = jobs_of(path, methods=("sds", "vsd"))
    assert (job.method, job.scene) == ("vsd", "triplane")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "p.jsonl",
            '{"prompt": "a", "step": 3}',
            "entry 1: unknown key 'step', did you mean 'steps'",
        ),
        ("p.jsonl", '{"prompt": "a"}\n{"scene": "nerf"}', "entry 2: no prompt"),
        ("p.jsonl", '{"prompt": "a", "steps": "many"}', "steps = 'many' does not fit"),
        ("p.jsonl", '{"prompt": "a", "scene": 3}', "scene = 3 is no text"),
        ("p.jsonl", '{"prompt": "a", "recipe": "sds-nref"}', "entry 1: unknown recipe"),
        ("p.jsonl", "{prompt: a}", "p.jsonl"),
        ("p.csv", "prompt\na,b,c\n", "entry 1: unknown key 'None'"),
        ("p.txt", "# nothing\n", "holds no prompts"),
        ("p.yaml", "a chair", "is not .txt, .jsonl or .csv"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_whole(tmp_path, name, text, message):
    with pytest.raises(UsageError) as caught:
        jobs_of(written(tmp_path, name, text))
    assert message in caught.value.message


def test_an_unexpected_error_of_one_job_leaves_its_trace_and_the_others_go_on(tmp_path):
    raising = "out_of_nowhere:grad"  # an objective whose module does not exist
    broken = Job("a chair", recipe="sds-nerf", overrides=(f"objective.name={raising}",))
    jobs = [
        Job(**{**vars(broken), "out": str(tmp_path / "one")}),
        Job("a flurb of zanthor", out=str(tmp_path / "two")),
    ]
    rows = run(jobs, tmp_path)
    assert [row["status"] for row in rows] == ["failed", "failed"]
    assert "ModuleNotFoundError" in (tmp_path / "one.error.txt").read_text(encoding="utf-8")
    assert "nearest it knows" in rows[1]["error"]


@pytest.fixture(scope="module", autouse=True)
def _small_pictures():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sds3d.runs.outputs, "PREVIEW", {"views": 8, "size": 24})
        patch.setattr(sds3d.runs.outputs, "TURNTABLE", {"views": 2, "size": 32})
        yield


def call(*arguments):
    """The exit code of a command line."""
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code or 0


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """(folder, exit code) of a batch of one prompt that works between two that fail."""
    folder = tmp_path_factory.mktemp("batch")
    good = {"prompt": "a red armchair", "steps": 2, "overrides": TINY}
    rows = [{"prompt": "a flurb of zanthor"}, good, {"prompt": "a chair", "preset": "laptp"}]
    path = written(folder, "p.jsonl", "\n".join(map(json.dumps, rows)))
    return folder, call("batch", path, "--out", folder / "out")


def results(folder):
    with (folder / "out" / "results.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_failure_neither_ends_a_batch_nor_goes_unsaid(batch):
    folder, code = batch
    rows = results(folder)
    assert code == 1
    assert tuple(rows[0]) == COLUMNS
    assert [row["status"] for row in rows] == ["failed", "finished", "failed"]
    assert "nearest it knows" in rows[0]["error"]
    assert "did you mean 'laptop'" in rows[2]["error"]
    assert (folder / "out" / "contact_sheet.png").is_file()


def test_a_run_leaves_all_its_files(batch):
    run_folder = Path(results(batch[0])[1]["folder"])
    assert {path.name for path in run_folder.iterdir()} == {
        "mesh.glb",
        "preview.png",
        "turntable.mp4",
        "report.html",
        "recipe.toml",
        "run.json",
        "metrics.jsonl",
        "checkpoint.safetensors",
    }


def test_finished_work_is_not_done_again(batch):
    folder, _ = batch
    mesh = Path(results(folder)[1]["folder"]) / "mesh.glb"
    before = mesh.stat().st_mtime_ns
    assert call("batch", folder / "p.jsonl", "--out", folder / "out") == 1
    assert [row["status"] for row in results(folder)] == ["failed", "already finished", "failed"]
    assert mesh.stat().st_mtime_ns == before


def test_json_is_one_object_on_stdout(batch, capfd):
    run_folder = results(batch[0])[1]["folder"]
    command = ["generate", "a red armchair", "--steps", "2", *OVERRIDES, "--out", run_folder]
    assert call(*command, "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["status"], found["steps"]) == ("already finished", 2)
    assert Path(found["files"]["glb"]).is_file()


def test_a_finished_run_asked_for_another_format_writes_it_and_does_no_step(batch):
    run_folder = Path(results(batch[0])[1]["folder"])
    before = (run_folder / "checkpoint.safetensors").stat().st_mtime_ns
    job = Job(
        "a red armchair", steps=2, overrides=TINY, out=str(run_folder), formats=("glb", "ply")
    )
    for _ in range(2):
        found = sds3d.runs.generate.generate(job, Line())
        assert found.status == "already finished"
        assert {"glb", "ply", "preview"} <= found.files.keys()
    assert len(trimesh.load(run_folder / "mesh.ply", force="mesh").faces) > 0
    assert (run_folder / "checkpoint.safetensors").stat().st_mtime_ns == before


def test_the_page_of_a_run_holds_its_model_prompt_and_recipe(batch):
    run_folder = Path(results(batch[0])[1]["folder"])
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    glb = base64.b64encode((run_folder / "mesh.glb").read_bytes()).decode()
    assert glb in page
    assert "a red armchair" in page
    assert "[objective]" in page


def test_the_closing_panel_names_files_times_and_what_comes_next(batch, capsys):
    run_folder = results(batch[0])[1]["folder"]
    call("generate", "a red armchair", "--steps", "2", *OVERRIDES, "--out", run_folder)
    panel = capsys.readouterr().out
    named = ("already finished", "mesh.glb", "render", " s", "sds3d export", "Blender", "--seed 1")
    assert all(part in panel for part in named)


@pytest.mark.parametrize(("prompt", "steps"), [("a blue armchair", 2), ("a red armchair", 3)])
def test_another_run_in_the_same_folder_is_refused(batch, capsys, prompt, steps):
    run_folder = results(batch[0])[1]["folder"]
    assert call("generate", prompt, "--steps", steps, *OVERRIDES, "--out", run_folder) == 6
    assert "--overwrite" in capsys.readouterr().err


def test_a_run_is_exported_again_in_other_formats_and_sizes(batch, capsys):
    run_folder = results(batch[0])[1]["folder"]
    sizes = ["--faces", "200", "--texture-size", "32"]
    assert call("export", run_folder, "--format", "obj,ply", *sizes) == 0
    files = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {file.suffix for file in files} == {".obj", ".ply"}
    assert all(0 < len(trimesh.load(file, force="mesh").faces) <= 220 for file in files)


class CtrlC(Line):
    """Presses Ctrl-C after a step."""

    def __init__(self, after):
        self.after = after

    def step(self, step, total, values):
        if step == self.after:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_stops_saves_and_exports_and_the_same_command_goes_on_as_if_nothing_had_been(
    tmp_path,
):
    whole = Job("a red armchair", steps=5, overrides=TINY, out=str(tmp_path / "whole"))
    broken = Job("a red armchair", steps=5, overrides=TINY, out=str(tmp_path / "broken"))
    sds3d.runs.generate.generate(whole, Line())
    stopped = sds3d.runs.generate.generate(broken, CtrlC(after=3))
    assert (stopped.status, stopped.steps) == ("stopped", 3)
    assert stopped.files["glb"].is_file()
    resumed = sds3d.runs.generate.generate(broken, Line())
    assert (resumed.status, resumed.steps) == ("finished", 5)
    steps = (tmp_path / "broken" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in steps] == [0, 1, 2, 3, 4]
    ours, theirs = (
        checkpoint.read(tmp_path / name / "checkpoint.safetensors")[0]
        for name in ("broken", "whole")
    )
    assert ours.keys() == theirs.keys()
    assert all((ours[name] == theirs[name]).all() for name in ours)


def test_particles_each_leave_their_mesh_and_picture_and_go_when_the_run_is_made_anew(tmp_path):
    many = Job(
        "a red armchair",
        method="vsd",
        steps=2,
        particles=2,
        overrides=TINY,
        out=str(tmp_path / "run"),
    )
    result = sds3d.runs.generate.generate(many, Line())
    assert {"glb", "glb-1", "preview", "preview-1", "turntable-1"} <= result.files.keys()
    assert all(path.is_file() for path in result.files.values())
    again = Job(
        "a red armchair",
        method="vsd",
        steps=2,
        overrides=TINY,
        out=str(tmp_path / "run"),
        overwrite=True,
    )
    sds3d.runs.generate.generate(again, Line())
    assert not (tmp_path / "run" / "mesh-1.glb").exists()


def test_ctrl_c_ends_a_batch_and_the_same_command_takes_it_up(tmp_path, monkeypatch):
    jobs = [
        Job("a red armchair", seed=n, steps=3, overrides=TINY, out=str(tmp_path / str(n)))
        for n in range(2)
    ]
    monkeypatch.setattr("sds3d.runs.batch.Line", lambda: CtrlC(after=1))
    assert [row["status"] for row in run(jobs, tmp_path)] == ["stopped"]
    monkeypatch.setattr("sds3d.runs.batch.Line", Line)
    assert [row["status"] for row in run(jobs, tmp_path)] == ["finished", "finished"]
