"""Where numba keeps the compiled kernels."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import numba
from numba.core import config


def _probe() -> None:
    """Never called: numba looks for a cache folder when it decorates a function."""


def choose() -> None:
    """Points numba at a temporary folder of this user where its own cache folders cannot be written.

    Numba tries NUMBA_CACHE_DIR, the package's folder and the user's cache folder, and raises RuntimeError at
    the first decorated function when all are read-only (a container's root without a home, for instance).
    """
    try:
        numba.njit(cache=True)(_probe)
    except RuntimeError:
        config.CACHE_DIR = str(_temporary())  # pyright: ignore[reportAttributeAccessIssue] numba sets its options when it is imported


def _temporary() -> Path:
    """A folder that only this user can write, because numba's cache files are pickles."""
    folder = Path(tempfile.gettempdir()) / f"sds3d-numba-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
    if private and status.st_uid == os.getuid():
        return folder
    return Path(tempfile.mkdtemp(prefix="sds3d-numba-"))
