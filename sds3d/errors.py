"""Errors written for the person at the keyboard: what was wrong, and the fix. Each has its exit code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Sds3dError(Exception):
    """An error the user can act on.  `message` is one line; `fix` is what to do about it."""

    exit_code = 1

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class UsageError(Sds3dError):
    """A bad argument: an unknown name, a wrong type, a value out of range."""

    exit_code = 2


class RecipeError(Sds3dError):
    """A recipe that does not load, or does not fit the functions it names."""

    exit_code = 3


class PriorError(Sds3dError):
    """A prior that cannot be loaded, or that does not know the prompt."""

    exit_code = 4


class MeshError(PriorError):
    """A mesh file that cannot be read, or that holds no surface."""


class BackendError(Sds3dError):
    """A device or an accelerator that was asked for by name and is not there."""

    exit_code = 5


class RunError(Sds3dError):
    """A run folder or a checkpoint that cannot be read, written or continued."""

    exit_code = 6


class NonFiniteError(Sds3dError):
    """A gradient that is not finite; the last good checkpoint is kept."""

    exit_code = 7


class ExportError(Sds3dError):
    """A scene without a surface, or a file that cannot be written."""

    exit_code = 8


INTERRUPTED = 130  # the shell's code for Ctrl-C


def nearest(name: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?` for the closest known name, or the list of known names."""
    known = sorted(known)
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f", did you mean '{close[0]}'?" if close else f"; known: {', '.join(known)}"
