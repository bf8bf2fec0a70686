"""Recipes by name or file, with presets and overrides applied.

METHOD-SCENE is data/methods/METHOD.toml followed by data/scenes/SCENE.toml; any other shipped recipe
is one file.  The table [scenes.SCENE] of a method holds values for that scene alone, the tables [presets.NAME]
hold values that replace those of the base, both by dotted keys; `--set table.key=value` replaces values last.

`load` needs no torch and checks every table that `sds3d.recipe.schema` describes.  The tables that
belong to an objective, a scene, a student or a prior are bound to it by `sds3d.recipe.check`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from sds3d.errors import RecipeError, UsageError, nearest
from sds3d.language.prompt import parse
from sds3d.lookup import import_path
from sds3d.objectives import CONVERSIONS, OBJECTIVES
from sds3d.recipe.schedule import require_ascending
from sds3d.recipe.schema import Recipe
from sds3d.recipe.toml import (
    Named,
    UnknownKeyError,
    annotations_of,
    build,
    dotted,
    flat,
    put,
    read,
    shown,
    typed,
    write,
    write_key,
)
from sds3d.scenes import SCENES

BASE_PRESET = "laptop"
MOST_PIXELS = 1 << 22  # of all views of a step


def names() -> list[str]:
    """The shipped recipes: every method with every scene, and those of the papers themselves."""
    files = (path.name for path in resources.files("sds3d.recipe.data").iterdir())
    papers = sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml"))
    return [*(f"{method}-{scene}" for method in OBJECTIVES for scene in SCENES), *papers]


def text(name: str) -> str:
    """The TOML of a shipped recipe, or of a file.  Raises RecipeError when there is neither."""
    if name in names():
        folder = resources.files("sds3d.recipe.data")
        method, _, scene = name.partition("-")
        files = [folder / f"{name}.toml"]
        if method in OBJECTIVES:
            files = [folder / "methods" / f"{method}.toml", folder / "scenes" / f"{scene}.toml"]
        return "\n".join(file.read_text(encoding="utf-8") for file in files)
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError) as error:
        message = f"unknown recipe {shown(name)}{nearest(name, names())}"
        raise RecipeError(message, "'sds3d recipes list' lists the recipes") from error
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the name
        raise RecipeError(
            f"cannot read {shown(name)}: {error}", "give a UTF-8 TOML file"
        ) from error


def presets(name: str) -> list[str]:
    """The presets of a recipe, the base first."""
    return list(dict.fromkeys([BASE_PRESET, *_table(name).get("presets", {})]))


def load(name: str | Path, preset: str = BASE_PRESET, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe by name or file.  Raises RecipeError naming the key, what it was, and what is allowed."""
    table = _table(str(name))
    choices = {BASE_PRESET: {}} | table.pop("presets", {})
    if preset not in choices:
        message = f"recipe '{name}' has no preset {shown(preset)}{nearest(preset, choices)}"
        raise RecipeError(message, "use a preset that it has, or --set its numbers")
    known = {*schema_keys(Recipe), *flat(table)}
    for key, value in choices[preset].items():
        _merge(table, key, value)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not key.strip():
            raise RecipeError(
                f"--set {shown(override)}: not KEY=VALUE", "use --set table.key=value"
            )
        put(table, key.strip(), read(value.strip()))
    try:
        recipe = build(Recipe, table, "")
    except UnknownKeyError as error:
        raise error.among(known) from None
    _require_consistent(recipe)
    return recipe


def schema_keys(cls: Any, prefix: str = "") -> tuple[str, ...]:
    """The dotted keys of the tables of a recipe that have a schema."""
    annotations = annotations_of(cls)
    keys: tuple[str, ...] = ()
    for f in fields(cls):
        kind = annotations[f.name]
        nested = is_dataclass(kind) and kind is not Named
        keys += schema_keys(kind, f"{prefix}{f.name}.") if nested else (f"{prefix}{f.name}",)
    return keys


