"""Laws of loading: what is refused while a recipe is read, and what it is written as."""

from dataclasses import replace
from typing import Protocol

import pytest

from sds3d.errors import RecipeError
from sds3d.priors import parse_prior
from sds3d.recipe.families import class_of, has
from sds3d.recipe.load import dump, load, schema_keys
from sds3d.recipe.schedule import Schedule, require_ascending
from sds3d.recipe.schema import Recipe


def bare(source, *, seed, device):
    """A prior's loader that does not say what it returns."""


def union(source, *, seed, device) -> int | str:
    """A prior's loader that says it in a way that is no class."""


def said(source, *, seed, device) -> str:
    """A prior's loader that names a class."""


class Two(Protocol):
    """A capability of two methods."""

    def first(self): ...

    def second(self): ...


class OnlyFirst:
    def first(self):
        """The one."""


class Both(OnlyFirst):
    def second(self):
        """The other."""


def test_white_space_around_an_override_is_ignored():
    assert load("sds-nerf", overrides=[" steps  = 7 "]).steps == 7


@pytest.mark.parametrize("override", ["steps", "=7", "  = 7"])
def test_an_override_without_a_key_or_a_value_is_refused(override):
    with pytest.raises(RecipeError, match="not KEY=VALUE"):
        load("sds-nerf", overrides=[override])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("objective.name=sdss", "objective.name"),
        ("scene.name=nerv", "scene.name"),
        (f'prompting.negative="{"x" * 1001}"', r"prompting.negative: .*1,001 characters"),
    ],
)
def test_names_and_texts_are_checked_while_a_recipe_is_read(override, message):
    with pytest.raises(RecipeError, match=message):
        load("sds-nerf", overrides=[override])


def test_the_table_of_rates_is_written_even_when_it_is_empty():
    """A scene of one's own may have no parameter group."""
    text = dump(replace(load("sds-nerf"), lr={}))
    assert "\n[lr]\n" in text
    assert "[regularizers]" not in dump(replace(load("sds-nerf"), regularizers={}))


def test_the_keys_of_the_schema_end_where_a_function_has_its_own():
    keys = schema_keys(Recipe)
    assert {"steps", "objective", "scene", "time.low", "camera.views"} <= set(keys)
    assert not {"objective.name", "objective.options", "time"} & set(keys)


def test_what_a_loader_returns_is_known_only_where_it_names_a_class():
    found = [class_of(parse_prior(f"test_load:{name}")[0]) for name in ("bare", "union", "said")]
    assert found == [None, None, str]


def test_a_capability_is_all_of_its_methods():
    assert has(Both, Two)
    assert not has(OnlyFirst, Two)
    assert not has(object, Two)


@pytest.mark.parametrize(
    ("low", "high", "step"),
    [
        (5.0, 4.0, 0),
        (Schedule(start=0.0, end=50.0), 40.0, 9),
        (Schedule(start=0.0, end=50.0), 45.0, None),  # it would be 50 after the last step
        (0.0, Schedule(start=10.0, end=-1.0, until_step=4), 4),
        (Schedule(start=0.0, end=20.0, until=0.5), Schedule(start=10.0, end=30.0, after=0.5), 3),
        (Schedule(start=8.0, end=0.0), Schedule(start=9.0, end=3.0, after_step=4, until_step=4), 5),
        (Schedule(start=1.0, end=9.0), Schedule(start=2.0, end=9.0, curve="exponential"), 3),
        (Schedule(start=0.0, end=10.0), Schedule(start=20.0, end=10.0), None),
        (1.0, 1.0, None),
    ],
)
def test_a_range_that_ends_below_its_start_is_refused_with_the_first_step(low, high, step):
    if step is None:
        require_ascending(low, high, 10, "camera.distance")
        return
    with pytest.raises(RecipeError, match=rf"camera.distance: at step {step} it starts at"):
        require_ascending(low, high, 10, "camera.distance")
    require_ascending(-100.0, high, 10, "camera.distance")


def test_two_numbers_are_compared_in_a_run_of_any_length():
    with pytest.raises(RecipeError, match=r"x: at step 0 it starts at 2 and ends at 1"):
        require_ascending(2.0, 1.0, 1, "x")
    require_ascending(1.0, 2.0, 1, "x")


def test_white_space_around_a_key_or_a_value_is_not_part_of_it():
    """Even where TOML would read neither: a key with a colon, a word without quotes."""
    overrides = [" regularizers.toy:shape = 2 ", "noise.mode = fixed "]
    recipe = load("sds-nerf", overrides=overrides)
    assert recipe.regularizers["toy:shape"] == 2.0
    assert recipe.noise.mode == "fixed"
