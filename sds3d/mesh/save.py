"""Meshes to files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sds3d import files
from sds3d.errors import ExportError
from sds3d.lookup import find
from sds3d.mesh.formats import EXPORTERS
from sds3d.mesh.mesh import Mesh


def save(
    mesh: Mesh,
    path: Path,
    extras: Mapping[str, object] | None = None,
    *,
    exporter: str = "",
    overwrite: bool = True,
) -> list[Path]:
    """Writes the mesh beside or at `path`, each file atomically, and returns the paths written.

    They are written in the exporter's order: a material before the mesh that names it, so that the last file
    is the one to open.

    extras: JSON values about the run (prompt, seed, ...) that a GLB carries in asset.extras.
    exporter: a name of EXPORTERS, or "package.module:function" of your own, which is given the stem of `path`
    and chooses the names of its files; the suffix of `path` if empty.
    Raises ExportError for an unknown exporter, an empty mesh, a file that cannot be written, and one that is
    there already when `overwrite` is False; then nothing is written.
    """
    encode = find(EXPORTERS, exporter or path.suffix.removeprefix("."), "format", ExportError)
    if len(mesh.faces) == 0:
        raise ExportError("the mesh is empty", "run more --steps")
    contents = {
        path.with_name(name): content
        for name, content in encode(mesh, path.stem, extras or {}).items()
    }
    for file in contents:
        if file.exists() and not overwrite:
            raise ExportError(
                f"'{file}' exists already", "give another folder with --out, or --overwrite"
            )
    for file, content in contents.items():
        files.write(file, content, ExportError)
    return list(contents)
