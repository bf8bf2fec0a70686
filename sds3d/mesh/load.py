"""Mesh files as they are drawn, and as one `Mesh`: what was exported, read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sds3d.errors import MeshError
from sds3d.kernels.textures import Skin, Texture
from sds3d.mesh.color import encoded, linear
from sds3d.mesh.frame import Frame, frame_of
from sds3d.mesh.material import MeshFile, Piece
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.readers import read
from sds3d.mesh.readers.document import Document
from sds3d.mesh.readers.files import Folder
from sds3d.mesh.shape import Shape, drawn


def load(path: Path) -> Mesh:
    """A mesh file in world coordinates, with its texture where one covers all of it, else vertex colours.

    Several textures are sampled at the vertices.  Metallic and roughness are those of the materials, their mean
    where they differ; textures of them and of normals are kept where one covers all that the colour's does.
    Raises MeshError when the file cannot be read.
    """
    shape, file = load_shape(path, maps=True)
    materials = {(p.material.metallic, p.material.roughness) for p in file.pieces}
    plain = len(materials) == 1 and all(p.material.surface is None for p in file.pieces)
    means = float(shape.metallic.mean()), float(shape.roughness.mean())
    metallic, roughness = next(iter(materials)) if plain else means
    base_color = _whole(shape.skin) if shape.skin else None
    colors = shape.colors
    if shape.skin is not None:
        colors = None if base_color is not None else _sampled(shape.skin, shape.faces, colors)
    return Mesh(
        np.asarray(shape.vertices, np.float32),
        shape.faces,
        shape.normals,
        uv=shape.skin.uv if base_color is not None and shape.skin else None,
        base_color=base_color,
        colors=colors,
        metallic=metallic,
        roughness=roughness,
        surface=_surface(file.pieces) if base_color is not None else None,
        normal_map=_normal_map(file.pieces) if base_color is not None else None,
    )


def load_exported(path: Path) -> Mesh:
    """A GLB that this package wrote, in the frame of its scene.  Raises MeshError as `load`."""
    mesh = load(path)
    return replace(mesh, vertices=exported_frame(path).to_scene(mesh.vertices))


def exported_frame(path: Path) -> Frame:
    """The frame of a GLB that this package wrote.  Raises MeshError as `load`."""
    document = Document(path.read_bytes(), Folder(path.parent))
    return frame_of(document.root["asset"].get("extras", {}))


def load_shape(
    path: Path,
    *,
    up: str = "y",
    root: Path | None = None,
    longest: int | None = None,
    maps: bool = False,
) -> tuple[Shape, MeshFile]:
    """(what a mesh file shows, the file as it was read); the arguments are those of `readers.read`.

    Raises MeshError, which names the file, when it cannot be read or shows nothing.
    """
    file = read(path, up=up, root=root, longest=longest, maps=maps)
    try:
        return drawn(file.pieces), file
    except MeshError as error:
        raise MeshError(f"cannot read '{path}': {error.message}", error.fix) from error


def _pixels(skin: Skin, row: int) -> np.ndarray:
    first, height, width = skin.pool.places[row, 0]
    return skin.pool.texels[first : first + height * width].reshape(height, width, 4)


def _whole(skin: Skin) -> np.ndarray | None:
    """The texture (H, W, 3) that covers every face in one tint and within [0, 1]; else None."""
    inside = skin.uv.min() >= -1e-6 and skin.uv.max() <= 1 + 1e-6
    if (skin.texture != 0).any() or not inside or np.ptp(skin.tint, axis=0).max() > 1e-6:
        return None
    rgb = _pixels(skin, 0)[..., :3]
    if (skin.tint == 1).all():
        return rgb.copy()
    return (encoded(linear(rgb / 255) * skin.tint[0]) * 255 + 0.5).astype(np.uint8)


def _surface(pieces: Sequence[Piece]) -> np.ndarray | None:
    """`Mesh.surface` of pieces that share it and its factors, else None."""
    texture = _shared(pieces, "surface")
    if texture is None:
        return None
    material = pieces[0].material
    if any(
        (p.material.metallic, p.material.roughness) != (material.metallic, material.roughness)
        for p in pieces
    ):
        return None
    factors = np.array([1.0, material.roughness, material.metallic])
    return np.rint(texture.pixels[..., :3] * factors).astype(np.uint8)


def _normal_map(pieces: Sequence[Piece]) -> np.ndarray | None:
    texture = _shared(pieces, "normal")
    return None if texture is None else texture.pixels[..., :3].copy()


def _shared(pieces: Sequence[Piece], name: str) -> Texture | None:
    """The texture of that name, if it is one for all pieces and lies where the colour does."""
    texture = getattr(pieces[0].material, name)
    for piece in pieces:
        if getattr(piece.material, name) is not texture or name not in piece.uv:
            return None
        if not np.array_equal(piece.uv[name], piece.uv.get("texture", ())):
            return None
    return texture


def _sampled(skin: Skin, faces: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """The vertices' colours (V, 3) with each texture's nearest texel."""
    out = colors.copy()
    for row in np.unique(skin.texture[skin.texture >= 0]):
        image = _pixels(skin, row)
        used = np.unique(faces[skin.texture == row])
        uv = skin.uv[used] - np.floor(skin.uv[used])
        rows = np.minimum(np.int64(uv[:, 1] * image.shape[0]), image.shape[0] - 1)
        cols = np.minimum(np.int64(uv[:, 0] * image.shape[1]), image.shape[1] - 1)
        out[used] = encoded(linear(image[rows, cols, :3] / 255) * skin.tint[used])
    return out
