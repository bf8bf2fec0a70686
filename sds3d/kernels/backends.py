"""Which implementation of a kernel runs where."""

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
    """Whether the package of a backend can be imported; `torch` always can."""
    return name == "torch" or find_spec(name) is not None


def pick(backend: str, device: torch.device, *, cpu: Sequence[str], cuda: Sequence[str]) -> str:
    """The name of the implementation to use.

    `cpu` and `cuda` list what a kernel has on each device, best first; "auto" takes the first installed one.
    Raises UsageError for a name the kernel does not have, BackendError for one that cannot run here.
    """
    here = cuda if device.type == "cuda" else cpu
    if backend == "auto":
        return next(name for name in here if installed(name))
    if backend not in {*cpu, *cuda}:
        raise UsageError(f"unknown backend '{backend}'{nearest(backend, {*cpu, *cuda})}")
    if backend not in here:
        raise BackendError(
            f"backend '{backend}' does not run on {device.type}",
            f"use {' or '.join(here)}, or leave the choice to 'auto'",
        )
    if not installed(backend):
        raise BackendError(f"backend '{backend}' is not installed", FIX[backend])
    return backend
