"""Laws of the command line: one line and a fix for every error, and a traceback only on request."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sds3d import cli
from sds3d.errors import (
    BROKEN_PIPE,
    INTERRUPTED,
    PriorError,
    RunError,
    Sds3dError,
    UnexpectedError,
    UsageError,
)


def call(capsys, *arguments):
    """(exit code, stdout, stderr) of one command line, in this process."""
    with pytest.raises(SystemExit) as end:
        cli.main(list(arguments))
    return (end.value.code or 0, *capsys.readouterr())


UNQUOTED = {
    ("a", "red", "armchair"): 'sds3d generate "a red armchair"',
    ("a", "red", "armchair", "--preset", "draft"): 'sds3d generate "a red armchair" --preset draft',
    ("--seed", "3", "a", "red", "chair"): 'sds3d generate "a red chair" --seed 3',
    ("a", "--method", "vsd", "chair"): 'sds3d generate "a chair" --method vsd',
    ("a", "$5", "chair"): "sds3d generate 'a $5 chair'",
    ("a chair", "camera.views=3"): "use --set camera.views=3",
}


@pytest.mark.parametrize("arguments", UNQUOTED, ids=" ".join)
def test_a_prompt_without_quotes_is_answered_with_the_quoted_command(capsys, arguments):
    code, out, err = call(capsys, "generate", *arguments)
    assert (code, out) == (UsageError.exit_code, "")
    assert err.splitlines()[1] == f"fix:   {UNQUOTED[arguments]}"
    assert len(err.splitlines()) == 2


PARSER = {
    ("generate", "x", "--preest", "draft"): "unknown option '--preest', did you mean '--preset'?",
    ("generate", "x", "--steps", "many"): "'--steps'",
    ("generate",): "missing argument",
    ("generat", "x"): "no such command 'generat'",
    ("recipes", "shw"): "no such command 'shw'",
    ("cite", "sds", "vsd"): "unexpected extra argument",
}


@pytest.mark.parametrize("arguments", PARSER, ids=" ".join)
def test_parser_errors_are_one_line_with_a_fix(capsys, arguments):
    code, out, err = call(capsys, *arguments)
    first, second = err.splitlines()
    assert (code, out) == (UsageError.exit_code, "")
    assert first.startswith("error: ")
    assert PARSER[arguments] in first
    assert second.startswith("fix:   see sds3d")


def test_no_arguments_print_the_help(capsys):
    code, out, err = call(capsys)
    assert (code, err) == (2, "")
    assert "Usage: sds3d" in out


def raising(error, monkeypatch):
    """`sds3d doctor` raises the error."""

    def report():
        raise error

    monkeypatch.setattr("sds3d.runs.doctor.report", report)


CAUSES = {
    "a value": (ValueError("bad\nlines"), UnexpectedError, "unexpected ValueError: bad lines ("),
    "nothing said": (KeyError(), UnexpectedError, "unexpected KeyError ("),
    "recursion": (RecursionError("deep"), UnexpectedError, "this is a bug in sds3d"),
    "a full disk": (OSError(errno.ENOSPC, "No space left", "a.glb"), RunError, "'a.glb': No space"),
    "a read-only disk": (OSError(errno.EROFS, "Read-only", "x"), RunError, "'x': Read-only"),
    "no access": (PermissionError(errno.EACCES, "Denied", "x"), RunError, "'x': Denied"),
    "memory": (MemoryError(), RunError, "out of memory"),
    "CUDA memory": (torch.OutOfMemoryError("2 GiB"), RunError, "out of memory"),
    "its own": (PriorError("no", "yes"), PriorError, "error: no"),
}


@pytest.mark.parametrize("case", CAUSES)
def test_any_exception_is_one_line_with_a_fix_and_its_exit_code(capsys, monkeypatch, case):
    error, kind, message = CAUSES[case]
    raising(error, monkeypatch)
    code, out, err = call(capsys, "doctor")
    first, second = err.splitlines()
    assert (code, out) == (kind.exit_code, "")
    assert message in first
    assert second.startswith("fix:   ")
    assert len(second) > 8


@pytest.mark.parametrize("case", CAUSES)
@pytest.mark.parametrize("before", [True, False])
def test_debug_raises_the_original_error_wherever_it_is_placed(monkeypatch, case, before):
    error = CAUSES[case][0]
    raising(error, monkeypatch)
    with pytest.raises(type(error)) as caught:
        cli.main(["--debug", "doctor"] if before else ["doctor", "--debug"])
    assert caught.value is error


def test_debug_after_two_dashes_is_part_of_the_prompt():
    arguments = ["generate", "--debug", "--", "--debug"]
    assert cli._take_debug(arguments)
    assert arguments == ["generate", "--", "--debug"]


def test_an_interrupt_anywhere_has_the_shells_code_and_no_traceback(capsys, monkeypatch):
    raising(KeyboardInterrupt(), monkeypatch)
    assert call(capsys, "doctor") == (INTERRUPTED, "", "\ninterrupted\n")


COMMAND = (sys.executable, "-m", "sds3d")


def test_a_closed_pipe_ends_the_program_quietly():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "recipes", "list"], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (BROKEN_PIPE, b"")


SLEEPER = """
import sds3d.cli, sds3d.runs.doctor, time

