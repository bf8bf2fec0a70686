"""Meshes as they are drawn: colours, normals and textures resolved from the materials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sds3d.errors import MeshError
from sds3d.kernels.textures import CLAMP, Skin, Texture, pool
from sds3d.kernels.threads import parallel_for
from sds3d.mesh.color import encoded, linear
from sds3d.mesh.material import BLEND, MASK, OPAQUE, Material, Piece
from sds3d.mesh.mesh import Mesh

CREASE = 40.0  # degrees: edges that bend more stay sharp where a file has no normals
GLASS = (0.78, 0.85, 0.87)  # sRGB; shows through a translucent material, which is drawn opaque
UNSEEN = 0.05  # surfaces of less opacity are modelling aids, and are left out
GRAIN = (
    1e-5  # of the size: vertices closer than this share their normals, whatever a file's rounding
)


@dataclass(frozen=True)
class Shape:
    """V vertices and F triangles, y up, front +Z, counter-clockwise from outside.

    vertices (V, 3) float64; faces (F, 3) int32; normals (V, 3) float32 unit; colors (V, 3) float32 sRGB in
    [0, 1]; metallic, roughness (V,) float32.  skin: what faces with a texture show, whose vertices are white.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    metallic: np.ndarray
    roughness: np.ndarray
    skin: Skin | None = None


@dataclass(frozen=True)
class Look:
    """A piece's surface: colors (V, 3) sRGB, tint (V, 3) linear, texture, faces (F,) that are seen."""

    colors: np.ndarray
    tint: np.ndarray
    texture: Texture | None
    seen: np.ndarray


def drawn(pieces: Sequence[Piece]) -> Shape:
    """The pieces as one shape.

    A colour is factor x texture x vertex colour in linear light plus the emission, converted to sRGB once; a
    texture is kept as such, to be sampled where it is drawn.  Translucent surfaces are drawn opaque, mixed with
    the colour of glass; holes of masks are kept in the texture's alpha.  Normals are the file's, else those of
    the faces, smooth below CREASE where the format says so.

    Raises MeshError when every surface is transparent.
    """
    parts: list[tuple[Piece, Look]] = []
    normals: list[np.ndarray] = []
    for piece in pieces:
        look = _look(piece)
        if not look.seen.any():
            continue
        split, normal, vertex = _with_normals(replace(piece, faces=piece.faces[look.seen]))
        parts.append((split, _at(look, vertex)))
        normals.append(normal)
    if not parts:
        raise MeshError("every surface of it is transparent", "give its material an alpha above 0")
    offsets = np.cumsum([0] + [len(piece.vertices) for piece, _ in parts[:-1]])
    faces = [piece.faces + offset for (piece, _), offset in zip(parts, offsets, strict=True)]
    finish = [_finish(piece) for piece, _ in parts]
    return Shape(
        np.concatenate([piece.vertices for piece, _ in parts]),
        np.concatenate(faces).astype(np.int32),
        np.concatenate(normals),
        np.concatenate([look.colors for _, look in parts]),
        np.concatenate([metallic for metallic, _ in finish]),
        np.concatenate([roughness for _, roughness in finish]),
        _skin(parts),
    )


def shape_of(mesh: Mesh) -> Shape:
    """A mesh with its texture, else its vertex colours, else in grey; without normals they are zero."""
    count = len(mesh.vertices)
    colors = np.full((count, 3), 0.5) if mesh.colors is None else mesh.colors
    skin = None
    if mesh.base_color is not None and mesh.uv is not None:
        opaque = np.full((*mesh.base_color.shape[:2], 1), 255, np.uint8)
        image = Texture(np.concatenate([mesh.base_color, opaque], -1), (CLAMP, CLAMP))
        white = np.ones((count, 3), np.float32)
        rows = np.zeros(len(mesh.faces), np.int32)
        skin = Skin(np.asarray(mesh.uv, np.float32), white, rows, pool([image]))
        colors = white
    return Shape(
        np.asarray(mesh.vertices, np.float32),
        np.asarray(mesh.faces, np.int32),
        np.zeros((count, 3), np.float32) if mesh.normals is None else mesh.normals,
        np.asarray(colors, np.float32),
        np.full(count, mesh.metallic, np.float32),
        np.full(count, mesh.roughness, np.float32),
        skin,
    )


