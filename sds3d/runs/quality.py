"""How close a finished run is to the object that its prior prefers."""

from __future__ import annotations

from pathlib import Path

from sds3d.diffusion.prior import HasMembers
from sds3d.errors import PriorError
from sds3d.mesh.load import load_exported
from sds3d.metrics.convergence import convergence
from sds3d.runs.run import Run, open_run


def converged(run: Run | Path) -> dict[str, float]:
    """`metrics.convergence` of a finished run whose prior has members.

    Raises PriorError for another prior, RunError when the folder holds no finished run.
    """
    run = run if isinstance(run, Run) else open_run(run)
    if not isinstance(run.prior, HasMembers):
        raise PriorError(
            f"'{run.job.prior}' has no members to compare with", "use a run with --prior exact"
        )
    models = run.prior.members(run.prompt)
    return convergence(run.scene, models, load_exported(run.folder.path / "mesh.glb"))
