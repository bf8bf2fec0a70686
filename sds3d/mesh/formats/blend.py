"""Blender files: the object with its material, a camera that sees all of it, a sun and an even sky.

Written by Blender itself (bpy, the extra `blender`) in a process of its own: its libraries and torch's do not
always live in one, and what ends it does not end a run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sds3d import files as disk
from sds3d.errors import ExportError
from sds3d.mesh.formats.gltf import glb
from sds3d.mesh.mesh import Mesh

PROCESS = Path(__file__).with_name("blend_process.py")
SECONDS = 300  # for one file; Blender takes about two


def files(mesh: Mesh, stem: str, extras: Mapping[str, object]) -> dict[str, bytes]:
    """The file's name and bytes."""
    return {f"{stem}.blend": blend(mesh, extras)}


def blend(
    mesh: Mesh, extras: Mapping[str, object] | None = None, *, seconds: float = SECONDS
) -> bytes:
    """The bytes of a .blend file: metres, +Z up, front -Y, as Blender has them; images packed.

    It holds what Blender's glTF importer makes of the mesh, with vertices that differ in uv alone merged.
    Vertex colours, where there is no texture, are the material's base colour.  extras: JSON values, which
    become custom properties of the object; it is named after "prompt".  Not the same bytes twice: Blender
    writes addresses into its files.

    Raises ExportError when Blender fails or takes longer than `seconds`.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "object.glb"
        target = Path(folder) / "object.blend"
        disk.write(source, glb(mesh, extras), ExportError)
        request = [str(source), str(target), json.dumps(dict(extras or {}))]
        try:
            done = subprocess.run(
                [sys.executable, "-P", str(PROCESS), *request],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ExportError(
                f"Blender has not written the file within {seconds:g} s", "take --format glb"
            ) from error
        if done.returncode or not target.exists():
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            reason = said[-1] if said else f"it ended with {done.returncode}"
            raise ExportError(f"Blender cannot write: {reason}", "take --format glb")
        return target.read_bytes()
