"""Everyday prompts, and what becomes of each of their words (fates.tsv)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sds3d import library
from sds3d.language.lexicon import plain, singulars
from sds3d.language.reading import Reading, read
from sds3d.language.words import Use

TABLE = Path(__file__).with_name("fates.tsv")
NAMES = {name: category.also for name, category in library.CATEGORIES.items()}
ROWS = [
    (line.split("\t") + [""] * 5)[:6]
    for line in TABLE.read_text("utf-8").splitlines()
    if not line.startswith("# ")
]


def reading(prompt: str) -> Reading:
    return read(prompt, NAMES, lambda name, _: library.part_names(name, 4))


def words(found: Reading, use: Use) -> list[str]:
    return [fate.word for fate in found.fates if fate.use is use]


def test_the_list_is_long_enough() -> None:
    assert len(ROWS) >= 300
    assert len({prompt for prompt, *_ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("prompt", "made", "kinds", "unmade", "corrected", "picture"), ROWS)
def test_every_word_of_an_everyday_prompt_has_its_fate(
    prompt: str, made: str, kinds: str, unmade: str, corrected: str, picture: str
) -> None:
    found = reading(prompt)
    if made.startswith("-"):
        # refused, unless the library has come to hold the very thing
        noun = made[1:]
        named = [name for name, _ in found.matches]
        assert named in ([], *([plain(form)] for form in singulars(noun)))
        assert named or (found.noun == noun and found.nearest)
        return
    assert found.understood == made
    assert " ".join(f.word for f in found.fates if "plain" in f.why) == kinds
    assert ", ".join(words(found, Use.NOT_MADE)) == unmade
    assert ", ".join(f.corrected for f in found.fates if f.corrected) == corrected
    assert " ".join(words(found, Use.PICTURE)) == picture


@pytest.mark.parametrize("prompt", [row[0] for row in ROWS])
def test_every_word_without_effect_is_in_the_note(prompt: str) -> None:
    found = reading(prompt)
    note = found.note.lower()
    assert "".join(f.word for f in found.fates) == "".join(prompt.split())
    assert not found.matches or all(word in note for word in found.ignored)
    assert all(f"'{f.corrected}'" in found.note for f in found.fates if f.corrected)
