"""sds3d edit"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sds3d.cli.generate import run
from sds3d.cli.options import (
    Debug,
    Device,
    Format,
    Json,
    Overrides,
    Overwrite,
    Preset,
    PreviewSize,
    Steps,
    TrustRecipe,
    TurntableSize,
    Vram,
)
from sds3d.errors import UsageError
from sds3d.lookup import one_of
from sds3d.objectives import EDITS, OBJECTIVES
from sds3d.runs.job import settled
from sds3d.scenes import SCENES


def edit(
    start: Annotated[str, typer.Argument(metavar="RUN|MESH", help="A run folder or a mesh file.")],
    target: Annotated[str, typer.Option(help="What it is to become.")],
    source: Annotated[
        str, typer.Option(help="What it is now; by default the prompt of the run.")
    ] = "",
    method: Annotated[
        str,
        typer.Option(help="dds (the default), pds, or any objective of sds3d generate."),
    ] = EDITS[0],
    scene: Annotated[
        str, typer.Option(help="Of a mesh: nerf (the default), triplane or splats.")
    ] = "",
    prior: Annotated[str, typer.Option(help="By default that of the run; for a mesh, exact.")] = "",
    recipe: Annotated[
        str, typer.Option(help="Name or file of a recipe, instead of METHOD-SCENE.")
    ] = "",
    preset: Preset = "laptop",
    steps: Steps = None,
    seed: Annotated[int | None, typer.Option(help="By default that of the run, else 0.")] = None,
    negative: Annotated[str, typer.Option(help="What to steer away from.")] = "",
    out: Annotated[str, typer.Option(help="The run folder of the edit.")] = "",
    vram: Vram = "",
    device: Device = "auto",
    format: Format = "glb",
    set: Overrides = None,
    overwrite: Overwrite = False,
    preview_size: PreviewSize = 192,
    turntable_size: TurntableSize = 320,
    trust_recipe: TrustRecipe = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Change a finished object to what another sentence says, and keep the rest of it."""
    del debug  # read by main()
    from sds3d.runs.edit import edit as job_of

    asked: dict[str, Any] = {"source": source, "prior": prior, "scene": scene, "seed": seed}
    job = job_of(
        start,
        target,
        method=one_of("method", method, OBJECTIVES),
        recipe=recipe,
        preset=preset,
        steps=steps,
        negative=negative,
        out=out,
        device=device,
        formats=tuple(part.strip() for part in format.split(",")),
        overrides=(*([f"prior.diffusers.vram={vram}"] if vram else []), *(set or ())),
        overwrite=overwrite,
        preview_size=preview_size,
        turntable_size=turntable_size,
        trust_recipe=trust_recipe,
        **{name: value for name, value in asked.items() if value not in ("", None)},
    )
    if scene:
        one_of("scene", scene, SCENES)
    job.check_files()
    job = settled(job)
    if scene and scene != job.scene:
        raise UsageError(
            f"--scene {scene}, but the recipe has {job.scene}", "leave out --scene or --recipe"
        )
    run(job, json)


EXAMPLE = """Examples:

\b
  sds3d edit outputs/a-red-armchair-4d841413/sds-0 --target "a blue armchair"
  sds3d edit outputs/a-sofa-*/sds-0 --target "an armchair" --method pds --preset draft
  sds3d edit chair.glb --source "a wooden chair" --target "a metal chair" --scene splats

The start stays as it is; the edit is a run of its own, in outputs/TARGET/edit-METHOD-SEED."""
