"""STL, binary and ASCII: triangles without materials."""

from __future__ import annotations

import re

import numpy as np

from sds3d.errors import MeshError
from sds3d.mesh.material import Piece
from sds3d.mesh.readers.plain import PLAIN

RECORD = np.dtype([("normal", "<f4", 3), ("points", "<f4", (3, 3)), ("color", "<u2")])
HEADER = 84
NUMBER = rb"\s+([-+.\deEinfaINFA]+)"
VERTEX = re.compile(rb"(?mi)^\s*vertex" + NUMBER * 3)


def read(data: bytes) -> list[Piece]:
    """The triangles of a file.  Raises MeshError when it is shorter than it says or holds no number."""
    count = int.from_bytes(data[80:HEADER], "little") if len(data) >= HEADER else 0
    binary = len(data) == HEADER + count * RECORD.itemsize or data.lstrip()[:5].lower() != b"solid"
    if binary:
        if len(data) < HEADER + count * RECORD.itemsize:
            raise MeshError("it ends before its triangles do", "copy the file again")
        points = np.frombuffer(data, RECORD, count, HEADER)["points"].reshape(-1, 3)
    else:
        rows = VERTEX.findall(data)
        try:
            points = np.array(rows, "S32").astype(np.float64).reshape(-1, 3)
        except ValueError as error:
            raise MeshError(
                f"a vertex is not a number: {error}", "export the mesh again"
            ) from error
    faces = np.arange(len(points) // 3 * 3, dtype=np.int32).reshape(-1, 3)
    return [Piece(points.astype(np.float64), faces, PLAIN)]
