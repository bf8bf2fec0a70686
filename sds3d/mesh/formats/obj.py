"""Wavefront OBJ with its MTL and texture beside it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sds3d.mesh.formats.gltf import png, textures
from sds3d.mesh.mesh import Mesh


def files(mesh: Mesh, stem: str, extras: Mapping[str, object]) -> dict[str, bytes]:
    """The files' names and bytes."""
    del extras
    return dict(obj(mesh, stem))


def obj(mesh: Mesh, stem: str) -> Mapping[str, bytes]:
    """File name -> bytes: STEM.obj, STEM.mtl, and with textures STEM.png, STEM_roughness.png, ...

    v runs upwards in OBJ, downwards in `Mesh`.  Pm, Pr, map_Pm, map_Pr and norm are the PBR extension; a map's
    factor is 1.  Occlusion has no key there and is left out.  Spaces in the names of the material and image
    files become underscores, because readers split these lines at spaces.
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
    images = textures(mesh)
    metallic, roughness = (mesh.metallic, mesh.roughness) if "surface" not in images else (1, 1)
    material += [f"Pm {metallic:.4f}", f"Pr {roughness:.4f}"]
    maps = {}
    if mesh.base_color is not None:
        maps["map_Kd", ""] = mesh.base_color
    if "surface" in images:
        maps["map_Pr", "_roughness"] = images["surface"][..., 1]
        maps["map_Pm", "_metallic"] = images["surface"][..., 2]
    if "normal" in images:
        maps["norm", "_normal"] = images["normal"]
    files = {}
    for (key, ending), image in maps.items():
        material.append(f"{key} {beside}{ending}.png")
        files[f"{beside}{ending}.png"] = png(image)
    files[f"{beside}.mtl"] = ("\n".join(material) + "\n").encode()
    files[f"{stem}.obj"] = ("\n".join(lines) + "\n").encode()
    return files
