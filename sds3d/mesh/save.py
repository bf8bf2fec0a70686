"""Meshes to files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sds3d import files
from sds3d.errors import ExportError
from sds3d.lookup import find
from sds3d.mesh.formats import EXPORTERS
from sds3d.mesh.mesh import Mesh


def save(mesh: Mesh, path: Path, extras: Mapping[str, object] | None = None) -> None:
    """Writes the mesh in the format of the suffix; each file whole or not at all.

    extras: what a GLB carries in asset.extras (prompt, seed, ...).  Raises ExportError for an unknown
    suffix, an empty mesh, and a disk that refuses.
    """
    suffix = path.suffix.removeprefix(".")
    encode = find(EXPORTERS, suffix, "format", ExportError)
    if len(mesh.faces) == 0:
        raise ExportError("the mesh is empty", "run more --steps")
    for name, data in encode(mesh, path.stem, extras or {}).items():
        files.write(path.with_name(name), data, ExportError)
