"""TOML values checked against annotations, for dataclasses and for the parameters of functions.

An annotation says everything about a value: its type, `Literal[...]` for choices, and
`Annotated[type, Bounds(...)]` for its range (`sds3d.bounds`).  Numbers are always finite.
"""

from __future__ import annotations

import datetime
import inspect
import json
import math
import re
import tomllib
import types
import typing
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from itertools import takewhile
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

from sds3d.bounds import Ascending, Bounds, MultipleOf
from sds3d.errors import RecipeError, nearest_name

NAMES = {int: "an integer", float: "a number", str: "a string", bool: "true or false"}
LARGEST = {int: 2**63 - 1, float: 3.4028234663852886e38}  # what TOML's integers and float32 hold
NEAR_ELSEWHERE = 0.25  # share of a key's letters that may differ from one of another table
LONGEST_SHOWN = 60  # characters of a value in a message
DATES = (datetime.date, datetime.time)  # datetime.datetime is a date


@dataclass(frozen=True, kw_only=True)
class Named:
    """A member of a family by name, and the keyword arguments it is called with."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Judged(Protocol):
    """A table that knows which of its keys do not go together."""

    def violation(self) -> tuple[str, str]:
        """(a key, what it must be), or ("", "") when there is none."""
        ...


class UnknownKeyError(RecipeError):
    """A key that its table does not have."""

    def __init__(
        self, key: str, siblings: Collection[str], elsewhere: Collection[str] = ()
    ) -> None:
        """key: dotted, as in "camera.view".  siblings: the keys that the table has.  elsewhere: dotted
        keys of the whole recipe, for a key that belongs to another table."""
        self.key, self.siblings = key, siblings
        super().__init__(f"{key}: unknown key{self._hint(elsewhere)}", "correct the key")

    def _hint(self, elsewhere: Collection[str]) -> str:
        table, _, leaf = self.key.rpartition(".")
        prefix = f"{table}." if table else ""
        by_leaf: dict[str, list[str]] = {}
        for key in sorted(elsewhere, key=lambda other: (-_shared(other, self.key), other)):
            if key != self.key:
                by_leaf.setdefault(key.rpartition(".")[2], []).append(key)
        near = nearest_name(leaf, self.siblings)
        far = nearest_name(leaf, by_leaf, NEAR_ELSEWHERE)
        if leaf in by_leaf:
            suggestion = by_leaf[leaf][0]
        elif near:
            suggestion = f"{prefix}{near}"
        elif far:
            suggestion = by_leaf[far][0]
        else:
            return f"; known: {', '.join(sorted(self.siblings))}" if self.siblings else ""
        return f", did you mean '{suggestion}'?"

    def among(self, elsewhere: Collection[str]) -> UnknownKeyError:
        """The same error, with a suggestion from the whole recipe."""
        return UnknownKeyError(self.key, self.siblings, elsewhere)


def _shared(a: str, b: str) -> int:
    """The number of leading parts that two dotted keys share."""
    pairs = zip(a.split("."), b.split("."), strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def read(source: str) -> Any:
    """The value that `source` is in TOML, or `source` itself where it is not one TOML value."""
    try:
        table = tomllib.loads(f"x = {source}")
    except (
        ValueError,
        RecursionError,
    ):  # a ValueError without a subclass: an integer of 5,000 digits
        return source
    return table["x"] if len(table) == 1 else source


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
            return f"{{ {', '.join(f'{write_key(k)} = {write(v)}' for k, v in value.items())} }}"
        case datetime.date() | datetime.time():
            return value.isoformat()
    return repr(value)


def write_key(key: str) -> str:
    """The key in TOML: bare where it may be, else in quotes."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else write(key)


def shown(value: Any) -> str:
    """The value in TOML as a message shows it: one line, at most LONGEST_SHOWN characters."""
    if (
        isinstance(value, int) and value.bit_length() > 256
    ):  # Python refuses to print very long integers
        return f"an integer of {value.bit_length()} bits"
    source = write(value)
    return source if len(source) <= LONGEST_SHOWN else f"{source[: LONGEST_SHOWN - 1]}…"


def put(table: dict[str, Any], key: str, value: Any) -> None:
    """Sets `table["a"]["b"]` for the key "a.b"; parts with a dot or a colon may stand in quotes.

    Raises RecipeError when "a" is not a table.
    """
    *path, last = _parts(key)
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise RecipeError(f"{key}: '{part}' is a value, not a table", "correct the key")
    table[last] = value


