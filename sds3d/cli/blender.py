"""sds3d blender-addon"""

from __future__ import annotations

import io
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from sds3d.cli.options import Debug
from sds3d.errors import RunError, UsageError
from sds3d.files import write

FOLDER = "sds3d_blender"  # the add-on's folder in the zip, and its id
SOURCES = ("__init__.py", "blender_manifest.toml", "process.py")


def blender_addon(
    out: Annotated[Path, typer.Option(help="The zip file.")] = Path("sds3d-blender.zip"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
    debug: Debug = False,
) -> None:
    """Write an add-on for Blender 4.2 or newer, which generates and imports objects."""
    del debug  # read by main()
    if out.suffix.lower() != ".zip":
        raise UsageError(f"--out '{out}' is not a zip file", f"use --out {out.stem or 'sds3d'}.zip")
    if out.exists() and not overwrite:
        raise RunError(f"'{out}' exists already", "use --overwrite, or another --out")
    write(out, packed())
    print(out)
    print("in Blender: Edit > Preferences > Get Extensions > Install from Disk")


def packed() -> bytes:
    """The zip of the add-on; the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in SOURCES:
            text = files("sds3d").joinpath("blender_addon", name).read_bytes()
            archive.writestr(zipfile.ZipInfo(f"{FOLDER}/{name}"), text)
    return buffer.getvalue()


EXAMPLE = """Examples:

\b
  sds3d blender-addon
  sds3d blender-addon --out ~/Downloads/sds3d.zip"""
