"""Laws of the schema of recipes: every key has a meaning, and the documentation has its bounds and defaults."""

from dataclasses import is_dataclass
from pathlib import Path

from sds3d.recipe.reference import meanings, reference
from sds3d.recipe.schedule import Schedule
from sds3d.recipe.schema import Recipe
from sds3d.recipe.toml import Named, annotations_of


def test_every_key_of_the_reference_has_a_meaning():
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 150
    assert [row for row in rows if row.count(" | ") != 3 or row.endswith("|  |")] == []


def test_the_reference_in_the_documentation_is_what_the_schema_says():
    page = Path(__file__).parents[2] / "docs" / "recipe-reference.md"
    assert page.read_text(encoding="utf-8") == reference(), (
        "sds3d recipes keys > docs/recipe-reference.md"
    )


def test_every_key_of_the_schema_has_a_meaning():
    for cls in [t for t in (Recipe, Schedule, *annotations_of(Recipe).values()) if is_dataclass(t)]:
        if cls is not Named:
            tables = {
                k for k, t in annotations_of(cls).items() if is_dataclass(t) and t is not Named
            }
            assert set(annotations_of(cls)) - tables == set(meanings(cls.__doc__))
