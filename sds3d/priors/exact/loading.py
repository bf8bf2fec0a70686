"""The exact prior over the built-in library or over a folder of meshes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import torch

from sds3d.bounds import Bounds
from sds3d.errors import RecipeError
from sds3d.priors.exact.choose import SHELF, built_in
from sds3d.priors.exact.folder import folder
from sds3d.priors.exact.prior import ExactPrior

Spread = Annotated[float, Bounds(0, 10)]  # standard deviation, in units of z


def exact_prior(
    source: str,
    *,
    seed: int,
    device: torch.device,
    variants: Annotated[int, Bounds(1, SHELF, "the library has no more")],
    null_members: Annotated[int, Bounds(0, 64)],
    supersample: Annotated[int, Bounds(1, 4, "images are drawn this much larger, then averaged")],
    camera_blind: bool,
    spread: Spread = 0.0,
    null_spread: Spread = 0.0,
    schedule: Literal["vp", "flow"] = "vp",
    up: Literal["y", "z"] = "y",
) -> ExactPrior:
    """The exact prior over the meshes in the folder `source`, or over the built-in library when it is empty.

    Args:
        source: a folder of meshes, or "".
        seed: which variants of a category of the built-in library are its members, and which of many meshes
            of equal merit.
        device: not used; members are drawn on the CPU and follow the cameras.
        variants: members of the prompt's category in the built-in library.
        null_members: objects of other categories that the branch without a prompt weighs beside them.
        supersample: members are drawn this many times larger, then averaged.
        camera_blind: score each view alone, over the members turned to any of eight azimuths, as a prior
            without cameras would; this makes Janus faces on purpose.
        spread: standard deviation of the blur of the branch with the prompt, in units of z.
        null_spread: the same of the branches without it.
        schedule: `vp` is Stable Diffusion's; `flow` is alpha_t = 1 - t, sigma_t = t.
        up: the up axis of the folder's files.

    Raises PriorError when the folder cannot be read, RecipeError for `up` without a folder.
    """
    del device
    if up != "y" and not source:
        raise RecipeError(f"prior.exact.up = '{up}', but there are no files", "use exact:FOLDER")
    select = (
        folder(Path(source), up=up, seed=seed)
        if source
        else built_in(variants=variants, null_members=null_members, seed=seed)
    )
    return ExactPrior(
        select,
        supersample=supersample,
        camera_blind=camera_blind,
        spread=spread,
        null_spread=null_spread,
        schedule=schedule,
    )
