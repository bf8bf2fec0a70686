"""Meshes to files.  A format is a function from a Mesh to bytes, or to the bytes of several files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from sds3d.errors import ExportError, nearest
from sds3d.export.gltf import glb
from sds3d.export.mesh import Mesh
from sds3d.export.obj import obj
from sds3d.export.ply import ply

EXPORTERS: dict[str, Callable[[Mesh, str, Mapping[str, object]], Mapping[str, bytes]]] = {
    "glb": lambda mesh, stem, extras: {f"{stem}.glb": glb(mesh, extras)},
    "obj": lambda mesh, stem, extras: obj(mesh, stem),
    "ply": lambda mesh, stem, extras: {f"{stem}.ply": ply(mesh)},
}


def save(mesh: Mesh, path: Path, extras: Mapping[str, object] | None = None) -> None:
    """Writes the mesh in the format of the suffix; each file whole or not at all.

    extras: what a GLB carries in asset.extras (prompt, seed, ...).  Raises ExportError for an unknown
    suffix, an empty mesh, and a disk that refuses.
    """
    suffix = path.suffix.removeprefix(".")
    if suffix not in EXPORTERS:
        raise ExportError(
            f"no format '{suffix}'{nearest(suffix, EXPORTERS)}", "give one of the known formats"
        )
    if len(mesh.faces) == 0:
        raise ExportError("the mesh is empty", "run more --steps")
    for name, data in EXPORTERS[suffix](mesh, path.stem, extras or {}).items():
        write(path.with_name(name), data)


def write(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all.  Raises ExportError when the disk refuses."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        raise ExportError(f"cannot write '{path}': {error.strerror}", "free some space") from error
