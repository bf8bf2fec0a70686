"""prompts/embedded.txt holds only prompts that the built-in library understands."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from sds3d import library
from sds3d.words import read

FILE = Path(__file__).parents[1] / "prompts/embedded.txt"
LINES = [x for x in FILE.read_text("utf-8").splitlines() if x and x[0] != "#"]
# names that the library is to have, until it has them
PLANNED = """teddy bear, cat, dog, horse, cow, pig, sheep, rabbit, elephant, giraffe, lion, bear, bird, duck,
owl, penguin, chicken, fish, shark, whale, dolphin, turtle, snail, frog, snake, crocodile, butterfly, octopus,
dinosaur, dragon, robot, snowman, ghost, tree, palm tree, christmas tree, cactus, sunflower, mushroom, apple,
banana, pear, orange, strawberry, pineapple, watermelon, carrot, pumpkin, hamburger, hot dog, pizza, cake,
donut, ice cream cone, croissant, hammer, axe, sword, key, guitar, violin, drum, top hat, crown, trophy,
basketball, rubber duck, anchor, barrel, treasure chest, globe, balloon, star, heart"""
PLANNED_PARTS = {"cactus": ("pot",), "cow": ("patches",)}


@cache
def in_library() -> dict[str, tuple[str, ...]]:
    planned = {name: () for name in " ".join(PLANNED.split("\n")).split(", ")}
    return planned | {name: c.also for name, c in library.CATEGORIES.items()}


@cache
def parts_in_library(name: str) -> tuple[str, ...]:
    if name in library.CATEGORIES:
        return library.part_names(name, variants=2)
    return PLANNED_PARTS.get(name, ())


@pytest.mark.parametrize("prompt", LINES)
def test_every_prompt_said_to_work_is_understood_to_the_last_word(prompt: str) -> None:
    ((name, _),) = read(prompt, in_library()).matches
    assert read(prompt, in_library(), {name: parts_in_library(name)}).ignored == ()
