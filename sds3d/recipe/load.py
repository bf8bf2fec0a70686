"""Recipes: every number of a run, in TOML, checked before anything heavy loads.

METHOD-SCENE is recipes/methods/METHOD.toml and recipes/scenes/SCENE.toml, one text after the other; any other
recipe is one file and read alone.  [presets.NAME] tables hold dotted keys that replace values of the base, and
`--set table.key=value` replaces them last.  Keys of [objective], [scene], [student], [prior], [lr] and
[regularizers] belong to the functions they are passed to and are checked by `toml.bind`.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from sds3d.errors import RecipeError, nearest
from sds3d.language.prompt import SIDES
from sds3d.objectives import OBJECTIVES
from sds3d.recipe.schema import Recipe
from sds3d.recipe.toml import build, put, read, typed, write
from sds3d.scenes import SCENES

BASE_PRESET = "laptop"
FRACTIONS = ("low", "high", "low_end", "high_end", "step_at")  # of [time]


CHOICES = {
    "time.schedule": ("constant", "linear", "sqrt", "step", "prioritized"),
    "noise.mode": ("fresh", "fixed"),
    "prompting.directions": ("none", "plain", "perp-neg"),
    "gradient.clip_mode": ("element", "pixel"),
    "background.mode": ("random", "white", "grey", "black"),
}


def names() -> list[str]:
    """The shipped recipes: every method over every scene, and those of the papers themselves."""
    files = (path.name for path in resources.files("sds3d.recipe.data").iterdir())
    alone = sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml"))
    return [*(f"{method}-{scene}" for method in OBJECTIVES for scene in SCENES), *alone]


def text(name: str) -> str:
    """The TOML of a shipped recipe, or of a file.  Raises RecipeError when there is none."""
    if name in names():
        folder, (method, _, scene) = resources.files("sds3d.recipe.data"), name.partition("-")
        alone = [folder / f"{name}.toml"]
        both = [folder / "methods" / f"{method}.toml", folder / "scenes" / f"{scene}.toml"]
        files = both if method in OBJECTIVES else alone
        return "\n".join(file.read_text(encoding="utf-8") for file in files)
    path = Path(name)
    if not path.is_file():
        message = f"unknown recipe '{name}'{nearest(name, names())}"
        raise RecipeError(message, "'sds3d recipes list' lists them")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read '{name}': {error}", "give a UTF-8 TOML file") from error


def presets(name: str) -> list[str]:
    """The presets of a recipe, the base first."""
    return list(dict.fromkeys([BASE_PRESET, *_table(name).get("presets", {})]))


def load(name: str | Path, preset: str = BASE_PRESET, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe by name or file.  Raises RecipeError naming the key, what it was, and what is allowed."""
    table = _table(str(name))
    choices = {BASE_PRESET: {}} | table.pop("presets", {})
    if preset not in choices:
        message = f"recipe '{name}' has no preset '{preset}'{nearest(preset, choices)}"
        raise RecipeError(message, "take a preset that it has, or --set its numbers")
    for key, value in choices[preset].items():
        put(table, key, value)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise RecipeError(f"--set {override}: no '='", "write --set table.key=value")
        put(table, key.strip(), read(value.strip()))
    recipe = build(Recipe, table, "")
    _check(recipe)
    return recipe


def _table(name: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(text(name))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"'{name}' is not valid TOML: {error}", "correct that line") from error
    for preset, values in typed(table.get("presets", {}), Mapping[str, Any], "presets").items():
        typed(values, Mapping[str, Any], f"presets.{preset}")
    return table


def dump(recipe: Recipe) -> str:
    """TOML that loads back as the same recipe."""
    lines = [f"steps = {recipe.steps}", f"particles = {recipe.particles}"]
    for key, table in asdict(recipe).items():
        if isinstance(table, Mapping) and (table or key == "lr"):
            named = {"name": table["name"], **table["options"]} if "options" in table else table
            lines += ["", f"[{key}]", *(f"{name} = {write(v)}" for name, v in named.items())]
    return "\n".join(lines) + "\n"


def _check(recipe: Recipe) -> None:
    """Raises RecipeError for values that cannot work."""
    camera, times, sizes = recipe.camera, recipe.time, recipe.export
    for key, allowed in CHOICES.items():
        table, name = key.split(".")
        chosen = getattr(getattr(recipe, table), name)
        if chosen not in allowed:
            raise RecipeError(f"{key} = '{chosen}'{nearest(chosen, allowed)}", "take one of these")
    for phrase, sides in recipe.prompting.debias.items():
        for side in sides:
            if side not in SIDES:
                raise RecipeError(
                    f"prompting.debias.{phrase}: unknown side '{side}'{nearest(side, SIDES)}",
                    f"sides are {', '.join(SIDES)}",
                )
    counts = {f"camera.sizes[{i}]": size for i, size in enumerate(camera.sizes)}
    counts |= {f"export.{name}": value for name, value in asdict(sizes).items()}
    counts |= {"steps": recipe.steps, "particles": recipe.particles, "camera.views": camera.views}
    counts |= {"run.checkpoint_every": recipe.run.checkpoint_every}
    limits = {key: (value, 1, math.inf) for key, value in counts.items()}
    limits |= {f"time.{name}": (getattr(times, name), 0, 1) for name in FRACTIONS}
    limits |= {f"lr.{name}": (value, 0, math.inf) for name, value in recipe.lr.items()}
    limits |= {"camera.distance[0]": (camera.distance[0], 1, math.inf)}  # not in the unit ball
    limits |= {f"camera.fov_deg[{i}]": (camera.fov_deg[i], 1, 170) for i in range(2)}
    limits |= {f"camera.elevation_deg[{i}]": (camera.elevation_deg[i], -90, 90) for i in range(2)}
    for key, (value, low, high) in limits.items():
        if not low <= value <= high:
            allowed = f"at least {low}" if high == math.inf else f"from {low} to {high}"
            raise RecipeError(f"{key} = {value}: must be {allowed}", "correct the number")
    for name in ("elevation_deg", "distance", "fov_deg"):
        low, high = getattr(camera, name)
        if low > high:
            raise RecipeError(f"camera.{name} = [{low}, {high}]: ends below its start", "swap them")
