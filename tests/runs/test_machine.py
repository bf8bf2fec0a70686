"""Laws of what a run knows of its machine."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import ctypes, resource, sys
from sds3d.runs.machine import keep_freed_memory
if sys.argv[1:]:
    keep_freed_memory()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.malloc.argtypes = [ctypes.c_size_t]
library.free.argtypes = [ctypes.c_void_p]
library.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
faults = []
for _ in range(3):
    block = library.malloc(80_000_000)
    library.memset(block, 1, 80_000_000)
    library.free(block)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(faults[-1] - faults[-2])
"""


PEAK = """
import torch
from sds3d.runs import machine
machine.keep_freed_memory()
held = torch.ones(2**27)
later = torch.ones(100)  # so that what is freed is not the end of the heap
before = machine.peak_gib()
del held
machine.reset_peak()
print(before - machine.peak_gib())
"""


def test_the_peak_of_a_run_is_without_the_memory_that_an_earlier_one_has_freed():
    assert float(subprocess.check_output([sys.executable, "-c", PEAK], text=True)) > 0.4


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_memory_that_is_kept_is_not_mapped_again():
    def faults(*arguments):
        command = [sys.executable, "-c", FAULTS, *arguments]
        return int(subprocess.check_output(command, text=True))

    assert faults("keep") < 10
    assert faults() > 30  # pages of 2 MB at the most
