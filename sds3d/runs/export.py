"""Meshes of a run as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, get_args

import torch

from sds3d import files
from sds3d.diffusion.prior import HasMembers
from sds3d.errors import ExportError, UsageError
from sds3d.lookup import one_of
from sds3d.mesh.bake import delight
from sds3d.mesh.frame import Frame, Origin, standing
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.save import save
from sds3d.mesh.unseen import paint_unseen
from sds3d.recipe import build
from sds3d.recipe.families import provides
from sds3d.recipe.schema import Export
from sds3d.recipe.toml import violation
from sds3d.runs.job import Job
from sds3d.runs.machine import peak_gib
from sds3d.runs.report import SILENT, Report
from sds3d.runs.result import Result
from sds3d.runs.run import Run, open_run


@dataclass(frozen=True)
class Exported:
    """A mesh in the scene's frame, the frame of its file, and the metadata that a GLB carries."""

    mesh: Mesh
    frame: Frame
    extras: Mapping[str, object]

    @property
    def placed(self) -> Mesh:
        """The mesh as the file has it."""
        return self.frame.placed(self.mesh)


def export(
    path: Path,
    report: Report = SILENT,
    *,
    formats: Sequence[str] = ("glb",),
    texture_size: int | None = None,
    faces: int | None = None,
    height: float | None = None,
    origin: str | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    trust_recipe: bool = False,
) -> Result:
    """Meshes of a run's last checkpoint in other formats or sizes, in the run folder or in `out`.

    Raises RunError when the folder holds no run with a checkpoint or is in use, ExportError when a file
    exists already and `overwrite` is false, RecipeError when the run's recipe imports code and is not
    trusted, and UsageError for sizes outside of the bounds of the recipe's [export].
    """
    asked: dict[str, Any] = {
        "texture_size": texture_size,
        "faces": faces,
        "height": height,
        "origin": origin,
    }
    asked = {key: value for key, value in asked.items() if value is not None}
    if origin is not None:
        one_of("origin", origin, get_args(Origin))
    for key, value in asked.items():
        wrong = violation(Export, key, value)
        if wrong:
            raise UsageError(f"{key} = {value}: {wrong}", "correct the number")
    target = out or path
    run = open_run(path, trust_recipe=trust_recipe)
    with files.locked(target):
        _require_new(run, target, formats, overwrite)
        sizes = replace(run.recipe.export, **asked)
        report.stage("mesh")
        record = run.folder.require_record()
        longest = record.result.longest if record.result else 1.0
        _, made = export_meshes(run, target, sizes, formats, longest, overwrite=overwrite)
        if out is None or target.resolve() == path.resolve():
            run.folder.update(written=[file.name for file in made.values()])
    steps = record.result.steps if record.result else 0
    return Result(target, record.status, made, run.clock.rounded(), steps, {}, peak_gib())


def export_meshes(
    run: Run,
    path: Path,
    sizes: Export,
    formats: Sequence[str],
    longest: float,
    *,
    overwrite: bool = True,
) -> tuple[list[Exported], dict[str, Path]]:
    """The meshes of all particles and their files: mesh.glb, mesh-1.glb, ...

    The prior's light is divided out where it is known, and faces that no view has seen are painted.
    formats: names of EXPORTERS, or import paths of exporters that name their files themselves.  longest: the
    longest side of the object in metres, unless `sizes` has a height.
    """
    job, clock = run.job, run.clock
    light = build.light(run.suited[0], job.prior)
    meshes = []
    made = {}
    for number, particle in enumerate(run.scene.particles):
        suffix = f"-{number}" if number else ""
        with clock("mesh"), torch.no_grad():
            mesh = particle.to_asset(
                resolution=sizes.resolution, texture_size=sizes.texture_size, faces=sizes.faces
            )
            mesh = paint_unseen(delight(mesh, light) if light else mesh)
            frame = standing(
                mesh.vertices, height=sizes.height, longest=longest, origin=sizes.origin
            )
            meshes.append(Exported(mesh, frame, extras(job) | frame.extras()))
            for name in formats:
                stem = path / f"mesh{suffix}"
                written = save(
                    meshes[-1].placed, stem, meshes[-1].extras, exporter=name, overwrite=overwrite
                )
                made[name + suffix] = written[-1]
            for name, data in particle.own_files(frame).items():
                own = Path(name)
                made[own.stem + suffix] = path / f"{own.stem}{suffix}{own.suffix}"
                files.write(made[own.stem + suffix], data, ExportError)
    return meshes, made


def usual_size(run: Run) -> float:
    """The longest side in metres of what the prompt usually is: the mean of the prior's members, else 1."""
    if not provides(run.job.prior, HasMembers) or not isinstance(run.prior, HasMembers):
        return 1.0
    return fmean(model.longest for model in run.prior.members(run.prompt))


def extras(job: Job) -> dict[str, object]:
    """The metadata of the run that a GLB carries."""
    return {"prompt": job.prompt, "method": job.method, "seed": job.seed}


def _require_new(run: Run, target: Path, formats: Sequence[str], overwrite: bool) -> None:
    """Raises ExportError for the first mesh that exists already and must not be replaced."""
    for number in range(run.recipe.particles):
        for name in formats:
            file = target / (f"mesh-{number}.{name}" if number else f"mesh.{name}")
            if file.exists() and not overwrite:
                raise ExportError(
                    f"'{file}' exists already", "give another folder with --out, or --overwrite"
                )
