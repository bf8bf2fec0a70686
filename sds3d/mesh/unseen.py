"""Colours for faces that no image has shown, where an optimised scene has arbitrary colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from scipy.spatial import KDTree
from torch import Tensor

from sds3d.kernels.rasterize import project, rasterize
from sds3d.mesh.bake import fill, texel_faces
from sds3d.mesh.mesh import Mesh
from sds3d.views.cameras import Cameras, dome

SIZE = 256  # px per side of the images that decide what is seen
MARGIN = 0.02  # world units by which a face may lie behind the nearest surface of its pixel
GRAZING = 0.25  # cosine below which a face is too oblique to count as seen
SOURCES = 4000  # seen texels that colours are taken from, about
NEIGHBOURS = (
    48  # sources averaged per texel: few of few, so that a thin leg does not colour a wide floor
)

FLAT = (128, 128, 255)  # the texel of a normal map that changes nothing


def paint_unseen(mesh: Mesh) -> Mesh:
    """The mesh whose unseen faces have the mean colour and material of the nearest seen surface.

    The mean of the 48 nearest of about 4,000 seen texels; normal maps are flat there.  A mesh without a base
    colour is returned as it is.
    """
    if mesh.base_color is None:
        return mesh
    points, _, face = texel_faces(mesh, mesh.base_color.shape[0])
    inside = face >= 0
    known = seen(mesh)[face[inside]]
    if known.all() or known.sum() < NEIGHBOURS:
        return mesh
    sources = np.flatnonzero(known)[:: max(1, known.sum() // SOURCES)]
    _, nearest = KDTree(points[sources]).query(points[~known], NEIGHBOURS, workers=-1)

    def painted(texture: np.ndarray) -> np.ndarray:
        values = texture[inside].astype(np.float32)
        values[~known] = values[sources][nearest].mean(1)
        out = np.zeros_like(texture)
        out[inside] = np.rint(values)
        return fill(out, inside)

    return replace(
        mesh,
        base_color=painted(mesh.base_color),
        surface=None if mesh.surface is None else painted(mesh.surface),
        normal_map=None if mesh.normal_map is None else _flattened(mesh.normal_map, inside, known),
    )


def _flattened(normal_map: np.ndarray, inside: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The map with the surface's own normal at the unknown texels."""
    values = normal_map[inside]
    values[~known] = FLAT
    out = np.zeros_like(normal_map)
    out[inside] = values
    return fill(out, inside)


def seen(mesh: Mesh) -> np.ndarray:
    """Whether each face (F,) is seen from some camera of the dome.

    Seen: the middle of the face is the nearest surface of its pixel, within MARGIN, and the face is turned
    to the camera.
    """
    corners = mesh.vertices[mesh.faces]
    middles = torch.from_numpy(corners.mean(1))
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    visible = torch.zeros(len(middles), dtype=torch.bool)
    for ring in dome(SIZE):
        for view in range(len(ring)):
            camera = ring[view : view + 1]
            visible |= _visible(mesh, middles, torch.from_numpy(normals), camera)
    return visible.numpy()


def _visible(mesh: Mesh, middles: Tensor, normals: Tensor, camera: Cameras) -> Tensor:
    vertices = torch.from_numpy(mesh.vertices)
    faces = torch.from_numpy(mesh.faces)
    nothing = vertices.new_zeros(len(vertices), 1)  # no attribute is interpolated
    _, _, depth = rasterize(project(vertices, camera), faces, nothing, SIZE, SIZE)
    column, row, z = project(middles, camera)[0].unbind(-1)
    in_image = (column >= 0) & (column < SIZE) & (row >= 0) & (row < SIZE)
    nearest = depth[0, row.long().clamp(0, SIZE - 1), column.long().clamp(0, SIZE - 1)]
    outward = F.normalize(camera.position - middles, dim=1)
    facing = (outward * normals).sum(1) > GRAZING
    # A pixel beside a silhouette can be empty (0) though the middle of a small face falls on it.
    return in_image & facing & ((z < nearest + MARGIN) | (nearest == 0))
