"""Laws of atomic writes and of folder locks."""

import fcntl
import os
import socket
import subprocess
import sys
import threading

import pytest

from sds3d import files
from sds3d.errors import ExportError, RunError

HOLD = """
import sys, time
from pathlib import Path
from sds3d.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_atomically(tmp_path):
    files.write(tmp_path / "a.txt", "old")
    files.write(tmp_path / "a.txt", "né", durable=True)
    assert (tmp_path / "a.txt").read_bytes() == "né".encode()
    assert names(tmp_path) == ["a.txt"]


def test_a_block_that_raises_leaves_the_old_file_and_no_other(tmp_path):
    files.write(tmp_path / "a.txt", "old")
    with pytest.raises(KeyError), files.replacing(tmp_path / "a.txt") as temporary:
        raise KeyError(temporary.write_text("half"))
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_temporary_file_keeps_the_suffix_and_is_recognised_by_its_name(tmp_path):
    with files.replacing(tmp_path / "film.mp4") as temporary:
        assert temporary.suffix == ".mp4"
        assert files.is_temporary(temporary.name)
        temporary.touch()
    assert not any(map(files.is_temporary, ("film.mp4", ".hidden.partial", "a.partial")))


def test_only_the_leftovers_of_killed_writers_are_removed(tmp_path):
    for name in (".mesh.glb.0123abcd.partial.glb", ".mine.partial", "mesh.glb"):
        (tmp_path / name).touch()
    files.remove_temporary(tmp_path)
    assert names(tmp_path) == [".mine.partial", "mesh.glb"]


def test_concurrent_writers_leave_a_complete_file(tmp_path):
    texts = [str(n) * 200_000 for n in range(4)]
    threads = [
        threading.Thread(target=files.write, args=(tmp_path / "a", text)) for text in texts * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "a").read_text() in texts
    assert names(tmp_path) == ["a"]


def test_a_disk_error_is_one_line_of_the_callers_error_type_with_the_fix(tmp_path, full_disk):
    files.write(tmp_path / "a", "old")
    with full_disk(), pytest.raises(ExportError, match="cannot write") as caught:
        files.write(tmp_path / "a", b"x" * 2000, ExportError)
    assert "\n" not in caught.value.message
    assert caught.value.fix
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(RunError, match="nowhere"):
        files.write(tmp_path / "nowhere" / "a", "x")


def test_a_second_process_is_refused_with_the_id_of_the_first(tmp_path):
    folder = tmp_path / "a" / "b"
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline()
        with (
            pytest.raises(RunError, match=f"process {other.pid} on ") as caught,
            files.locked(folder),
        ):
            pass
        assert "--out" in caught.value.fix
        other.kill()
    with files.locked(folder):  # a killed owner leaves no lock
        assert names(folder) == [files.LOCK]


@pytest.mark.parametrize("stale", ["", "process 999999999 on {host}"])
def test_a_holder_that_has_not_written_its_name_yet_is_still_named(tmp_path, stale):
    path = tmp_path / files.LOCK
    path.write_text(stale.format(host=socket.gethostname()))
    with path.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        name = threading.Timer(0.3, path.write_text, [f"process 7 on {socket.gethostname()}-2\n"])
        name.start()
        with pytest.raises(RunError, match="in use by process 7 on "), files.locked(tmp_path):
            pass
        name.join()


def test_a_holder_that_never_writes_its_name_is_another_process(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "NAMED_WITHIN", 0.1)
    with (tmp_path / files.LOCK).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="in use by another process"), files.locked(tmp_path):
            pass


def test_looking_at_a_lock_does_not_refuse_it_to_others(tmp_path):
    path = tmp_path / files.LOCK
    path.touch()
    with path.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        end = threading.Timer(0.2, fcntl.flock, [looking, fcntl.LOCK_UN])
        end.start()
        with files.locked(tmp_path):
            assert path.read_text().startswith(f"process {os.getpid()} on ")
        end.join()


def test_a_second_thread_is_refused_like_a_second_process(tmp_path):
    with (
        files.locked(tmp_path),
        pytest.raises(RunError, match=str(os.getpid())),
        files.locked(tmp_path),
    ):
        pass


def test_a_lock_creates_the_folder_and_removes_it_if_it_stays_empty(tmp_path):
    with pytest.raises(KeyError), files.locked(tmp_path / "a" / "b"):
        raise KeyError
    assert names(tmp_path) == []
    with files.locked(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "kept").touch()
    assert names(tmp_path / "a" / "b") == ["kept"]


def test_only_one_of_many_threads_holds_the_lock_at_a_time(tmp_path):
    held, worst = [], []

    def work():
        for _ in range(30):
            try:
                with files.locked(tmp_path):
                    held.append(1)
                    worst.append(len(held))
                    held.pop()
            except RunError:
                continue

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(worst) == 1
