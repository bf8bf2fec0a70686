"""Models in the diffusers folder layout: names and addresses, readable without torch."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

MODEL_INDEX = "model_index.json"  # of a folder in the diffusers layout
NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")  # OWNER/MODEL


@dataclass(frozen=True)
class Alias:
    """A short name.

    models: names on the hub, in the order in which they are tried.  withdrawn: names that it no longer has.
    """

    models: tuple[str, ...]
    withdrawn: tuple[str, ...] = ()


@cache
def aliases() -> dict[str, Alias]:
    """The short names of models.toml."""
    text = resources.files("sds3d.priors.hub").joinpath("models.toml").read_text("utf-8")
    return {
        name: Alias(tuple(table["models"]), tuple(table.get("withdrawn", ())))
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

    A folder that exists goes before a name.
    """
    if source and Path(source).is_dir():
        return Address(Path(source))
    name, at, revision = source.partition("@")
    if at and not revision:
        return None
    if name in aliases():
        return Address(None, aliases()[name].models, revision)
    return Address(None, (name,), revision) if NAME.fullmatch(name) else None
