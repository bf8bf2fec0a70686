"""Colours for what no picture has shown: an optimised scene has any colour there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy.spatial import cKDTree

from sds3d.kernels.rasterize import project, rasterize
from sds3d.mesh.bake import fill, texel_faces
from sds3d.mesh.mesh import Mesh
from sds3d.views.cameras import Cameras, orbit

SIZE = 256
# The dome from which pictures of objects are taken: (views, elevation in degrees).
RINGS = ((12, 0.0), (8, 35.0), (4, 70.0))
MARGIN = 0.02  # world units by which a face may lie behind the nearest surface of its pixel
GRAZING = 0.25  # cosine below which a face is not looked at
KNOWN, NEIGHBOURS = 4000, 48  # few and many, so that a thin leg does not colour a wide floor


def paint_unseen(mesh: Mesh) -> Mesh:
    """The mesh whose faces that no view of a dome sees have the colour of the nearest seen surface.

    The mean of the nearest 48 of about 4,000 seen texels.  Without a texture, nothing changes.
    """
    if mesh.base_color is None:
        return mesh
    points, _, face = texel_faces(mesh, mesh.base_color.shape[0])
    inside = face >= 0
    known = seen(mesh)[face[inside]]
    if known.all() or known.sum() < NEIGHBOURS:
        return mesh
    colors = np.float32(mesh.base_color[inside])
    some = np.flatnonzero(known)[:: max(1, known.sum() // KNOWN)]
    _, nearest = cKDTree(points[some]).query(points[~known], NEIGHBOURS, workers=-1)
    colors[~known] = colors[some][nearest].mean(1)
    texture = np.zeros_like(mesh.base_color)
    texture[inside] = np.rint(colors)
    return replace(mesh, base_color=fill(texture, inside))


def seen(mesh: Mesh) -> np.ndarray:
    """Whether the middle of each face (F,) is the nearest surface, turned to the camera, in some view."""
    corners = mesh.vertices[mesh.faces]
    middle = torch.from_numpy(corners.mean(1))
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    normal = torch.from_numpy(normal)
    found = torch.zeros(len(middle), dtype=torch.bool)
    for views, elevation in RINGS:
        cameras = orbit(views, SIZE, elevation_deg=elevation)
        for view in range(views):
            found |= _in_view(mesh, middle, normal, cameras[view : view + 1])
    return found.numpy()


def _in_view(
    mesh: Mesh, middle: torch.Tensor, normal: torch.Tensor, camera: Cameras
) -> torch.Tensor:
    vertices, faces = torch.from_numpy(mesh.vertices), torch.from_numpy(mesh.faces)
    _, _, depth = rasterize(
        project(vertices, camera), faces, vertices.new_zeros(len(vertices), 1), SIZE, SIZE
    )
    column, row, z = project(middle, camera)[0].unbind(-1)
    inside = (column >= 0) & (column < SIZE) & (row >= 0) & (row < SIZE)
    nearest = depth[0, row.long().clamp(0, SIZE - 1), column.long().clamp(0, SIZE - 1)]
    outward = torch.nn.functional.normalize(camera.position - middle, dim=1)
    turned = (outward * normal).sum(1) > GRAZING
    # A pixel beside a silhouette can be empty (0) though the middle of a small face falls on it.
    return inside & turned & ((z < nearest + MARGIN) | (nearest == 0))
