"""Binary PLY with one colour per vertex."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sds3d.mesh.mesh import Mesh


def files(mesh: Mesh, stem: str, extras: Mapping[str, object]) -> dict[str, bytes]:
    """The file's name and bytes."""
    del extras
    return {f"{stem}.ply": ply(mesh)}


def ply(mesh: Mesh) -> bytes:
    """The bytes of a .ply file, little-endian.  A texture is sampled at the vertices."""
    fields = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
    columns = list(mesh.vertices.T)
    if mesh.normals is not None:
        fields += [("nx", "<f4"), ("ny", "<f4"), ("nz", "<f4")]
        columns += list(mesh.normals.T)
    colors = vertex_colors(mesh)
    if colors is not None:
        fields += [("red", "u1"), ("green", "u1"), ("blue", "u1")]
        columns += list(colors.T)
    vertices = np.empty(len(mesh.vertices), fields)
    for (name, _), column in zip(fields, columns, strict=True):
        vertices[name] = column
    faces = np.empty(len(mesh.faces), [("count", "u1"), ("index", "<i4", 3)])
    faces["count"] = 3
    faces["index"] = mesh.faces
    kinds = {"<f4": "float", "u1": "uchar"}
    header = ["ply", "format binary_little_endian 1.0", "comment sds3d"]
    header += [f"element vertex {len(vertices)}"]
    header += [f"property {kinds[kind]} {name}" for name, kind in fields]
    header += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header"]
    return ("\n".join(header) + "\n").encode() + vertices.tobytes() + faces.tobytes()


def vertex_colors(mesh: Mesh) -> np.ndarray | None:
    """sRGB (V, 3) uint8 from the texture, else from the mesh's vertex colours; None without either."""
    if mesh.base_color is not None and mesh.uv is not None:
        height, width = mesh.base_color.shape[:2]
        column = (mesh.uv[:, 0] * width).astype(int).clip(0, width - 1)
        row = (mesh.uv[:, 1] * height).astype(int).clip(0, height - 1)
        return mesh.base_color[row, column]
    if mesh.colors is None:
        return None
    return np.rint(mesh.colors.clip(0, 1) * 255).astype(np.uint8)
