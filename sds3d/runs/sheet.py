"""An image of the objects that a prompt selects from the exact prior."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from sds3d.diffusion.prior import HasMembers
from sds3d.errors import PriorError
from sds3d.mesh.pictures import preview
from sds3d.priors.exact.prior import render
from sds3d.recipe.families import provides
from sds3d.runs.job import Job
from sds3d.runs.run import trial
from sds3d.views.cameras import orbit

VIEWS, SIZE, GREY = 4, 160, 0.6


def sheet(job: Job, path: Path) -> str:
    """Draws the members with a text weight, a row each, and returns how the prompt was read.

    Raises PriorError when the prior knows nothing near the prompt, or is not made of members, ExportError when
    the disk refuses.
    """
    no_members = PriorError(
        f"'{job.prior}' has no members to draw", "give --prior exact or exact:FOLDER"
    )
    if not provides(job.prior, HasMembers):
        raise no_members
    run = trial(job)
    if not isinstance(run.prior, HasMembers):
        raise no_members
    models = run.prior.members(run.prompt)
    cameras = orbit(VIEWS, SIZE, elevation_deg=20).rotated(25)
    images = render(models, cameras, torch.full((VIEWS, 3), GREY), 2)
    views = images.permute(1, 0, 3, 4, 2).flatten(0, 1)
    preview((views.numpy() * 255).astype(np.uint8), path, columns=VIEWS)
    return run.prior.describe(run.prompt)
