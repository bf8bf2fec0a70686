"""Laws of TOML values against annotations: what is read, what is refused, and how a message shows it."""

import datetime
import inspect
import math
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
import torch

from sds3d.bounds import Bounds, MultipleOf
from sds3d.errors import RecipeError
from sds3d.recipe.toml import (
    UnknownKeyError,
    bind,
    build,
    missing,
    put,
    read,
    shown,
    typed,
    violation,
    write,
)

LARGEST_FLOAT = torch.finfo(torch.float32).max
LARGEST_INT = torch.iinfo(torch.int64).max


def message(function, *arguments):
    """What the function refuses its arguments with."""
    with pytest.raises(RecipeError) as caught:
        function(*arguments)
    return caught.value.message


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        *((sign * LARGEST_FLOAT, kind) for sign in (1, -1) for kind in (float, Any)),
        *((sign * LARGEST_INT, kind) for sign in (1, -1) for kind in (int, Any)),
    ],
)
def test_numbers_are_those_that_float32_and_int64_hold(value, kind):
    assert typed(value, kind, "x") == value
    beyond = math.nextafter(value, math.copysign(math.inf, value))
    beyond = beyond if isinstance(value, float) else value + int(math.copysign(1, value))
    assert "not a number that float32 and int64 hold" in message(typed, beyond, kind, "x")


def test_an_integer_too_large_for_a_float_is_refused_where_a_number_is_expected():
    assert "an integer of 1329 bits: not a number that" in message(typed, 10**400, float, "x")


@pytest.mark.parametrize("value", [0, 7, 2.5, True, "a b", datetime.date(1979, 5, 27)])
def test_a_value_without_a_type_is_read_as_it_is(value):
    for annotation in (Any, object, inspect.Parameter.empty):
        found = typed({"a": [value, (value,)]}, annotation, "x")
        assert found == {"a": [value, [value]]}
        assert type(found["a"][0]) is type(value)


@pytest.mark.parametrize("value", [None, b"x", {1}, 1j])
def test_a_value_without_a_type_is_one_that_toml_has(value):
    assert "x.a[1]" in message(typed, {"a": [0, value]}, Any, "x")


@pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
def test_text_is_unicode(text):
    assert "not Unicode text" in message(typed, text, str, "x")
    assert typed("\ud7ff\ue000", str, "x") == "\ud7ff\ue000"


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (True, int), (True, float), (1, bool), (1.0, int), ("1", int), (1, str), (0, tuple[int, ...]),
        ({"a": 1}, list), ("ab", Sequence[str]), ([1, 2, 3], tuple[int, int]), ([], tuple[int, ...]),
        ([], tuple[int, int]), ([1], Mapping[str, int]), (None, int | None),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(value, annotation):
    assert message(typed, value, annotation, "x").startswith(f"x = {shown(value)}: not ")


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (1, float, 1.0),
        ([1, 2], tuple[float, float], (1.0, 2.0)),
        ([1, "a"], tuple[float, str], (1.0, "a")),
        ([1], tuple[float], (1.0,)),
        ([1, 2, 3], tuple[int, ...], (1, 2, 3)),
        ([1, "a"], tuple, (1, "a")),
        ([1, "a"], list, (1, "a")),
        ([1, 2], list[float], (1.0, 2.0)),
        ((1,), Sequence[float], (1.0,)),
        ({"a": 1}, dict, {"a": 1}),
        ({"a": 1}, dict[str, float], {"a": 1.0}),
        ({"a": 1}, Mapping[str, float], {"a": 1.0}),
    ],
)
def test_a_value_becomes_what_its_annotation_says(value, annotation, expected):
    found = typed(value, annotation, "x")
    assert found == expected
    assert write(found) == write(expected)  # integers are not floats


def test_a_function_with_types_that_no_recipe_can_give_is_refused():
    assert "x: cannot be set in a recipe" in message(typed, 1, complex, "x")


@dataclass(frozen=True, kw_only=True)
class Size:
    """A table for these tests."""

    width: Annotated[int, Bounds(8, 64, "it is large"), MultipleOf(8)]
    names: Mapping[str, str] = field(default_factory=dict)


def test_a_missing_key_is_named_with_its_table():
    for where, key, table in (("", "width", "the recipe"), ("a.b", "a.b.width", "[a.b]")):
        with pytest.raises(RecipeError) as caught:
            build(Size, {}, where)
        assert caught.value.message == f"{key}: missing key"
        assert caught.value.fix == f"add it to {table}"
    assert missing("a b", "c").message == 'c."a b": missing key'


