"""The HTML report of a run: an interactive viewer, images, numbers and the recipe."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np

from sds3d.errors import ExportError
from sds3d.files import write
from sds3d.mesh.formats.gltf import glb, textures
from sds3d.mesh.mesh import Mesh
from sds3d.runs.export import Exported
from sds3d.runs.job import Job
from sds3d.runs.result import Result

CAPTION = "above: the scene as the prior saw it; below: the exported mesh"


def write_page(exported: Exported, job: Job, recipe_text: str, result: Result) -> Path:
    """Writes report.html beside the run's preview and returns its path.  Raises ExportError."""
    path = result.folder / "report.html"
    preview = result.files["preview"].read_bytes()
    text = page(
        job.prompt,
        glb(exported.placed, exported.extras),
        pictures={CAPTION: preview},
        facts=facts(job, result) | shape(exported.placed),
        reading=result.reading,
        recipe=recipe_text,
    )
    write(path, text, ExportError)
    return path


def facts(job: Job, result: Result) -> dict[str, str]:
    """The facts about a run that the report shows, by name."""
    total = sum(result.seconds.values())
    split = (f"{name} {value:.1f}" for name, value in result.seconds.items() if value >= 0.05)
    values = (f"{name} {value:.4g}" for name, value in result.values.items())
    begun = {"edit of": f"{job.start} ({job.source})"} if job.start else {}
    if job.is_conversion:
        begun = {"converted from": job.start}
    return begun | {
        "method, scene, seed": f"{job.method}, {job.scene}, {job.seed}",
        "prior": job.prior,
        "steps": f"{result.steps} ({result.status})",
        "time": f"{total:.1f} s ({', '.join(split)})",
        "prior evaluations": f"{result.evaluations:,} images",
        "peak memory": f"{result.peak_gib:.2f} GiB",
        "last step": ", ".join(values),
    }


def shape(mesh: Mesh) -> dict[str, str]:
    """The facts about a mesh in its file's frame, in metres, that the report shows, by name."""
    size = " x ".join(f"{side:.3g}" for side in np.ptp(mesh.vertices, axis=0))
    maps = (f"{name} {image.shape[1]} x {image.shape[0]}" for name, image in textures(mesh).items())
    return {
        "mesh": f"{len(mesh.faces):,} triangles, {len(mesh.vertices):,} vertices",
        "width, height, depth": f"{size} m",
        "textures": ", ".join(maps) or "none",
    }


def page(
    title: str,
    glb: bytes,
    *,
    pictures: Mapping[str, bytes],
    facts: Mapping[str, str],
    recipe: str,
    reading: str = "",
) -> str:
    """An HTML page that needs no other file and no network; its content policy allows no requests.

    glb: as `sds3d.mesh.formats.gltf.glb` writes it.  pictures: caption -> PNG.  facts: name -> value, a
    table.  reading: how the prompt was understood, a line below the title.
    """
    rows = (f"<tr><th>{escape(k)}<td>{escape(v)}" for k, v in facts.items())
    figures = (
        f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{_text(png)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, png in pictures.items()
    )
    template = Template(files("sds3d.runs").joinpath("report.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(title),
        reading=f"<p>{escape(reading)}</p>" if reading else "",
        facts="\n".join(rows),
        pictures="\n".join(figures),
        recipe=escape(recipe),
        glb=_text(glb),
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
