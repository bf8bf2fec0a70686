"""glTF 2.0 binary files: one mesh, one material, everything in the one file.

Khronos, glTF 2.0 specification, https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from sds3d.mesh.color import linear
from sds3d.mesh.mesh import Mesh

# Constants of the specification.  Component types:
FLOAT = 5126
UNSIGNED_INT = 5125
# Buffer targets:
VERTICES = 34962
INDICES = 34963
# Texture filters and wrapping:
LINEAR = 9729
LINEAR_MIPMAP_LINEAR = 9987
CLAMP = 33071


def files(mesh: Mesh, stem: str, extras: Mapping[str, object]) -> dict[str, bytes]:
    """The file's name and bytes."""
    return {f"{stem}.glb": glb(mesh, extras)}


def glb(mesh: Mesh, extras: Mapping[str, object] | None = None) -> bytes:
    """The bytes of a .glb file.  extras: JSON values for `asset.extras`.

    The texture is sRGB.  Metallic and roughness factors are always written: their default of 1 would turn a
    plain texture into rough metal.  Without a texture the vertex colours are written, in linear light as the
    specification requires.
    """
    binary = bytearray()
    views: list[dict[str, int]] = []
    accessors: list[dict[str, Any]] = []

    def view(data: bytes, **more: int) -> int:
        binary.extend(b"\0" * (-len(binary) % 4))
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data), **more})
        binary.extend(data)
        return len(views) - 1

    def accessor(array: np.ndarray, kind: str, target: int, *, bounds: bool = False) -> int:
        component = FLOAT if array.dtype == np.float32 else UNSIGNED_INT
        entry = {
            "bufferView": view(array.tobytes(), target=target),
            "componentType": component,
            "count": len(array) if array.ndim > 1 else array.size,
            "type": kind,
        }
        if bounds:
            entry |= {"min": array.min(0).tolist(), "max": array.max(0).tolist()}
        accessors.append(entry)
        return len(accessors) - 1

    attributes = {"POSITION": accessor(_single(mesh.vertices), "VEC3", VERTICES, bounds=True)}
    if mesh.normals is not None:
        length = np.linalg.norm(mesh.normals, axis=1, keepdims=True)
        unit = np.where(length > 1e-6, mesh.normals / np.maximum(length, 1e-6), [0, 1, 0])
        attributes["NORMAL"] = accessor(_single(unit), "VEC3", VERTICES)
    texture = mesh.base_color if mesh.uv is not None else None
    if mesh.uv is not None and texture is not None:
        attributes["TEXCOORD_0"] = accessor(_single(mesh.uv), "VEC2", VERTICES)
    elif mesh.colors is not None:
        attributes["COLOR_0"] = accessor(linear(mesh.colors), "VEC3", VERTICES)
    indices = accessor(mesh.faces.astype(np.uint32).ravel(), "SCALAR", INDICES)
    surface: dict[str, Any] = {"metallicFactor": mesh.metallic, "roughnessFactor": mesh.roughness}
    document = {
        "asset": {"version": "2.0", "generator": "sds3d", "extras": dict(extras or {})},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "object"}],
        "meshes": [
            {
                "name": "object",
                "primitives": [{"attributes": attributes, "indices": indices, "material": 0}],
            }
        ],
        "materials": [{"name": "surface", "pbrMetallicRoughness": surface}],
    }
    if texture is not None:
        surface["baseColorTexture"] = {"index": 0}
        document |= {
            "images": [{"bufferView": view(png(texture)), "mimeType": "image/png"}],
            "samplers": [
                {
                    "magFilter": LINEAR,
                    "minFilter": LINEAR_MIPMAP_LINEAR,
                    "wrapS": CLAMP,
                    "wrapT": CLAMP,
                }
            ],
            "textures": [{"source": 0, "sampler": 0}],
        }
    binary.extend(b"\0" * (-len(binary) % 4))
    document |= {
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=True).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    header = struct.pack("<4sII", b"glTF", 2, total)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    return header + chunks + struct.pack("<I4s", len(binary), b"BIN\0") + bytes(binary)


def png(pixels: np.ndarray) -> bytes:
    """The bytes of a PNG image of (H, W, 3) uint8."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "png", compress_level=6)
    return stream.getvalue()


def _single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32)
