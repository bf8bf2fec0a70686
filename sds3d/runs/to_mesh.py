"""A run or a mesh file as mesh files, and how closely they look like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from sds3d import files
from sds3d.errors import ExportError, UsageError
from sds3d.library.kit.model import member
from sds3d.lookup import import_path
from sds3d.loops.clock import Clock
from sds3d.loops.seen import SeenMesh, seen_as
from sds3d.mesh.formats import EXPORTERS, file_names, require_installed
from sds3d.mesh.load import load, load_exported, load_shape
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.save import require_free, save
from sds3d.mesh.shape import shape_of
from sds3d.metrics.fidelity import fidelity
from sds3d.recipe import build
from sds3d.runs.convert import convert
from sds3d.runs.export import ANOTHER, export_meshes, planned
from sds3d.runs.generate import generate
from sds3d.runs.job import Job
from sds3d.runs.machine import peak_gib
from sds3d.runs.report import SILENT, Report
from sds3d.runs.result import Result
from sds3d.runs.run import Run, open_run
from sds3d.scenes.scene import MadeOfGaussians

CPU = torch.device("cpu")


def to_mesh(
    start: str | Path,
    report: Report = SILENT,
    *,
    prompt: str = "",
    formats: Sequence[str] = ("glb",),
    out: str = "",
    overwrite: bool = False,
    trust_recipe: bool = False,
    **options: Any,
) -> Result:
    """Mesh files of the scene of a run folder, or of the mesh in a file, with the scores of `fidelity`.

    A scene with a density gives its isosurface.  Gaussians first become a NeRF, in a run of its own in the same
    folder: their sum is a poor density, and the surface of the NeRF looks more like them.
    prompt: what the start shows; by default that of the run, or the file's name.  out: by default
    outputs/PROMPT/NAME-to-mesh.  options: of the Job of that run; there are none without one.

    Raises UsageError for options without effect, ExportError for files that are there already when `overwrite`
    is false, RunError and MeshError as `convert`.
    """
    for name in formats:
        import_path(EXPORTERS, name, "format", ExportError)
    require_installed(formats)
    folder = Path(out) if out else _default(start, prompt)
    if not Path(start).is_dir():
        _require_none(options)
        return _rewritten(Path(start), report, formats, folder, overwrite)
    run = open_run(Path(start), trust_recipe=trust_recipe)
    if isinstance(run.scene.particles[0], MadeOfGaussians):
        known = {"prompt": prompt, "out": str(folder), "overwrite": overwrite}
        formats = tuple(dict.fromkeys([*formats, "glb"]))
        job = convert(start, "nerf", formats=formats, trust_recipe=trust_recipe, **known, **options)
        return _by_nerf(run, job, report)
    _require_none(options)
    return _extracted(run, report, formats, folder, overwrite)


def _default(start: str | Path, prompt: str) -> Path:
    """The folder in which the conversion to a NeRF would be, with another ending."""
    made = convert(start, "nerf", prompt=prompt).folder()
    return made.with_name(f"{made.name.removesuffix('-nerf')}-mesh")


def _require_none(options: Mapping[str, Any]) -> None:
    """Raises UsageError for the first option of an optimisation, where there is none."""
    for name in options:
        raise UsageError(
            f"--{name}: nothing is optimised on the way to a mesh, unless it starts from splats",
            "leave it out; sizes are those of the run: see sds3d export",
        )


def _rewritten(
    start: Path, report: Report, formats: Sequence[str], folder: Path, overwrite: bool
) -> Result:
    """A mesh file in other formats, in its own place and size.  Raises MeshError."""
    clock = Clock()
    made: dict[str, Path] = {}
    report.stage("mesh")
    with clock("mesh"):
        mesh = load(start)
        with files.locked(folder):
            if not overwrite:
                names = (folder / file for name in formats for file in file_names(name))
                require_free(names, (), ANOTHER)
            for name in formats:
                path = folder / "mesh"
                made[name] = save(mesh, path, exporter=name, overwrite=overwrite)[-1]
        shape, _ = load_shape(start)
        theirs, ours = (SeenMesh(member(one, "")) for one in (shape, shape_of(mesh)))
    scores = fidelity(ours, theirs, CPU)
    return Result(folder, "finished", made, clock.rounded(), 0, scores, peak_gib())


def _extracted(
    run: Run, report: Report, formats: Sequence[str], folder: Path, overwrite: bool
) -> Result:
    """The surface of a scene, as `export` writes it."""
    record = run.folder.require_record()
    longest = record.result.longest if record.result else 1.0
    report.stage("mesh")
    with files.locked(folder):
        there = {file.name for file in folder.iterdir()} if overwrite else set()
        require_free(planned(run, folder, formats), there, ANOTHER)
        exported, made = export_meshes(
            run, folder, run.recipe.export, formats, longest, there, fix=ANOTHER, report=report
        )
    scores = fidelity(_seen(run, exported[0].mesh), run.scene.particles[0], CPU)
    return Result(folder, "finished", made, run.clock.rounded(), 0, scores, peak_gib(), 0, longest)


def _by_nerf(start: Run, job: Job, report: Report) -> Result:
    """The mesh of the NeRF that Gaussians become; its scores take the place of the NeRF's."""
    result = generate(job, report)
    made = open_run(result.folder)
    mesh = _seen(made, load_exported(result.files["glb"]))
    values = result.values | fidelity(mesh, start.scene.particles[0], CPU)
    result = replace(result, values=values)
    recorded = replace(result, status=made.folder.require_record().status)
    made.folder.update(result=recorded)
    return result


def _seen(run: Run, mesh: Mesh) -> SeenMesh:
    """The exported mesh of a run as its scene shows it: under the light that was divided out of it, if any."""
    return seen_as(mesh, lit=build.light(run.suited[0], run.job.prior) is not None)
