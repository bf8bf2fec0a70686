"""Which implementation of a kernel runs on which device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
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

COMPILED = {  # what a package's CUDA kernels are loaded as; None, or an error, where they cannot be
    "gsplat": ("gsplat.cuda._backend", "_C"),
    "nerfacc": ("nerfacc.cuda._backend", "_C"),
    "tinycudann": ("tinycudann", "Encoding"),
}


_preferred: list[str] = []  # not a ContextVar: on CUDA a backward pass runs in a thread of its own


@contextmanager
def prefer(name: str) -> Iterator[None]:
    """A context in which "auto" is `name` for the kernels that have it on their device, where it can be used.

    A backward pass that computes again what it needs belongs into the same context as its forward pass.
    """
    _preferred.append(name)
    try:
        yield
    finally:
        _preferred.pop()


@cache
def installed(name: str) -> bool:
    """Whether the package of a backend is installed; torch always is."""
    return name == "torch" or find_spec(name) is not None


@cache
def problem(name: str) -> str:
    """Why a backend cannot be used, in a few words; "" when it can.

    The wheels of gsplat and nerfacc hold sources that are compiled when they are first loaded, which needs
    CUDA's compiler: without one they are installed and of no use.
    """
    if not installed(name):
        return "not installed"
    if name not in COMPILED:
        return ""
    module, attribute = COMPILED[name]
    try:
        kernels = getattr(import_module(module), attribute, None)
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        return f"installed, but it does not load: {reason}"
    return "" if kernels is not None else "installed, but without compiled kernels"


def notes(device: torch.device) -> list[str]:
    """A sentence for each package that is installed for the device and cannot be used."""
    if device.type != "cuda":
        return []
    found = {name: problem(name) for name in COMPILED if installed(name)}
    return [f"{name} is {why}; slower kernels take its place" for name, why in found.items() if why]


def pick(backend: str, device: torch.device, *, cpu: Sequence[str], cuda: Sequence[str]) -> str:
    """The name of the implementation to use on `device`.

    cpu, cuda: the names of a kernel's implementations on each kind of device, best first; "auto" is the first
    that can be used, or the one that `prefer` names.  Raises UsageError for a name that the kernel does not
    have, BackendError for one that does not run on the device or cannot be used.
    """
    here = cuda if device.type == "cuda" else cpu
    if backend == "auto":
        first = [name for name in _preferred[-1:] if name in here]
        return next(name for name in (*first, *here) if not problem(name))
    if backend not in {*cpu, *cuda}:
        raise UsageError(
            f"unknown backend '{backend}'{nearest(backend, {*cpu, *cuda})}",
            f"use {' or '.join(here)}, or 'auto' for the first that can be used",
        )
    if backend not in here:
        raise BackendError(
            f"backend '{backend}' does not run on {device.type}",
            f"use {' or '.join(here)}, or 'auto' for the first that can be used",
        )
    if why := problem(backend):
        raise BackendError(f"backend '{backend}' is {why}", FIX[backend])
    return backend
