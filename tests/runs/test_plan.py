"""Laws of a dry run: it says what the batch would do, and neither loads a prior nor writes anything."""

import json
from dataclasses import replace

import pytest
import tiny_run

from sds3d.files import locked
from sds3d.runs.folder import Record
from sds3d.runs.generate import generate
from sds3d.runs.job import Job, named_by, resolve
from sds3d.runs.plan import estimate, plan
from sds3d.runs.result import Result


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A folder with a finished run of three steps."""
    folder = tmp_path_factory.mktemp("out")
    generate(tiny_run.job(folder / "one"))
    return folder


def test_what_is_finished_goes_on_or_is_new_is_told_apart(out, monkeypatch):
    monkeypatch.setattr("sds3d.recipe.build.prior", None)  # no prior is made
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    jobs = [
        tiny_run.job(out / "one"),
        tiny_run.job(out / "one", steps=5),
        tiny_run.job(out / "two"),
    ]
    done, longer, new = plan(jobs, out)
    assert (done.state, done.done, done.steps) == ("finished", 3, 3)
    assert (longer.state, longer.done, longer.steps) == ("goes on", 3, 5)
    assert (new.state, new.done, new.steps) == ("new", 0, 3)
    assert done.seconds > 0
    assert new.seconds == pytest.approx(done.seconds)  # the same steps once more
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*")}


def test_what_cannot_run_is_said_with_its_reason(out):
    jobs = [
        tiny_run.job(out / "one", steps=2),
        tiny_run.job(out / "one", seed=1),
        tiny_run.job(out / "three", overrides=("a.b=1",)),
        tiny_run.job(out / "four", prior="exact:nowhere"),
    ]
    plans = plan(jobs, out)
    assert {one.state for one in plans} == {"cannot run"}
    reasons = [
        "has done 3 steps, and 2 are requested",
        "holds a run with seed 0",
        "unknown key",
        "nowhere",
    ]
    assert all(reason in one.why for reason, one in zip(reasons, plans, strict=True))
    with locked(out / "one"):
        assert plan([tiny_run.job(out / "one")], out)[0].state == "in use"


def record(seconds, done, **values):
    job = Job("a chair", **values)
    result = Result(None, "finished", {}, seconds, done, {}, 1.0)
    return Record("finished", named_by(resolve(job), job), (), {}, {}, {}, result)


def test_an_estimate_is_the_median_of_once_and_of_each_step():
    known = [
        record({"load": 1, "render": 10, "prior": 10, "mesh": 2, "pictures": 1}, 10),
        record({"load": 3, "render": 40, "mesh": 2, "pictures": 1}, 10, seed=1, steps=10),
        record({"load": 9, "render": 90, "mesh": 2, "pictures": 1}, 10, seed=2),
        record({"render": 1000}, 10, method="vsd"),
    ]
    job = known[0].job
    assert estimate(replace(job, seed=9, prompt="a car"), 20, known) == pytest.approx(6 + 20 * 4)
    assert estimate(replace(job, preset="draft"), 20, known) is None
    assert estimate(job, 20, []) is None


def call(capsys, *arguments):
    code = tiny_run.call("batch", *arguments, "--dry-run")
    return code, capsys.readouterr().out


def test_a_dry_run_of_a_batch_prints_a_line_for_each_job(out, tmp_path, capsys):
    row = {"prompt": tiny_run.PROMPT, "steps": 3, "overrides": list(tiny_run.OVERRIDES)}
    rows = [row | {"out": "one"} | tiny_run.PICTURES, row | {"out": "two"} | tiny_run.PICTURES]
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"all": rows}), encoding="utf-8")
    code, text = call(capsys, path, "--out", out)
    lines = text.splitlines()
    assert code == 0
    assert lines[0].startswith("[1/2] a red armchair (sds, nerf, seed 0): finished, in 0:")
    assert lines[1].startswith("[2/2] a red armchair (sds, nerf, seed 0): 3 steps, about 0:")
    assert lines[2].startswith("1 to run, 1 finished; about 0:")
    found = json.loads(call(capsys, path, "--out", out, "--json")[1])
    assert [one["state"] for one in found["rows"]] == ["finished", "new"]
    code, text = call(capsys, path, "--out", tmp_path / "new", "--set", "a.b=1")
    assert code == 0  # each row has overrides of its own
    assert "no estimate before a run of the kind has finished" in text
    assert not (tmp_path / "new").exists()
    path.write_text('["a chair"]', encoding="utf-8")
    code, text = call(capsys, path, "--out", tmp_path / "new", "--set", "a.b=1")
    assert code == 1
    assert "cannot run: " in text
    assert "0 to run, 0 finished, 1 cannot run" in text


def test_a_folder_without_a_record_is_no_measure(tmp_path):
    (tmp_path / "run.json").write_text("{", encoding="utf-8")
    assert plan([tiny_run.job(tmp_path / "one")], tmp_path)[0].seconds is None
