"""sds3d generate"""

from __future__ import annotations

from typing import Annotated

import typer

from sds3d.cli.options import (
    Debug,
    Device,
    Format,
    Height,
    Json,
    Origin,
    Overrides,
    Overwrite,
    Pbr,
    Preset,
    PreviewSize,
    Steps,
    TrustRecipe,
    TurntableSize,
    UpAxis,
    Vram,
)
from sds3d.errors import INTERRUPTED, UsageError
from sds3d.lookup import one_of
from sds3d.objectives import EDITS, OBJECTIVES
from sds3d.priors import parse_prior
from sds3d.runs.job import Job, settled
from sds3d.scenes import SCENES

MAKING = [name for name in OBJECTIVES if name not in EDITS]


def generate(
    prompt: Annotated[str, typer.Argument(help="What to make.")],
    method: Annotated[
        str,
        typer.Option(help="Objective: sds (the default), " + ", ".join(MAKING[1:]) + "."),
    ] = "",
    scene: Annotated[str, typer.Option(help="nerf (the default), triplane, splats or mesh.")] = "",
    prior: Annotated[
        str, typer.Option(help="exact, exact:FOLDER for your own meshes, or diffusers:MODEL.")
    ] = "exact",
    recipe: Annotated[
        str, typer.Option(help="Name or file of a recipe, instead of METHOD-SCENE.")
    ] = "",
    preset: Preset = "laptop",
    steps: Steps = None,
    particles: Annotated[
        int | None, typer.Option(help="Objects to optimise together, with one student.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed; another one makes another object.")] = 0,
    negative: Annotated[str, typer.Option(help="What to steer away from.")] = "",
    image: Annotated[
        str, typer.Option(help="An image prompt in addition to the words, for --method csm.")
    ] = "",
    up: UpAxis = "",
    out: Annotated[str, typer.Option(help="The run folder.")] = "",
    vram: Vram = "",
    device: Device = "auto",
    format: Format = "glb",
    height: Height = None,
    origin: Origin = "",
    pbr: Pbr = False,
    set: Overrides = None,
    overwrite: Overwrite = False,
    preview_size: PreviewSize = 192,
    turntable_size: TurntableSize = 320,
    trust_recipe: TrustRecipe = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a 3D object from a sentence."""
    del debug  # read by main()
    choices = {"method": method, "scene": scene}
    job = Job(
        prompt=prompt,
        negative=negative,
        image=image,
        method=one_of("method", method or next(iter(OBJECTIVES)), OBJECTIVES),
        scene=one_of("scene", scene or next(iter(SCENES)), SCENES),
        prior=prior,
        recipe=recipe,
        preset=preset,
        steps=steps,
        particles=particles,
        seed=seed,
        out=out,
        device=device,
        formats=tuple(part.strip() for part in format.split(",")),
        overrides=(
            *([f"prior.exact.up={up}"] if up else []),
            *([f"prior.diffusers.vram={vram}"] if vram else []),
            *([f"export.height={height}"] if height is not None else []),
            *([f"export.origin={origin}"] if origin else []),
            *(["material.mode=channels"] if pbr else []),
            *(set or ()),
        ),
        overwrite=overwrite,
        preview_size=preview_size,
        turntable_size=turntable_size,
        trust_recipe=trust_recipe,
    )
    job.check_files()
    job = settled(job)
    for name, value in choices.items():
        if value and value != getattr(job, name):
            raise UsageError(
                f"--{name} {value}, but the recipe has {getattr(job, name)}",
                f"leave out --{name} or --recipe",
            )
    run(job, json)


EXAMPLE = """Examples:

\b
  sds3d generate "a red armchair"
  sds3d generate "a wooden table with black legs" --preset draft --seed 3
  sds3d generate "a blue car" --method vsd --scene triplane --format glb,ply
  sds3d generate "my thing" --prior exact:meshes/ --set objective.guidance_scale=3
  sds3d generate "a red fox" --prior diffusers:OWNER/MODEL --recipe prolificdreamer-nerf"""


def run(job: Job, json: bool) -> None:
    """Runs the job and prints its outcome; exit code 130 when it was stopped."""
    from sds3d.cli.console import Progress, as_json, closing
    from sds3d.runs.generate import generate as make
    from sds3d.runs.machine import keep_freed_memory

    if not parse_prior(job.prior)[0].on_hub:  # its weights, once freed, are better given back
        keep_freed_memory()
    with Progress() as progress:
        result = make(job, progress)
    if json:
        print(as_json(result))
    else:
        closing(result, job)
    if result.status == "stopped":
        raise typer.Exit(INTERRUPTED)
