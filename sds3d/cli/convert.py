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
from sds3d.errors import INTERRUPTED, UsageError
from sds3d.lookup import one_of
from sds3d.recipe.load import BASE_PRESET
from sds3d.runs.job import settled
from sds3d.scenes import SCENES

MESH = "mesh"


def convert(
    start: Annotated[str, typer.Argument(metavar="RUN|MESH", help="A run folder or a mesh file.")],
    to: Annotated[str, typer.Option(help="nerf, triplane, splats or mesh.")],
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
    one_of("--to", to, SCENES)
    asked: dict[str, Any] = {"recipe": recipe, "seed": seed, "steps": steps, "set": set}
    asked |= {"preset": preset if preset != BASE_PRESET else ""}
    asked = {name: value for name, value in asked.items() if value not in ("", None)}
    if "set" in asked:
        asked["overrides"] = tuple(asked.pop("set"))
    common: dict[str, Any] = {
        "prompt": prompt,
        "out": out,
        "formats": tuple(part.strip() for part in format.split(",")),
        "overwrite": overwrite,
        "trust_recipe": trust_recipe,
    }
    pictures = {"preview_size": preview_size, "turntable_size": turntable_size}
    if to == MESH:
        mesh(start, json, asked, **common)
        return
    from sds3d.runs.convert import convert as job_of

    job = job_of(start, to, device=device, **pictures, **common, **asked)
    job.check_files()
    made = settled(job)
    if made.scene != to:
        raise UsageError(f"--to {to}, but the recipe has {made.scene}", "use a recipe for it")
    run(job, json)


def mesh(start: str, json: bool, asked: dict[str, Any], **common: Any) -> None:
    """Writes mesh files and prints them and how closely they look like the start."""
    from sds3d.cli.console import Progress, as_json
    from sds3d.metrics.fidelity import scored
    from sds3d.runs.to_mesh import to_mesh

    with Progress() as progress:
        result = to_mesh(start, progress, **common, **asked)
    if json:
        print(as_json(result))
    else:
        print(*result.files.values(), scored(result.values), sep="\n")
    if result.status == "stopped":
        raise typer.Exit(INTERRUPTED)


EXAMPLE = """Examples:

\b
  sds3d convert outputs/a-red-armchair-4d841413/sds-0 --to splats
  sds3d convert outputs/a-red-armchair-4d841413/sds-splats-0 --to triplane --preset draft
  sds3d convert chair.glb --to splats --prompt "a wooden chair"
  sds3d convert outputs/a-red-armchair-4d841413/sds-splats-0 --to mesh --format obj

The start stays as it is; what is made is a run of its own, in outputs/PROMPT/NAME-to-TO."""
