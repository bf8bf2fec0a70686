"""Meshes of a run as files."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import torch

from sds3d import files
from sds3d.errors import ExportError, UsageError
from sds3d.lookup import find, one_of
from sds3d.mesh.bake import delight
from sds3d.mesh.formats import BESIDE, MAPS, SPLAT_EXPORTERS, file_names, require_installed
from sds3d.mesh.frame import Frame, Origin, standing
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.save import encode, require_free
from sds3d.mesh.unseen import paint_unseen
from sds3d.metrics.convergence import coverage
from sds3d.metrics.geometry import silhouette_iou
from sds3d.recipe import build
from sds3d.recipe.check import require_formats, require_material
from sds3d.recipe.schema import Export
from sds3d.recipe.toml import violation
from sds3d.runs.folder import RunFolder
from sds3d.runs.job import Job
from sds3d.runs.machine import peak_gib
from sds3d.runs.report import SILENT, Report
from sds3d.runs.result import Result
from sds3d.runs.run import Run, open_run
from sds3d.scenes.scene import MadeOfGaussians, Scene
from sds3d.views.cameras import orbit

ANOTHER = "give another folder with --out, or --overwrite"


@dataclass(frozen=True)
class Exported:
    """A mesh in the scene's frame, the frame of its file, and the metadata that a GLB carries.

    iou: of its silhouettes and those of the scene.
    """

    mesh: Mesh
    frame: Frame
    extras: Mapping[str, object]
    iou: float

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
    pbr: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    trust_recipe: bool = False,
) -> Result:
    """Meshes of a run's last checkpoint in other formats or sizes, in the run folder or in `out`.

    pbr: with textures of the material, as the recipe's [material] makes them, by `channels` if it makes none.

    Raises RunError when the folder holds no run with a checkpoint or is in use, RecipeError when the run's
    recipe imports code and is not trusted, UsageError for sizes outside of the bounds of the recipe's [export],
    and ExportError when a file that was asked for exists already and `overwrite` is false, or when a format
    does not fit the scene or is not installed.
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
    require_installed(formats)
    run = open_run(path, trust_recipe=trust_recipe)
    require_formats(run.recipe, formats)
    if pbr and run.recipe.material.mode == "none":
        run.recipe = replace(run.recipe, material=replace(run.recipe.material, mode="channels"))
        require_material(run.recipe.material, run.job.prior)
    with files.locked(target):
        replaceable = {file.name for file in target.iterdir()} if overwrite else set()
        require_free(planned(run, target, formats), replaceable, ANOTHER)
        sizes = replace(run.recipe.export, **asked)
        report.stage("mesh")
        record = run.folder.require_record()
        longest = record.result.longest if record.result else 1.0
        _, made = export_meshes(
            run, target, sizes, formats, longest, replaceable, fix=ANOTHER, report=report
        )
    steps = record.result.steps if record.result else 0
    return Result(target, record.status, made, run.clock.rounded(), steps, {}, peak_gib())


