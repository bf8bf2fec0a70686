"""Frozen diffusion models, each fulfilling the contract of `sds3d.diffusion.prior`.

A prior is asked for as NAME, NAME:SOURCE, or MODULE:FUNCTION[:SOURCE] for one from outside the package.  The
names are readable without torch; `sds3d.recipe.build` imports and calls what is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from sds3d.errors import PriorError, nearest
from sds3d.priors.hub import EDIT_RECIPES, MODEL_INDEX, address, aliases, default_recipe


@dataclass(frozen=True)
class PriorKind:
    """How priors of one kind are made.

    load: "module:function", (source, *, seed, device, **options) -> Prior; the options are the recipe's
    [prior.TABLE].  source: what the source is, for messages.  needs_source: whether it may not be left out.
    marker: a file that a source folder must contain.  on_hub: whether the source may be a name on the hub.
    lit: whether the images are under the library's light, which is taken out of exported textures.
    on_color: whether they lie over the colour that the run gives as their background.
    recipe: source -> the recipe that is taken by default, for priors that METHOD-SCENE is not made for.
    edit_recipes: objective -> the recipe that is taken by default when a scene is edited with it.
    """

    load: str
    table: str
    source: str = ""
    needs_source: bool = False
    marker: str = ""
    on_hub: bool = False
    lit: bool = False
    on_color: bool = False
    recipe: Callable[[str], str] | None = None
    edit_recipes: Mapping[str, str] = field(default_factory=dict)


PRIORS = {
    "exact": PriorKind(
        "sds3d.priors.exact.loading:exact_prior",
        "exact",
        source="give a folder of GLB or OBJ files",
        lit=True,
        on_color=True,
    ),
    "embedded": PriorKind(
        "sds3d.priors.embedded.prior:embedded_prior",
        "embedded",
        source="give the folder of a network that 'sds3d prior train' made",
        lit=True,
        on_color=True,
    ),
    "diffusers": PriorKind(
        "sds3d.priors.hub.pretrained:diffusers_prior",
        "diffusers",
        source="give --prior diffusers:FOLDER, diffusers:OWNER/MODEL of the hub, or a short name such as sd15",
        needs_source=True,
        marker=MODEL_INDEX,
        on_hub=True,
        recipe=default_recipe,
        edit_recipes=EDIT_RECIPES,
    ),
}  # the first is the default
OWN = "external"  # the recipe's [prior.external] belongs to priors from outside the package


def parse_prior(name: str) -> tuple[PriorKind, str]:
    """(kind, source) of a prior as the user names it.

    Raises PriorError for an unknown kind, and for a source that is missing or is not of the kind.
    """
    head, _, source = name.partition(":")
    kind = PRIORS.get(head)
    if kind is None and re.fullmatch(r"[^\W\d]\w*(\.\w+)*:\w+(:.*)?", name) and _is_module(head):
        function, _, source = source.partition(":")
        return PriorKind(f"{head}:{function}", OWN), source
    if kind is None:
        raise PriorError(
            f"unknown prior '{head}'{nearest(head, PRIORS)}",
            'use --prior exact, or your own as "package.module:function"',
        )
    _check_source(kind, source, given=":" in name)
    return kind, source


def _is_module(name: str) -> bool:
    """Whether `name` can be a module: a dotted path, or one that Python finds; nothing is imported."""
    return "." in name or find_spec(name) is not None


def _check_source(kind: PriorKind, source: str, *, given: bool) -> None:
    if not given and not kind.needs_source:
        return
    folder = Path(source)
    if kind.on_hub:
        found = address(source)
        if found and not found.folder:
            return
        if folder.is_file() and folder.suffix == ".safetensors":
            return
        if folder.is_file():
            raise PriorError(
                f"'{source}' is not a .safetensors file; other files of weights are pickles, which can run "
                "code when they are opened, and never are",
                "use the model's .safetensors file, or its folder in the diffusers layout",
            )
        if source and not found:
            raise PriorError(
                f"'{source}' is not a folder, an OWNER/MODEL or a short name"
                f"{nearest(source.partition('@')[0], aliases())}",
                kind.source,
            )
    if not source or not folder.is_dir():
        raise PriorError(f"'{source}' is not a folder", kind.source)
    if kind.marker and not (folder / kind.marker).is_file():
        if (folder / "config.json").is_file():
            raise PriorError(
                f"'{source}' is one network, such as a ControlNet, and no whole model",
                f"give the folder that holds {kind.marker}",
            )
        raise PriorError(
            f"'{source}' is not in the diffusers layout: it has no {kind.marker}",
            f"give the folder that holds {kind.marker}, scheduler/ and unet/ or transformer/",
        )
