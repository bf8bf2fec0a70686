"""MTL, the materials of OBJ files: Wavefront's colours and maps, and the PBR keys Pm, Pr and Ke.

map_Pm, map_Pr and norm are read where they are asked for.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from sds3d.kernels.textures import CLAMP, REPEAT, Texture
from sds3d.mesh.color import linear
from sds3d.mesh.material import BLEND, MASK, Material
from sds3d.mesh.readers.files import Files
from sds3d.mesh.readers.image import pixels
from sds3d.mesh.readers.plain import GREY

# How many words follow each option of a map; -o, -s and -t take one to three numbers.
OPTIONS = {"blendu": 1, "blendv": 1, "cc": 1, "clamp": 1, "bm": 1, "boost": 1, "imfchan": 1,
           "texres": 1, "type": 1, "mm": 2, "o": 3, "s": 3, "t": 3}  # fmt: skip
Row = dict[str, str]


def materials(
    libraries: list[str], files: Files, longest: int | None, *, maps: bool = False
) -> tuple[dict[str, Material], list[str]]:
    """(materials by name, notes) of the libraries that an OBJ names; what is missing is noted."""
    table: dict[str, Material] = {}
    notes: list[str] = []
    for library in libraries:
        data = files.read(library)
        texts = [data] if data is not None else [files.read(name) for name in library.split()]
        if all(text is None for text in texts):
            notes.append(f"material library '{library}' is missing")
        for text in texts:
            if text is not None:
                for name, row in _rows(text.decode("utf-8", "replace")).items():
                    table[name], more = _material(name, row, files, longest)
                    if maps:
                        table[name] = _with_maps(table[name], row, files, longest, more)
                    notes += more
    return table, notes


def _rows(text: str) -> dict[str, Row]:
    table: dict[str, Row] = {}
    row: Row = {}
    for line in text.lstrip("\ufeff").splitlines():
        words = line.split(maxsplit=1)
        if not words or words[0][0] == "#":
            continue
        key, rest = words[0].lower(), words[1].strip() if len(words) > 1 else ""
        if key == "newmtl":
            row = table.setdefault(rest, {})
        else:
            row[key] = rest
    return table


def _material(name: str, row: Row, files: Files, longest: int | None) -> tuple[Material, list[str]]:
    rgb = _numbers(row.get("kd", ""), 3)
    notes: list[str] = []
    texture = _texture(row.get("map_kd", ""), files, longest, notes)
    cover = _texture(row.get("map_d", ""), files, longest, notes)
    if rgb is None or (texture is not None and max(rgb) == 0):
        # Many exporters write a black Kd beside a texture.
        brightness = 1.0 if texture is not None else GREY
        color = (brightness, brightness, brightness)
    else:
        color = _linear(rgb)
    opacity = _opacity(row)
    roughness = _number(row, "pr", _from_shininess(row))
    emissive = _numbers(row.get("ke", ""), 3) or (0.0, 0.0, 0.0)
    material = Material(
        name[:80],
        (*color, opacity),
        texture,
        alpha=BLEND if opacity < 1 else MASK if texture is not None else "opaque",
        metallic=_number(row, "pm", 0.0),
        roughness=roughness,
        emissive=_linear(emissive),
    )
    if cover is not None and texture is not None:
        material = replace(material, texture=_covered(texture, cover), alpha=MASK)
    return material, notes


def _with_maps(
    material: Material, row: Row, files: Files, longest: int | None, notes: list[str]
) -> Material:
    """The material with its maps of roughness (map_Pr), metallic (map_Pm) and normals (norm)."""
    normal = _texture(row.get("norm", ""), files, longest, notes)
    material = replace(material, normal=normal)
    rough, metal = (
        _texture(row.get(key, ""), files, longest, notes) for key in ("map_pr", "map_pm")
    )
    largest = max((t for t in (rough, metal) if t), key=lambda t: t.pixels.size, default=None)
    if largest is None:
        return material
    pixels = np.full_like(largest.pixels, 255)
    for channel, texture in ((1, rough), (2, metal)):
        if texture is not None:
            pixels[..., channel] = _resized(texture, pixels.shape)[..., 0]
    # A factor beside a map multiplies it; without a number it is 1.
    return replace(
        material,
        surface=replace(largest, pixels=pixels),
        roughness=_number(row, "pr", 1.0) if rough else material.roughness,
        metallic=_number(row, "pm", 1.0) if metal else material.metallic,
    )


def _resized(texture: Texture, shape: tuple[int, ...]) -> np.ndarray:
    """The nearest texels of the texture at another size."""
    height, width = texture.pixels.shape[:2]
    rows = (np.arange(shape[0]) * height) // shape[0]
    cols = (np.arange(shape[1]) * width) // shape[1]
    return texture.pixels[rows][:, cols]


def _linear(srgb: tuple[float, ...]) -> tuple[float, float, float]:
    red, green, blue = (float(x) for x in linear(np.array(srgb)))
    return red, green, blue


def _covered(texture: Texture, cover: Texture) -> Texture:
    """The texture with the brightness of `cover`, at its own size, as its alpha."""
    out = texture.pixels.copy()
    out[..., 3] = _resized(cover, out.shape)[..., :3].max(-1)
    return replace(texture, pixels=out)


def _texture(text: str, files: Files, longest: int | None, notes: list[str]) -> Texture | None:
    name, clamp = _map(text)
    if not name:
        return None
    data = files.read(name)
    if data is None:
        notes.append(f"texture '{name[-60:]}' is missing")
        return None
    array, reason = pixels(data, longest)
    if array is None:
        notes.append(f"texture '{name[-60:]}': {reason}")
        return None
    return Texture(array, (CLAMP, CLAMP) if clamp else (REPEAT, REPEAT))


def _map(text: str) -> tuple[str, bool]:
    """(file name, whether it is clamped) of a map's line: options first, then a name with its spaces."""
    rest, clamp = text, False
    while rest.startswith("-"):
        option, *words = rest.split()
        count = OPTIONS.get(option[1:].lower())
        if count is None:
            break
        if option[1:].lower() in ("o", "s", "t"):
            count = next((k for k, word in enumerate(words[:3]) if not _is_number(word)), 3)
        clamp = clamp or (option.lower() == "-clamp" and words[:1] == ["on"])
        rest = rest.split(maxsplit=count + 1)[count + 1] if len(words) > count else ""
    return rest.strip().strip('"'), clamp


def _opacity(row: Row) -> float:
    """`d`, or 1 - `Tr`."""
    if "d" in row:
        return _unit(_number({"d": row["d"].split()[-1] if row["d"] else ""}, "d", 1.0))
    return 1 - _unit(_number(row, "tr", 0.0))


def _from_shininess(row: Row) -> float:
    """Roughness of a Phong exponent, sqrt(2 / (Ns + 2)); 0.7 without one."""
    exponent = _number(row, "ns", -1.0)
    return 0.7 if exponent <= 0 else min(1.0, math.sqrt(2 / (exponent + 2)))


def _number(row: Row, key: str, default: float) -> float:
    values = _numbers(row.get(key, ""), 1)
    return default if values is None else values[0]


def _numbers(text: str, count: int) -> tuple[float, ...] | None:
    words = text.split()[:count]
    if not words or not all(_is_number(word) for word in words):
        return None
    values = [float(word.replace(",", ".")) for word in words]
    return tuple(values) if len(values) == count else tuple(values[:1] * count)


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word.replace(",", ".")))
    except ValueError:
        return False


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0)