def _skin(parts: Sequence[tuple[Piece, Look]]) -> Skin | None:
    textures: list[Texture] = []
    rows = []
    for piece, look in parts:
        row = -1
        if look.texture is not None:
            row = next((i for i, t in enumerate(textures) if t is look.texture), len(textures))
            textures += [look.texture] if row == len(textures) else []
        rows.append(np.full(len(piece.faces), row, np.int32))
    if not textures:
        return None
    none = [np.zeros((len(piece.vertices), 2), np.float32) for piece, _ in parts]
    uv = [p.uv.get("texture", zero) for (p, _), zero in zip(parts, none, strict=True)]
    return Skin(
        np.concatenate(uv),
        np.concatenate([look.tint for _, look in parts]),
        np.concatenate(rows),
        pool(textures),
    )


def _at(look: Look, vertices: np.ndarray) -> Look:
    """The look of a piece whose vertices were split: new vertex i was `vertices[i]`."""
    return replace(look, colors=look.colors[vertices], tint=look.tint[vertices])


def _look(piece: Piece) -> Look:
    """How the material and the vertices' colours make a surface."""
    material, count = piece.material, len(piece.vertices)
    light = np.tile(np.array(material.color, np.float32), (count, 1))
    if piece.colors is not None:
        light = light * piece.colors
    texture = material.texture if "texture" in piece.uv else None
    glow = material.glow if "glow" in piece.uv or material.glow is None else None
    emits = max(material.emissive) > 0
    if texture is None and glow is not None and emits and "glow" in piece.uv:
        light = light + np.array([*_sampled_light(piece, glow), 0], np.float32)
        emits = False
    opacity = light[:, 3]
    if material.alpha == OPAQUE:
        opacity = np.ones_like(opacity)
    if texture is None:
        emission = material.emissive if emits and glow is None else (0.0, 0.0, 0.0)
        rgb = light[:, :3] + np.array(emission, np.float32)
        colors = encoded(rgb)
        if material.alpha == BLEND:
            colors = (opacity[:, None] * colors + (1 - opacity[:, None]) * GLASS).astype(np.float32)
        limit = material.cutoff if material.alpha == MASK else UNSEEN
        seen = opacity[piece.faces].mean(1) >= limit
        return Look(colors, np.ones((count, 3), np.float32), None, seen)
    texture, peak = _opaque(texture, material, float(opacity.max(initial=0)))
    tint = light[:, :3]
    if emits:
        texture, tint = _with_emission(texture, piece, tint)
    if peak < 1:
        texture = replace(texture, pixels=_mixed(texture.pixels, tint, peak))
        tint = np.ones_like(tint)
    seen = np.full(len(piece.faces), peak >= UNSEEN)
    return Look(np.ones((count, 3), np.float32), np.asarray(tint, np.float32), texture, seen)


def _opaque(texture: Texture, material: Material, factor: float) -> tuple[Texture, float]:
    """(the texture with alpha 1/2 at the edges of its holes, the opacity of what is drawn).

    A mask's cutoff goes to 1/2.  Texels of a translucent texture with less than half of its greatest alpha are
    holes, and the rest is drawn with that opacity.
    """
    pixels = texture.pixels
    alpha = pixels[..., 3].astype(np.float32) / 255 * factor
    peak = 1.0
    if material.alpha == OPAQUE:
        alpha = np.ones_like(alpha)
    elif material.alpha == MASK:
        limit = min(max(material.cutoff, 1e-3), 1.0)
        upper = 0.5 + 0.5 * (alpha - limit) / max(1 - limit, 1e-3)
        alpha = np.where(alpha < limit, 0.5 * alpha / limit, upper)
        peak = 1.0 if (alpha >= 0.5).any() else 0.0
    else:
        peak = float(alpha.max(initial=0))
        alpha = alpha / max(peak, 1e-6)
    if (np.uint8(alpha.clip(0, 1) * 255 + 0.5) == pixels[..., 3]).all():
        return texture, peak
    out = pixels.copy()
    out[..., 3] = np.uint8(alpha.clip(0, 1) * 255 + 0.5)
    return replace(texture, pixels=out), peak


