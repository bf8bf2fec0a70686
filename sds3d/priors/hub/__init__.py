"""Models in the diffusers folder layout: names and addresses, readable without torch."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from pathlib import Path

MODEL_INDEX = "model_index.json"  # of a folder in the diffusers layout
RECIPES = {  # prefix of a pipeline's name -> the recipe that its models are run with by default
    "IF": "dreamfusion-if-nerf",
    "StableDiffusion3": "rectified-flow-big-nerf",
    "Sana": "rectified-flow-big-nerf",
    "": "dreamfusion-sd-nerf",
}
EDIT_RECIPES = {  # objective -> the recipe that edits with it are run with by default
    "dds": "delta-denoising-nerf",
    "pds": "posterior-distillation-nerf",
}
NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")  # OWNER/MODEL


@dataclass(frozen=True)
class Alias:
    """A short name.

    pipeline: the class of diffusers.  models: names on the hub, in the order in which they are tried.
    withdrawn: names that it no longer has.
    """

    pipeline: str
    models: tuple[str, ...]
    withdrawn: tuple[str, ...] = ()


@cache
def aliases() -> dict[str, Alias]:
    """The short names of models.toml."""
    text = resources.files("sds3d.priors.hub").joinpath("models.toml").read_text("utf-8")
    return {
        name: Alias(table["pipeline"], tuple(table["models"]), tuple(table.get("withdrawn", ())))
        for name, table in tomllib.loads(text).items()
    }


@dataclass(frozen=True)
class Address:
    """Where a model is: a folder, or names on the hub with a revision, "" for the newest."""

    folder: Path | None
    models: tuple[str, ...] = ()
    revision: str = ""


def address(source: str) -> Address | None:
    """The address of FOLDER, NAME or NAME@REVISION, a name being OWNER/MODEL or a short one; None for others.

    A folder that exists goes before a name, and so does a file, which has no such address.
    """
    if source and Path(source).is_file():
        return None
    if source and Path(source).is_dir():
        return Address(Path(source))
    name, at, revision = source.partition("@")
    if at and not revision:
        return None
    if name in aliases():
        return Address(None, aliases()[name].models, revision)
    return Address(None, (name,), revision) if NAME.fullmatch(name) else None


def default_recipe(source: str) -> str:
    """The recipe that a model is run with by default, by the pipeline that its index or its name tells.

    A name that is neither listed nor in the hub's cache is taken for a model of latents; nothing is downloaded.
    """
    pipeline = _pipeline(source)
    return next(recipe for prefix, recipe in RECIPES.items() if pipeline.startswith(prefix))


def _pipeline(source: str) -> str:
    """The name of a model's pipeline; "" when it is not known yet."""
    place = address(source)
    if place is None:
        return ""
    for alias in aliases().values():
        if set(place.models) & {*alias.models, *alias.withdrawn}:
            return alias.pipeline
    index = place.folder / MODEL_INDEX if place.folder else _cached_index(place)
    try:
        named = json.loads(index.read_text(encoding="utf-8")) if index else {}
    except (OSError, ValueError, RecursionError):  # loading says what is wrong with it
        return ""
    found = named.get("_class_name") if isinstance(named, dict) else ""
    return found if isinstance(found, str) else ""


def _cached_index(place: Address) -> Path | None:
    try:
        hub = import_module("huggingface_hub")
    except ModuleNotFoundError:
        return None
    found = hub.try_to_load_from_cache(
        place.models[0], MODEL_INDEX, revision=place.revision or None
    )
    return Path(found) if isinstance(found, str) else None