def tables_of(recipe: Recipe) -> dict[str, Any]:
    """The recipe as the nested tables of its TOML."""
    tables = asdict(recipe)
    for family in ("objective", "scene"):
        tables[family] = {"name": tables[family]["name"], **tables[family]["options"]}
    return tables


def dump(recipe: Recipe) -> str:
    """TOML that loads back as the same recipe."""
    values, tables = [], []
    for key, value in tables_of(recipe).items():
        if not isinstance(value, Mapping):
            values.append(f"{key} = {write(value)}")
        elif value or key == "lr":  # the only mapping that is required
            lines = (f"{write_key(name)} = {write(v)}" for name, v in value.items())
            tables += ["", f"[{key}]", *lines]
    return "\n".join([*values, *tables]) + "\n"


def _table(name: str) -> dict[str, Any]:
    source = text(name)
    try:
        table = tomllib.loads(source)
    except (ValueError, RecursionError) as error:  # also an integer of 5,000 digits
        message = f"{shown(name)} is not valid TOML: {str(error) or 'nested too deeply'}"
        raise RecipeError(message, "correct that line") from error
    for preset, values in typed(table.get("presets", {}), Mapping[str, Any], "presets").items():
        typed(values, Mapping[str, Any], dotted("presets", preset))
    _merge_scene(table)
    return table


def _merge_scene(table: dict[str, Any]) -> None:
    """Puts the values of [scenes.NAME], for the scene that the recipe has, in place; the others are dropped."""
    scenes = typed(table.pop("scenes", {}), Mapping[str, Any], "scenes")
    for scene, values in scenes.items():
        if scene not in SCENES:
            raise UnknownKeyError(dotted("scenes", scene), SCENES)
        typed(values, Mapping[str, Any], dotted("scenes", scene))
    own = table.get("scene")
    name = own.get("name") if isinstance(own, dict) else None
    for key, value in scenes.get(name, {}).items():
        _merge(table, key, value)


def _merge(table: dict[str, Any], key: str, value: Any) -> None:
    """Puts the value at a dotted key; a table replaces only the keys that it has."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _merge(table, f"{key}.{write_key(name)}", inner)
    else:
        put(table, key, value)


def _require_consistent(recipe: Recipe) -> None:
    """Raises RecipeError for unknown names, and for values that are allowed alone but not together."""
    import_path({**OBJECTIVES, **CONVERSIONS}, recipe.objective.name, "objective.name")
    import_path(SCENES, recipe.scene.name, "scene.name")
    try:
        parse("x", recipe.prompting.negative)
    except UsageError as error:
        raise RecipeError(f"prompting.negative: {error.message}", error.fix) from error
    times, camera = recipe.time, recipe.camera
    for end in ("", "_end"):
        low, high = getattr(times, f"low{end}"), getattr(times, f"high{end}")
        if low > high:
            raise RecipeError(
                f"time.low{end} = {low}: above time.high{end} = {high}",
                "lower it, or raise the other",
            )
    if recipe.material.low > recipe.material.high:
        raise RecipeError(
            f"material.low = {recipe.material.low}: above material.high = {recipe.material.high}",
            "lower it, or raise the other",
        )
    if recipe.optimizer.weight_decay and recipe.optimizer.kind != "adamw":
        raise RecipeError(
            f"optimizer.weight_decay = {recipe.optimizer.weight_decay}: '{recipe.optimizer.kind}' has none",
            'add optimizer.kind = "adamw", or leave it out',
        )
    for name in ("elevation_deg", "distance", "fov_deg"):
        low, high = getattr(camera, name)
        require_ascending(low, high, recipe.steps, f"camera.{name}")
    pixels = camera.views * max(camera.sizes) ** 2
    if pixels > MOST_PIXELS:
        raise RecipeError(
            f"camera.views = {camera.views} images of {max(camera.sizes)} pixels a side: "
            f"{pixels:,} pixels a step, at most {MOST_PIXELS:,} are rendered at once",
            "lower camera.views or camera.sizes",
        )
