"""Atomic writes of files, and locks on folders.

A file is written under a temporary name of this process and then renamed, so that a reader, or a run that is
killed, never sees half of it.  Errors of the operating system are raised as one line with the fix.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sds3d.errors import RunError, Sds3dError

LOCK = "run.lock"
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.partial(\.\w+)?")
HOLDER = re.compile(r"process (?P<process>\d{1,9}) on (?P<host>.+)")
NAMED_WITHIN = 2.0
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
FIXES = {
    errno.ENOSPC: "free some disk space",
    errno.EDQUOT: "free some of your disk quota",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    errno.EROFS: "choose a folder on a disk that can be written",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.ENAMETOOLONG: "choose a shorter name",
}


@contextmanager
def writing(path: Path, error: type[Sds3dError] = RunError) -> Iterator[None]:
    """Turns an OSError of the block into `error`: "cannot write 'path': reason", with a fix."""
    try:
        yield
    except OSError as reason:
        code = reason.errno or 0
        text = reason.strerror or (str(reason).strip().splitlines() or ["unknown reason"])[-1]
        fix = FIXES.get(code, "check the folder and its disk")
        raise error(f"cannot write '{path}': {text}", fix) from reason


@contextmanager
def replacing(
    path: Path, error: type[Sds3dError] = RunError, *, durable: bool = False
) -> Iterator[Path]:
    """Yields a temporary path beside `path`, with its suffix; what is written there replaces `path`.

    When the block raises, the temporary file is removed and `path` is unchanged.  durable: waits until the
    data are on the disk, for files that must survive a power cut.  Raises `error` when the disk refuses.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        with writing(path, error):
            yield temporary
            if durable:
                with temporary.open("rb") as stream:
                    os.fsync(stream.fileno())
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write(
    path: Path, data: bytes | str, error: type[Sds3dError] = RunError, *, durable: bool = False
) -> None:
    """Writes a file atomically; text as UTF-8.  Raises `error` when the disk refuses."""
    content = data.encode("utf-8") if isinstance(data, str) else data
    with replacing(path, error, durable=durable) as temporary:
        temporary.write_bytes(content)


class Log:
    """A text file that lines are appended to.  Every operation raises `error` when the disk refuses."""

    def __init__(self, path: Path, error: type[Sds3dError] = RunError) -> None:
        self._path = path
        self._error = error
        with writing(path, error):
            self._stream = path.open("a", encoding="utf-8")

    def __enter__(self) -> Log:
        return self

    def __exit__(self, kind: object, raised: object, trace: object) -> None:
        if kind is None:
            with writing(self._path, self._error):
                self._stream.close()
        else:  # the first error is the one to report
            with suppress(OSError):
                self._stream.close()

    def write(self, line: str) -> None:
        """Appends the line and its end."""
        with writing(self._path, self._error):
            self._stream.write(f"{line}\n")

    def flush(self) -> None:
        """Flushes the buffer to the operating system."""
        with writing(self._path, self._error):
            self._stream.flush()


def is_temporary(name: str) -> bool:
    """Whether the name is one that `replacing` uses: a leftover of a killed process."""
    return TEMPORARY.fullmatch(name) is not None


def remove_temporary(folder: Path) -> None:
    """Removes the leftovers of killed writers.  Call it only while the folder is locked."""
    for file in folder.iterdir():
        if is_temporary(file.name) and file.is_file():
            with suppress(OSError):
                file.unlink()


@contextmanager
def locked(folder: Path, name: str = LOCK) -> Iterator[None]:
    """Holds the folder's lock during the block.  Raises RunError, naming the holder, when it is taken.

    The folder is created if it is missing, and removed again if the block leaves it empty.  The operating
    system releases the lock of a process that dies, so no lock is ever stale.  Disks without locks (some
    cluster file systems) are used without one.
    """
    made = _make(folder)
    path = folder / name
    try:
        descriptor = _acquire(path, folder)
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink()
            os.close(descriptor)
    finally:
        for parent in made:
            with suppress(OSError):  # it is not empty
                parent.rmdir()


def is_locked(folder: Path, name: str = LOCK) -> bool:
    """Whether a process holds the folder's lock; False on disks without locks."""
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _make(folder: Path) -> list[Path]:
    """The folders that had to be created, innermost first."""
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return missing


def _acquire(path: Path, folder: Path) -> int:
    """The descriptor of the locked file, which names its holder.

    A process writes its name just after it has the lock, and `is_locked` holds it for a moment without a name:
    a lock whose holder is not named yet is tried again for up to NAMED_WITHIN seconds.
    """
    until = time.monotonic() + NAMED_WITHIN
    while True:
        with writing(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in NO_LOCKS:
                return descriptor
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
            os.close(descriptor)
            if not _is_alive(holder) and time.monotonic() < until:
                time.sleep(0.02)
                continue
            raise RunError(
                f"'{folder}' is in use by {holder or 'another process'}",
                "wait until it has ended, or give another folder with --out",
            ) from error
        if _is_current(descriptor, path):
            break
        os.close(descriptor)  # its holder has just removed the file: take the new one
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    return descriptor


def _is_alive(holder: str) -> bool:
    """Whether the named process may exist: False for nobody, and for one of this machine that has ended."""
    named = HOLDER.fullmatch(holder)
    if named is None or named["host"] != socket.gethostname():
        return bool(holder)
    try:
        os.kill(int(named["process"]), 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def _is_current(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one under that name."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(descriptor)
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal.  Raises OSError where it cannot be read."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def decode(data: bytes) -> str:
    """Text as editors and spreadsheets save it: UTF-8, UTF-16, else Windows' code page 1252.

    Byte order marks are dropped.  UTF-16 without one is recognised by the zero bytes near its start.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:200]:
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
