"""Binary STL: triangles alone, for printing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sds3d.mesh.mesh import Mesh

TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
MILLIMETRES = 1000.0  # STL has no unit; slicers take millimetres


def files(mesh: Mesh, stem: str, extras: Mapping[str, object]) -> dict[str, bytes]:
    """The file's name and bytes."""
    del extras
    return {f"{stem}.stl": stl(mesh)}


def stl(mesh: Mesh) -> bytes:
    """The bytes of an .stl file: millimetres, Z up as printers have it, front -Y; without colours."""
    corners = mesh.vertices.astype(np.float64)[mesh.faces] * MILLIMETRES
    corners = np.stack([corners[..., 0], -corners[..., 2], corners[..., 1]], -1)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    triangles = np.zeros(len(corners), TRIANGLE)
    triangles["normal"] = normals / np.maximum(
        np.linalg.norm(normals, axis=1, keepdims=True), 1e-12
    )
    triangles["corners"] = corners
    return b"sds3d".ljust(80) + np.uint32(len(triangles)).tobytes() + triangles.tobytes()
