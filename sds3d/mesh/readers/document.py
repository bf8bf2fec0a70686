"""A glTF 2.0 document: its JSON, read with types and bounds checked, and its buffers and accessors.

Khronos, glTF 2.0 specification, https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html.
"""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np

from sds3d.errors import MeshError
from sds3d.mesh.readers import meshopt
from sds3d.mesh.readers.files import Files, uri_bytes

COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
MOST = 2**24  # elements of an accessor that no bytes stand for: sparse ones, and compressed views
AGAIN = "export the mesh again"
Entry = dict[str, Any]


class Document:
    """The parsed file; every method raises MeshError for what the specification does not allow."""

    def __init__(self, data: bytes, files: Files) -> None:
        text, self._chunk = _split(data)
        try:
            root = json.loads(text.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise MeshError(f"its JSON is damaged: {error}", AGAIN) from error
        if not isinstance(root, dict):
            raise MeshError("its JSON is not an object", AGAIN)
        self.root: Entry = root
        self._files = files
        self._buffers: dict[object, bytes] = {}
        asset = root.get("asset")
        version = str(asset.get("version", "")) if isinstance(asset, dict) else ""
        if version.startswith("1") or isinstance(root.get("meshes"), dict):
            raise MeshError("it is glTF 1.0; only glTF 2.0 is read", "export it again as glTF 2.0")

    def count(self, name: str) -> int:
        """How many entries the top-level list `name` has."""
        return len(self._list(name))

    def entry(self, name: str, index: object) -> Entry:
        """The entry of a top-level list."""
        entries = self._list(name)
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(entries):
            raise MeshError(f"it refers to {name}[{_shown(index)}], which does not exist", AGAIN)
        if not isinstance(entries[index], dict):
            raise MeshError(f"{name}[{index}] is not an object", AGAIN)
        return entries[index]

    def _list(self, name: str) -> list[Any]:
        entries = self.root.get(name, [])
        if not isinstance(entries, list):
            raise MeshError(f"its '{name}' is not a list", AGAIN)
        return entries

    def buffer(self, index: object) -> bytes:
        """The bytes of a buffer: a file's, a data URI's, or the binary chunk of a GLB."""
        buffer = self.entry("buffers", index)
        if index not in self._buffers:
            uri = buffer.get("uri")
            if uri is None:
                data = self._chunk if index == 0 else b""
            elif isinstance(uri, str):
                data = uri_bytes(uri, self._files, f"buffers[{index}]")
            else:
                raise MeshError(f"buffers[{index}].uri is not text", AGAIN)
            if data is None:
                raise MeshError(
                    f"its buffer '{_shown(uri)}' is not beside it",
                    "copy that file into the mesh's folder, or export a .glb, which holds everything",
                )
            self._buffers[index] = data
        return self._buffers[index]

    def view(self, index: object) -> bytes:
        """The bytes of a buffer view, decompressed where EXT_meshopt_compression says so."""
        view = self.entry("bufferViews", index)
        packed = child(child(view, "extensions"), "EXT_meshopt_compression")
        if packed and not self._has_fallback(view):
            stride, count = integer(packed, "byteStride", 0), integer(packed, "count", 0)
            if count > MOST or not 0 < stride <= 256:
                raise MeshError(f"bufferViews[{index}] has sizes out of range", AGAIN)
            return meshopt.decode(
                self._slice(packed, f"bufferViews[{index}]"),
                count,
                stride,
                str(packed.get("mode")),
                str(packed.get("filter", "NONE")),
            )
        return self._slice(view, f"bufferViews[{index}]")

    def _has_fallback(self, view: Entry) -> bool:
        """Whether an uncompressed copy is there beside the compressed view."""
        buffer = self.entry("buffers", view.get("buffer"))
        marked = child(child(buffer, "extensions"), "EXT_meshopt_compression").get("fallback")
        return not marked and ("uri" in buffer or (view.get("buffer") == 0 and bool(self._chunk)))

    def _slice(self, view: Entry, name: str) -> bytes:
        data = self.buffer(view.get("buffer"))
        start, length = integer(view, "byteOffset", 0), integer(view, "byteLength", 0)
        if start + length > len(data):
            raise MeshError(
                f"{name} extends beyond its buffer: the file is cut short", "copy it again"
            )
        return data[start : start + length]

    def accessor(self, index: object, width: int | None = None) -> np.ndarray:
        """The values (N, width) of an accessor: floats, or integers as they are stored.

        Normalised integers become floats in [0, 1] or [-1, 1].  width: what it must be, if given.
        """
        entry = self.entry("accessors", index)
        kind = COMPONENTS.get(integer(entry, "componentType", 0))
        columns = WIDTHS.get(str(entry.get("type")))
        if kind is None or columns is None or (width is not None and columns != width):
            shown = f"{_shown(entry.get('componentType'))} {_shown(entry.get('type'))}"
            raise MeshError(f"accessors[{index}] has an unexpected type, {shown}", AGAIN)
        count = integer(entry, "count", 0)
        if "bufferView" in entry:
            values = self._strided(entry, kind, count, columns, f"accessors[{index}]")
        elif count > MOST:
            raise MeshError(f"accessors[{index}] has {count} elements without data", AGAIN)
        else:
            values = np.zeros((count, columns), kind)
        if "sparse" in entry:
            values = self._sparse(child(entry, "sparse"), values.copy(), f"accessors[{index}]")
        if entry.get("normalized") and values.dtype.kind != "f":
            return normalized(values)
        return values

    def _strided(self, entry: Entry, kind: str, count: int, columns: int, name: str) -> np.ndarray:
        data = self.view(entry["bufferView"])
        view = self.entry("bufferViews", entry["bufferView"])
        packed = child(child(view, "extensions"), "EXT_meshopt_compression")
        size = np.dtype(kind).itemsize
        stride = integer(packed or view, "byteStride", 0) or size * columns
        start = integer(entry, "byteOffset", 0)
        if stride < size * columns and count > 1:
            raise MeshError(f"{name} has a byteStride of {stride}, less than an element", AGAIN)
        if start + stride * max(count - 1, 0) + size * columns * min(count, 1) > len(data):
            raise MeshError(
                f"{name} extends beyond its buffer: the file is cut short", "copy it again"
            )
        return np.ndarray((count, columns), kind, data, start, (stride, size))

    def _sparse(self, sparse: Entry, values: np.ndarray, name: str) -> np.ndarray:
        count = integer(sparse, "count", 0)
        at, new = child(sparse, "indices"), child(sparse, "values")
        kind = COMPONENTS.get(integer(at, "componentType", 0), "")
        if kind not in ("<u1", "<u2", "<u4"):
            raise MeshError(f"{name}.sparse has indices of an unknown type", AGAIN)
        rows = self._strided(at, kind, count, 1, f"{name}.sparse")[:, 0]
        if count and rows.max() >= len(values):
            raise MeshError(f"{name}.sparse changes elements that do not exist", AGAIN)
        values[rows] = self._strided(
            new, values.dtype.str, count, values.shape[1], f"{name}.sparse"
        )
        return values


def _split(data: bytes) -> tuple[bytes, bytes]:
    """(JSON text, binary chunk) of a .glb or a .gltf file."""
    if data[:4] != b"glTF":
        return data, b""
    if len(data) < 20:
        raise MeshError("it is cut short", "copy the file again")
    version = struct.unpack_from("<I", data, 4)[0]
    if version != 2:
        which = f"it is glTF {version}.0" if version < 10 else "its header is damaged"
        raise MeshError(f"{which}; only glTF 2.0 is read", "export it again as glTF 2.0")
    place, text, chunk = 12, None, None
    while place + 8 <= len(data):
        length, kind = struct.unpack_from("<I4s", data, place)
        body = data[place + 8 : place + 8 + length]
        if len(body) < length:
            raise MeshError("it is cut short", "copy the file again")
        if kind == b"JSON" and text is None:
            text = body
        elif kind == b"BIN\0" and chunk is None:
            chunk = body
        place += 8 + length + (-length % 4)
    if text is None:
        raise MeshError("it has no JSON chunk", "export it again")
    return text, chunk or b""


def normalized(values: np.ndarray) -> np.ndarray:
    """Integers as the fractions that they stand for, float64."""
    top = float(np.iinfo(values.dtype).max)
    return np.maximum(values / top, -1.0)


def child(entry: Entry, key: str) -> Entry:
    """The object at a key, empty where there is none.  Raises MeshError when it is not an object."""
    value = entry.get(key, {})
    if not isinstance(value, dict):
        raise MeshError(f"'{key}' is not an object", AGAIN)
    return value


def items(entry: Entry, key: str) -> list[Any]:
    """The list at a key, empty where there is none.  Raises MeshError when it is not a list."""
    value = entry.get(key, [])
    if not isinstance(value, list):
        raise MeshError(f"'{key}' is not a list", AGAIN)
    return value


def integer(entry: Entry, key: str, default: int) -> int:
    """The number at a key.  Raises MeshError when it is not a whole number from 0 to 2^40."""
    value = entry.get(key, default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**40:
        raise MeshError(f"'{key}' is {_shown(value)}, not a count", AGAIN)
    return value


def numbers(entry: Entry, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
    """As many finite numbers as `default` has.  Raises MeshError for anything else."""
    value = entry.get(key, default)
    value = [value] if len(default) == 1 and not isinstance(value, list | tuple) else value
    right = isinstance(value, list | tuple) and len(value) == len(default)
    try:
        out = tuple(float(x) for x in value if not isinstance(x, bool | str)) if right else ()
    except (TypeError, OverflowError):
        out = ()
    if len(out) != len(default) or not all(math.isfinite(x) for x in out):
        raise MeshError(f"'{key}' is {_shown(value)}, not {len(default)} numbers", AGAIN)
    return out


def _shown(value: object) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = repr(value) if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
