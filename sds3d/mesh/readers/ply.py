"""PLY, ASCII and binary: vertices and faces with colours, texture coordinates or a texture file.

G. Turk, The PLY Polygon File Format, 1994.  Colours are sRGB, v runs upwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sds3d.errors import MeshError
from sds3d.kernels.textures import Texture
from sds3d.mesh.color import linear
from sds3d.mesh.material import Material, Piece
from sds3d.mesh.readers.files import Files
from sds3d.mesh.readers.image import pixels
from sds3d.mesh.readers.plain import PLAIN, triangles

KINDS = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2",
    "ushort": "u2", "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
}  # fmt: skip
ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
LISTS = ("vertex_indices", "vertex_index")
RGB = (("red", "green", "blue"), ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"))
UV = (("s", "t"), ("u", "v"), ("texture_u", "texture_v"))
NORMALS = ("nx", "ny", "nz")
AGAIN = "export the mesh again, as GLB if you can"


@dataclass
class Element:
    """A header's element: its properties as (name, kind, kind of the length or "" where it is not a list)."""

    name: str
    count: int
    properties: list[tuple[str, str, str]] = field(default_factory=list)


Table = dict[str, "np.ndarray | list[np.ndarray]"]


def read(data: bytes, files: Files, longest: int | None) -> tuple[list[Piece], list[str]]:
    """(pieces, notes) of a PLY file's bytes; textures no longer than `longest` pixels.

    Raises MeshError when the header is not one, or the file ends before what it announces.
    """
    elements, order, textures, start = _header(data)
    body = data[start:]
    tables = _ascii(body, elements) if order == "" else _binary(body, elements, order)
    vertex = tables.get("vertex", {})
    if not all(isinstance(vertex.get(axis), np.ndarray) for axis in "xyz"):
        raise MeshError("it has no vertices", AGAIN)
    if "f_dc_0" in vertex:
        raise MeshError("it holds Gaussian splats, no mesh", "export the object as a mesh")
    points = np.stack([vertex[axis] for axis in "xyz"], 1).astype(np.float64)
    faces, source = _faces(tables, points)
    material, notes = _material(textures, files, longest)
    piece = Piece(points, faces, material, _normals(vertex), _colors(vertex))
    uv = _columns(vertex, UV)
    if uv is not None:
        piece = _with(piece, uv={"texture": (uv * [1, -1] + [0, 1]).astype(np.float32)})
    face = tables.get("face", {})
    corner_uv = _corner_uv(face, source)
    rgb = _colors(face)
    if corner_uv is not None or (rgb is not None and source is not None):
        piece = _apart(
            piece, corner_uv, None if rgb is None or source is None else rgb[source[:, 0]]
        )
    if piece.colors is not None and material is PLAIN:
        piece = _with(piece, material=Material("plain"))
    return [piece], notes


def _header(data: bytes) -> tuple[list[Element], str, list[str], int]:
    """(elements, byte order, names of textures, where the body begins)."""
    end = data[: 2**20].find(b"end_header")
    if end < 0:
        raise MeshError("its header has no end", AGAIN)
    newline = data.find(b"\n", end)
    stop = newline if newline >= 0 else data.find(b"\r", end)
    elements: list[Element] = []
    order, textures = None, []
    for line in data[:end].decode("latin-1").replace("\r", "\n").split("\n"):
        match line.split():
            case ["format", name, *_]:
                order = ORDERS.get(name)
            case ["comment", word, *_] if word.lower() == "texturefile":
                textures.append(line.split(maxsplit=2)[2].strip() if len(line.split()) > 2 else "")
            case ["element", name, count]:
                number = int(count) if count.isdigit() and len(count) < 12 else -1
                if not 0 <= number <= len(data):
                    raise MeshError(f"it announces {count[:20]} of '{name}'", AGAIN)
                elements.append(Element(name, number))
            case ["property", "list", length, kind, name] if elements:
                elements[-1].properties.append((name, _kind(kind), _kind(length)))
            case ["property", kind, name] if elements:
                elements[-1].properties.append((name, _kind(kind), ""))
    if order is None:
        raise MeshError("its header names no format that is known", AGAIN)
    names = [element.name for element in elements]
    if len(set(names)) < len(names):
        raise MeshError("its header names an element twice", AGAIN)
    return elements, order, textures, len(data) if stop < 0 else stop + 1


