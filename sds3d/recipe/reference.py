"""The reference of recipes: every key with its type, bounds, default and meaning, in Markdown."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from typing import Annotated, Any, Literal

from sds3d.bounds import Ascending, Bounds, MultipleOf
from sds3d.lookup import find
from sds3d.objectives import CONVERSIONS, OBJECTIVES
from sds3d.objectives.context import SERVICES
from sds3d.priors import PRIORS
from sds3d.recipe.families import BY_CALLER
from sds3d.recipe.schedule import Schedule
from sds3d.recipe.schema import Recipe
from sds3d.recipe.students import STUDENTS
from sds3d.recipe.toml import Named, annotations_of, parameters, write
from sds3d.scenes import SCENES

HEAD = """# Recipe reference

The keys of a recipe, as `sds3d recipes keys` prints them. `--set table.key=value` sets one. A key without a
default must be in the recipe; the shipped recipes have them all, with their sources
(`sds3d recipes show sds-nerf`).
"""
NAMES = {int: "integer", float: "number", str: "string", bool: "`true` or `false`"}


def describe(annotation: Any) -> str:  # noqa: PLR0911
    """An annotation in words: "number from 0 to 1", "`fresh` or `fixed`"."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return describe(inner[0]) + "".join(map(_constraint, annotation.__metadata__))
    if origin is Literal:
        *others, last = (f"`{choice}`" for choice in inner)
        return f"{', '.join(others)} or {last}" if others else last
    if origin is tuple and inner[-1] is Ellipsis:
        return f"list, each: {describe(inner[0])}"
    if origin is tuple:
        return f"list of {len(inner)}, each: {'; '.join(dict.fromkeys(map(describe, inner)))}"
    if origin is Mapping:
        return "table" if inner[1] is Any else f"table, each value: {describe(inner[1])}"
    if annotation is Named:
        return "table with `name`"
    if origin in {typing.Union, types.UnionType}:
        return ", or ".join(map(describe, inner))
    if annotation is Schedule or origin is Schedule:
        return "a [schedule](#a-number-that-moves)"
    if isinstance(annotation, typing.TypeVar):
        return "number as the key allows"
    return NAMES.get(annotation, "any value")


def _constraint(constraint: object) -> str:
    match constraint:
        case Bounds():
            return f" from {constraint.text}"
        case MultipleOf():
            return f", a multiple of {constraint.factor}"
        case Ascending():
            return ", ascending"
    return ""


def meanings(docstring: str | None) -> dict[str, str]:
    """The texts of a docstring's "Attributes:" or "Args:" section, by name."""
    out: dict[str, str] = {}
    name = ""
    inside = False
    for line in inspect.cleandoc(docstring or "").splitlines():
        if line in ("Attributes:", "Args:"):
            inside = True
        elif inside and line and not line.startswith(" "):
            inside = False
        elif inside and line.startswith("        "):
            out[name] += f" {line.strip()}"
        elif inside and line:
            name, _, text = line.strip().partition(": ")
            out[name] = text
    return out


def table(keys: Mapping[str, tuple[Any, Any]], docstring: str | None) -> Iterator[str]:
    """The lines of a Markdown table of keys: name -> (annotation, default or MISSING)."""
    about = meanings(docstring)
    yield "| key | value | default |" + (" meaning |" if about else "")
    yield "|---|---|---|" + ("---|" if about else "")
    for name, (annotation, default) in keys.items():
        shown = "" if default is MISSING else f"`{write(default)}`"
        meaning = f" {about.get(name, '')} |" if about else ""
        yield f"| `{name}` | {describe(annotation)} | {shown} |{meaning}"


def of_schema(cls: type) -> Iterator[str]:
    """The lines about a dataclass and the tables in it."""
    annotations = annotations_of(cls)
    nested = [n for n, kind in annotations.items() if is_dataclass(kind) and kind is not Named]
    keys = {f.name: (annotations[f.name], f.default) for f in fields(cls) if f.name not in nested}
    yield ""
    yield _summary(cls.__doc__)
    yield ""
    yield from table(keys, cls.__doc__)
    for name in nested:
        yield ""
        yield f"## [{name}]"
        yield from of_schema(annotations[name])


def of_function(
    title: str, function: Callable, supplied: Collection[str] = (), about: str | None = None
) -> Iterator[str]:
    """The lines about a table whose keys are the keyword parameters of a function.

    supplied: parameters that do not come from a recipe.  about: the docstring that says what it is, if that
    is not the function's own.
    """
    keys = {
        name: (p.annotation, MISSING if p.default is p.empty else p.default)
        for name, p in parameters(function, title).items()
        if name not in supplied
    }
    yield ""
    yield f"## {title}"
    yield ""
    yield _summary(about or function.__doc__)
    yield ""
    yield from table(keys, function.__doc__) if keys else ["It has no keys."]


def reference() -> str:
    """The page, in Markdown."""
    lines = [HEAD.rstrip(), *of_schema(Recipe)]
    lines += ["", "## A number that moves", *of_schema(Schedule)]
    functions = {**OBJECTIVES, **CONVERSIONS}
    for name in functions:
        function = find(functions, name, "objective.name")
        about = import_module(function.__module__).__doc__  # the formula
        lines += of_function(f'[objective] name = "{name}"', function, SERVICES, about)
    for name in SCENES:
        lines += of_function(f'[scene] name = "{name}"', find(SCENES, name, "scene.name"))
    for kind in PRIORS.values():
        load = find({}, kind.load, "prior")
        about = import_module(load.__module__).__doc__
        lines += of_function(f"[prior.{kind.table}]", load, BY_CALLER, about)
    for name in STUDENTS:
        make = find(STUDENTS, name, "students")
        lines += of_function(f"[students.NAME.{name}]", make, BY_CALLER)
    return "\n".join(lines) + "\n"


def _summary(docstring: str | None) -> str:
    """The first paragraph."""
    return inspect.cleandoc(docstring or "").partition("\n\n")[0].replace("\n", " ")
