"""Shapes of training data: from the library's models and from mesh files, turned, stretched and fitted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from sds3d.library.kit.model import RADIUS, Model
from sds3d.mesh import shape
from sds3d.mesh.load import load_shape
from sds3d.mesh.shape import Shape

TEXTURE = 256  # longer side of a texture, in pixels; an object covers about 120 samples


def from_model(model: Model) -> Shape:
    """The shape of a library member."""
    names = ("vertices", "faces", "normals", "colors", "metallic", "roughness", "skin")
    return Shape(**{name: getattr(model, name) for name in names})


def from_file(path: Path) -> Shape:
    """The shape in a mesh file, in the file's frame.  Raises MeshError when it cannot be read."""
    return load_shape(path, longest=TEXTURE)[0]


def turned(of: Shape, rotation: np.ndarray) -> Shape:
    """The shape turned by `rotation` (3, 3)."""
    matrix = np.asarray(rotation, np.float64)
    normals = np.float32(of.normals @ matrix.T)
    return replace(of, vertices=of.vertices @ matrix.T, normals=normals)


def stretched(of: Shape, extent: tuple[float, float, float]) -> Shape:
    """The shape stretched to the proportions of `extent`; axes along which it is flat are kept."""
    size = np.ptp(of.vertices, axis=0)
    wanted = np.asarray(extent, np.float64)
    thick = (size > 1e-6 * size.max()) & (wanted > 0)
    if not thick.any():
        return of
    scale = np.where(thick, wanted / np.where(thick, size, 1), 1.0)
    scale = scale / scale[thick].mean()
    scale[~thick] = 1
    if np.allclose(scale, 1, atol=0.02):
        return of
    normals = of.normals / scale
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.float32(normals / np.where(length > 0, length, 1))
    return replace(of, vertices=of.vertices * scale, normals=normals)


def fitted(of: Shape) -> Shape:
    """The shape centred by its bounding box, in the ball of the library's RADIUS."""
    return shape.fitted(of, RADIUS)
