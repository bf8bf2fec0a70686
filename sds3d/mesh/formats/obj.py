"""Wavefront OBJ with its MTL and texture beside it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sds3d.mesh.formats.gltf import png
from sds3d.mesh.mesh import Mesh


def files(mesh: Mesh, stem: str, extras: Mapping[str, object]) -> dict[str, bytes]:
    """The files' names and bytes."""
    del extras
    return dict(obj(mesh, stem))


def obj(mesh: Mesh, stem: str) -> Mapping[str, bytes]:
    """File name -> bytes: STEM.obj, STEM.mtl, and with a texture STEM.png.

    v runs upwards in OBJ, downwards in `Mesh`.  Pm and Pr are the PBR extension that Blender reads.  Spaces in
    the names of the material and image files become underscores, because readers split these lines at spaces.
    """
    beside = "_".join(stem.split())
    lines = ["# sds3d", f"mtllib {beside}.mtl", "o object"]
    colors = mesh.colors if mesh.base_color is None else None
    rows = mesh.vertices if colors is None else np.concatenate([mesh.vertices, colors], 1)
    lines += ["v " + " ".join(f"{x:.6f}" for x in row) for row in rows]
    if mesh.uv is not None:
        lines += [f"vt {u:.6f} {1 - v:.6f}" for u, v in mesh.uv]
    if mesh.normals is not None:
        lines += [f"vn {x:.5f} {y:.5f} {z:.5f}" for x, y, z in mesh.normals]
    lines.append("usemtl surface")
    uv = mesh.uv is not None
    pattern = {
        (True, True): "{0}/{0}/{0}",
        (True, False): "{0}/{0}",
        (False, True): "{0}//{0}",
        (False, False): "{0}",
    }[uv, mesh.normals is not None]
    lines += ["f " + " ".join(pattern.format(i + 1) for i in face) for face in mesh.faces]
    material = ["newmtl surface", "Ka 0 0 0", "Kd 1 1 1", "Ks 0 0 0", "d 1"]
    material += [f"Pm {mesh.metallic:.4f}", f"Pr {mesh.roughness:.4f}"]
    files = {}
    if mesh.base_color is not None:
        material.append(f"map_Kd {beside}.png")
        files[f"{beside}.png"] = png(mesh.base_color)
    files[f"{beside}.mtl"] = ("\n".join(material) + "\n").encode()
    files[f"{stem}.obj"] = ("\n".join(lines) + "\n").encode()
    return files
