"""The neutral mesh that every scene exports to and every writer reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh in glTF's frame: +Y up, front +Z, counter-clockwise faces seen from outside.

    vertices: (V, 3) float32.  faces: (F, 3) int32.  normals: (V, 3) unit, or None.
    uv: (V, 2) in [0, 1], origin top left, or None.  Each vertex has one uv (seams are split).
    base_color: (H, W, 3) uint8 sRGB texture, or None.  colors: (V, 3) float32 sRGB in [0, 1] per vertex, or
    None (used where there is no texture).  metallic, roughness: in [0, 1], of the whole mesh where there is no
    `surface`.

    surface: (H, W, 3) uint8, linear: R occlusion, 255 where nothing occludes; G roughness; B metallic; or None.
    normal_map: (H, W, 3) uint8, (n + 1) / 2 of normals in the tangent space of `mesh.tangents.tangents`, glTF's
    (+X along u, +Y against v, green upwards in the image); or None.  The three textures share `uv`.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray | None = None
    uv: np.ndarray | None = None
    base_color: np.ndarray | None = None
    colors: np.ndarray | None = None
    metallic: float = 0.0
    roughness: float = 0.8
    surface: np.ndarray | None = None
    normal_map: np.ndarray | None = None