def report():
    print("up", flush=True)
    time.sleep(60)

sds3d.runs.doctor.report = report
sds3d.cli.main(["doctor"])
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_a_command_without_a_traceback():
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (INTERRUPTED, b"\ninterrupted\n")


def test_every_kind_of_error_has_its_own_exit_code_and_the_guide_lists_it():
    kinds = Sds3dError.__subclasses__()
    codes = {kind.exit_code for kind in kinds} | {INTERRUPTED, BROKEN_PIPE}
    assert len(codes) == len(kinds) + 2
    guide = Path(__file__).parents[2] / "docs" / "getting-started.md"
    rows = guide.read_text(encoding="utf-8").partition("## Exit codes")[2].splitlines()
    listed = {int(row.split("|")[1]) for row in rows if row.startswith("| ") and row[2].isdigit()}
    assert listed == codes | {0, 1}


def test_doctor_prints_the_same_values_as_lines_and_as_json(capsys):
    _, lines, _ = call(capsys, "doctor")
    _, text, _ = call(capsys, "doctor", "--json")
    values = json.loads(text)
    assert [line[:14].strip() for line in lines.splitlines()] == [name[:14] for name in values]
    assert {"python", "torch", "threads", "cuda", "numba cache", "memory", "disk"} <= set(values)


def test_doctor_matches_what_this_machine_reports(capsys, tmp_path, monkeypatch):
    from sds3d.kernels import composite_numba
    from sds3d.runs import doctor

    limit = tmp_path / "memory.max"
    limit.write_text(f"{2**30}\n", encoding="ascii")
    monkeypatch.setattr(doctor, "CGROUP_LIMITS", (tmp_path / "absent", limit))
    values = doctor.report()
    assert values["memory"] == "1.0 GiB"
    assert values["threads"].startswith(f"{torch.get_num_threads()} of ")
    folder = composite_numba._march.stats.cache_path
    assert values["numba cache"].startswith(str(folder))
    assert ("no device" in values["cuda"]) != torch.cuda.is_available()
    limit.write_text("max\n", encoding="ascii")
    assert float(doctor.report()["memory"].split()[0]) > 1


SAMPLE = {
    ("a", "red", "chair", "--seed", "3"): 'sds3d prior sample "a red chair" --seed 3',
    ("a chair", "up=z"): 'sds3d prior sample "a chair up=z"',  # it has no --set
}


@pytest.mark.parametrize("arguments", SAMPLE, ids=" ".join)
def test_the_prompt_of_prior_sample_without_quotes_is_answered_in_the_same_way(capsys, arguments):
    code, _, err = call(capsys, "prior", "sample", *arguments)
    assert code == UsageError.exit_code
    assert err.splitlines()[1] == f"fix:   {SAMPLE[arguments]}"
