"""The files in prompts/ hold only prompts that the built-in library understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from sds3d import library
from sds3d.language.reading import read

FOLDER = Path(__file__).parents[2] / "prompts"
TEXT = "\n".join(path.read_text("utf-8") for path in sorted(FOLDER.glob("*.txt")))
LINES = [line for line in TEXT.splitlines() if line and line[0] != "#"]
NAMES = {name: category.also for name, category in library.CATEGORIES.items()}


@pytest.mark.parametrize("prompt", LINES)
def test_every_word_of_the_listed_prompts_is_understood(prompt: str) -> None:
    reading = read(prompt, NAMES, lambda name, _: library.part_names(name, 2))
    assert len(reading.matches) == 1
    assert reading.ignored == ()
