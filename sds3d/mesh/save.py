"""Meshes to files."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
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
    contents = encode(mesh, path, extras, exporter=exporter)
    if not overwrite:
        require_free(contents, (), "give another folder with --out, or --overwrite")
    for file, content in contents.items():
        files.write(file, content, ExportError)
    return list(contents)


def encode(
    mesh: Mesh,
    path: Path,
    extras: Mapping[str, object] | None = None,
    *,
    exporter: str = "",
) -> dict[Path, bytes]:
    """What `save` writes: path -> content.  Raises ExportError for an unknown exporter and an empty mesh."""
    name = exporter or path.suffix.removeprefix(".")
    files_of = find(EXPORTERS, name, "format", ExportError)
    if len(mesh.faces) == 0:
        raise ExportError("the mesh is empty", "run more --steps")
    contents = files_of(mesh, path.stem, extras or {})
    return {path.with_name(file): content for file, content in contents.items()}


def require_free(paths: Iterable[Path], replaceable: Container[str], fix: str) -> None:
    """Raises ExportError for the first file that exists and whose name is not among the replaceable ones."""
    for file in paths:
        if file.name not in replaceable and file.exists():
            raise ExportError(f"'{file}' exists already", fix)
