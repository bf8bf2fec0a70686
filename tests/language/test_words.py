"""Words: what a prompt is understood to ask for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from sds3d.errors import UsageError
from sds3d.language.palette import COLORS, MATERIALS
from sds3d.language.prompt import parse
from sds3d.language.reading import Reading, read

ROOT = Path(__file__).parents[2]
# a small library, so that the laws of reading do not depend on what the real one holds
NAMES = {
    "armchair": ("easy chair",),
    "sofa": ("couch", "settee"),
    "chair": ("wooden chair", "dining chair"),
    "table": ("dining table",),
    "cabinet": ("chest of drawers",),
    "rocking chair": (),
    "washing machine": (),
    "lamp": ("table lamp",),
    "wine glass": (),
    "bottle": (),
    "car": ("automobile",),
    "truck": ("lorry",),
    "pickup truck": ("pickup",),
    "airplane": ("plane",),
    "ship": (),
    "house": (),
    "toilet": ("lavatory", "loo"),
    "fire hydrant": ("hydrant",),
    "cactus": ("cactus in a pot",),
    "tree": (),
    "snowman": (),
    "teddy bear": (),
    "bear": (),
    "dog": (),
    "cat": ("kitty",),
    "cow": (),
    "horse": (),
    "hot dog": (),
    "hamburger": ("burger",),
    "ice cream cone": (),
    "cake": (),
    "orange": (),
    "sword": (),
    "trophy": (),
    "person": (),
    "turtle": (),
}
PARTS = {
    "car": ("body", "wheels", "roof", "windows"),
    "table": ("top", "legs"),
    "armchair": ("seat", "legs", "cushions"),
    "lamp": ("shade", "base"),
    "cactus": ("cactus", "pot", "soil"),
    "snowman": ("body", "hat", "nose"),
    "cow": ("body", "patches", "horns"),
    "house": ("walls", "roof", "door"),
    "bottle": ("body",),
}


@cache
def reading(text: str) -> Reading:
    return read(text, NAMES, lambda name, _: PARTS.get(name, ()))


def category(text: str) -> str:
    return " or ".join(name for name, _ in reading(text).matches)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("a settee", "sofa"),
        ("an automobile", "car"),
        ("kitty", "cat"),
        ("the loo", "toilet"),
        ("a doggy", "dog"),
        ("a pickup", "pickup truck"),
        ("an aeroplane", "airplane"),
        ("a jumbo jet", "airplane"),
        ("a burger", "hamburger"),
        ("a plushie", "teddy bear"),
        ("a golden retriever", "dog"),
        ("a polar bear", "bear"),
        ("two fire hydrants", "fire hydrant"),
        ("an oak tree", "tree"),
        ("a pirate ship", "ship"),
        ("a tortoise", "turtle"),
        ("an astronaut", "person"),
    ],
)
def test_near_words_reach_the_category_that_they_mean(said: str, meant: str) -> None:
    assert category(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        "a stapler",
        "democracy",
        "blorptang",
        "a sea horse",
        "a printer",
        "furniture",
        "dog food",
        "a #",
    ],
)
def test_an_object_that_the_library_lacks_is_refused_with_the_nearest_names(said: str) -> None:
    found = reading(said)
    assert found.matches == ()
    assert found.understood == ""
    assert set(dict(found.nearest)) <= set(NAMES)
    assert said == "a #" or len(found.nearest) == 5


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("a hot dog", "hot dog"),
        ("a teddy bear", "teddy bear"),
        ("an ice cream cone", "ice cream cone"),
        ("a washing machine", "washing machine"),
        ("a rocking chair", "rocking chair"),
        ("a chest of drawers", "cabinet"),
        ("a wine glass", "wine glass"),
        ("an orange", "orange"),
        ("a knight's sword", "sword"),
        ("a snowman wearing a top hat", "snowman"),
        ("a dog riding a horse", "dog"),
        ("a statue of a horse", "horse"),
        ("a horse statue", "horse"),
        ("a DSLR photo of a cow, zoomed out", "cow"),
        ("a highly detailed 3d model of a cake, studio lighting, 4k", "cake"),
        ("please make me a small, cute dog", "dog"),
        ("a cat and a dog", "cat"),
        ("a lamp without a table", "lamp"),
    ],
)
def test_the_head_noun_decides_the_category(said: str, meant: str) -> None:
    assert category(said) == meant


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("a red armchair", "red armchair"),
        ("a car that is blue", "blue car"),
        ("a car in blue", "blue car"),
        ("a car painted dark blue", "dark blue car"),
        ("a beautiful, red, wooden chair", "red wooden chair"),
        ("an armchair made of leather", "leather armchair"),
        ("a wooden table with black legs", "wooden table with black legs"),
        ("a table whose legs are red", "table with red legs"),
        ("a car with black tyres", "car with black wheels"),
        ("a green cactus in a red pot", "green cactus with red pot"),
        ("a house with a red roof and a green door", "house with red roof and green door"),
        ("a golden trophy", "golden trophy"),
        ("a glass bottle", "glass bottle"),
        ("a chocolate cake", "chocolate cake"),
        ("a shiny green car", "shiny green car"),
        ("a fire truck", "red truck"),
        ("an orange tree", "tree"),
        ("a smal red armchiar", "red armchair"),
    ],
)
def test_a_prompt_is_restated_in_plain_words(said: str, understood: str) -> None:
    assert reading(said).understood == understood


def test_a_colour_goes_to_the_noun_that_it_precedes() -> None:
    wish = reading("a green cactus in a red pot").wish
    assert (wish.color, wish.parts["pot"].color) == (COLORS["green"], COLORS["red"])
    wish = reading("a wooden table with black legs").wish
    assert (wish.color, wish.material) == (None, MATERIALS["wood"])
    assert wish.parts["legs"].color == COLORS["black"]
    assert wish.parts["legs"].material is None


def test_a_second_colour_goes_to_a_suitable_part_and_is_ignored_without_one() -> None:
    cow = reading("a black and white cow")
    assert (cow.wish.color, cow.wish.parts["patches"].color) == (COLORS["black"], COLORS["white"])
    assert cow.understood == "black and white cow"
    bottle = reading("a blue and white bottle")
    assert (bottle.wish.color, dict(bottle.wish.parts), bottle.ignored) == (
        COLORS["blue"],
        {},
        ("white",),
    )


@pytest.mark.parametrize(
    ("said", "ignored"),
    [
        ("a red armchair", ()),
        ("a green cactus in a pot", ()),
        ("a photo of a car with wheels", ()),
        ("a toy car", ("toy",)),
        ("a big red car", ("big",)),
        ("a lamp without a lamp shade", ()),
        ("a car with wings", ("wings",)),
        ("a dog riding a bicycle", ("riding", "bicycle")),
    ],
)
def test_words_without_effect_are_listed_and_no_others(said: str, ignored: tuple[str, ...]) -> None:
    assert reading(said).ignored == ignored


@pytest.mark.parametrize("name", [*NAMES, *(other for row in NAMES.values() for other in row)])
def test_every_name_reads_as_its_own_category_in_singular_and_upper_case(name: str) -> None:
    owner = next(c for c, others in NAMES.items() if name in (c, *others))
    assert category(name) == category(f"A {name.upper()}!") == owner


def test_weights_sum_to_one_and_none_is_zero() -> None:
    for text in ("a red car", "an aircraft", "a vehicle", "nonsense"):
        weights = [w for _, w in reading(text).matches]
        assert not weights or sum(weights) == pytest.approx(1)
        assert all(w > 0 for w in weights)


@pytest.mark.parametrize(
    "text", ["", "of", "with with with", "a " * 400, "!!!", "red", "日本", "no car", "#zzz"]
)
def test_odd_prompts_are_read_or_refused_without_an_error(text: str) -> None:
    assert reading(text).matches in {(), (("car", 1.0),)}


def test_an_unpaired_surrogate_is_refused_and_control_characters_are_white_space() -> None:
    with pytest.raises(UsageError, match="U\\+D800") as caught:
        parse("a car \ud800")
    assert caught.value.fix
    assert parse("a\x00red\x1b car\n").text == "a red car"