def _kind(name: str) -> str:
    if name not in KINDS:
        raise MeshError(f"it has a property of the unknown type '{name[:20]}'", AGAIN)
    return KINDS[name]


def _short(element: Element) -> MeshError:
    return MeshError(
        f"it ends before its {element.count:,} of '{element.name}' do", "copy the file again"
    )


def _ascii(body: bytes, elements: list[Element]) -> dict[str, Table]:
    words = body.split()
    place, tables = 0, {}
    for element in elements:
        names = [name for name, _, _ in element.properties]
        if not any(length for _, _, length in element.properties):
            need = element.count * len(names)
            if place + need > len(words):
                raise _short(element)
            values = _floats(words[place : place + need]).reshape(element.count, len(names))
            tables[element.name] = {name: values[:, i] for i, name in enumerate(names)}
            place += need
            continue
        rows: list[list[list[bytes]]] = []
        for _ in range(element.count):
            row = []
            for _, _, length in element.properties:
                if place >= len(words):
                    raise _short(element)
                size = _whole(words[place]) if length else 1
                place += 1 if length else 0
                if place + size > len(words):
                    raise _short(element)
                row.append(words[place : place + size])
                place += size
            rows.append(row)
        tables[element.name] = _gathered(element, rows)
    return tables


def _gathered(element: Element, rows: list[list[list[bytes]]]) -> Table:
    table: Table = {}
    for i, (name, _, length) in enumerate(element.properties):
        if length:
            flat = _floats([word for row in rows for word in row[i]])
            ends = np.cumsum([len(row[i]) for row in rows])
            table[name] = np.split(flat, ends[:-1]) if rows else []
        else:
            table[name] = _floats([row[i][0] for row in rows])
    return table


def _floats(words: list[bytes]) -> np.ndarray:
    try:
        return np.array(words, dtype=object).astype(np.float64)
    except ValueError as error:
        raise MeshError(f"it holds what is no number: {error}", AGAIN) from error


def _whole(word: bytes) -> int:
    if not word.isdigit() or len(word) > 9:
        raise MeshError(f"a list has the length {word[:20]!r}", AGAIN)
    return int(word)


def _binary(body: bytes, elements: list[Element], order: str) -> dict[str, Table]:
    place, tables = 0, {}
    for element in elements:
        if element.count == 0:
            tables[element.name] = {name: np.zeros(0) for name, _, _ in element.properties}
            continue
        fixed = _fixed(body, place, element, order)
        if fixed is not None:
            tables[element.name], used = fixed
        else:
            tables[element.name], used = _walked(body, place, element, order)
        place += used
    return tables


def _fixed(body: bytes, place: int, element: Element, order: str) -> tuple[Table, int] | None:
    """(columns, bytes) of rows that all have the length of the first; None when they do not."""
    fields, at = [], place
    for i, (_, kind, length) in enumerate(element.properties):
        if length:
            header = np.dtype(order + length)
            if header.kind == "f" or at + header.itemsize > len(body):
                return None
            size = int(np.frombuffer(body, header, 1, at)[0])
            if not 0 <= size <= len(body):
                return None
            fields.append((f"n{i}", header))
            fields.append((f"p{i}", np.dtype(order + kind), (size,)))
            at += header.itemsize + size * np.dtype(kind).itemsize
        else:
            fields.append((f"p{i}", np.dtype(order + kind)))
            at += np.dtype(kind).itemsize
    if not fields:
        return {}, 0
    row = np.dtype(fields)
    if place + row.itemsize * element.count > len(body):
        if any(length for _, _, length in element.properties):
            return None
        raise _short(element)
    rows = np.frombuffer(body, row, element.count, place)
    table: Table = {}
    for i, (name, _, length) in enumerate(element.properties):
        if length and (rows[f"n{i}"] != rows[f"n{i}"][0]).any():
            return None
        table[name] = rows[f"p{i}"]
    return table, row.itemsize * element.count


