"""Meshes of a run as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from sds3d import files
from sds3d.errors import ExportError, UsageError
from sds3d.loops.clock import Clock
from sds3d.mesh.bake import delight
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.save import save
from sds3d.mesh.unseen import paint_unseen
from sds3d.recipe import build
from sds3d.recipe.schema import Export
from sds3d.recipe.toml import violation
from sds3d.runs.job import Job
from sds3d.runs.machine import peak_gib
from sds3d.runs.report import SILENT, Report
from sds3d.runs.result import Result
from sds3d.runs.run import Run, open_run
from sds3d.scenes.scene import Scene


def export(
    path: Path,
    report: Report = SILENT,
    *,
    formats: Sequence[str] = ("glb",),
    texture_size: int | None = None,
    faces: int | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    trust_recipe: bool = False,
) -> Result:
    """Meshes of a run's last checkpoint in other formats or sizes, in the run folder or in `out`.

    Raises RunError when the folder holds no run with a checkpoint or is in use, ExportError when a file
    exists already and `overwrite` is false, RecipeError when the run's recipe imports code and is not
    trusted, and UsageError for sizes outside of the bounds of the recipe's [export].
    """
    for key, value in {"texture_size": texture_size, "faces": faces}.items():
        wrong = "" if value is None else violation(Export, key, value)
        if wrong:
            raise UsageError(f"{key} = {value}: {wrong}", "correct the number")
    target = out or path
    run = open_run(path, trust_recipe=trust_recipe)
    with files.locked(target):
        _require_new(run, target, formats, overwrite)
        recipe = run.recipe.export
        sizes = replace(
            recipe,
            texture_size=texture_size or recipe.texture_size,
            faces=faces or recipe.faces,
        )
        report.stage("mesh")
        _, made = export_meshes(
            run.scene, target, run.job, sizes, formats, run.clock, overwrite=overwrite
        )
        if out is None or target.resolve() == path.resolve():
            run.folder.update(written=[file.name for file in made.values()])
    record = run.folder.require_record()
    steps = record.result.steps if record.result else 0
    return Result(target, record.status, made, run.clock.rounded(), steps, {}, peak_gib())


def export_meshes(
    scene: Scene,
    path: Path,
    job: Job,
    sizes: Export,
    formats: Sequence[str],
    clock: Clock,
    *,
    overwrite: bool = True,
) -> tuple[list[Mesh], dict[str, Path]]:
    """The meshes of all particles and their files: mesh.glb, mesh-1.glb, ...

    The prior's light is divided out where it is known, and faces that no view has seen are painted.
    formats: names of EXPORTERS, or import paths of exporters that name their files themselves.
    """
    light = build.light(job.prior)
    meshes = []
    made = {}
    for number, particle in enumerate(scene.particles):
        suffix = f"-{number}" if number else ""
        with clock("mesh"), torch.no_grad():
            mesh = particle.to_asset(
                resolution=sizes.resolution, texture_size=sizes.texture_size, faces=sizes.faces
            )
            mesh = paint_unseen(delight(mesh, light) if light else mesh)
            meshes.append(mesh)
            for name in formats:
                written = save(
                    mesh, path / f"mesh{suffix}", extras(job), exporter=name, overwrite=overwrite
                )
                made[name + suffix] = written[-1]
            for name, data in particle.own_files().items():
                own = Path(name)
                made[own.stem + suffix] = path / f"{own.stem}{suffix}{own.suffix}"
                files.write(made[own.stem + suffix], data, ExportError)
    return meshes, made


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
