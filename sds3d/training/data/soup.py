"""Textured triangles as they are drawn: from the library's models, and from mesh files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from sds3d.errors import PriorError
from sds3d.kernels.threads import parallel_for
from sds3d.library.kit.model import RADIUS, Model

if TYPE_CHECKING:
    import trimesh

CREASE = 40.0  # degrees: edges that bend more stay sharp
TEXTURE = 256  # the longer side of a kept texture: an object covers some 120 samples
GLASS = (0.78, 0.85, 0.87)  # what shows through a transparent material, which is drawn opaque
PLAIN = 0.85  # the grey of what has no material
UNSEEN = 0.05  # materials with less opacity are helpers of the modeller, not surfaces


@dataclass(frozen=True)
class Soup:
    """F triangles: points, normals, colors (F, 3, 3) and uv (F, 3, 2) per corner, float32.

    colors: sRGB in [0, 1], multiplied with the texture.  texture (F,): row of `textures`, -1 for none.
    textures: RGBA uint8 (H, W, 4) each.
    """

    points: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    uv: np.ndarray
    texture: np.ndarray
    textures: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class Piece:
    """Triangles of one material: points, colors (F, 3, 3), uv (F, 3, 2) per corner."""

    points: np.ndarray
    colors: np.ndarray
    uv: np.ndarray
    texture: Image.Image | None = None


def from_model(model: Model) -> Soup:
    """The triangles of a library member, as they stand."""
    faces = model.faces
    return Soup(
        model.vertices[faces],
        model.normals[faces],
        model.colors[faces],
        np.zeros((len(faces), 3, 2), np.float32),
        np.full(len(faces), -1, np.int32),
    )


def from_scene(scene: trimesh.Scene) -> Soup:
    """The triangles of a mesh file in the file's frame, with creased normals.

    Raises PriorError when the file holds no triangle that can be seen.
    """
    pieces = []
    for mesh in _meshes(scene):
        material = _material(mesh)
        if material is not None:
            color, texture, uv = material
            points = np.asarray(mesh.vertices, np.float32)[mesh.faces]
            pieces.append(Piece(points, color[mesh.faces], uv[mesh.faces], texture))
    return joined(pieces)


def joined(pieces: Sequence[Piece]) -> Soup:
    """The pieces as one soup with creased normals.  Raises PriorError when there is none."""
    if not pieces:
        raise PriorError("it holds no triangle that can be seen", "export it again as GLB or OBJ")
    images: list[Image.Image] = []
    rows = []
    for piece in pieces:
        row = next((i for i, x in enumerate(images) if x is piece.texture), len(images))
        if piece.texture is None:
            row = -1
        elif row == len(images):
            images.append(piece.texture)
        rows.append(np.full(len(piece.points), row, np.int32))
    points, colors, uv = (
        np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ("points", "colors", "uv")
    )
    textures = tuple(_shrunk(image) for image in images)
    return creased(Soup(points, points, colors, uv, np.concatenate(rows), textures))


def _meshes(scene: trimesh.Scene) -> Iterator[trimesh.Trimesh]:
    import trimesh

    for node in scene.graph.nodes_geometry:
        transform, name = scene.graph[node]
        mesh = scene.geometry[name]
        if isinstance(mesh, trimesh.Trimesh) and len(mesh.faces):
            moved = mesh.copy()
            moved.apply_transform(transform)
            yield moved


def _material(
    mesh: trimesh.Trimesh,
) -> tuple[np.ndarray, Image.Image | None, np.ndarray] | None:
    """(colours (V, 3), texture, uv (V, 2)) of a mesh; None if it cannot be seen."""
    count = len(mesh.vertices)
    none = np.zeros((count, 2), np.float32)
    if mesh.visual.kind != "texture":
        plain = np.full((count, 3), PLAIN, np.float32)
        colors = np.asarray(mesh.visual.vertex_colors, np.float32)[:, :3] / 255
        return (colors if mesh.visual.defined else plain), None, none
    material, uv = mesh.visual.material, mesh.visual.uv
    if hasattr(material, "baseColorTexture"):  # glTF
        image, factor = material.baseColorTexture, material.baseColorFactor
        factor = np.ones(4) if factor is None else np.asarray(factor, np.float64) / 255
        opacity = factor[3] if material.alphaMode == "BLEND" else 1.0
        color = factor[:3]
    else:
        image, opacity = material.image, _opacity(material.kwargs)
        color = np.ones(3) if image is not None else np.asarray(material.diffuse)[:3] / 255
    if opacity < UNSEEN:
        return None
    if image is None or uv is None or len(uv) != count:
        image, uv = None, none
        color = opacity * color + (1 - opacity) * np.array(GLASS)
    return np.tile(np.float32(color), (count, 1)), image, np.asarray(uv, np.float32)


def _opacity(material: dict[str, object]) -> float:
    """`d` of an MTL material, or 1 - `Tr`."""
    for key, opaque in (("d", True), ("tr", False)):
        if material.get(key):
            value = float(np.ravel(np.asarray(material[key], object))[-1])
            return value if opaque else 1 - value
    return 1.0


def _shrunk(image: Image.Image) -> np.ndarray:
    """The texture in RGBA, at most TEXTURE pixels long, transparent texels filled from their neighbours."""
    image = image.convert("RGBA")
    scale = TEXTURE / max(image.size)
    if scale < 1:
        size = tuple(max(1, round(scale * n)) for n in image.size)
        image = image.convert("RGBa").resize(size, Image.Resampling.BOX).convert("RGBA")
    return np.asarray(image)


def creased(soup: Soup) -> Soup:
    """The same triangles, without those of no area, with normals that are smooth but for edges above CREASE."""
    from sds3d.kernels import textured_numba as kernels

    a, b, c = soup.points.astype(np.float64).transpose(1, 0, 2)
    cross = np.cross(b - a, c - a)
    area = np.linalg.norm(cross, axis=1)
    kept = area > 1e-12 * max(area.max(initial=0), 1e-300)
    if not kept.any():
        raise PriorError("all its triangles have no area", "export it again as GLB or OBJ")
    soup = replace(
        soup,
        **{k: getattr(soup, k)[kept] for k in ("points", "normals", "colors", "uv", "texture")},
    )
    area, cross = area[kept], cross[kept]
    unit = cross / area[:, None]
    flat = soup.points.reshape(-1, 3)
    grain = 1e-5 * np.ptp(flat, axis=0).max()  # corners that meet do so up to the file's rounding
    _, position = np.unique(np.round(flat / grain).astype(np.int64), axis=0, return_inverse=True)
    position = position.reshape(-1)
    corner = np.argsort(position, kind="stable")
    first = np.searchsorted(position[corner], np.arange(position.max() + 2))
    normals = np.empty_like(soup.points, dtype=np.float32)
    limit = float(np.cos(np.radians(CREASE)))
    arrays = (unit, area, corner, first, position, limit, normals)
    parallel_for(kernels.crease, len(unit), *arrays)
    return replace(soup, normals=normals)


def turned(soup: Soup, rotation: np.ndarray) -> Soup:
    """The triangles turned by `rotation` (3, 3)."""
    matrix = np.asarray(rotation, np.float32)
    return replace(soup, points=soup.points @ matrix.T, normals=soup.normals @ matrix.T)


def stretched(soup: Soup, extent: tuple[float, float, float]) -> Soup:
    """The triangles with a bounding box of the proportions of `extent`; flat sides stay flat."""
    flat = soup.points.reshape(-1, 3)
    size = np.ptp(flat, axis=0)
    wanted = np.asarray(extent, np.float64)
    thick = (size > 1e-6 * size.max()) & (wanted > 0)
    scale = np.where(thick, wanted / np.where(thick, size, 1), 1.0)
    scale = scale / scale[thick].mean()
    scale[~thick] = 1
    if np.allclose(scale, 1, atol=0.02):
        return soup
    moved = replace(soup, points=(soup.points * scale).astype(np.float32))
    return creased(moved)


def fitted(soup: Soup) -> Soup:
    """The triangles centred by their bounding box, in the ball of the library's RADIUS."""
    flat = soup.points.reshape(-1, 3)
    center = (flat.min(0) + flat.max(0)) / 2
    points = soup.points - center
    scale = RADIUS / np.linalg.norm(points, axis=-1).max()
    return replace(soup, points=(points * scale).astype(np.float32))
