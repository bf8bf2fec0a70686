"""Laws of a batch in several processes: the files of one process, and no end of a worker goes unnoticed."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny_run
import torch

from sds3d.runs.batch import SilentBatch, run
from sds3d.runs.folder import read_record
from sds3d.runs.generate import generate
from sds3d.runs.job import Job
from sds3d.runs.workers import Link

SAME = ("checkpoint.safetensors", "mesh.glb", "preview.png", "metrics.jsonl")
SLEEPY = (
    "import os, signal, time\n"
    "def wait(render, cameras, prompt):\n    time.sleep(0.05)\n    return 0.0 * render.rgb.sum()\n"
    "def die(render, cameras, prompt):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
)


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def sleepy(tmp_path, monkeypatch):
    (tmp_path / "sleepy.py").write_text(SLEEPY, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


class Noted(SilentBatch):
    """Writes down what it is told."""

    def __init__(self):
        self.begun, self.ended, self.last = [], [], {}

    def begin(self, number, total, job):
        self.begun.append(number)

    def watch(self, number):
        self.number = number
        return self

    def step(self, step, total, values):
        self.last[self.number] = (step, total)

    def end(self, number, row):
        self.ended.append(number)


def contents(folder):
    """The bytes of a run's files, without the times in the checkpoint's header."""
    files = {name: (folder / name).read_bytes() for name in SAME[1:]}
    data = (folder / SAME[0]).read_bytes()
    return files | {"tensors": data[8 + int.from_bytes(data[:8], "little") :]}


def test_two_processes_write_what_one_writes_and_isolate_failures(tmp_path, one_thread, sleepy):
    death = (*tiny_run.OVERRIDES, "regularizers.sleepy:die=1.0")
    jobs = [
        tiny_run.job(tmp_path / "two" / "0"),
        tiny_run.job(tmp_path / "two" / "1", overrides=death),
        Job("a flurb of zanthor", out=str(tmp_path / "two" / "2")),
        tiny_run.job(tmp_path / "two" / "3", scene="splats", overrides=tiny_run.OVERRIDES[:5]),
    ]
    noted = Noted()
    rows = run(jobs, tmp_path / "two", noted, processes=2)
    assert [row["status"] for row in rows] == ["finished", "failed", "failed", "finished"]
    assert noted.begun == [1, 2, 3, 4]
    assert sorted(noted.ended) == noted.begun
    assert {noted.last[number] for number in (1, 4)} == {(3, 3)}
    assert "ended by SIGKILL" in rows[1]["error"]
    assert "it knows no 'flurb'" in rows[2]["error"]
    assert rows[1]["retry"].startswith("sds3d generate 'a red armchair' --steps 3 --out ")
    assert (tmp_path / "two" / "gallery.html").is_file()
    for number in (0, 3):
        alone = tmp_path / "alone" / str(number)
        generate(Job(**{**vars(jobs[number]), "out": str(alone)}))
        assert contents(alone) == contents(tmp_path / "two" / str(number))
    again = run(jobs[3:], tmp_path / "two")
    assert [(row["status"], row["seconds"]) for row in again] == [
        ("already finished", rows[3]["seconds"])
    ]


def sleepy_jobs(folder, count, steps=400):
    overrides = (*tiny_run.OVERRIDES[:4], *tiny_run.OVERRIDES[5:], "regularizers.sleepy:wait=1.0")
    overrides = (*overrides, "run.checkpoint_every=1000")
    return [
        tiny_run.job(folder / str(n), seed=n, steps=steps, overrides=overrides)
        for n in range(count)
    ]


COMMAND = """
import sys
sys.path[:0] = sys.argv[1].split(":")
from pathlib import Path
from test_workers import sleepy_jobs
from sds3d.cli.console import JobTable
from sds3d.runs.batch import run
if __name__ == "__main__":
    with JobTable() as table:
        print([row["status"] for row in run(sleepy_jobs(Path(sys.argv[2]), 3), Path(sys.argv[2]), table, 2)])
