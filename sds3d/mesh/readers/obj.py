"""Wavefront OBJ with its MTL: polygons, vertex colours, textures.

Colours of both files are sRGB, which is how editors show and write them.  v runs upwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from sds3d.errors import MeshError
from sds3d.mesh.color import linear
from sds3d.mesh.material import Material, Piece
from sds3d.mesh.readers.files import Files
from sds3d.mesh.readers.mtl import materials
from sds3d.mesh.readers.plain import PLAIN, triangles

AGAIN = "export the mesh again, as GLB if you can"


@dataclass
class Lines:
    """A file's lines, sorted: rows of numbers, and the faces of each material in their order."""

    v: list[str] = field(default_factory=list)
    vt: list[str] = field(default_factory=list)
    vn: list[str] = field(default_factory=list)
    libraries: list[str] = field(default_factory=list)
    # Faces with how many v, vt and vn stand before them, which negative indices count back from.
    faces: dict[str, list[tuple[str, int, int, int]]] = field(default_factory=dict)


def read(
    data: bytes, files: Files, longest: int | None, *, maps: bool = False
) -> tuple[list[Piece], list[str]]:
    """(pieces, notes) of an OBJ file's bytes; textures no longer than `longest` pixels.

    maps: also read those of roughness, metallic and normals.

    Raises MeshError for numbers that are none and for indices without a vertex.
    """
    lines = _sorted(_text(data))
    rows = _rows(lines.v, 3)
    points, colors = rows[:, :3], _vertex_colors(rows)
    uv, normals = _rows(lines.vt, 1), _rows(lines.vn, 3)[:, :3]
    uv = np.pad(uv, ((0, 0), (0, max(0, 2 - uv.shape[1]))))[:, :2] * [1, -1] + [0, 1]
    table, notes = materials(lines.libraries, files, longest, maps=maps)
    pieces = []
    for name, faces in lines.faces.items():
        index = _corners(faces, points)
        if len(index):
            material = table.get(name, PLAIN if colors is None else Material("plain"))
            pieces.append(_piece(index, points, colors, uv, normals, material))
    return pieces, notes


def _text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _sorted(text: str) -> Lines:
    lines, name = Lines(), ""
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").split("\n"):
        key, _, rest = line.strip().partition(" ")
        if key == "v":
            lines.v.append(rest)
        elif key in ("f", "fo"):
            counts = len(lines.v), len(lines.vt), len(lines.vn)
            lines.faces.setdefault(name, []).append((rest, *counts))
        elif key == "vn":
            lines.vn.append(rest)
        elif key == "vt":
            lines.vt.append(rest)
        elif key == "usemtl":
            name = rest.strip()
        elif key == "mtllib":
            lines.libraries.append(rest.strip())
        elif "\t" in key:  # a tab after the keyword
            more = _sorted(line.strip().replace("\t", " "))
            for attribute in ("v", "vt", "vn", "libraries"):
                getattr(lines, attribute).extend(getattr(more, attribute))
            for ((rest, *_),) in more.faces.values():
                counts = len(lines.v), len(lines.vt), len(lines.vn)
                lines.faces.setdefault(name, []).append((rest, *counts))
            if key.startswith("usemtl"):
                name = line.strip()[6:].strip()
    return lines


def _rows(lines: list[str], least: int) -> np.ndarray:
    """Numbers (N, K) of lines, K as many as the longest has; short ones end in 0."""
    if not lines:
        return np.zeros((0, max(least, 3)))
    text = [line.split("#")[0].split() for line in lines]
    widths = {len(row) for row in text}
    if min(widths) < least:
        raise MeshError(f"a line has fewer than {least} numbers", AGAIN)
    if len(widths) > 1:
        widest = min(max(widths), 8)
        text = [(row + ["0"] * widest)[:widest] for row in text]
    flat = [word for row in text for word in row]
    try:
        values = np.array(flat, dtype=object).astype(np.float64)
    except ValueError:
        try:  # decimal commas, of exporters that follow the system's language
            values = np.array([w.replace(",", ".") for w in flat], dtype=object).astype(np.float64)
        except ValueError as error:
            raise MeshError(f"a line holds what is no number: {error}", AGAIN) from error
    return values.reshape(len(lines), -1)


def _vertex_colors(rows: np.ndarray) -> np.ndarray | None:
    """Linear light (V, 4) of lines `v x y z r g b`, or `x y z w r g b`."""
    if rows.shape[1] not in (6, 7):
        return None
    rgb = rows[:, -3:] if rows.shape[1] == 6 else rows[:, 3:6]
    if not np.isfinite(rgb).all():
        return None
    rgb = rgb / 255 if rgb.max(initial=0) > 1 else rgb
    return np.pad(linear(rgb), ((0, 0), (0, 1)), constant_values=1)


