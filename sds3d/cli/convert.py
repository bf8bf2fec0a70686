"""sds3d convert"""

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
)
from sds3d.errors import UsageError
from sds3d.lookup import one_of
from sds3d.runs.job import settled
from sds3d.scenes import SCENES


def convert(
    start: Annotated[str, typer.Argument(metavar="RUN|MESH", help="A run folder or a mesh file.")],
    to: Annotated[str, typer.Option(help="nerf, triplane or splats.")],
    prompt: Annotated[
        str,
        typer.Option(help="What it shows; by default the prompt of the run, or the file's name."),
    ] = "",
    recipe: Annotated[
        str, typer.Option(help="Name or file of a recipe, instead of convert-TO.")
    ] = "",
    preset: Preset = "laptop",
    steps: Steps = None,
    seed: Annotated[int | None, typer.Option(help="By default that of the run, else 0.")] = None,
    out: Annotated[str, typer.Option(help="The run folder of what is made.")] = "",
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
    """Turn a finished object, or a mesh, into another kind of scene."""
    del debug  # read by main()
    from sds3d.runs.convert import convert as job_of

    one_of("--to", to, SCENES)
    asked: dict[str, Any] = {"recipe": recipe, "seed": seed}
    job = job_of(
        start,
        to,
        prompt=prompt,
        preset=preset,
        steps=steps,
        out=out,
        device=device,
        formats=tuple(part.strip() for part in format.split(",")),
        overrides=tuple(set or ()),
        overwrite=overwrite,
        preview_size=preview_size,
        turntable_size=turntable_size,
        trust_recipe=trust_recipe,
        **{name: value for name, value in asked.items() if value not in ("", None)},
    )
    job.check_files()
    made = settled(job)
    if made.scene != to:
        raise UsageError(f"--to {to}, but the recipe has {made.scene}", "use a recipe for it")
    run(job, json)


EXAMPLE = """Examples:

\b
  sds3d convert outputs/a-red-armchair-4d841413/sds-0 --to splats
  sds3d convert outputs/a-red-armchair-4d841413/sds-splats-0 --to triplane --preset draft
  sds3d convert chair.glb --to splats --prompt "a wooden chair"

The start stays as it is; what is made is a run of its own, in outputs/PROMPT/NAME-to-TO."""
