"""The exact prior over the built-in library or over a folder of meshes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch

from sds3d.priors.exact.choose import built_in, folder
from sds3d.priors.exact.prior import ExactPrior


def exact_prior(
    source: str,
    *,
    seed: int,
    device: torch.device,
    variants: int,
    null_members: int,
    supersample: int,
    camera_blind: bool,
    spread: float = 0.0,
    null_spread: float = 0.0,
    schedule: Literal["vp", "flow"] = "vp",
) -> ExactPrior:
    """The exact prior over the meshes in the folder `source`, or over the built-in library when it is empty.

    seed: which variants of a category of the built-in library are its members.  The other arguments are those
    of `built_in` and `ExactPrior`.  Raises PriorError when the folder cannot be read.
    """
    del device  # members are drawn on the CPU and follow the cameras
    select = (
        folder(Path(source))
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