def _parts(key: str) -> list[str]:
    """The parts of a dotted key: as TOML reads it, else split at the dots."""
    try:
        table = tomllib.loads(f"{key} = 0")
    except ValueError:
        return key.split(".")
    parts = []
    while isinstance(table, dict) and len(table) == 1:
        ((part, table),) = table.items()
        parts.append(part)
    return parts if table == 0 else key.split(".")


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted keys of a table and of the tables in it."""
    for name, value in table.items():
        key = dotted(prefix, name)
        if isinstance(value, Mapping) and value:
            yield from flat(value, key)
        else:
            yield key


def build(cls: Any, table: Mapping[str, Any], where: str) -> Any:
    """The dataclass made from a table; `where` is the table's name in messages, "" at the top.

    cls: a dataclass, or a generic one with its types, as in Schedule[LearningRate].  Where it has a method
    `violation`, that is asked last for a key that does not go with the others, and what it must be.

    Raises RecipeError for a missing key, an unknown one, and a value that its annotation does not allow.
    """
    if cls is Named:
        name = typed(table.get("name", ""), str, f"{where}.name")
        if not name:
            raise missing("name", where)
        options = {key: value for key, value in table.items() if key != "name"}
        return Named(name=name, options=typed(options, Mapping[str, Any], where))
    annotations = annotations_of(cls)
    for key in table:
        if key not in annotations:
            raise UnknownKeyError(dotted(where, key), annotations)
    for f in fields(typing.get_origin(cls) or cls):
        if f.default is MISSING and f.default_factory is MISSING and f.name not in table:
            raise missing(f.name, where)
    made = cls(**{k: typed(v, annotations[k], dotted(where, k)) for k, v in table.items()})
    if isinstance(made, Judged):
        key, wrong = made.violation()
        if key:
            _require(wrong, getattr(made, key), dotted(where, key))
    return made


def missing(key: str, where: str) -> RecipeError:
    """The error for a key that a table must have."""
    table = f"[{where}]" if where else "the recipe"
    return RecipeError(f"{dotted(where, key)}: missing key", f"add it to {table}")


@cache
def annotations_of(cls: Any) -> dict[str, Any]:
    """The evaluated annotations of a dataclass, by field; of a generic one with its types in their places."""
    origin = typing.get_origin(cls) or cls
    given = dict(zip(getattr(origin, "__parameters__", ()), typing.get_args(cls), strict=False))
    hints = typing.get_type_hints(origin, include_extras=True)
    return {name: given.get(hint, hint) for name, hint in hints.items()}


def is_table(annotation: Any) -> bool:
    """Whether the annotation is a dataclass, or a generic one with its types."""
    kind = typing.get_origin(annotation) or annotation
    return isinstance(kind, type) and is_dataclass(kind)


def dotted(where: str, key: str) -> str:
    """The key of a table as messages name it."""
    return f"{where}.{write_key(key)}" if where else write_key(key)


def typed(value: Any, annotation: Any, where: str) -> Any:  # noqa: PLR0911
    """The value as its annotation has it: lists become tuples, integers floats, tables dataclasses.

    Raises RecipeError, naming the key, for any other type, for a number that is not finite, and for a
    value that its constraints do not allow.
    """
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        result = typed(value, inner[0], where)
        for constraint in annotation.__metadata__:
            if isinstance(constraint, Bounds | MultipleOf | Ascending):
                _require(constraint.violation(result), value, where)
        return result
    if is_table(annotation):
        return build(annotation, _table(value, where), where)
    if annotation is Any or annotation is object or annotation is inspect.Parameter.empty:
        return _anything(value, where)
    if origin is Literal:
        return _choice(value, inner, where)
    if origin in {typing.Union, types.UnionType}:
        return _first_that_fits(value, inner, where)
    if annotation is dict or origin in {dict, Mapping}:
        kind = inner[1] if inner else Any
        return {k: typed(v, kind, dotted(where, k)) for k, v in _table(value, where).items()}
    if annotation in {list, tuple} or origin in {tuple, list, Sequence}:
        return _tuple(value, origin, inner or (Any,), where)
    if annotation in NAMES:
        return _scalar(value, annotation, where)
    raise RecipeError(
        f"{where}: cannot be set in a recipe, its type is {annotation}",
        "annotate it as a number, string, boolean, tuple, mapping or Literal",
    )


def violation(cls: type, key: str, value: int) -> str:
    """What a value given elsewhere must be to stand under a key of the dataclass, when it cannot; else ""."""
    constraints = getattr(annotations_of(cls)[key], "__metadata__", ())
    wrong = (c.violation(value) for c in constraints if isinstance(c, Bounds | MultipleOf))
    return next(filter(None, wrong), "")


def _require(violation: str, value: Any, where: str) -> None:
    if violation:
        raise RecipeError(f"{where} = {shown(value)}: {violation}", "correct the value")


def _refused(value: Any, wanted: str, where: str) -> RecipeError:
    return RecipeError(f"{where} = {shown(value)}: not {wanted}", f"give {wanted}")


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _refused(value, "a table", where)
    return value


def _scalar(value: Any, kind: type, where: str) -> Any:
    """An int, float, str or bool; never true or false for a number."""
    accepted = int | float if kind is float else kind
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise _refused(value, NAMES[kind], where)
    if isinstance(value, str) and not _encodable(value):
        raise _refused(value, "Unicode text", where)
    if isinstance(value, float) and not math.isfinite(value):
        raise _refused(value, "a finite number", where)
    if isinstance(value, int | float) and abs(value) > LARGEST.get(kind, math.inf):
        raise _refused(value, "a number that float32 and int64 hold", where)
    return kind(value)


def _encodable(text: str) -> bool:
    """Whether the text is Unicode; a command line can hand over bytes that are not."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _anything(value: Any, where: str) -> Any:
    """A value without a type: only numbers that are finite, and text."""
    if isinstance(value, Mapping):
        return {key: _anything(v, dotted(where, key)) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_anything(v, f"{where}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, DATES):
        return value
    if type(value) not in NAMES:
        raise _refused(value, "a TOML value", where)
    return _scalar(value, type(value), where)


def _choice(value: Any, choices: tuple[Any, ...], where: str) -> Any:
    for choice in choices:
        if type(value) is type(choice) and value == choice:
            return choice
    names = [str(choice) for choice in choices]
    close = nearest_name(value, names) if isinstance(value, str) else ""
    hint = f", did you mean '{close}'?" if close else ""
    message = f"{where} = {shown(value)}: not one of {', '.join(names)}{hint}"
    raise RecipeError(message, f"give {close}" if close else "give one of these")


def _first_that_fits(value: Any, annotations: tuple[Any, ...], where: str) -> Any:
    """The value as the first annotation that allows it; a table is none but that of a dataclass."""
    choices = [a for a in annotations if a is not type(None)]  # TOML has no null
    alike = [a for a in choices if is_table(a) == isinstance(value, Mapping)]
    last = RecipeError("")
    for annotation in alike or choices:
        try:
            return typed(value, annotation, where)
        except RecipeError as error:
            last = error
    raise last


def _tuple(value: Any, origin: Any, inner: tuple[Any, ...], where: str) -> tuple:
    """A tuple: of any length, but not empty, for `tuple[T, ...]`, lists and sequences."""
    endless = origin is not tuple or inner[-1] is Ellipsis
    count = len(value) if isinstance(value, list | tuple) else 0
    if not count or not (endless or count == len(inner)):
        wanted = "a list of at least one" if endless else f"a list of {len(inner)}"
        raise _refused(value, wanted, where)
    kinds = [inner[0]] * count if endless else inner
    pairs = enumerate(zip(value, kinds, strict=True))
    return tuple(typed(v, kind, f"{where}[{i}]") for i, (v, kind) in pairs)


def parameters(function: Callable, where: str) -> dict[str, inspect.Parameter]:
    """The keyword-only parameters of a function, with their annotations evaluated.

    Raises RecipeError for what is not a function, or has annotations that exist for type checkers only.
    """
    try:
        signature = inspect.signature(function, eval_str=True)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{where}: cannot be called: {error}", "name a function") from error
    except NameError as error:
        raise RecipeError(
            f"{where}: the annotations of {function.__qualname__} cannot be evaluated: {error}",
            "import that name outside of 'if TYPE_CHECKING'",
        ) from error
    return {p.name: p for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY}


def bind(
    function: Callable, values: Mapping[str, Any], where: str, *, supplied: Sequence[str] = ()
) -> dict[str, Any]:
    """The keyword arguments of `function` taken from a recipe's table.

    supplied: keyword parameters that do not come from the recipe.  Raises RecipeError for a missing key, an
    unknown one, and a value that its annotation does not allow.
    """
    keywords = {k: p for k, p in parameters(function, where).items() if k not in supplied}
    for key in _table(values, where):
        if key not in keywords:
            raise UnknownKeyError(dotted(where, key), keywords)
    for name, parameter in keywords.items():
        if parameter.default is parameter.empty and name not in values:
            raise missing(name, where)
    return {k: typed(v, keywords[k].annotation, dotted(where, k)) for k, v in values.items()}
