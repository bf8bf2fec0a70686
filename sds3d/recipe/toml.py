"""TOML tables into frozen dataclasses, strictly, and values back into TOML."""

from __future__ import annotations

import inspect
import json
import tomllib
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from sds3d.errors import RecipeError, nearest

PLAIN = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


@dataclass(frozen=True, kw_only=True)
class Named:
    """A part by name, and the keyword arguments it is built with."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


def read(source: str) -> Any:
    """The value that `source` is in TOML; what is no TOML is a string."""
    try:
        return tomllib.loads(f"x = {source}")["x"]
    except tomllib.TOMLDecodeError:
        return source


def write(value: Any) -> str:
    """The value in TOML."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            return f"[{', '.join(map(write, value))}]"
        case Mapping():
            return f"{{ {', '.join(f'{json.dumps(k)} = {write(v)}' for k, v in value.items())} }}"
    return repr(value)


def put(table: dict[str, Any], key: str, value: Any) -> None:
    """Sets table["a"]["b"] for the key "a.b".  Raises RecipeError when "a" is no table."""
    *path, last = key.split(".")
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise RecipeError(f"{key}: '{part}' is a value, not a table", "correct the key")
    table[last] = value


def build(cls: type, table: Mapping[str, Any], where: str) -> Any:
    """The dataclass from a table; `where` is the table's name in messages, "" at the top.

    Raises RecipeError for a missing key, an unknown one (with the nearest known) and a wrong type.
    """
    if cls is Named:
        name = typed(table.get("name", ""), str, f"{where}.name")
        if not name:
            raise RecipeError(f"{where}: missing key 'name'", f"add it to [{where}]")
        return Named(name=name, options={k: v for k, v in table.items() if k != "name"})
    types = typing.get_type_hints(cls)
    prefix = f"{where}." if where else ""
    for key in table:
        if key not in types:
            raise RecipeError(f"{prefix}{key}: unknown key{nearest(key, types)}", "correct the key")
    for f in fields(cls):
        if f.default is f.default_factory and f.name not in table:
            what = f"[{where}]" if where else "the recipe"
            raise RecipeError(f"{what} lacks the key '{f.name}'", f"add {f.name} to {what}")
    return cls(**{key: typed(value, types[key], f"{prefix}{key}") for key, value in table.items()})


def typed(value: Any, wanted: Any, where: str) -> Any:
    """The value as the annotation has it: a dataclass, a tuple, a mapping or a plain type.

    A whole number does where a float is wanted, never true or false for a number.  Raises RecipeError.
    """
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if is_dataclass(wanted) or origin not in {None, tuple}:
        if not isinstance(value, Mapping):
            raise _refused(value, "a table", where)
        if is_dataclass(wanted):
            return build(wanted, value, where)
        return {key: typed(v, inner[1], f"{where}.{key}") for key, v in value.items()}
    if origin is tuple:
        endless = inner[-1] is Ellipsis
        count = len(value) if isinstance(value, list | tuple) else 0
        if not count or not (endless or count == len(inner)):
            raise _refused(value, "a list" if endless else f"a list of {len(inner)}", where)
        kinds = [inner[0]] * count if endless else inner
        pairs = zip(value, kinds, strict=True)
        return tuple(typed(v, kind, f"{where}[{i}]") for i, (v, kind) in enumerate(pairs))
    if wanted is Any:
        return value
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise _refused(value, PLAIN.get(wanted, wanted.__name__), where)
    return value


def _refused(value: Any, wanted: str, where: str) -> RecipeError:
    return RecipeError(f"{where} = {write(value)}: not {wanted}", f"give {wanted}")


def split(table: Mapping[str, Any], name: str) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """(the table's own keys, its sub-table of that name, {} where there is none).  Raises RecipeError."""
    own = {key: value for key, value in table.items() if key != name}
    return own, typed(table.get(name, {}), Mapping[str, Any], name)


def bind(
    function: Callable, values: Mapping[str, Any], where: str, *, supplied: Sequence[str] = ()
) -> dict[str, Any]:
    """The keyword arguments of `function` taken from a recipe's table.

    Raises RecipeError for a missing key, an unknown one (with the nearest known) and a wrong type.
    """
    found = inspect.signature(function, eval_str=True).parameters.values()
    keywords = {p.name: p for p in found if p.kind is p.KEYWORD_ONLY and p.name not in supplied}
    for key in values:
        if key not in keywords:
            message = f"{where}.{key}: unknown key{nearest(key, keywords)}"
            raise RecipeError(message, "correct the key")
    for name, parameter in keywords.items():
        if parameter.default is parameter.empty and name not in values:
            raise RecipeError(f"{where}: missing key '{name}'", f"add it to [{where}]")
    return {k: typed(v, keywords[k].annotation, f"{where}.{k}") for k, v in values.items()}
