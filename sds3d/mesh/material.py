"""What a mesh file holds: triangles, and the materials that they are drawn with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sds3d.kernels.textures import Texture

OPAQUE, MASK, BLEND = "opaque", "mask", "blend"


@dataclass(frozen=True)
class Material:
    """A surface, metallic-roughness as in glTF 2.0.

    color: (r, g, b, alpha), linear factors on `texture` (sRGB) and on the vertices' colours.  alpha: `opaque`
    ignores the product's alpha, `mask` cuts holes where it is below `cutoff`, `blend` is translucent.
    surface: a texture with occlusion in red, roughness in green and metallic in blue, on which `roughness` and
    `metallic` are factors.  normal: tangent-space normals, (n + 1) / 2, +Y up in the image.
    emissive: linear light that is added, a factor on `glow` (sRGB).
    """

    name: str = ""
    color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    texture: Texture | None = None
    alpha: str = OPAQUE
    cutoff: float = 0.5
    metallic: float = 0.0
    roughness: float = 0.7
    surface: Texture | None = None
    normal: Texture | None = None
    emissive: tuple[float, float, float] = (0.0, 0.0, 0.0)
    glow: Texture | None = None


@dataclass(frozen=True)
class Piece:
    """Triangles of one material, y up, front +Z, counter-clockwise seen from outside.

    vertices (V, 3) float64; faces (F, 3) int32.  normals (V, 3) float32 unit, or None.  colors (V, 4) float32,
    linear light and alpha, or None.  uv: (V, 2) float32, origin top left, for the material's `texture`,
    `surface`, `normal` and `glow`.  smooth: whether faces without normals are smooth below the crease angle,
    else flat.
    """

    vertices: np.ndarray
    faces: np.ndarray
    material: Material = Material()
    normals: np.ndarray | None = None
    colors: np.ndarray | None = None
    uv: Mapping[str, np.ndarray] = field(default_factory=dict)
    smooth: bool = True


@dataclass(frozen=True)
class MeshFile:
    """A file as it was read.

    notes: what could not be used, a line each.  hashes: the name of each file that was opened, relative to
    the folder, and its SHA-256.
    """

    pieces: tuple[Piece, ...]
    notes: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