def _mixed(pixels: np.ndarray, tint: np.ndarray, opacity: float) -> np.ndarray:
    """Texels of a translucent surface of one tint: mixed with the colour of glass in sRGB."""
    rgb = encoded(linear(pixels[..., :3] / 255) * tint.mean(0))
    mixed = opacity * rgb + (1 - opacity) * np.array(GLASS, np.float32)
    return np.concatenate([np.uint8(mixed * 255 + 0.5), pixels[..., 3:]], -1)


def _with_emission(texture: Texture, piece: Piece, tint: np.ndarray) -> tuple[Texture, np.ndarray]:
    """(texture, tint) with the emission added in linear light.

    Exact for one tint; for vertex colours that differ, their mean tints the texture.  A `glow` that lies on
    other coordinates than the texture is left out.
    """
    material = piece.material
    emission = np.array(material.emissive, np.float32) * np.ones((1, 1, 3), np.float32)
    height, width = texture.pixels.shape[:2]
    if material.glow is not None:
        same = "glow" in piece.uv and np.allclose(piece.uv["glow"], piece.uv["texture"])
        if not same:
            return texture, tint
        glow = material.glow.pixels
        rows = (np.arange(height) * glow.shape[0]) // height
        cols = (np.arange(width) * glow.shape[1]) // width
        emission = emission * linear(glow[rows][:, cols, :3] / 255)
    light = linear(texture.pixels[..., :3] / 255) * tint.mean(0) + emission
    rgb = np.uint8(encoded(light) * 255 + 0.5)
    pixels = np.concatenate([rgb, texture.pixels[..., 3:]], -1)
    return replace(texture, pixels=pixels), np.ones_like(tint)


def _sampled_light(piece: Piece, glow: Texture) -> np.ndarray:
    """The mean emission (3,) of a surface that has a glow but no texture."""
    rgb = linear(_nearest(glow, piece.uv["glow"])[:, :3] / 255)
    return rgb.mean(0) * np.array(piece.material.emissive, np.float32)


