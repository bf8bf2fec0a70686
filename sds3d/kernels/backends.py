"""Which implementation of a kernel runs on which device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec

import torch

from sds3d.errors import BackendError, UsageError, nearest

FIX = {
    "numba": "pip install numba",
    "nerfacc": 'pip install "sds3d[cuda]"',
    "gsplat": 'pip install "sds3d[cuda]"',
    "tinycudann": "pip install"
    " git+https://github.com/NVlabs/tiny-cuda-nn/#subdirectory=bindings/torch",
}


@cache
def installed(name: str) -> bool:
    """Whether the package of a backend is installed; torch always is."""
    return name == "torch" or find_spec(name) is not None


def pick(backend: str, device: torch.device, *, cpu: Sequence[str], cuda: Sequence[str]) -> str:
    """The name of the implementation to use on `device`.

    cpu, cuda: the names of a kernel's implementations on each kind of device, best first; "auto" is the first
    that is installed.  Raises UsageError for a name that the kernel does not have, BackendError for one that
    does not run on the device or is not installed.
    """
    here = cuda if device.type == "cuda" else cpu
    if backend == "auto":
        return next(name for name in here if installed(name))
    if backend not in {*cpu, *cuda}:
        raise UsageError(
            f"unknown backend '{backend}'{nearest(backend, {*cpu, *cuda})}",
            f"use {' or '.join(here)}, or 'auto' for the first that is installed",
        )
    if backend not in here:
        raise BackendError(
            f"backend '{backend}' does not run on {device.type}",
            f"use {' or '.join(here)}, or 'auto' for the first that is installed",
        )
    if not installed(backend):
        raise BackendError(f"backend '{backend}' is not installed", FIX[backend])
    return backend
