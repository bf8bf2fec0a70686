"""What this machine has, as `sds3d doctor` reports it."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

import imageio_ffmpeg
import torch

from sds3d.kernels import composite_numba as kernels
from sds3d.kernels.backends import FIX, installed, problem
from sds3d.runs.machine import versions

CGROUP_LIMITS = (  # of a container's memory, version 2 and 1
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
ACCELERATORS = ("gsplat", "nerfacc", "tinycudann")


def report() -> dict[str, str]:
    """What is available, by name; nothing is downloaded or compiled."""
    return {
        **versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "threads": f"{torch.get_num_threads()} of {_processors()} processors",
        "cuda": _cuda(),
        "kernels": "numba on the CPU",
        **{name: _accelerator(name) for name in ACCELERATORS},
        "numba cache": _numba_cache(),
        "ffmpeg": _ffmpeg(),
        "memory": _memory(),
        "disk": f"{shutil.disk_usage(Path.cwd()).free / 2**30:.1f} GiB free in this folder",
    }


def _processors() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cuda() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    if torch.version.cuda:
        return f"no device; this torch is built for CUDA {torch.version.cuda}"
    return "no device; this torch is built for the CPU"


def _accelerator(name: str) -> str:
    if not torch.cuda.is_available():
        return f"{'' if installed(name) else 'not '}installed; used on CUDA devices only"
    why = problem(name)
    return f"{why}: {FIX[name]}" if why else "installed, and it loads"


def _numba_cache() -> str:
    """Where compiled kernels are kept, as numba chose it for one of them."""
    path = kernels._march.stats.cache_path
    if path is None:
        return "none; kernels are compiled in every process"
    folder = Path(path)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    state = "writable" if os.access(existing, os.W_OK) else "not writable, set NUMBA_CACHE_DIR"
    return f"{folder} ({state})"


def _ffmpeg() -> str:
    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe()).name
    except RuntimeError:
        return "missing: pip install --force-reinstall imageio-ffmpeg"


def _memory() -> str:
    """The machine's memory, or what its container may use of it."""
    if not hasattr(os, "sysconf"):
        return "unknown on this platform"
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for file in CGROUP_LIMITS:
        limit = file.read_text(encoding="ascii").strip() if file.is_file() else ""
        if limit.isdigit():
            total = min(total, int(limit))
    return f"{total / 2**30:.1f} GiB"
