"""Laws of a batch, end to end on a tiny recipe."""

import csv
import json
import signal
from pathlib import Path

import pytest
import tiny_run

from sds3d.cli import main
from sds3d.errors import RunError
from sds3d.runs.batch import COLUMNS, SilentBatch, run
from sds3d.runs.job import Job

TINY = tiny_run.OVERRIDES
SMALL = {"preview_size": 24, "turntable_size": 32}
OVERRIDES = [part for override in TINY for part in ("--set", override)]


BOOM = "def penalty(render, cameras, prompt):\n    return 1 // 0\n"


def test_an_unexpected_error_in_one_job_saves_its_traceback_and_the_others_continue(
    tmp_path, monkeypatch
):
    (tmp_path / "boom.py").write_text(BOOM, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    jobs = [
        tiny_run.job(tmp_path / "one", overrides=(*TINY, "regularizers.boom:penalty=1.0")),
        Job("a flurb of zanthor", out=str(tmp_path / "two")),
    ]
    rows = run(jobs, tmp_path)
    assert [row["status"] for row in rows] == ["failed", "failed"]
    assert "ZeroDivisionError" in rows[0]["error"]
    assert "ZeroDivisionError" in (tmp_path / "one.error.txt").read_text(encoding="utf-8")
    assert "zanthor" in rows[1]["error"]


def call(*arguments):
    """The exit code of a command line."""
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code or 0


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """(folder, exit code) of a batch of one prompt that works between two that fail."""
    folder = tmp_path_factory.mktemp("batch")
    good = {"prompt": "a red armchair", "steps": 2, "overrides": TINY, **SMALL}
    rows = [{"prompt": "a flurb of zanthor"}, good, {"prompt": "a chair", "overrides": "a.b=1"}]
    path = folder / "p.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder, call("batch", path, "--out", folder / "out")


def results(folder):
    with (folder / "out" / "results.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_failure_does_not_end_a_batch_and_is_reported(batch):
    folder, code = batch
    rows = results(folder)
    assert code == 1
    assert tuple(rows[0]) == COLUMNS
    assert [row["status"] for row in rows] == ["failed", "finished", "failed"]
    assert "it knows no 'flurb'" in rows[0]["error"]
    assert "a: unknown key" in rows[2]["error"]
    assert (folder / "out" / "contact_sheet.png").is_file()


def test_finished_jobs_are_not_repeated(batch):
    folder, _ = batch
    mesh = Path(results(folder)[1]["folder"]) / "mesh.glb"
    before = mesh.stat().st_mtime_ns
    assert call("batch", folder / "p.jsonl", "--out", folder / "out") == 1
    assert [row["status"] for row in results(folder)] == ["failed", "already finished", "failed"]
    assert mesh.stat().st_mtime_ns == before


class CtrlC(SilentBatch):
    """Presses Ctrl-C after a step."""

    def __init__(self, after):
        self.after = after

    def step(self, step, total, values):
        if step == self.after:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_a_batch_and_the_same_command_resumes_it(tmp_path):
    jobs = [
        Job("a red armchair", seed=n, steps=3, overrides=TINY, **SMALL, out=str(tmp_path / str(n)))
        for n in range(2)
    ]
    assert [row["status"] for row in run(jobs, tmp_path, CtrlC(after=1))] == ["stopped"]
    assert [row["status"] for row in run(jobs, tmp_path)] == ["finished", "finished"]


def test_a_rerun_keeps_the_seconds_that_the_run_took(batch):
    folder, _ = batch
    first = results(folder)[1]
    call("batch", folder / "p.jsonl", "--out", folder / "out")
    assert results(folder)[1] == first | {"status": "already finished"}
    assert float(first["seconds"]) > 0


def test_json_of_a_batch_is_one_object_on_stdout(batch, capfd):
    folder, _ = batch
    assert call("batch", folder / "p.jsonl", "--out", folder / "out", "--json") == 1
    found = json.loads(capfd.readouterr().out)
    assert found["jobs"] == 3
    assert [row["status"] for row in found["rows"]] == ["failed", "already finished", "failed"]
    assert tuple(found["rows"][0]) == COLUMNS


def test_the_options_of_a_batch_are_those_of_its_jobs(tmp_path, monkeypatch):
    (tmp_path / "p.txt").write_text("a red box", encoding="utf-8")
    jobs = []
    monkeypatch.setattr("sds3d.runs.batch.run", lambda *given: jobs.extend(given[0]) or [
        {"status": "finished", "prompt": "a red box", "error": "", "retry": ""}])  # fmt: skip
    options = ["--steps", "7", "--format", "obj,ply", "--set", "camera.views=2"]
    assert call("batch", tmp_path / "p.txt", *options) == 0
    assert [(j.steps, j.formats, j.overrides) for j in jobs] == [
        (7, ("obj", "ply"), ("camera.views=2",))
    ]


STARTS = ["=", "+", "-", "@", " =", "\n=", "\t@", "\uff1d", "\u3000\uff0b"]


@pytest.mark.parametrize("start", STARTS, ids=ascii)
def test_no_cell_of_the_results_is_a_spreadsheet_formula(tmp_path, start):
    prompt = f'{start}HYPERLINK("http://a", "b") flurb'
    run([Job(prompt, out=str(tmp_path / "one"))], tmp_path / "out")
    (row,) = results(tmp_path)
    assert row["prompt"] == f"'{prompt}"
    assert row["status"] == "failed"


def test_a_failure_has_the_command_that_runs_it_alone_and_a_success_has_none(batch):
    failed, done, _ = results(batch[0])
    assert failed["retry"].startswith(
        f"sds3d generate 'a flurb of zanthor' --out {failed['folder']}"
    )
    assert done["retry"] == ""


def test_a_batch_ends_with_a_gallery_of_all_its_jobs(batch):
    text = (batch[0] / "out" / "gallery.html").read_text(encoding="utf-8")
    assert text.count("<article") == 3
    assert text.count("data:image/jpeg;base64,") == 1


def test_two_batches_do_not_share_a_folder(tmp_path):
    from sds3d.files import locked

    with locked(tmp_path, "batch.lock"), pytest.raises(RunError, match="is in use by process"):
        run([Job("a chair")], tmp_path)


def test_a_batch_on_a_full_disk_ends_in_one_line(tmp_path, full_disk):
    jobs = [Job("a flurb of zanthor " * 10, seed=n, out=str(tmp_path / "one")) for n in range(5)]
    with full_disk(), pytest.raises(RunError, match=r"cannot write .*results\.csv"):
        run(jobs, tmp_path / "out")


def test_a_batch_on_a_read_only_disk_ends_in_one_line(tmp_path, read_only):
    class Remounted(SilentBatch):
        def begin(self, number, total, job):
            if number == 2:
                read_only(tmp_path)

    jobs = [Job("a flurb of zanthor", seed=n, out=str(tmp_path / "one")) for n in range(3)]
    with pytest.raises(RunError, match=r"cannot write .*results\.csv.*Read-only") as caught:
        run(jobs, tmp_path / "out", Remounted())
    assert caught.value.fix == "choose a folder on a disk that can be written"
    with pytest.raises(RunError, match=r"cannot write .*Read-only"):
        run(jobs, tmp_path / "another")
