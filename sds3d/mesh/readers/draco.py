"""KHR_draco_mesh_compression, decoded by Google's Draco through the DracoPy package (the extra `meshes`)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sds3d.errors import MeshError

NAME = "KHR_draco_mesh_compression"


def decode(data: bytes, ids: Mapping[str, object]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(attributes (V, n) by name, indices (3 F,)) of compressed bytes; ids: each attribute's id in them.

    Raises MeshError when DracoPy is not installed or cannot decode them.
    """
    try:
        import DracoPy
    except ImportError as error:
        raise MeshError(
            f"it is compressed with {NAME}",
            'install the decoder: pip install "sds3d[meshes]"; or export without compression',
        ) from error
    try:
        mesh = DracoPy.decode(data)
    except (DracoPy.FileTypeException, ValueError, TypeError, IndexError, MemoryError) as error:
        raise MeshError(
            f"its {NAME} data cannot be decoded: {error}", "export it without compression"
        ) from error
    faces = getattr(mesh, "faces", None)
    if faces is None:
        raise MeshError(f"its {NAME} data have no triangles", "export it again")
    known = {entry["unique_id"]: np.asarray(entry["data"]) for entry in mesh.attributes}
    arrays = {}
    for name, number in ids.items():
        if number not in known:
            raise MeshError(f"its {NAME} data lack {name}", "export it again")
        values = known[number]
        arrays[name] = values.reshape(len(values), -1)
    return arrays, np.asarray(faces).reshape(-1)
