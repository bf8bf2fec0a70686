"""glTF files made by hand: arrays become accessors, the rest is given as the JSON that it is."""

import io
import json
import struct

import numpy as np
from PIL import Image

SQUARE = np.float32([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
SQUARE_UV = np.float32([[0, 1], [1, 1], [1, 0], [0, 0]])  # the texture stands upright
SQUARE_FACES = np.uint16([[0, 1, 2], [0, 2, 3]])
KINDS = {"f4": 5126, "u4": 5125, "u2": 5123, "u1": 5121, "i2": 5122, "i1": 5120}
TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


class Builder:
    """A document that grows: `add` returns an accessor's index, `image` a texture's."""

    def __init__(self, **root):
        self.root = {
            "asset": {"version": "2.0"},
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0}],
            "accessors": [],
            "bufferViews": [],
            **root,
        }
        self.binary = bytearray()

    def view(self, data, **more):
        self.binary.extend(b"\0" * (-len(self.binary) % 4))
        start = len(self.binary)
        self.binary.extend(data)
        views = self.root["bufferViews"]
        views.append({"buffer": 0, "byteOffset": start, "byteLength": len(data), **more})
        return len(views) - 1

    def add(self, array, **more):
        array = np.atleast_1d(array)
        kind = array.dtype.str[1:]
        flat = array.reshape(len(array), -1)
        entry = {"componentType": KINDS[kind], "count": len(flat), "type": TYPES[flat.shape[1]]}
        self.root["accessors"].append(entry | {"bufferView": self.view(flat.tobytes())} | more)
        return len(self.root["accessors"]) - 1

    def image(self, pixels, **sampler):
        stream = io.BytesIO()
        Image.fromarray(np.uint8(pixels)).save(stream, "png")
        images = self.root.setdefault("images", [])
        images.append({"bufferView": self.view(stream.getvalue()), "mimeType": "image/png"})
        textures = self.root.setdefault("textures", [])
        textures.append({"source": len(images) - 1})
        if sampler:
            self.root.setdefault("samplers", []).append(sampler)
            textures[-1]["sampler"] = len(self.root["samplers"]) - 1
        return len(textures) - 1

    def square(self, material=None, **attributes):
        """A square that faces +Z, with more attributes and a material."""
        arrays = {"POSITION": SQUARE, "TEXCOORD_0": SQUARE_UV} | attributes
        primitive = {
            "attributes": {name: self.add(array) for name, array in arrays.items()},
            "indices": self.add(SQUARE_FACES.ravel()),
        }
        if material is not None:
            self.root["materials"] = [material]
            primitive["material"] = 0
        self.root["meshes"] = [{"primitives": [primitive]}]
        return primitive

    def save(self, path):
        self.root["buffers"] = [{"byteLength": len(self.binary)}]
        text = json.dumps(self.root).encode()
        text += b" " * (-len(text) % 4)
        data = bytes(self.binary) + b"\0" * (-len(self.binary) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text
        chunks += struct.pack("<I4s", len(data), b"BIN\0") + data
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
        return path