def _walked(body: bytes, place: int, element: Element, order: str) -> tuple[Table, int]:
    """(columns, bytes) of rows of different lengths."""
    start = place
    columns: list[list[np.ndarray]] = [[] for _ in element.properties]
    for _ in range(element.count):
        for column, (_, kind, length) in zip(columns, element.properties, strict=True):
            size = 1
            if length:
                header = np.dtype(order + length)
                if place + header.itemsize > len(body):
                    raise _short(element)
                size = int(np.frombuffer(body, header, 1, place)[0])
                place += header.itemsize
            values = np.dtype(order + kind)
            if size < 0 or place + size * values.itemsize > len(body):
                raise _short(element)
            column.append(np.frombuffer(body, values, size, place))
            place += size * values.itemsize
    table: Table = {}
    for column, (name, _, length) in zip(columns, element.properties, strict=True):
        table[name] = column if length else np.concatenate(column)
    return table, place - start


def _faces(tables: dict[str, Table], points: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """(triangles (F, 3), (polygon, corner 1, 2, 3 within it) (F, 4) or None) of faces or strips."""
    face = tables.get("face", {})
    name = next((n for n in LISTS if n in face), None)
    if name is not None:
        return _fans(face[name], points)
    strips = tables.get("tristrips", {})
    lists = next((strips[n] for n in LISTS if n in strips), [])
    out = [_strip(_indices(strip, len(points), strip=True)) for strip in lists]
    return np.concatenate([np.zeros((0, 3), np.int64), *out]), None


def _fans(
    polygons: np.ndarray | list[np.ndarray], points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(polygons, np.ndarray) and polygons.ndim == 2 and polygons.shape[1] == 3:
        faces = _indices(polygons, len(points))
        rows = np.arange(len(faces))
        return faces, np.stack([rows, *(np.full_like(rows, k) for k in range(3))], 1)
    corner, source, lists, at = [], [], [], 0
    for row, polygon in enumerate(polygons):
        indices = _indices(np.atleast_1d(polygon), len(points))
        if len(indices) >= 3:
            lists.append(list(range(at, at + len(indices))))
            corner.append(indices)
            source.append(np.stack([np.full(len(indices), row), np.arange(len(indices))], 1))
            at += len(indices)
    if not lists:
        return np.zeros((0, 3), np.int64), np.zeros((0, 4), np.int64)
    flat, rows = np.concatenate(corner), np.concatenate(source)
    cut = triangles(lists, points[flat])
    return flat[cut], np.concatenate([rows[cut[:, 0], :1], rows[cut, 1]], 1)


def _indices(values: np.ndarray, count: int, *, strip: bool = False) -> np.ndarray:
    """Whole numbers below `count`; -1 ends a strip."""
    wide = np.asarray(values, np.float64)
    if wide.size and not (wide.min() >= (-1 if strip else 0) and wide.max() < count):
        raise MeshError("a face refers to a vertex that does not exist", AGAIN)
    return wide.astype(np.int64)


def _strip(indices: np.ndarray) -> np.ndarray:
    """Triangles of strips that -1 separates; every second one is wound the other way."""
    out = [np.zeros((0, 3), np.int64)]
    for part in np.split(indices, np.flatnonzero(indices < 0)):
        run = part[part >= 0]
        if len(run) >= 3:
            odd = np.arange(len(run) - 2) % 2 == 1
            a, b, c = run[:-2], run[1:-1], run[2:]
            out.append(np.stack([a, np.where(odd, c, b), np.where(odd, b, c)], 1))
    return np.concatenate(out)


def _columns(table: Table, names: tuple[tuple[str, ...], ...]) -> np.ndarray | None:
    columns = _group(table, names)
    if not columns:
        return None
    out = np.stack(columns, 1).astype(np.float64)
    return out if np.isfinite(out).all() else None


def _group(table: Table, names: tuple[tuple[str, ...], ...]) -> list[np.ndarray]:
    """The columns of the first group of names that are all in the table as numbers, not lists; else none."""
    for group in names:
        columns = [table.get(name) for name in group]
        numbers = [c for c in columns if isinstance(c, np.ndarray) and c.ndim == 1]
        if len(numbers) == len(group):
            return numbers
    return []


def _normals(table: Table) -> np.ndarray | None:
    values = _columns(table, (NORMALS,))
    return None if values is None or not np.abs(values).max(initial=0) > 0 else values


def _colors(table: Table) -> np.ndarray | None:
    """Linear light and alpha (N, 4) of the colours of vertices or faces; bytes, or fractions of one."""
    rgb = _columns(table, RGB)
    if rgb is None or not len(rgb):
        return None
    stored = _group(table, RGB)[0].dtype
    top = 65535 if stored.kind in "ui" and stored.itemsize == 2 else 255
    fraction = stored.kind == "f" and rgb.max() <= 1 and (rgb != np.round(rgb)).any()
    whole_floats = stored.kind == "f" and rgb.max() <= 1
    rgb = rgb if fraction or whole_floats else rgb / top
    alpha = np.ones((len(rgb), 1))
    return np.concatenate([linear(rgb), alpha], 1).astype(np.float32)


def _corner_uv(face: Table, source: np.ndarray | None) -> np.ndarray | None:
    """(F, 3, 2) of MeshLab's list `texcoord`, two numbers a corner of each polygon."""
    lists = face.get("texcoord")
    if lists is None or source is None or not len(source):
        return None
    rows = [np.atleast_1d(np.asarray(row, np.float64)) for row in lists]
    if any(len(row) < 2 for row in rows):
        return None
    limit = np.array([len(row) // 2 for row in rows])
    if (source[:, 1:].max(1) >= limit[source[:, 0]]).any():
        return None
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])[:-1]])
    flat = np.concatenate(rows)
    at = starts[source[:, :1]] + 2 * source[:, 1:]
    uv = np.stack([flat[at], 1 - flat[at + 1]], -1)
    return uv if np.isfinite(uv).all() else None


def _material(textures: list[str], files: Files, longest: int | None) -> tuple[Material, list[str]]:
    if not textures or not textures[0]:
        return PLAIN, []
    data = files.read(textures[0])
    array, reason = (None, "") if data is None else pixels(data, longest)
    if array is None:
        why = f": {reason}" if reason else " is missing"
        return PLAIN, [f"texture '{textures[0][-60:]}'{why}"]
    return Material("textured", texture=Texture(array)), []


def _with(piece: Piece, **changes: object) -> Piece:
    return Piece(**{**vars(piece), **changes})


def _apart(piece: Piece, uv: np.ndarray | None, rgb: np.ndarray | None) -> Piece:
    """The piece with three vertices of its own for each face, which then differ in uv or colour."""
    flat = piece.faces.reshape(-1)

    def at(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[flat]

    coordinates = {name: values[flat] for name, values in piece.uv.items()}
    if uv is not None:
        coordinates = {"texture": uv.reshape(-1, 2).astype(np.float32)}
    return Piece(
        piece.vertices[flat],
        np.arange(len(flat), dtype=np.int32).reshape(-1, 3),
        piece.material,
        at(piece.normals),
        at(piece.colors) if rgb is None else np.repeat(rgb, 3, 0),
        coordinates,
    )
