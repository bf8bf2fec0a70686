"""A member of a family by its name in the family's table, or by an import path of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from sds3d.errors import RecipeError, Sds3dError, UsageError, nearest


def find(
    table: Mapping[str, str], name: str, key: str, error: type[Sds3dError] = RecipeError
) -> Any:
    """The object at `table[name]`, "package.module:attribute"; or at `name` itself when it has that form.

    key: what the user set, for messages ("objective.name").  Raises `error` for a name that is neither;
    an ImportError inside an
    outside module is shown as it is.
    """
    module, colon, attribute = table.get(name, name).partition(":")
    if not colon:
        raise error(
            f"{key}: unknown '{name}'{nearest(name, table)}",
            'take one of these, or your own as "package.module:name"',
        )
    try:
        found = getattr(import_module(module), attribute, None)
    except ModuleNotFoundError as missing:
        if not f"{module}.".startswith(f"{missing.name}."):
            raise
        raise error(
            f"{key}: there is no module '{missing.name}'", "correct the name, or install it"
        ) from missing
    if found is None:
        raise error(f"{key}: '{module}' has no '{attribute}'", "correct the name")
    return found


def one_of(name: str, value: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """The value.  Raises UsageError, with the nearest known name, when it is not known."""
    if value not in known:
        message = f"unknown {name} '{value}'{nearest(value, known)}"
        raise UsageError(message, f"{name} is one of {', '.join(known)}")
    return value
