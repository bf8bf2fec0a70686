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
from sds3d.mesh.tangents import tangents

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

    The texture is sRGB, `surface` and the normal map are linear.  Metallic and roughness factors are always
    written: their default of 1 would turn a plain texture into rough metal; with `surface` they are 1.  Its red
    is written as occlusion where it is not 255 throughout.  With a normal map the tangents are written as well.
    Without a texture the vertex colours are written, in linear light as the specification requires.
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
    images = textures(mesh)
    if mesh.uv is not None and images:
        attributes["TEXCOORD_0"] = accessor(_single(mesh.uv), "VEC2", VERTICES)
    if "normal" in images:
        attributes["TANGENT"] = accessor(tangents(mesh), "VEC4", VERTICES)
    if "color" not in images and mesh.colors is not None:
        attributes["COLOR_0"] = accessor(linear(mesh.colors), "VEC3", VERTICES)
    indices = accessor(mesh.faces.astype(np.uint32).ravel(), "SCALAR", INDICES)
    material, listed = _material(mesh, images)
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
        "materials": [material],
    }
    if listed:
        document |= {
            "images": [{"bufferView": view(png(i)), "mimeType": "image/png"} for i in listed],
            "samplers": [
                {
                    "magFilter": LINEAR,
                    "minFilter": LINEAR_MIPMAP_LINEAR,
                    "wrapS": CLAMP,
                    "wrapT": CLAMP,
                }
            ],
            "textures": [{"source": i, "sampler": 0} for i in range(len(listed))],
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


def textures(mesh: Mesh) -> dict[str, np.ndarray]:
    """The images that the mesh's texture coordinates are for: "color", "surface", "normal"; {} without any."""
    if mesh.uv is None:
        return {}
    named = {"color": mesh.base_color, "surface": mesh.surface, "normal": mesh.normal_map}
    if mesh.normals is None:
        del named["normal"]  # it has no meaning without them
    return {name: image for name, image in named.items() if image is not None}


def occludes(surface: np.ndarray) -> bool:
    """Whether the red of a `surface` says anything."""
    return bool((surface[..., 0] < 255).any())


def _material(
    mesh: Mesh, images: Mapping[str, np.ndarray]
) -> tuple[dict[str, Any], list[np.ndarray]]:
    """(glTF's material, the images that it refers to by their place)."""
    number = {name: {"index": i} for i, name in enumerate(images)}
    plain: dict[str, Any] = {"metallicFactor": mesh.metallic, "roughnessFactor": mesh.roughness}
    material: dict[str, Any] = {"name": "surface", "pbrMetallicRoughness": plain}
    if "color" in images:
        plain["baseColorTexture"] = number["color"]
    if "surface" in images:
        plain |= {"metallicFactor": 1.0, "roughnessFactor": 1.0}
        plain["metallicRoughnessTexture"] = number["surface"]
        if occludes(images["surface"]):
            material["occlusionTexture"] = number["surface"]
    if "normal" in images:
        material["normalTexture"] = number["normal"]
    return material, list(images.values())


def png(pixels: np.ndarray) -> bytes:
    """The bytes of a PNG image of (H, W, 3) or (H, W) uint8."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "png", compress_level=6)
    return stream.getvalue()


def _single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32)
