"""The machine a run is made on: its device, its packages, and the memory that it took."""

from __future__ import annotations

import ctypes
import platform
import re
import resource
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from sds3d.errors import BackendError

PACKAGES = (
    "sds3d",
    "torch",
    "numpy",
    "numba",
    "gsplat",
    "nerfacc",
    "diffusers",
    "transformers",
    "peft",
)

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def device(name: str) -> torch.device:
    """The device of that name; `auto` is CUDA where there is one.

    Raises BackendError for `cuda` without a CUDA device.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise BackendError(
            "--device cuda, but torch finds no CUDA device",
            "use --device cpu; 'sds3d doctor' says what torch sees",
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def device_name(device: torch.device) -> str:
    """The GPU's name, or the processor's architecture and thread count."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu ({platform.machine()}, {torch.get_num_threads()} threads)"


def versions() -> dict[str, str]:
    """Python's version and those of the packages that are installed."""
    known = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            continue
    return known


def keep_freed_memory() -> None:
    """From now on the C library keeps what this process frees, up to 2 GiB, instead of giving it back.

    The arrays of a step are tens of megabytes.  glibc maps each of them anew, and the operating system fills
    every page with zeros: a sixth of a step's time on the CPU.  For processes of our own only: the setting
    cannot be taken back, and a host may think otherwise.  `reset_peak` gives back what is kept.  Nothing
    happens where the C library is another one.
    """
    if _has_glibc():
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def _has_glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"


def reset_peak() -> None:
    """Resets the counters behind `gpu_peak_gib` and, on Linux, `peak_gib`, elsewhere of the whole process.

    Memory that the C library keeps for later goes back first: it is no part of what comes.
    """
    if _has_glibc():
        ctypes.CDLL(None).malloc_trim(0)
    if torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def gpu_peak_gib(device: torch.device) -> float:
    """The largest memory of a GPU that torch has held since `reset_peak`, GiB; 0 on the CPU."""
    return torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else 0.0


def peak_gib() -> float:
    """The largest memory that this process has held since `reset_peak`, GiB."""
    status = Path("/proc/self/status")
    if status.is_file():
        text = status.read_text(encoding="ascii", errors="replace")
        match = re.search(r"VmHWM:\s*(\d+) kB", text)
        if match:
            return int(match[1]) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)
