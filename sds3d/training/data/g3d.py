"""The G3D meshes of Glest and MegaGlest, version 4, first frame.

Little-endian: "G3D", a byte 4, meshes (u16), a byte; then for each mesh its name (64 bytes), frames, vertices
and indices (u32 each), diffuse and specular colour, power and opacity (8 floats), properties and textures
(u32 bits), the name of each texture (64 bytes), positions and normals of all frames, one uv per vertex if there
is a texture, indices (https://docs.megaglest.org/MG/G3D_Format).
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from PIL import Image

from sds3d.errors import PriorError
from sds3d.kernels.textures import Texture
from sds3d.mesh.color import linear
from sds3d.mesh.material import MASK, OPAQUE, Material, Piece
from sds3d.mesh.readers import tidied
from sds3d.mesh.readers.image import shrunk
from sds3d.mesh.shape import Shape, drawn
from sds3d.training.data.shapes import TEXTURE

TEAM = 1  # bit of the properties: the team's colour shows through where alpha is low
DIFFUSE = 1  # bit of the textures: a diffuse texture is present
TEAM_COLOR = (0.62, 0.12, 0.10)
HEADER = struct.Struct("<64sIII8fII")


def read(path: Path) -> Shape:
    """The triangles of the first frame.  Raises PriorError when the file is not G3D version 4."""
    data = path.read_bytes()
    if data[:4] != b"G3D\x04":
        raise PriorError(f"'{path.name}' is not a G3D file of version 4", "leave it out")
    (count,) = struct.unpack_from("<H", data, 4)
    place, pieces = 7, []
    for _ in range(count):
        fields = HEADER.unpack_from(data, place)
        place += HEADER.size
        frames, vertices, indices, properties, maps = *fields[1:4], *fields[-2:]
        names = [
            data[place + 64 * i : place + 64 * (i + 1)].split(b"\0")[0].decode("latin-1")
            for i in range(maps.bit_count())
        ]
        place += 64 * len(names)
        points = np.frombuffer(data, "<f4", 3 * vertices, place).reshape(-1, 3)
        place += 2 * 12 * frames * vertices
        uv = np.zeros((vertices, 2), np.float32)
        if names:
            uv = np.frombuffer(data, "<f4", 2 * vertices, place).reshape(-1, 2)
            place += 8 * vertices
        faces = np.frombuffer(data, "<u4", indices, place).reshape(-1, 3)
        place += 4 * indices
        image = _texture(path.parent / names[0], properties) if maps & DIFFUSE else None
        red, green, blue = (1.0, 1.0, 1.0) if image else linear(np.array(fields[4:7])).tolist()
        material = Material(
            color=(red, green, blue, 1.0), texture=image, alpha=MASK if image else OPAQUE
        )
        placed = {"texture": uv * np.array([1, -1], np.float32) + np.array([0, 1], np.float32)}
        pieces.append(Piece(points.astype(np.float64), faces, material, uv=placed))
    whole = [tidied(piece) for piece in pieces if len(piece.faces)]
    if not any(len(piece.faces) for piece in whole):
        raise PriorError(f"'{path.name}' has no triangles", "leave it out")
    return drawn([piece for piece in whole if len(piece.faces)])


def _texture(path: Path, properties: int) -> Texture | None:
    """The texture over the team's colour, or None when the file is missing."""
    if not path.is_file():
        return None
    image = Image.open(path).convert("RGBA")
    if properties & TEAM:
        team = Image.new("RGBA", image.size, (*(round(255 * c) for c in TEAM_COLOR), 255))
        team.alpha_composite(image)
        image = team
    return Texture(shrunk(np.array(image), TEXTURE))
