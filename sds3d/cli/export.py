"""sds3d export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sds3d.cli.options import Debug, Format, Height, Origin, Pbr
from sds3d.errors import UsageError
from sds3d.lookup import import_path
from sds3d.mesh.formats import FORMATS


def export(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    format: Format = "glb",
    texture_size: Annotated[int | None, typer.Option(help="Texture side in pixels.")] = None,
    faces: Annotated[int | None, typer.Option(help="Maximum number of triangles.")] = None,
    height: Height = None,
    origin: Origin = "",
    pbr: Pbr = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files, if not the run's.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
    trust_recipe: Annotated[
        bool, typer.Option("--trust-recipe", help="Allow the run's recipe to import code.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Write the mesh of a run in another format or size."""
    del debug  # read by main()
    wanted = [part.strip() for part in format.split(",")]
    for name in wanted:
        import_path(FORMATS, name, "format", UsageError)

    from sds3d.cli.console import Progress
    from sds3d.runs.export import export as export_run

    with Progress() as progress:
        result = export_run(
            run,
            progress,
            formats=wanted,
            texture_size=texture_size,
            faces=faces,
            height=height,
            origin=origin or None,
            pbr=pbr,
            out=out,
            overwrite=overwrite,
            trust_recipe=trust_recipe,
        )
    for path in result.files.values():
        print(path)


EXAMPLE = """Examples:

\b
  sds3d export outputs/a-red-armchair-4d841413/sds-0 --format obj
  sds3d export outputs/a-red-armchair-4d841413/sds-0 --faces 5000 --out small
  sds3d export outputs/a-red-armchair-4d841413/sds-0 --height 1.2 --out taller
  sds3d export outputs/a-red-armchair-4d841413/sds-splats-0 --format spz,usdz"""
