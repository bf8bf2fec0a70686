"""Recipes: every number of a run, in TOML, checked before anything heavy loads.

A recipe is read alone; its [presets.NAME] tables hold dotted keys that replace values of the base, and
`--set table.key=value` replaces them last.  Keys of [objective], [scene], [student], [prior], [lr] and
[regularizers] belong to the functions they are passed to and are checked by `bind`.
"""

from __future__ import annotations

import inspect
import json
import tomllib
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from sds3d.errors import RecipeError, nearest
from sds3d.job import Job

BASE_PRESET = "laptop"
SCHEDULES = ("constant", "linear", "sqrt", "step")


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Where the method and its numbers come from."""

    title: str
    authors: str
    year: int
    url: str
    bibtex: str = ""


@dataclass(frozen=True, kw_only=True)
class Named:
    """A part by name, and the keyword arguments it is built with."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Time:
    """Bounds on t (0 clean, 1 noise) at the start and at the end of the run, and how they go between."""

    low: float
    high: float
    low_end: float
    high_end: float
    schedule: str = "linear"
    step_at: float = 0.5
    per_view: bool = False


@dataclass(frozen=True, kw_only=True)
class Noise:
    """`fresh` noise at each step, or one `fixed` draw."""

    mode: str = "fresh"


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Views per step, image sizes (several = equal phases of the run), and ranges."""

    views: int
    sizes: tuple[int, ...]
    elevation_deg: tuple[float, float]
    distance: tuple[float, float]
    fov_deg: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Background:
    """`random` colours, or one of white, grey, black."""

    mode: str = "random"


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """Adam.  lr_end: factor on every learning rate at the end; grad_clip: 0 is off."""

    betas: tuple[float, float] = (0.9, 0.99)
    eps: float = 1e-15
    lr_end: float = 1.0
    grad_clip: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Export:
    """The mesh: grid, texture side in pixels, most triangles."""

    resolution: int = 128
    texture_size: int = 1024
    faces: int = 20000


@dataclass(frozen=True, kw_only=True)
class Run:
    """Plumbing."""

    checkpoint_every: int = 50


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All numbers of a run, presets and overrides applied."""

    steps: int
    paper: Paper
    objective: Named
    scene: Named
    time: Time
    camera: Camera
    lr: Mapping[str, Any]
    noise: Noise = Noise()
    background: Background = Background()
    optimizer: Optimizer = Optimizer()
    student: Mapping[str, Any] = field(default_factory=dict)
    prior: Mapping[str, Any] = field(default_factory=dict)
    regularizers: Mapping[str, Any] = field(default_factory=dict)
    export: Export = Export()
    run: Run = Run()


CHOICES = {
    "time.schedule": SCHEDULES,
    "noise.mode": ("fresh", "fixed"),
    "background.mode": ("random", "white", "grey", "black"),
}


def names() -> list[str]:
    """The shipped recipes."""
    folder = resources.files("sds3d.recipes")
    return sorted(
        p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")
    )


