"""Laws of the small test of a device's kernels."""

import math

import pytest
import torch

from sds3d.cli import main
from sds3d.runs.smoke import CUDA, TOYS, difference, lines, smoke

CPU = torch.device("cpu")


def usable(name):
    return ""


def test_the_torch_kernels_on_the_cpu_pass_and_are_timed():
    found = smoke(CPU, {kernel: ("torch",) for kernel in TOYS})
    assert [check.kernel for check in found] == list(TOYS)
    for check in found:
        assert check.passed, check
        assert check.error < 1e-3
        assert check.milliseconds > 0
        assert check.text.startswith("pass, ")


def test_every_kernel_has_a_backend_of_cuda_and_a_toy():
    assert CUDA.keys() == TOYS.keys()
    assert {name for names in CUDA.values() for name in names} == {
        *("gsplat", "nerfacc", "tinycudann", "torch")
    }


def toy(device, backend, size):
    """The CPU's kernel gives 1 to 4; others fail in their own ways."""
    if backend == "broken":
        raise RuntimeError("no kernel image\nfor this device")
    if backend == "nan":
        return [torch.tensor([1.0, 2.0, 3.0, math.nan])]
    if backend == "wrong":
        return [torch.tensor([1.0, 2.0, 3.0, 4.1])]
    if backend == "near":
        return [torch.tensor([1.0, 2.0, 3.0, 4.01])]
    return [torch.tensor([1.0, 2.0, 3.0, 4.0])]


@pytest.mark.parametrize(
    ("backend", "passed", "text"),
    [
        ("exact", True, "pass, "),
        ("near", True, "pass, "),
        ("wrong", False, "FAIL, "),
        ("nan", False, "FAIL, "),
        ("broken", False, "FAIL: no kernel image"),
    ],
)
def test_a_kernel_fails_that_is_wrong_not_finite_or_does_not_run(backend, passed, text):
    (check,) = smoke(CPU, {"k": (backend,)}, {"k": toy}, why_not=usable)
    assert check.passed == passed
    assert check.text.startswith(text)
    assert "\n" not in check.text


def test_a_package_that_cannot_be_used_is_left_out_and_says_why():
    reasons = {"broken": "not installed", "exact": ""}
    check, other = smoke(CPU, {"k": ("broken", "exact")}, {"k": toy}, why_not=reasons.__getitem__)
    assert not check.passed
    assert not check.installed
    assert check.text == "left out: not installed"
    assert other.passed


def test_the_error_is_relative_to_the_largest_value():
    assert difference(torch.tensor([0.0, 10.0]), torch.tensor([1.0, 10.0])) == pytest.approx(0.1)
    assert difference(torch.zeros(2), torch.zeros(3)) == math.inf


def test_without_a_device_the_doctor_says_so_in_one_line(capsys):
    assert lines(None) == {"gpu test": "not run: there is no CUDA device"}
    if not torch.cuda.is_available():
        with pytest.raises(SystemExit):
            main(["doctor"])
        assert "gpu test       not run: there is no CUDA device\n" in capsys.readouterr().out


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_every_kernel_of_this_gpu_passes_or_is_left_out():
    for check in smoke(torch.device("cuda")):
        assert check.passed or not check.installed, check
