"""What a run leaves beside its records: mesh files, pictures, a page that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from sds3d.errors import ExportError
from sds3d.files import write
from sds3d.loops.clock import Clock
from sds3d.mesh import pictures
from sds3d.mesh.bake import delight
from sds3d.mesh.formats.gltf import glb
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.save import save
from sds3d.mesh.unseen import paint_unseen
from sds3d.recipe import build as parts
from sds3d.recipe import load as recipes
from sds3d.recipe.schema import Export
from sds3d.runs import checkpoint
from sds3d.runs import folder as runs
from sds3d.runs.job import Job
from sds3d.runs.report import report as page
from sds3d.scenes.scene import Scene
from sds3d.views.cameras import orbit

PREVIEW = {"views": 8, "size": 192}
TURNTABLE = {"views": 72, "size": 320}
FRAMES_PER_SECOND = 24


class Report(Protocol):
    """Where progress goes."""

    def stage(self, name: str) -> None:
        """A part of the run begins: prior, fit, mesh, pictures."""

    def step(self, step: int, total: int, values: dict[str, float]) -> None:
        """One optimisation step is done."""

    def note(self, line: str) -> None:
        """Something the user should know."""


@dataclass(frozen=True)
class Result:
    """How a run ended.  status: "finished", "stopped" or "already finished".

    seconds: of each part (load, prior, render, backward, optimizer, student, mesh, pictures).
    """

    folder: Path
    status: str
    files: dict[str, Path]
    seconds: dict[str, float]
    steps: int
    values: dict[str, float]
    peak_gib: float
    evaluations: int = 0  # of the prior, one for each picture


def export_run(
    path: Path,
    report: Report,
    *,
    formats: Sequence[str],
    texture_size: int | None = None,
    faces: int | None = None,
) -> Result:
    """Meshes of a run's last checkpoint in other formats or sizes.  Raises RunError when it has none."""
    job, record = runs.read_run(path)
    recipe = recipes.load(path / runs.RECIPE)
    scene = parts.scene(recipe, job.seed, torch.device("cpu"))
    tensors, meta = checkpoint.read(path / runs.CHECKPOINT)
    checkpoint.unpack_module(scene, tensors, "scene")
    sizes = replace(
        recipe.export,
        texture_size=texture_size or recipe.export.texture_size,
        faces=faces or recipe.export.faces,
    )
    clock = Clock()
    _, files = meshes(scene, path, job, sizes, formats, report, clock)
    return Result(path, record["status"], files, clock.rounded(), meta["step"], {}, runs.peak_gib())


def meshes(
    scene: Scene,
    path: Path,
    job: Job,
    sizes: Export,
    formats: Sequence[str],
    report: Report,
    clock: Clock,
) -> tuple[list[Mesh], dict[str, Path]]:
    """The assets of all particles and their files: mesh.glb, mesh-1.glb, ...

    The prior's light is taken out where it is known, and faces that no view has seen are painted.
    """
    report.stage("mesh")
    light = parts.light(job.prior)
    made, files = [], {}
    for number, particle in enumerate(scene.particles):
        more = f"-{number}" if number else ""
        with clock("mesh"), torch.no_grad():
            mesh = particle.to_asset(
                resolution=sizes.resolution, texture_size=sizes.texture_size, faces=sizes.faces
            )
            mesh = paint_unseen(delight(mesh, light) if light else mesh)
            made.append(mesh)
            for suffix in formats:
                files[suffix + more] = path / f"mesh{more}.{suffix}"
                save(mesh, files[suffix + more], extras(job))
            for name, data in particle.own_files().items():
                own = Path(name)
                files[own.stem + more] = path / f"{own.stem}{more}{own.suffix}"
                write(files[own.stem + more], data, ExportError)
    return made, files


def show(
    scene: Scene, made: Sequence[Mesh], path: Path, report: Report, clock: Clock
) -> dict[str, Path]:
    """preview.png and turntable.mp4 of each particle: preview-1.png, ... after the first."""
    report.stage("pictures")
    files = {}
    for number, (particle, mesh) in enumerate(zip(scene.particles, made, strict=True)):
        more = f"-{number}" if number else ""
        picture, film = path / f"preview{more}.png", path / f"turntable{more}.mp4"
        files |= {f"preview{more}": picture, f"turntable{more}": film}
        with clock("pictures"):
            _show(particle, mesh, picture, film)
    return files


@torch.no_grad()
def _show(scene: Scene, mesh: Mesh, picture: Path, film: Path) -> None:
    """The picture: the scene as the prior saw it, above the exported mesh; the film: the mesh turning."""
    device = next(scene.parameters()).device
    cameras = orbit(**PREVIEW)
    grey = torch.full((1, 3), 0.5, device=device)
    seen = [scene.render(cameras[i : i + 1].to(device), grey).rgb for i in range(len(cameras))]
    rgb = (torch.cat(seen).clamp(0, 1) * 255).round().byte().cpu().numpy()
    pictures.preview(np.concatenate([rgb, pictures.render_mesh(mesh, cameras)]), picture)
    frames = pictures.render_mesh(mesh, orbit(**TURNTABLE))
    pictures.turntable(frames, film, FRAMES_PER_SECOND)


def write_page(mesh: Mesh, job: Job, recipe_text: str, result: Result) -> dict[str, Path]:
    """report.html: the object to turn around, the pictures, the numbers, the recipe; in one file."""
    file = result.folder / "report.html"
    png = (result.folder / "preview.png").read_bytes()
    text = page(
        job.prompt,
        glb(mesh, extras(job)),
        pictures={"above: the scene as the prior saw it; below: the exported mesh": png},
        facts=facts(job, result),
        recipe=recipe_text,
    )
    write(file, text, ExportError)
    return {"report": file}


def facts(job: Job, result: Result) -> Mapping[str, str]:
    """What a reader wants to know about a run."""
    total = sum(result.seconds.values())
    split = (f"{name} {value:.1f}" for name, value in result.seconds.items() if value >= 0.05)
    values = (f"{name} {value:.4g}" for name, value in result.values.items())
    return {
        "method, scene, seed": f"{job.method}, {job.scene}, {job.seed}",
        "prior": job.prior,
        "steps": f"{result.steps} ({result.status})",
        "seconds": f"{total:.1f} ({', '.join(split)})",
        "prior evaluations": f"{result.evaluations:,} pictures",
        "peak memory": f"{result.peak_gib:.2f} GiB",
        "last step": ", ".join(values),
    }


def extras(job: Job) -> dict[str, object]:
    """What a GLB remembers of its run."""
    return {"prompt": job.prompt, "method": job.method, "seed": job.seed}