def test_a_value_given_elsewhere_is_held_against_every_bound_of_its_key():
    assert violation(Size, "width", 16) == ""
    assert violation(Size, "width", 4) == "must be from 8 to 64"
    assert violation(Size, "width", 65) == "must be from 8 to 64 (it is large)"
    assert violation(Size, "width", 12) == "must be a multiple of 8"
    assert violation(Size, "names", 12) == ""


def test_a_message_shows_sixty_characters_of_a_value():
    assert shown("x" * 58) == f'"{"x" * 58}"'
    assert shown("x" * 59) == f'"{"x" * 58}…'
    assert shown(2**255) == f"{2**255}"[:59] + "…"
    assert shown(2**256) == shown(-(2**256)) == "an integer of 257 bits"
    assert shown(10**5000) == "an integer of 16610 bits"


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("steps", ["steps"]),
        ("a.b", ["a", "b"]),
        (" a . 'b' ", ["a", "b"]),
        ('a."b.c"', ["a", "b.c"]),
        ("a.os:f", ["a", "os:f"]),
        ("a.b = 1 #", ["a", "b = 1 #"]),
        ("a = {} #", ["a = {} #"]),
        ("a = 1\nb", ["a = 1\nb"]),
        ("#", ["#"]),
    ],
)
def test_a_dotted_key_has_the_parts_that_toml_reads_and_what_is_no_key_those_between_its_dots(
    key, parts
):
    table = {}
    put(table, key, 3)
    for part in parts:
        assert list(table) == [part]
        table = table[part]
    assert table == 3


@pytest.mark.parametrize(
    "value", [0, -3, 2.5, True, "a\n\x7f", "\U0001f600", [1, [2]], {"a b": {"c": 1}}]
)
def test_what_is_written_is_read_as_it_was(value):
    assert read(write(value)) == value


@pytest.mark.parametrize("source", ["x", "1\ny = 2", "[", "9" * 5000, "[" * 5000])
def test_what_is_not_one_value_is_read_as_text(source):
    assert read(source) == source


HAS = ["width", "height"]
ELSEWHERE = {"a.b.depth", "a.depth", "c.depth", "c.spread", "a.name", "b.name", "width", "paper"}


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("widht", ", did you mean 'width'?"),
        ("a.widht", ", did you mean 'a.width'?"),
        ("c.b.depth", ", did you mean 'c.depth'?"),
        ("a.c.depth", ", did you mean 'a.b.depth'?"),
        ("a.b.c.depth", ", did you mean 'a.b.depth'?"),
        ("spread", ", did you mean 'c.spread'?"),
        ("sprea", ", did you mean 'c.spread'?"),
        ("c.spraed", ", did you mean 'c.spread'?"),
        ("spxxed", "; known: height, width"),  # two letters of six: too far for another table
        ("name", ", did you mean 'a.name'?"),  # the first of those that are equally near
        ("name.name", ", did you mean 'a.name'?"),
        ("paper", "; known: height, width"),  # not itself
        ("zzzz", "; known: height, width"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_of_its_table_or_of_a_near_one(key, hint):
    assert UnknownKeyError(key, HAS, ELSEWHERE).message == f"{key}: unknown key{hint}"
    assert UnknownKeyError(key, HAS).among(ELSEWHERE).message == f"{key}: unknown key{hint}"


def test_a_table_without_keys_knows_none():
    assert UnknownKeyError("a", []).message == "a: unknown key"


def test_an_optional_number_is_the_number():
    assert typed(3, typing.Optional[float], "x") == 3.0  # noqa: UP045


def test_what_cannot_be_called_has_no_parameters():
    assert "here: cannot be called" in message(bind, 3, {}, "here")


@pytest.mark.parametrize(
    ("value", "refusal"),
    [
        (-1, "x = -1: must be from 0 to 1"),  # a number is meant as one, not as a table
        ({"width": 7}, "x.width = 7: must be from 8 to 64"),
        ("a", 'x = "a": not a number'),
    ],
)
def test_a_value_for_a_number_or_a_table_is_refused_as_what_it_is(value, refusal):
    assert message(typed, value, Annotated[float, Bounds(0, 1)] | Size, "x") == refusal
    assert message(typed, value, Size | Annotated[float, Bounds(0, 1)], "x") == refusal


def test_a_table_is_refused_where_no_table_is_meant():
    assert message(typed, {"a": 1}, int | str, "x") == "x = { a = 1 }: not a string"
