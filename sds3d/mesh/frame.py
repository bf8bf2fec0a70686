"""Where an exported object stands, and how large it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sds3d.mesh.mesh import Mesh

Origin = Literal["base", "center"]
KEY = "frame"  # of a GLB's extras


@dataclass(frozen=True)
class Frame:
    """x_file = scale x_scene + offset: metres, +Y up, front +Z, as glTF has it.  The default is no change."""

    scale: float = 1.0
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def to_file(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 3) of the scene as the file has them, float32."""
        return (points.astype(np.float64) * self.scale + np.array(self.offset)).astype(np.float32)

    def to_scene(self, points: np.ndarray) -> np.ndarray:
        """The inverse, float32."""
        return ((points.astype(np.float64) - np.array(self.offset)) / self.scale).astype(np.float32)

    def placed(self, mesh: Mesh) -> Mesh:
        """The mesh as the file has it; directions stay."""
        return replace(mesh, vertices=self.to_file(mesh.vertices))

    def extras(self) -> dict[str, object]:
        """What a GLB carries of it."""
        return {KEY: {"scale": self.scale, "offset": list(self.offset)}}


def standing(
    vertices: np.ndarray, *, height: float = 0.0, longest: float = 1.0, origin: Origin = "base"
) -> Frame:
    """The frame of an object with these vertices (V, 3).

    height: of its bounding box, metres; 0: the longest side of the box has `longest` metres.  origin: what lies
    at (0, 0, 0), the middle of the box's lower face or its centre.
    """
    low, high = vertices.min(0).astype(np.float64), vertices.max(0).astype(np.float64)
    size = high - low
    scale = height / max(size[1], 1e-9) if height else longest / max(size.max(), 1e-9)
    anchor = (low + high) / 2
    if origin == "base":
        anchor[1] = low[1]
    x, y, z = (float(value) for value in -scale * anchor)
    return Frame(float(scale), (x, y, z))


def frame_of(extras: Mapping[str, object]) -> Frame:
    """The frame that a GLB's extras name; the default where they name none."""
    found = extras.get(KEY)
    if not isinstance(found, Mapping):
        return Frame()
    x, y, z = found["offset"]
    return Frame(float(found["scale"]), (float(x), float(y), float(z)))