"""


def wait_for(found, seconds=120):
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def started(tmp_path, sleepy):
    """A batch of three jobs in a process group of its own, two of which make steps."""
    (tmp_path / "main.py").write_text(COMMAND, encoding="utf-8")
    path = f"{tmp_path}:{Path(__file__).parent}"
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "main.py"), path, str(tmp_path / "out")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    runs = [tmp_path / "out" / str(n) for n in range(2)]
    wait_for(lambda: all((run / "metrics.jsonl").is_file() for run in runs))
    with process:
        yield process, runs
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def test_ctrl_c_in_a_terminal_reaches_all_processes_and_all_jobs_are_saved_once(started):
    process, runs = started
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert out.strip() == "['stopped', 'stopped']"
    assert err.count("Ctrl-C: saving, then exporting") == 1
    assert "Traceback" not in err
    for folder in runs:
        record = read_record(folder)
        assert record.status == "stopped"
        assert 0 < record.result.steps < 400
        assert (folder / "mesh.glb").is_file()
    assert not runs[0].with_name("2").exists()


def test_jobs_are_saved_when_the_batch_itself_is_killed(started):
    process, runs = started
    time.sleep(0.5)
    process.kill()
    process.wait()
    wait_for(lambda: all(read_record(run).status == "stopped" for run in runs))


class Pipe:
    """The worker's end of a pipe through which those messages come."""

    def __init__(self, *messages):
        self.messages, self.sent = list(messages), []

    def poll(self):
        return bool(self.messages)

    def recv(self):
        message = self.messages.pop(0)
        if message is EOFError:
            raise EOFError
        return message

    def send(self, message):
        self.sent.append(message)


@pytest.mark.parametrize("message", ["stop", EOFError], ids=str)
def test_a_wish_to_stop_is_one_signal_whatever_the_number_of_steps(message):
    signals = []
    before = signal.signal(signal.SIGTERM, lambda *_: (signals.append(1), link.stopping("SIGTERM")))
    try:
        link = Link(Pipe())
        link.step(1, 9, {})
        assert not signals
        link._connection.messages.append(message)
        for step in range(2, 6):
            link.step(step, 9, {})
    finally:
        signal.signal(signal.SIGTERM, before)
    assert signals == [1]


def test_steps_are_reported_now_and_then_and_at_the_end():
    link = Link(Pipe())
    for step in range(1, 1001):
        link.step(step, 1000, {})
    assert link._connection.sent[-1] == ("step", 1000, 1000, {})
    assert len(link._connection.sent) < 100


def test_the_table_shows_each_job_that_runs_and_how_the_others_ended(capsys):
    from rich.console import Console

    from sds3d.cli.console import JobTable

    table = JobTable()
    with table:
        for number, prompt in enumerate(["a chair", "a [bold]car", "a bus"], 1):
            table.begin(number, 3, Job(prompt))
        table.watch(1).stage("fit")
        table.watch(1).step(10, 40, {})
        table.end(2, {"status": "failed", "error": "it broke", "seconds": 1.5})
    console = Console(width=60, file=io.StringIO(), record=True)
    console.print(table.table())
    lines = console.export_text().splitlines()
    assert lines[0].startswith("1 of 3 done, 1 failed, 0:0")
    assert lines[1].startswith("[1] a chair (sds, nerf, seed 0)")
    assert "10/40" in lines[1]
    assert "starting" in lines[2]
    assert max(map(len, lines)) <= 60
    assert (
        "[2/3] a [bold]car (sds, nerf, seed 0): failed: it broke, 1.5 s" in capsys.readouterr().err
    )


def test_the_command_line_runs_jobs_in_processes_and_lists_failures(tmp_path, capfd):
    good = {"prompt": "a red armchair", "steps": 2, "overrides": list(tiny_run.OVERRIDES)}
    rows = [good | tiny_run.PICTURES, {"prompt": "a flurb of zanthor"}]
    (tmp_path / "p.json").write_text(json.dumps(rows), encoding="utf-8")
    out = tmp_path / "out"
    assert tiny_run.call("batch", tmp_path / "p.json", "--out", out, "--jobs", 2) == 1
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].startswith("failed: a flurb of zanthor: ")
    assert lines[1].startswith("  sds3d generate 'a flurb of zanthor' --out ")
    assert lines[2] == "The same batch again runs what has failed, and nothing that has finished."
    assert lines[3] == f"1 of 2 done; {out / 'results.csv'}, {out / 'gallery.html'}"
    assert tiny_run.call("batch", tmp_path / "p.json", "--out", out, "--jobs", 0) == 2
