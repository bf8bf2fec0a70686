"""Laws of the list of runs: each run below a folder once, as its record says, and nothing heavy is imported."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import tiny_run

from sds3d.errors import UsageError
from sds3d.files import locked
from sds3d.runs.folder import Record, RunFolder
from sds3d.runs.job import Job
from sds3d.runs.listing import STATUSES, chosen, listed, runs_below
from sds3d.runs.result import Result


def put(path, status="finished", *, seconds=2.0, **values):
    """A run folder with a record of that status."""
    path.mkdir(parents=True)
    job = Job(**{"prompt": "a red armchair"} | values, out=str(path))
    result = Result(path, "finished", {}, {"render": seconds, "mesh": 0.5}, 7, {}, 1.0)
    record = Record(status, job, (), {}, {}, {}, None if status == "running" else result)
    return RunFolder(path).begin(record, "steps = 7\n")


@pytest.fixture
def folder(tmp_path):
    put(tmp_path / "a-chair" / "sds-0")
    put(tmp_path / "a-chair" / "vsd-3", "stopped", method="vsd", seed=3)
    put(tmp_path / "a-bus" / "sds-splats-0", "running", prompt="A School BUS", scene="splats")
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "run.json").write_text('{"what": "of another program"}', encoding="utf-8")
    return tmp_path


def test_every_run_below_a_folder_is_listed_once_with_its_record(folder):
    found = {str(run.folder.relative_to(folder)): run for run in runs_below(folder)}
    assert list(found) == ["a-bus/sds-splats-0", "a-chair/sds-0", "a-chair/vsd-3"]
    first = found["a-chair/vsd-3"]
    assert (first.prompt, first.method) == ("a red armchair", "vsd")
    assert (first.scene, first.seed) == ("nerf", 3)
    assert (first.status, first.steps, first.seconds) == ("stopped", 7, 2.5)
    assert found["a-bus/sds-splats-0"].seconds is None
    assert [run.folder for run in runs_below(folder / "a-chair" / "sds-0")] == [
        folder / "a-chair" / "sds-0"
    ]


def test_a_run_is_running_as_long_as_a_process_holds_its_lock(folder):
    path = folder / "a-bus" / "sds-splats-0"
    with locked(path):
        assert listed(path).status == "running"
    assert listed(path).status == "interrupted"
    (path / "run.lock").write_text("process 1 on elsewhere\n", encoding="utf-8")  # it was killed
    assert listed(path).status == "interrupted"


BROKEN = {
    "not JSON": ("run.json", b"{"),
    "a status of its own": ("run.json", None),
    "no recipe": ("recipe.toml", b"= 3"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_run_is_listed_as_such_and_hides_no_other(folder, name):
    file, data = BROKEN[name]
    path = folder / "a-chair" / "sds-0" / file
    if data is None:
        data = path.read_bytes().replace(b'"status": "finished"', b'"status": "fine"', 1)
    path.write_bytes(data)
    runs = runs_below(folder)
    assert [run.status for run in runs] == ["interrupted", "damaged", "stopped"]
    assert str(path) in runs[1].why


def test_filters_keep_what_has_all_of_them(folder):
    runs = runs_below(folder)
    assert chosen(runs) == runs
    assert [run.method for run in chosen(runs, method="vsd")] == ["vsd"]
    assert [run.scene for run in chosen(runs, scene="splats")] == ["splats"]
    assert [run.prompt for run in chosen(runs, prompt="school bus")] == ["A School BUS"]
    assert [run.seed for run in chosen(runs, status="stopped", prompt="arm")] == [3]
    assert chosen(runs, status="finished", method="vsd") == []
    assert chosen(runs, status="damaged") == []
    assert chosen([], method="vsd") == []


@pytest.mark.parametrize(("name", "value", "near"), [
    ("status", "finishd", "finished"), ("method", "vsdd", "vsd"), ("scene", "splat", "splats")])  # fmt: skip
def test_a_mistyped_filter_is_refused_with_the_nearest_name(folder, name, value, near):
    with pytest.raises(UsageError, match=f"did you mean '{near}'"):
        chosen(runs_below(folder), **{name: value})


def test_quality_is_that_of_the_comparison_that_made_the_run(folder):
    rows = [{"folder": str(folder / "a-chair" / "sds-0"), "iou": 0.75, "psnr": 21.0, "seconds": 9}]
    (folder / "compare.json").write_text(json.dumps(rows), encoding="utf-8")
    qualities = [dict(run.quality) for run in runs_below(folder)]
    assert qualities == [{}, {"iou": 0.75, "psnr": 21.0}, {}]
    for damaged in ("{", "[1]", '[{"folder": 3}]', '{"folder": "x"}'):
        (folder / "compare.json").write_text(damaged, encoding="utf-8")
        assert not any(run.quality for run in runs_below(folder))


def test_the_table_names_each_run_and_counts_them(folder, capsys):
    (folder / "compare.json").write_text(
        json.dumps([{"folder": str(folder / "a-chair" / "sds-0"), "iou": 0.754, "psnr": 21.04}]),
        encoding="utf-8",
    )
    assert tiny_run.call("runs", folder) == 0
    out = capsys.readouterr().out
    for text in ("a red armchair", "vsd", "interrupted", "2.5", "IoU 0.75, 21.0 dB", "vsd-3"):
        assert text in out
    assert f"3 runs below '{folder}': 1 finished, 1 interrupted, 1 stopped" in out
    assert tiny_run.call("runs", folder, "--status", "stopped") == 0
    assert f"1 of 3 runs below '{folder}': 1 stopped" in capsys.readouterr().out
    assert tiny_run.call("runs", folder / "nowhere") == 2
    assert tiny_run.call("runs", folder / "empty") == 0
    assert "0 runs below" in capsys.readouterr().out


def test_markup_in_a_prompt_is_printed_as_it_is(folder, capsys):
    put(folder / "odd", prompt="a [bold]chair[/nothing]")
    assert tiny_run.call("runs", folder) == 0
    assert "a [bold]chair[/nothing]" in capsys.readouterr().out


def test_json_has_the_same_runs(folder, capsys):
    assert tiny_run.call("runs", folder, "--json", "--method", "vsd") == 0
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    (expected,) = chosen(runs_below(folder), method="vsd")
    assert run == json.loads(json.dumps(expected.to_json()))
    assert run["folder"] == str(replace(expected).folder)


def test_every_status_is_explained_in_the_help(capsys):
    assert tiny_run.call("runs", "--help") == 0
    out = capsys.readouterr().out
    assert all(status in out for status in STATUSES)


CODE = """
import sys, sds3d.cli
try:
    sds3d.cli.main(["runs", sys.argv[1]])
except SystemExit as end:
    assert not end.code
print([name for name in ("torch", "numpy", "numba", "scipy", "PIL", "trimesh") if name in sys.modules])
"""


def test_listing_imports_nothing_heavy(folder):
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout.rstrip().endswith("[]")