def _finish(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
    """(metallic, roughness) (V,) float32: factors times the texture's texel at each vertex."""
    material = piece.material
    ones = np.ones(len(piece.vertices), np.float32)
    metallic, roughness = material.metallic * ones, material.roughness * ones
    if material.surface is not None and "surface" in piece.uv:
        texel = _nearest(material.surface, piece.uv["surface"]) / np.float32(255)
        metallic, roughness = metallic * texel[:, 2], roughness * texel[:, 1]
    return np.asarray(metallic, np.float32), np.asarray(roughness, np.float32)


def _nearest(texture: Texture, uv: np.ndarray) -> np.ndarray:
    """The texels (V, 4) at coordinates, repeated."""
    height, width = texture.pixels.shape[:2]
    cols = np.int64((uv[:, 0] - np.floor(uv[:, 0])) * width) % width
    rows = np.int64((uv[:, 1] - np.floor(uv[:, 1])) * height) % height
    return texture.pixels[rows, cols]


def _with_normals(piece: Piece) -> tuple[Piece, np.ndarray, np.ndarray]:
    """(the piece with normals, these normals, the old vertex that each of its vertices was).

    Without the file's, vertices are split where the normals of their faces differ.
    """
    if piece.normals is not None:
        return piece, piece.normals, np.arange(len(piece.vertices))
    points = piece.vertices[piece.faces]
    normals = corner_normals(points) if piece.smooth else face_normals(points)
    old = piece.faces.reshape(-1)
    flat = normals.reshape(-1, 3) + np.float32(0)  # -0 becomes 0
    # One vertex for each pair of an old one and a normal: corners sorted by vertex, then by the normal's bits.
    bits = flat.view(np.uint32).astype(np.uint64)
    mixed = bits[:, 0] * np.uint64(0x9E3779B1) + bits[:, 1] * np.uint64(0x85EBCA6B)
    mixed = mixed * np.uint64(3) + bits[:, 2]
    order = np.lexsort((mixed, old))
    new = np.ones(len(order), bool)
    same = (old[order[1:]] == old[order[:-1]]) & (flat[order[1:]] == flat[order[:-1]]).all(1)
    new[1:] = ~same
    place = np.empty(len(order), np.int64)
    place[order] = np.cumsum(new) - 1
    first = order[new]
    vertex = old[first]
    split = replace(
        piece,
        vertices=piece.vertices[vertex],
        faces=place.reshape(-1, 3).astype(np.int32),
        normals=flat[first],
        colors=None if piece.colors is None else piece.colors[vertex],
        uv={name: values[vertex] for name, values in piece.uv.items()},
    )
    return split, flat[first], vertex


def face_normals(points: np.ndarray) -> np.ndarray:
    """Corner normals (F, 3, 3) float32 of triangles (F, 3, 3): those of their faces."""
    unit, _ = _faces(points)
    return np.repeat(unit[:, None], 3, 1).astype(np.float32)


def corner_normals(points: np.ndarray, crease_deg: float = CREASE) -> np.ndarray:
    """Corner normals (F, 3, 3) float32 of triangles (F, 3, 3), smooth except at edges above the angle.

    A corner's normal is the area-weighted mean over the faces that meet there and bend less than the angle.
    """
    from sds3d.kernels import textured_numba as kernels

    unit, area = _faces(points)
    flat = points.reshape(-1, 3).astype(np.float64)
    extent = np.ptp(flat, axis=0).max()
    scaled = (flat - flat.min(0)) / (GRAIN * extent if extent > 0 else 1.0)
    x, y, z = np.round(scaled).astype(np.int64).T  # from 0 to 1 / GRAIN
    side = round(1 / GRAIN) + 2
    _, position = np.unique((x * side + y) * side + z, return_inverse=True)
    corner = np.argsort(position, kind="stable")
    first = np.searchsorted(position[corner], np.arange(position.max() + 2))
    normals = np.empty(points.shape, np.float32)
    limit = float(np.cos(np.radians(crease_deg)))
    arrays = (unit, area, corner, first, position, limit, normals)
    parallel_for(kernels.crease, len(unit), *arrays)
    return normals


def _faces(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(unit normals (F, 3), areas (F,) up to a factor) of triangles, safe for any size of coordinates."""
    points = points.astype(np.float64)
    size = np.abs(points - points[0, 0]).max()
    a, b, c = ((points - points[0, 0]) / (size if size > 0 else 1.0)).transpose(1, 0, 2)
    cross = np.cross(b - a, c - a)
    area = np.linalg.norm(cross, axis=1)
    return cross / np.where(area > 0, area, 1)[:, None], area


def fitted(shape: Shape, radius: float) -> Shape:
    """The shape with its bounding box centred and its bounding sphere of the given radius; vertices float32."""
    center = shape.vertices.min(0) / 2 + shape.vertices.max(0) / 2
    vertices = shape.vertices - center
    size = np.abs(vertices).max()
    vertices = vertices / (size if size > 0 else 1.0)
    scale = radius / np.linalg.norm(vertices, axis=1).max()
    return replace(shape, vertices=np.float32(vertices * scale))