def text(name: str) -> str:
    """The TOML of a shipped recipe, or of a file.  Raises RecipeError when there is none."""
    if name in names():
        return (resources.files("sds3d.recipes") / f"{name}.toml").read_text(encoding="utf-8")
    path = Path(name)
    if not path.is_file():
        raise RecipeError(
            f"unknown recipe '{name}'{nearest(name, names())}", "'sds3d recipes list' lists them"
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read '{name}': {error}", "give a UTF-8 TOML file") from error


def presets(name: str) -> list[str]:
    """The presets of a recipe, the base first."""
    return [
        BASE_PRESET,
        *(p for p in tomllib.loads(text(name)).get("presets", {}) if p != BASE_PRESET),
    ]


def resolve(job: Job) -> Recipe:
    """The job's recipe with its preset, its --set overrides and its --steps applied."""
    name = job.recipe or f"{job.method}-{job.scene}"
    overrides = [*job.overrides, *([f"steps={job.steps}"] if job.steps is not None else [])]
    return load(name, job.preset, overrides)


def load(name: str | Path, preset: str = BASE_PRESET, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe by name or file.  Raises RecipeError naming the key, what it was, and what is allowed."""
    try:
        table = tomllib.loads(text(str(name)))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"'{name}' is not valid TOML: {error}", "correct that line") from error
    presets = table.pop("presets", {})
    if preset in presets:
        for key, value in presets[preset].items():
            _put(table, key, value)
    elif preset != BASE_PRESET:
        known = {BASE_PRESET, *presets}
        raise RecipeError(f"recipe '{name}' has no preset '{preset}'{nearest(preset, known)}", "")
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise RecipeError(f"--set {override}: no '='", "write --set table.key=value")
        _put(table, key.strip(), _value(value.strip()))
    recipe = _build(Recipe, table, "")
    _check(recipe)
    return recipe


def dump(recipe: Recipe) -> str:
    """TOML that loads back as the same recipe."""
    values = asdict(recipe)
    lines = [f"steps = {recipe.steps}"]
    for name, table in values.items():
        if isinstance(table, Mapping) and (table or name == "lr"):
            if name in {"objective", "scene"}:
                table = {"name": table["name"], **table["options"]}  # noqa: PLW2901
            lines += ["", f"[{name}]", *(f"{key} = {_toml(v)}" for key, v in table.items())]
    return "\n".join(lines) + "\n"


def bind(
    function: Callable, values: Mapping[str, Any], where: str, *, supplied: Sequence[str] = ()
) -> dict[str, Any]:
    """The keyword arguments of `function` taken from a recipe's table.

    Raises RecipeError for a missing key, an unknown one (with the nearest known) and a wrong type.
    """
    found = inspect.signature(function, eval_str=True).parameters.values()
    keywords = {p.name: p for p in found if p.kind is p.KEYWORD_ONLY and p.name not in supplied}
    for key in values:
        if key not in keywords:
            raise RecipeError(
                f"{where}.{key}: unknown key{nearest(key, keywords)}", "correct the key"
            )
    for name, parameter in keywords.items():
        if parameter.default is parameter.empty and name not in values:
            raise RecipeError(f"{where}: missing key '{name}'", f"add it to [{where}]")
    return {k: _typed(v, keywords[k].annotation, f"{where}.{k}") for k, v in values.items()}


def _value(source: str) -> Any:
    """A TOML value; what is none is a string."""
    try:
        return tomllib.loads(f"x = {source}")["x"]
    except tomllib.TOMLDecodeError:
        return source


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise RecipeError(f"{key}: '{part}' is a value, not a table", "correct the key")
    table[last] = value


def _build(cls: type, table: Mapping[str, Any], where: str) -> Any:
    """The dataclass from a table, strictly."""
    if cls is Named:
        rest = {k: v for k, v in table.items() if k != "name"}
        if not isinstance(table.get("name"), str):
            raise RecipeError(f"{where}: missing key 'name'", f"add it to [{where}]")
        return Named(name=table["name"], options=rest)
    types = typing.get_type_hints(cls)
    prefix = f"{where}." if where else ""
    for key in table:
        if key not in types:
            raise RecipeError(f"{prefix}{key}: unknown key{nearest(key, types)}", "correct the key")
    for f in fields(cls):
        if f.default is f.default_factory is not None and f.name not in table:
            raise RecipeError(f"{where or 'recipe'}: missing key '{f.name}'", "add it")
    return cls(**{key: _typed(value, types[key], f"{prefix}{key}") for key, value in table.items()})


def _typed(value: Any, wanted: Any, where: str) -> Any:
    """The value as the annotated type.  Raises RecipeError when it is another."""

    def refuse() -> RecipeError:
        name = getattr(wanted, "__name__", str(wanted))
        return RecipeError(f"{where} = {value!r}: not a {name}", f"give a {name}")

    if is_dataclass(wanted):
        if not isinstance(value, Mapping):
            raise refuse()
        return _build(wanted, value, where)
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise refuse()
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        if len(kinds) != len(value) or not value:
            raise refuse()
        pairs = zip(value, kinds, strict=True)
        return tuple(_typed(v, kind, f"{where}[{i}]") for i, (v, kind) in enumerate(pairs))
    if origin is not None:  # Mapping[str, Any]: a free table
        if not isinstance(value, Mapping):
            raise refuse()
        return dict(value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise refuse()
    return value


def _check(recipe: Recipe) -> None:
    """Raises RecipeError for values that cannot work."""
    for key, allowed in CHOICES.items():
        table, name = key.split(".")
        value = getattr(getattr(recipe, table), name)
        if value not in allowed:
            raise RecipeError(f"{key} = {value!r}{nearest(value, allowed)}", "")
    times = recipe.time
    for name in ("low", "high", "low_end", "high_end"):
        if not 0 <= getattr(times, name) <= 1:
            raise RecipeError(f"time.{name} = {getattr(times, name)}: not between 0 and 1", "")
    counts = {
        "steps": recipe.steps,
        "camera.views": recipe.camera.views,
        "export.resolution": recipe.export.resolution,
        "export.texture_size": recipe.export.texture_size,
        "export.faces": recipe.export.faces,
        "run.checkpoint_every": recipe.run.checkpoint_every,
        **{f"camera.sizes[{i}]": size for i, size in enumerate(recipe.camera.sizes)},
    }
    for name, value in counts.items():
        if value < 1:
            raise RecipeError(f"{name} = {value}: must be at least 1", "give a positive number")


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
    return repr(value)
