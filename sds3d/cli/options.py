"""The options that several verbs have."""

from __future__ import annotations

from typing import Annotated

import typer

from sds3d.mesh.formats import called_for

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Format = Annotated[str, typer.Option(help=f"{called_for()}. Separate several with commas.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Methods = Annotated[str, typer.Option(help="Objectives, separated by commas.")]
Overrides = Annotated[
    list[str] | None, typer.Option(metavar="KEY=VALUE", help="Override a key of the recipe.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run.")]
Pbr = Annotated[
    bool, typer.Option("--pbr", help="Add textures of metallic, roughness and normals.")
]
Preset = Annotated[str, typer.Option(help="draft, laptop or quality.")]
PreviewSize = Annotated[int, typer.Option(help="Pixels per view in preview.png.")]
Height = Annotated[float | None, typer.Option(help="Height of the object, in metres.")]
Origin = Annotated[str, typer.Option(help="base or center: what lies at the file's origin.")]
Prior = Annotated[str, typer.Option(help="exact, exact:FOLDER, or diffusers:MODEL.")]
Scene = Annotated[str, typer.Option(help="nerf, triplane, splats or mesh.")]
Seeds = Annotated[int, typer.Option(help="Seeds per prompt: 0 to N - 1.")]
Steps = Annotated[int | None, typer.Option(help="Optimisation steps.")]
TrustRecipe = Annotated[
    bool, typer.Option("--trust-recipe", help="Allow a run folder's recipe to import code.")
]
TurntableSize = Annotated[int, typer.Option(help="Frame size of turntable.mp4.")]
UpAxis = Annotated[str, typer.Option(help="The up axis of the meshes in exact:FOLDER, y or z.")]
Vram = Annotated[
    str, typer.Option(help="auto, low or high: the memory that a large model may take.")
]
