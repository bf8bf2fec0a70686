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
) -> list[Path]:
    """Writes the mesh beside or at `path`, each file whole or not at all, and returns the paths written.

    extras: JSON values about the run (prompt, seed, ...) that a GLB carries in asset.extras.
    exporter: a name of EXPORTERS, or "package.module:function" of your own, which is given the stem of `path`
    and chooses the names of its files; the suffix of `path` if empty.
    Raises ExportError for an unknown exporter, an empty mesh, and a file that cannot be written.
    """
    encode = find(EXPORTERS, exporter or path.suffix.removeprefix("."), "format", ExportError)
    if len(mesh.faces) == 0:
        raise ExportError("the mesh is empty", "run more --steps")
    paths = []
    for name, content in encode(mesh, path.stem, extras or {}).items():
        paths.append(path.with_name(name))
        files.write(paths[-1], content, ExportError)
    return paths
