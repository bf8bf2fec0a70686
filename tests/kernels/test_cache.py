"""Laws of the folder in which compiled kernels are kept."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sds3d
from sds3d.kernels import cache

IMPORT = """
import numba
import sds3d.kernels.splat_numba
print(numba.config.CACHE_DIR)
"""


def run(tmp_path, **environment):
    """(stdout, stderr) of a process whose package and home cannot be written: each __pycache__ is a file."""
    package = tmp_path / "site" / "sds3d"
    if not package.exists():
        shutil.copytree(
            Path(sds3d.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
        )
        for folder in (package, *(p for p in package.rglob("*") if p.is_dir())):
            (folder / "__pycache__").touch()
    (tmp_path / "home").touch()
    (tmp_path / "tmp").mkdir(exist_ok=True)
    home = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp"), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-P", "-B", "-c", IMPORT],
        capture_output=True,
        text=True,
        check=False,
        env=home | {"PYTHONPATH": str(tmp_path / "site")} | environment,
    )
    return done.stdout, done.stderr


def test_kernels_are_cached_in_a_private_temporary_folder_if_package_and_home_are_read_only(
    tmp_path,
):
    out, err = run(tmp_path)
    (folder,) = (tmp_path / "tmp").iterdir()
    assert (out.strip(), err) == (str(folder), "")
    assert folder.stat().st_mode & 0o077 == 0


def test_a_temporary_folder_that_others_can_write_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ours = cache._temporary()
    assert cache._temporary() == ours
    ours.chmod(0o777)
    assert cache._temporary() != ours
