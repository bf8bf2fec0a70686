"""A member of a family by its name in the family's table, or by an import path of the user's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from sds3d.errors import RecipeError, Sds3dError, UsageError, nearest

IMPORT_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")  # package.module:name


def find(
    table: Mapping[str, str], name: str, key: str, error: type[Sds3dError] = RecipeError
) -> Any:
    """The object at `table[name]`, "package.module:attribute"; or at `name` itself when it has that form.

    key: what the user set, for messages ("objective.name").  Raises `error` for a name that is neither, and
    for a module that does not exist; an ImportError inside an outside module is shown as it is.
    """
    module, _, attribute = import_path(table, name, key, error).partition(":")
    try:
        value = getattr(import_module(module), attribute, None)
    except ModuleNotFoundError as missing:
        if not f"{module}.".startswith(f"{missing.name}."):
            raise
        raise error(
            f"{key}: there is no module '{missing.name}'", "correct the name, or install it"
        ) from missing
    if value is None:
        raise error(f"{key}: '{module}' has no '{attribute}'", "correct the name")
    return value


def import_path(
    table: Mapping[str, str], name: str, key: str, error: type[Sds3dError] = RecipeError
) -> str:
    """The "package.module:attribute" of a name, without importing it; otherwise as `find`."""
    path = table.get(name, name)
    if not IMPORT_PATH.fullmatch(path):
        raise error(
            f"{key}: unknown '{name}'{nearest(name, table)}",
            'use one of these, or your own as "package.module:name"',
        )
    return path


def one_of(name: str, value: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """The value.  Raises UsageError, with the nearest known name, when it is not known."""
    if value not in known:
        message = f"unknown {name} '{value}'{nearest(value, known)}"
        raise UsageError(message, f"{name} is one of {', '.join(known)}")
    return value