def _corners(faces: list[tuple[str, int, int, int]], points: np.ndarray) -> np.ndarray:
    """Triangles (F, 3, 3) of faces: for each corner its v, vt and vn from 0, -1 where there is none."""
    plain = _plain_triangles(faces)
    index = plain if plain is not None else _polygons(faces, points)
    if len(index) and (index[..., 0].min() < 0 or index[..., 0].max() >= len(points)):
        raise MeshError("a face refers to a vertex that does not exist", AGAIN)
    return index


def _plain_triangles(faces: list[tuple[str, int, int, int]]) -> np.ndarray | None:
    """The triangles of faces that all look like the first, with positive indices; else None."""
    first = faces[0][0].split()
    slashes = first[0].count("/") if first else 0
    if len(first) != 3:
        return None
    text = " ".join([face for face, *_ in faces])
    doubled = "//" in first[0]
    if "-" in text or "#" in text or text.count("/") != 3 * slashes * len(faces):
        return None
    if doubled and text.count("//") != 3 * len(faces):
        return None
    words = text.replace("//" if doubled else "/", " ").split()
    width = 1 if slashes == 0 else 2 if doubled or slashes == 1 else 3
    if len(words) != 3 * width * len(faces) or not all(len(f.split()) == 3 for f, *_ in faces):
        return None
    try:
        values = np.array(words, dtype=object).astype(np.int64) - 1
    except (ValueError, OverflowError):
        return None
    values = values.reshape(len(faces), 3, width)
    out = np.full((len(faces), 3, 3), -1, np.int64)
    out[..., {1: [0], 2: [0, 2] if doubled else [0, 1], 3: [0, 1, 2]}[width]] = values
    return out


def _polygons(faces: list[tuple[str, int, int, int]], points: np.ndarray) -> np.ndarray:
    """The same of faces of any length and form, one by one."""
    corners: list[tuple[int, int, int]] = []
    polygons: list[list[int]] = []
    for text, *counts in faces:
        words = text.split("#")[0].split()
        try:
            polygon = [_corner(word, counts) for word in words]
        except ValueError as error:
            raise MeshError(f"a face holds '{text[:40]}'", AGAIN) from error
        if len(polygon) >= 3:
            if any(not 0 <= v < len(points) for v, _, _ in polygon):
                raise MeshError(
                    f"a face refers to a vertex that does not exist: '{text[:40]}'", AGAIN
                )
            polygons.append(list(range(len(corners), len(corners) + len(polygon))))
            corners += polygon
    index = np.array(corners, np.int64).reshape(-1, 3)
    return index[triangles(polygons, points[index[:, 0]])]


def _corner(word: str, counts: Iterable[int]) -> tuple[int, int, int]:
    parts = [*word.split("/"), "", ""][:3]
    out = []
    for part, count in zip(parts, counts, strict=True):
        value = int(part) if part else 0
        if abs(value) > 2**31:
            raise ValueError(part)
        out.append(value - 1 if value > 0 else count + value if value < 0 else -1)
    return out[0], out[1], out[2]


def _piece(
    index: np.ndarray,
    points: np.ndarray,
    colors: np.ndarray | None,
    uv: np.ndarray,
    normals: np.ndarray,
    material: Material,
) -> Piece:
    """The triangles with one vertex for each distinct corner."""
    has_uv = index[..., 1].min() >= 0 and index[..., 1].max() < len(uv)
    has_normals = index[..., 2].min() >= 0 and index[..., 2].max() < len(normals)
    index = index.reshape(-1, 3).copy()
    index[:, 1] *= has_uv
    index[:, 2] *= has_normals
    sizes = index.max(0) + 1
    if float(sizes[0]) * float(sizes[1]) * float(sizes[2]) < 2**62:
        key = (index[:, 0] * sizes[1] + index[:, 1]) * sizes[2] + index[:, 2]
        _, first, back = np.unique(key, return_index=True, return_inverse=True)
    else:
        _, first, back = np.unique(index, axis=0, return_index=True, return_inverse=True)
    v, vt, vn = index[first].T
    coordinates: dict[str, np.ndarray] = {}
    if has_uv:
        shared = uv[vt].astype(np.float32)
        coordinates = {name: shared for name in ("texture", *_maps(material))}
    return Piece(
        points[v],
        back.reshape(-1, 3).astype(np.int32),
        material,
        normals[vn] if has_normals else None,
        None if colors is None else colors[v].astype(np.float32),
        coordinates,
    )


def _maps(material: Material) -> list[str]:
    """Which PBR maps the material has beside its texture; OBJ has one set of coordinates for all."""
    named = {"surface": material.surface, "normal": material.normal}
    return [name for name, texture in named.items() if texture is not None]
