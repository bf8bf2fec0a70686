"""Laws of a run's terminal output."""

import io
import os
import pty
import signal
import subprocess
import sys

import pytest

from sds3d.cli.console import bar, clock, closing, counts, say_stopping
from sds3d.runs.job import Job
from sds3d.runs.result import Result


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.4, "0:59"), (61, "1:01"), (3599.6, "1:00:00"), (7325, "2:02:05")],
)
def test_times_are_minutes_and_seconds(seconds, text):
    assert clock(seconds) == text


def test_the_progress_bar_shows_only_what_is_known():
    assert counts(60, 120, 13, 12) == "60/120  0:13, 0:12 left"
    assert counts(0, 120, 0, None) == "0/120  0:00"
    assert counts(0, None, 5, None) == "0:05"


@pytest.mark.parametrize("width", [40, 60, 100])
def test_the_progress_line_fits_into_the_terminal(width):
    from rich.console import Console

    screen = io.StringIO()
    console = Console(file=screen, width=width, force_terminal=True, color_system=None)
    progress = bar(console, True)
    task = progress.add_task("optimising", total=None)
    console.print(progress.make_tasks_table(progress.tasks))
    progress.update(task, completed=1234, total=5678)
    console.print(progress.make_tasks_table(progress.tasks))
    first, second = screen.getvalue().splitlines()
    assert max(len(first), len(second)) <= width
    assert first.split()[0] == second.split()[0] == "optimising"
    assert "1234/5678" in second
    assert "?" not in first + second
    assert "-:--" not in first + second


@pytest.mark.parametrize(("name", "again"), [
    ("Ctrl-C", "press it again to quit at once"), ("SIGTERM", "a second signal quits at once")])  # fmt: skip
def test_the_first_signal_is_answered_at_once_and_explains_the_second(capfd, name, again):
    say_stopping(name)
    line = capfd.readouterr().err
    assert line == f"{name}: saving, then exporting the current state; {again}\n"


HANGUP = """
import os, signal, sys, time
from sds3d.cli.console import say_stopping
from sds3d.interrupt import graceful
with graceful(say_stopping) as interrupt:
    print("ready", flush=True)
    while not interrupt.asked:
        time.sleep(0.01)
    time.sleep(0.3)
    print("a line into the closed terminal", file=sys.stderr, flush=True)
    print("and another", flush=True)
open(sys.argv[1], "w").write("saved")
"""


def test_a_run_outlives_its_terminal(tmp_path):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", HANGUP, str(tmp_path / "out")],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    while b"ready" not in os.read(master, 1000):
        pass
    process.send_signal(signal.SIGHUP)
    os.close(master)
    assert process.wait(20) == 0
    assert (tmp_path / "out").read_text() == "saved"


def test_the_closing_panel_adds_up(tmp_path, capsys):
    seconds = {"load": 1.0, "render": 59.5, "mesh": 2.0}
    closing(
        Result(tmp_path, "finished", {"glb": tmp_path / "mesh.glb"}, seconds, 9, {}, 1.0),
        Job("a box", seed=4),
    )
    panel = capsys.readouterr().out
    assert "9 steps in 1:02" in panel
    assert "total         62.5 s" in panel
    assert "--seed 5" in panel


@pytest.mark.parametrize(
    ("name", "how"), [("glb", "Import > glTF 2.0, and choose"), ("blend", "Open, and choose")]
)
def test_the_closing_panel_says_how_the_file_that_was_written_opens_in_blender(
    name, how, tmp_path, capsys
):
    files = {"glb": tmp_path / "mesh.glb", name: tmp_path / f"mesh.{name}"}
    closing(Result(tmp_path, "finished", files, {}, 9, {}, 1.0), Job("a box"))
    said = [line for line in capsys.readouterr().out.splitlines() if "in Blender:" in line]
    assert len(said) == 1
    assert f"File > {how} mesh.{name}" in said[0]
