"""The differences between the recipe of an earlier run and the requested one."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sds3d.errors import RecipeError, RunError
from sds3d.recipe import load as recipes
from sds3d.recipe import toml
from sds3d.recipe.schema import Recipe
from sds3d.runs.folder import START_OVER, RunFolder
from sds3d.runs.job import Job

UNTRAINED = ("export.", "material.", "run.")  # tables that the optimisation does not depend on
SHOWN = 6  # differences in a message


@dataclass(frozen=True)
class Difference:
    """A key of two recipes, and its values in TOML; "-" where one lacks it."""

    key: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.key} {self.before} -> {self.now}"


def differences(before: str, now: str) -> list[Difference]:
    """The keys of two recipes, as TOML, whose values differ; the paper that they cite does not count.

    A key that an earlier version did not have yet has its default.
    """
    old = dict(_flat(_completed(before)))
    new = dict(_flat(tomllib.loads(now)))
    keys = (key for key in {**old, **new} if not key.startswith("paper."))
    pairs = ((key, old.get(key, "-"), new.get(key, "-")) for key in keys)
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def text(found: Sequence[Difference]) -> str:
    """The differences, in one line."""
    more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(map(str, found[:SHOWN])) + more


def trained(found: Sequence[Difference]) -> list[Difference]:
    """The differences that matter to the optimisation."""
    return [difference for difference in found if not difference.key.startswith(UNTRAINED)]


def require_continuable(folder: RunFolder, job: Job, found: Sequence[Difference]) -> None:
    """Raises RunError, naming every key, when the run cannot continue under the requested recipe.

    It can with more steps, with other [export], [material] and [run] tables, and with another preset of the
    recipe (draft, then better) in the keys that presets set.
    """
    allowed = {"steps"}
    if folder.require_record().job.preset != job.preset:
        allowed |= _preset_keys(job.recipe_name)
    refused = [d for d in trained(found) if d.key not in allowed]
    if refused:
        raise RunError(
            f"'{folder.path}' holds a run with another recipe: {text(refused)}", START_OVER
        )


def require_steps_left(
    folder: RunFolder, done: int, steps: int, found: Sequence[Difference]
) -> None:
    """Raises RunError when the run has done more steps than requested, or as many under another recipe."""
    others = [d for d in trained(found) if d.key != "steps"]
    if done > steps or (done == steps and others):
        differing = f" ({text(found)})" if found else ""
        raise RunError(
            f"the run in '{folder.path}' has done {done} steps, and {steps} are requested{differing}",
            f"give more --steps, {START_OVER}",
        )


def _preset_keys(recipe: str) -> set[str]:
    """The keys that any preset of the recipe sets."""
    presets = tomllib.loads(recipes.text(recipe)).get("presets", {})
    return {key for values in presets.values() for key in values}


def _completed(text: str) -> Mapping[str, Any]:
    """The recipe with the defaults of keys that it lacks; as it is where it is not a recipe of this version."""
    table = tomllib.loads(text)
    try:
        return tomllib.loads(recipes.dump(toml.build(Recipe, table, "")))
    except RecipeError:
        return table


def _flat(table: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, value in TOML) of every value."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{where}{key}.")
        else:
            yield f"{where}{key}", toml.write(value)
