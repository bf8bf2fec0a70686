import builtins
import errno
import io
import os
import resource
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@contextmanager
def _full_disk():
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


@pytest.fixture
def full_disk():
    """A context in which no file may grow beyond 1,000 bytes: a full disk that a test can have."""
    return _full_disk


@pytest.fixture
def read_only(monkeypatch):
    """Makes a folder one of a read-only disk, also for a superuser, whom permissions do not stop."""
    disks: list[Path] = []

    def refusing(function, writes):
        def call(path, *arguments, **options):
            inside = isinstance(path, str | os.PathLike) and any(
                Path(os.path.abspath(path)).is_relative_to(disk) for disk in disks
            )
            if inside and writes(*arguments, **options):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
            return function(path, *arguments, **options)

        return call

    def opens(mode="r", *_, **__):
        return not set("wax+").isdisjoint(mode)

    def flags(flags, *_, **__):
        return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))

    def always(*_, **__):
        return True

    monkeypatch.setattr(builtins, "open", refusing(builtins.open, opens))
    monkeypatch.setattr(io, "open", refusing(io.open, opens))
    monkeypatch.setattr(os, "open", refusing(os.open, flags))
    for name in ("mkdir", "unlink", "rename", "replace", "rmdir"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name), always))
    return disks.append
