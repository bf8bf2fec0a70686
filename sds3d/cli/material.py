"""sds3d material"""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

from sds3d.cli.options import Debug, Device, Json


def material(
    prompt: Annotated[str, typer.Argument(help="What it is: stuff, not an object.")],
    prior: Annotated[
        str, typer.Option(help="diffusers:MODEL, of pictures or StableMaterials.")
    ] = "diffusers:sd15",
    tile: Annotated[
        bool, typer.Option("--tile", help="Maps that continue across their borders.")
    ] = False,
    out: Annotated[
        str, typer.Option(help="The folder; by default outputs/materials/PROMPT-SEED.")
    ] = "",
    negative: Annotated[str, typer.Option(help="What it should not look like.")] = "",
    size: Annotated[int, typer.Option(help="Pixels a side; 0 is what the model learnt.")] = 0,
    steps: Annotated[int, typer.Option(help="Steps of the sampler.")] = 50,
    guidance: Annotated[float, typer.Option(help="Classifier-free guidance scale.")] = 7.5,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    normals: Annotated[
        str, typer.Option(help="opengl (+Y up, Blender, glTF) or directx.")
    ] = "opengl",
    device: Device = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace earlier files.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make the maps of a flat material with a text-to-image model: base colour and what else it makes."""
    del debug  # read by main()
    from sds3d.runs.material import material as make

    made = make(
        prompt,
        prior=prior,
        out=out,
        negative=negative,
        size=size,
        steps=steps,
        guidance_scale=guidance,
        seed=seed,
        tile=tile,
        normals=normals,  # pyright: ignore[reportArgumentType]  # checked there
        where=device,
        overwrite=overwrite,
    )
    if json:
        paths = {name: str(path) for name, path in made.files.items()}
        print(jsonlib.dumps({"files": paths, "notes": made.notes, "seams": made.seams}))
        return
    for path in made.files.values():
        print(path)
    worst = max(made.seams.values())
    print(f"seam: steps across the borders are {worst:.2f} of those inside (1: none)")
    for note in made.notes:
        print(f"note: {note}")


EXAMPLE = """Examples:

\b
  sds3d material "old oak planks" --tile
  sds3d material "weathered copper" --tile --prior diffusers:models/stable-materials --guidance 10
  sds3d material "red brick wall" --size 768 --seed 3 --out textures/brick

--prior is a model of the hub or a folder in the diffusers layout. A model of pictures makes the base colour
alone; maps that the model does not make are not written."""
