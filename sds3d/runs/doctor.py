"""What this machine has."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numba
import torch

import sds3d
from sds3d.kernels.backends import FIX, installed
from sds3d.runs.folder import versions


def report() -> Iterator[tuple[str, str]]:
    """(what, how it stands) lines; nothing is downloaded or compiled."""
    for name, version in versions().items():
        yield name, version
    yield "platform", f"{platform.system()} {platform.machine()}"
    yield "threads", f"{torch.get_num_threads()} of {os.cpu_count()} processors"
    yield "cuda", _cuda()
    yield "kernels", "numba on the CPU"
    for name in ("gsplat", "nerfacc", "tinycudann"):
        yield name, _accelerator(name)
    yield "numba cache", _cache()
    yield "ffmpeg", Path(imageio_ffmpeg.get_ffmpeg_exe()).name
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    yield "memory", f"{pages / 2**30:.1f} GiB"
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    yield "disk", f"{free:.1f} GiB free here"


def _cuda() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built for the CPU"
    return f"none; this torch is {built}"


def _accelerator(name: str) -> str:
    if not torch.cuda.is_available():
        return "not needed: there is no CUDA device"
    return "installed" if installed(name) else f"not installed: {FIX.get(name, 'optional')}"


def _cache() -> str:
    folder = Path(numba.config.CACHE_DIR or Path(sds3d.__file__).parent)
    if os.access(folder, os.W_OK):
        return f"writable ({folder})"
    return "in the user's cache folder; each kernel compiles once there"
