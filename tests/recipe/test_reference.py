"""Laws of the reference of recipes: an annotation in words, the meanings of a docstring, tables of Markdown."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from typing import Annotated, Any, Generic, Literal, Optional, TypeVar, Union

import pytest

from sds3d.bounds import Ascending, Bounds, MultipleOf
from sds3d.recipe.reference import describe, meanings, of_function, of_schema, table
from sds3d.recipe.schedule import Schedule
from sds3d.recipe.toml import Named

Number = TypeVar("Number")
A_SCHEDULE = "a [schedule](#a-number-that-moves)"


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (bool, "`true` or `false`"),
        (Any, "any value"),
        (complex, "any value"),
        (Number, "number as the key allows"),
        (Named, "table with `name`"),
        (Schedule, A_SCHEDULE),
        (Schedule[float], A_SCHEDULE),
        (Literal["a"], "`a`"),
        (Literal["a", "b"], "`a` or `b`"),
        (Literal[1, 2, 4], "`1`, `2` or `4`"),
        (tuple[int, ...], "list, each: integer"),
        (tuple[int, int], "list of 2, each: integer"),
        (tuple[int, float, int], "list of 3, each: integer; number"),
        (tuple[int], "list of 1, each: integer"),
        (Mapping[str, Any], "table"),
        (Mapping[str, float], "table, each value: number"),
        (int | str, "integer, or string"),
        (Union[float, Schedule[float]], f"number, or {A_SCHEDULE}"),  # noqa: UP007
        (Optional[int], "integer, or any value"),  # noqa: UP045
        (Annotated[float, Bounds(0, 1)], "number from 0 to 1"),
        (Annotated[int, Bounds(8, 20_000), MultipleOf(8)], "integer from 8 to 20,000, a multiple of 8"),
        (Annotated[tuple[float, float], Ascending()], "list of 2, each: number, ascending"),
        (Annotated[int, "a note"], "integer"),
    ],
)  # fmt: skip
def test_an_annotation_in_words(annotation, words):
    assert describe(annotation) == words


DOCSTRING = """A function.

    Note: this is no meaning, and neither is
        this.

    Args:
        first: of two
            lines,
            or three.
        second: 1 : 2.

    Returns something: which is no meaning either.
        Nor is this.
    """


@pytest.mark.parametrize("heading", ["Args:", "Attributes:"])
def test_meanings_are_those_of_one_section(heading):
    expected = {"first": "of two lines, or three.", "second": "1 : 2."}
    assert meanings(DOCSTRING.replace("Args:", heading)) == expected


def test_a_section_may_follow_another_and_be_the_last():
    both = "X.\n\nAttributes:\n    a: one.\n\nArgs:\n    b: two.\n        lines."
    assert meanings(both) == {"a": "one.", "b": "two. lines."}


def test_without_a_docstring_there_are_no_meanings():
    assert meanings(None) == meanings("") == meanings("Only this.") == {}


def test_a_table_has_a_column_of_meanings_where_there_are_any():
    keys = {"a": (int, 3), "b": (str, MISSING)}
    assert list(table(keys, None)) == [
        "| key | value | default |",
        "|---|---|---|",
        "| `a` | integer | `3` |",
        "| `b` | string |  |",
    ]
    assert list(table(keys, "X.\n\nArgs:\n    a: one.")) == [
        "| key | value | default | meaning |",
        "|---|---|---|---|",
        "| `a` | integer | `3` | one. |",
        "| `b` | string |  |  |",
    ]


@dataclass
class Inner(Generic[Number]):
    """Inside."""

    c: float


@dataclass
class Outer:
    """Outside,
    in two lines.

    And more.
    """

    a: int
    named: Named
    inner: Inner
    b: str = "x"
    several: Mapping[str, Any] = field(default_factory=dict)


def test_a_dataclass_is_a_table_and_those_in_it_come_after_it():
    assert list(of_schema(Outer)) == [
        *("", "Outside, in two lines.", "", "| key | value | default |", "|---|---|---|"),
        *("| `a` | integer |  |", "| `named` | table with `name` |  |", '| `b` | string | `"x"` |'),
        *("| `several` | table |  |", "", "## [inner]"),
        *("", "Inside.", "", "| key | value | default |", "|---|---|---|", "| `c` | number |  |"),
    ]


def made(x, *, size: int, rng: Any, name: str = "y"):
    """Makes it.

    Args:
        size: of it.
        name: of it too.
    """


def test_a_function_is_a_table_of_the_keywords_that_are_not_supplied():
    lines = list(of_function("title", made, supplied=["rng"]))
    assert lines[:4] == ["", "## title", "", "Makes it."]
    assert lines[-2] == "| `size` | integer |  | of it. |"
    assert lines[-1] == '| `name` | string | `"y"` | of it too. |'
    assert list(of_function("title", made, about="Another.\n\nText."))[3] == "Another."
    nothing = list(of_function("title", made, supplied=["size", "rng", "name"]))
    assert nothing[4:] == ["", "It has no keys."]
