"""sds3d generate"""

from __future__ import annotations

from typing import Annotated

import typer

from sds3d.errors import INTERRUPTED, UsageError, nearest
from sds3d.job import DEVICES, FORMATS, METHODS, SCENES, Job


def one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    """The value.  Raises UsageError when it is not known."""
    if value not in known:
        raise UsageError(
            f"unknown {name} '{value}'{nearest(value, known)}", f"--{name} takes one of these"
        )
    return value


def formats(value: str) -> tuple[str, ...]:
    """The formats in a comma-separated list.  Raises UsageError for an unknown one."""
    return tuple(one_of("format", part.strip(), FORMATS) for part in value.split(","))


def generate(
    prompt: Annotated[str, typer.Argument(help="What to make.")],
    method: Annotated[str, typer.Option(help="Objective: sds or vsd.")] = "sds",
    scene: Annotated[str, typer.Option(help="nerf, triplane or splats.")] = "nerf",
    prior: Annotated[
        str, typer.Option(help="exact, or exact:FOLDER for your own meshes.")
    ] = "exact",
    recipe: Annotated[
        str, typer.Option(help="A recipe's name or file instead of METHOD-SCENE.")
    ] = "",
    preset: Annotated[str, typer.Option(help="draft, laptop or quality.")] = "laptop",
    steps: Annotated[int | None, typer.Option(help="Optimisation steps.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another object of the kind.")] = 0,
    negative: Annotated[str, typer.Option(help="What to steer away from.")] = "",
    out: Annotated[str, typer.Option(help="The run folder itself.")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    format: Annotated[str, typer.Option(help="glb, obj, ply; several with commas.")] = "glb",
    set: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Override a recipe's key.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
) -> None:
    """Make a 3D object from a sentence."""
    del debug  # read by main()
    if seed < 0:
        raise UsageError(f"--seed {seed}: must not be negative", "give 0, 1, 2, ...")
    if steps is not None and steps < 1:
        raise UsageError(f"--steps {steps}: must be at least 1", "give a positive number")
    job = Job(
        prompt=prompt,
        negative=negative,
        method=one_of("method", method, METHODS),
        scene=one_of("scene", scene, SCENES),
        prior=prior,
        recipe=recipe,
        preset=preset,
        steps=steps,
        seed=seed,
        out=out,
        device=one_of("device", device, DEVICES),
        formats=formats(format),
        overrides=tuple(set or ()),
        overwrite=overwrite,
    )
    job.check()
    run(job, json)


generate.example = (
    'Examples:  sds3d generate "a red armchair"   '
    'sds3d generate "a wooden table with black legs" --preset draft --seed 3   '
    'sds3d generate "a blue car" --method vsd --scene splats --format glb,ply'
)


def run(job: Job, json: bool) -> None:
    """Runs the job and prints its outcome; exit code 130 when it was stopped."""
    from sds3d.cli.console import Progress, as_json, closing
    from sds3d.generate import generate as make

    with Progress() as progress:
        result = make(job, progress)
    if json:
        print(as_json(result))
    else:
        closing(result)
    if result.status == "stopped":
        raise typer.Exit(INTERRUPTED)