def export_meshes(
    run: Run,
    path: Path,
    sizes: Export,
    formats: Sequence[str],
    longest: float,
    replaceable: Container[str],
    *,
    fix: str,
    report: Report = SILENT,
) -> tuple[list[Exported], dict[str, Path]]:
    """The meshes of all particles and their files: mesh.glb, mesh-1.glb, ...

    The prior's light is divided out where it is known, and faces that no view has seen are painted.
    formats: names of FORMATS, or import paths of exporters that name their files themselves.  longest: the
    longest side of the object in metres, unless `sizes` has a height.  replaceable: the names of existing files
    that may be replaced; what a scene writes unasked leaves others as they are.

    Raises ExportError, with the `fix`, when another file that was asked for exists; then nothing is written.
    Files in the run's own folder are in its record before they are written.
    """
    job, clock = run.job, run.clock
    light = build.light(run.suited[0], job.prior)
    meshes = []
    made: dict[str, Path] = {}
    contents: dict[Path, bytes] = {}
    for number, particle in enumerate(run.scene.particles):
        suffix = f"-{number}" if number else ""
        with clock("mesh"), torch.no_grad():
            make = particle.to_fitted_asset if sizes.fit == "views" else particle.to_asset
            mesh = make(
                resolution=sizes.resolution, texture_size=sizes.texture_size, faces=sizes.faces
            )
            mesh = delight(mesh, light) if light else mesh
        if run.recipe.material.mode != "none":
            report.stage("material")
            with clock("material"):
                mesh = build.with_material(
                    mesh, run.recipe.material, run.prior, run.prompt, seed=job.seed + number
                )
        with clock("mesh"), torch.no_grad():
            mesh = paint_unseen(mesh)
            frame = standing(
                mesh.vertices, height=sizes.height, longest=longest, origin=sizes.origin
            )
            iou = silhouettes_iou(particle, mesh)
            meshes.append(Exported(mesh, frame, extras(job) | frame.extras(), iou))
            for name in formats:
                encoded = _encode(meshes[-1], particle, path, name, number)
                contents |= encoded
                made[name + suffix] = list(encoded)[-1]
            for name, data in particle.own_files(frame).items():
                own = Path(name)
                file = path / f"{own.stem}{suffix}{own.suffix}"
                if file.name not in replaceable and file.exists():
                    report.note(f"'{file}' stays as it is: it was not asked for")
                    continue
                contents[file] = data
                made[own.stem + suffix] = file
    report.note("silhouettes of mesh and scene: IoU " + ", ".join(f"{m.iou:.3f}" for m in meshes))
    require_free(contents, replaceable, fix)
    if path.resolve() == run.folder.path.resolve():
        run.folder = run.folder.update(written=[file.name for file in contents])
    with clock("mesh"):
        for file, data in contents.items():
            files.write(file, data, ExportError)
    return meshes, made


def silhouettes_iou(scene: Scene, mesh: Mesh) -> float:
    """IoU of the silhouettes of a mesh and its scene, in 8 views at 20 degrees of elevation, 96 px a side."""
    cameras = orbit(8, 96, elevation_deg=20)
    alpha, _ = scene.coverage_and_depth(cameras)
    ours = coverage(mesh.vertices, mesh.faces, cameras)
    return silhouette_iou(ours.numpy(), alpha.cpu().numpy())


def _encode(
    exported: Exported, particle: Scene, path: Path, name: str, number: int
) -> dict[Path, bytes]:
    """Path -> content of one object in one format.  Raises ExportError."""
    if name not in SPLAT_EXPORTERS:
        stem = f"mesh-{number}" if number else "mesh"
        return encode(exported.placed, path / stem, exported.extras, exporter=name)
    if not isinstance(particle, MadeOfGaussians):
        raise ExportError(f"format '{name}' holds Gaussians", "take another --format")
    write = find(SPLAT_EXPORTERS, name, "format", ExportError)
    (file,) = file_names(name, number)
    return {path / file: write(particle.gaussians(exported.frame))}


def planned(run: Run, path: Path, formats: Sequence[str]) -> list[Path]:
    """The files that an export may write, as far as their names are known before."""
    numbers = range(run.recipe.particles)
    return [path / file for n in numbers for name in formats for file in file_names(name, n)]


def written_by(folder: RunFolder) -> set[str]:
    """The names of the files that a run may replace: its own, those of a run it replaces among them.

    Records of earlier versions leave out what stands beside a file that is opened.
    """
    known = {*(folder.record.files if folder.record else ()), *folder.leftovers}
    beside = set()
    for name in known:
        stem, _, suffix = name.rpartition(".")
        endings = (*BESIDE.get(suffix, ()), *MAPS.get(suffix, ()))
        beside |= {f"{stem}{ending}" for ending in endings}
    return known | beside


def extras(job: Job) -> dict[str, object]:
    """The metadata of the run that a GLB carries."""
    return {"prompt": job.prompt, "method": job.method, "seed": job.seed}
