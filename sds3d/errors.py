"""Errors for the person at the keyboard: what was wrong and how to fix it, each kind with its exit code."""

from __future__ import annotations

from collections.abc import Iterable, Set


class Sds3dError(Exception):
    """An error the user can act on.  `message` is one line; `fix` is what to do about it."""

    exit_code = 1

    def __init__(self, message: str, fix: str = "") -> None:
        self.message = _one_line(message)
        self.fix = _one_line(fix)
        super().__init__(self.message)


def _one_line(text: str) -> str:
    """The text with line breaks and other unprintable characters escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class UsageError(Sds3dError):
    """A bad argument: an unknown name, a wrong type, a value out of range."""

    exit_code = 2


class RecipeError(Sds3dError):
    """A recipe that does not load, or does not match the functions it names."""

    exit_code = 3


class PriorError(Sds3dError):
    """A prior that cannot be loaded, or that does not know the prompt."""

    exit_code = 4


class MeshError(PriorError):
    """A mesh file that cannot be read, or that has no surface."""


class BackendError(Sds3dError):
    """A device or accelerator that was requested by name and is not available."""

    exit_code = 5


class RunError(Sds3dError):
    """A run folder or a checkpoint that cannot be read, written or resumed."""

    exit_code = 6


class NonFiniteError(Sds3dError):
    """A gradient that is not finite; the last good checkpoint is kept."""

    exit_code = 7


class ExportError(Sds3dError):
    """A scene without a surface, or a file that cannot be written."""

    exit_code = 8


class UnexpectedError(Sds3dError):
    """An unexpected exception: a bug in sds3d."""

    exit_code = 70  # EX_SOFTWARE of sysexits.h


INTERRUPTED = 130  # the shell's code for Ctrl-C
BROKEN_PIPE = 141  # the shell's code for a program whose reader went away, as in `sds3d ... | head`
LONGEST_NAME = 100  # characters of a mistyped name that are compared
LISTED = 12  # families with up to this many names are listed in full


def nearest(name: str, known: Iterable[str]) -> str:
    """What to add to a message about an unknown name: the nearest known one, or the few there are.

    ", did you mean 'sds'?" for the `nearest_name`; without one, "; known: nerf, splats", or the three nearest
    of a large family.
    """
    names = _listed(known)
    found = nearest_name(name, names)
    if found:
        return f", did you mean '{found}'?"
    if len(names) <= LISTED:
        return f"; known: {', '.join(names)}"
    return f"; {', '.join(_ranked(name, names)[:3])} and {len(names) - 3} more are known"


def nearest_name(name: str, known: Iterable[str], most: float = 0.5) -> str:
    """The known name that a mistyped one was meant for, "" when none is near.

    The shortest that begins with `name`; otherwise the one at the least edit distance, up to the share `most`
    of the longer one's length, preferring anagrams and then the first; otherwise the longest that stands
    inside `name`.
    """
    names = _listed(known)
    wanted = name.strip().lower()
    typed = name.lstrip().lower()  # "snow " begins "snow globe" alone
    completions = [other for other in names if wanted and other.lower().startswith(typed)]
    if completions:
        return min(completions, key=len)
    ranked = _ranked(name, names)
    if ranked:
        first = ranked[0]
        if _distance(wanted[:LONGEST_NAME], first.lower()) <= most * max(len(wanted), len(first)):
            return first
    inside = [other for other in names if len(other) > 2 and other.lower() in wanted]
    return max(inside, key=len, default="")


def _listed(known: Iterable[str]) -> list[str]:
    """The names in a fixed order: their own, or the alphabet's where they are a set."""
    return sorted(known) if isinstance(known, Set) else list(known)


def _ranked(name: str, names: list[str]) -> list[str]:
    """The names by their edit distance from a mistyped one, anagrams of it before others."""
    wanted = name.strip().lower()

    def difference(other: str) -> tuple[int, bool]:
        return _distance(wanted[:LONGEST_NAME], other.lower()), sorted(other) != sorted(wanted)

    return sorted(names, key=difference)


def _distance(a: str, b: str) -> int:
    """The edit distance: insertions, deletions, substitutions and swaps of neighbours that turn a into b.

    Optimal string alignment, https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance.  Words joined by
    hyphens may be in any order, at a cost of one.
    """
    ordered = sorted(a.split("-"))
    if a != b and "-" in a and ordered == sorted(b.split("-")):
        return 1
    before, last = [], list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
