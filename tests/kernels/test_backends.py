"""Laws of which implementation of a kernel is used."""

import sys

import pytest
import torch

from sds3d.errors import BackendError, UsageError
from sds3d.kernels import backends
from sds3d.kernels.backends import notes, pick, prefer, problem
from sds3d.runs import doctor

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
CHOICES = {"cpu": ("numba", "torch"), "cuda": ("gsplat", "torch")}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A function that installs a package `gsplat` whose CUDA module has the given source."""

    def install(source):
        folder = tmp_path / "gsplat" / "cuda"
        folder.mkdir(parents=True)
        for file in (folder.parent / "__init__.py", folder / "__init__.py"):
            file.write_text("", encoding="utf-8")
        (folder / "_backend.py").write_text(source, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))

    def forget():
        backends.installed.cache_clear()
        backends.problem.cache_clear()
        for name in [name for name in sys.modules if name.partition(".")[0] == "gsplat"]:
            del sys.modules[name]

    forget()
    yield install
    monkeypatch.undo()
    forget()


def test_auto_is_the_first_implementation_that_loads(package):
    package("_C = object()")
    assert pick("auto", CPU, **CHOICES) == "numba"
    assert pick("auto", CUDA, **CHOICES) == "gsplat"
    assert notes(CUDA) == []


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("_C = None", "without compiled kernels"),
        ("x = 1", "without compiled kernels"),
        ("raise ImportError('libcudart.so.12: cannot open\\nmore')", "load: libcudart.so.12: cannot open"),
        ("raise RuntimeError('no nvcc')", "does not load: no nvcc"),
        ("raise OSError()", "does not load: OSError"),
    ],
)  # fmt: skip
def test_a_package_whose_kernels_do_not_load_is_left_out_with_one_note_and_refused_by_name(
    package, source, why
):
    package(source)
    assert pick("auto", CUDA, **CHOICES) == "torch"
    (note,) = notes(CUDA)
    assert note.startswith("gsplat is installed, but ")
    assert why in note
    assert "\n" not in note
    assert notes(CPU) == []
    with pytest.raises(BackendError, match=why):
        pick("gsplat", CUDA, **CHOICES)


def test_a_package_that_is_missing_is_no_news(monkeypatch):
    monkeypatch.setattr(backends, "installed", lambda name: name == "torch")
    backends.problem.cache_clear()
    assert problem("gsplat") == "not installed"
    assert pick("auto", CUDA, **CHOICES) == "torch"
    assert notes(CUDA) == []
    backends.problem.cache_clear()


def test_an_unknown_backend_and_one_of_the_other_device_are_refused():
    with pytest.raises(UsageError, match="unknown backend 'nunba', did you mean 'numba'"):
        pick("nunba", CPU, **CHOICES)
    with pytest.raises(BackendError, match="'gsplat' does not run on cpu"):
        pick("gsplat", CPU, **CHOICES)


def test_a_preferred_implementation_is_taken_where_the_kernel_has_it_on_its_device():
    with prefer("torch"):
        assert pick("auto", CPU, **CHOICES) == "torch"
        assert pick("numba", CPU, **CHOICES) == "numba"
        with prefer("gsplat"):
            assert pick("auto", CPU, **CHOICES) == "numba"
        assert pick("auto", CPU, **CHOICES) == "torch"
    assert pick("auto", CPU, **CHOICES) == "numba"


def test_the_doctor_says_whether_an_accelerator_loads(package, monkeypatch):
    package("raise ImportError('no nvcc')")
    assert doctor.report()["gsplat"] == "installed; used on CUDA devices only"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a card")
    found = doctor.report()
    assert found["gsplat"].startswith("installed, but it does not load: no nvcc: pip install")
    assert found["nerfacc"].startswith("not installed: pip install")
    assert isinstance(found["cuda"], str)
