"""Materials and textures of glTF 2.0."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sds3d.kernels.textures import CLAMP, MIRROR, REPEAT, Texture
from sds3d.mesh.material import BLEND, MASK, OPAQUE, Material
from sds3d.mesh.readers.document import Document, Entry, child, integer, numbers
from sds3d.mesh.readers.files import Files, uri_bytes
from sds3d.mesh.readers.image import pixels

WRAPS = {10497: REPEAT, 33071: CLAMP, 33648: MIRROR}
NEAREST = 9728
ALPHA = {"OPAQUE": OPAQUE, "MASK": MASK, "BLEND": BLEND}
SOURCES = ("EXT_texture_webp", "EXT_texture_avif", "MSFT_texture_dds", "KHR_texture_basisu")
SPECULAR = "KHR_materials_pbrSpecularGlossiness"
STRENGTH = "KHR_materials_emissive_strength"


@dataclass(frozen=True)
class Slot:
    """Which UV set a texture uses and how KHR_texture_transform moves it.

    uv' = offset + R(rotation) (scale uv), counter-clockwise with v downwards.
    """

    channel: int = 0
    offset: tuple[float, float] = (0.0, 0.0)
    rotation: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)

    def place(self, uv: np.ndarray) -> np.ndarray:
        """The coordinates (V, 2) at which the texture is sampled."""
        cosine, sine = np.cos(self.rotation), np.sin(self.rotation)
        turn = np.array([[cosine, sine], [-sine, cosine]])
        return (uv * self.scale) @ turn.T + self.offset


class Materials:
    """The materials of a document, each image decoded once; `notes` names those that cannot be read."""

    def __init__(
        self, document: Document, files: Files, longest: int | None, *, maps: bool = False
    ) -> None:
        self._document, self._files, self._longest = document, files, longest
        self._maps = maps
        self._images: dict[int, np.ndarray | None] = {}
        self._textures: dict[tuple[int, int, int, bool], Texture] = {}
        self._materials: dict[int, tuple[Material, dict[str, Slot]]] = {}
        self.notes: list[str] = []

    def of(self, primitive: Entry) -> tuple[Material, dict[str, Slot]]:
        """(the material, the slot of each of its textures) of a primitive; glTF's default without one."""
        if "material" not in primitive:
            return Material(metallic=1.0, roughness=1.0), {}
        index = primitive["material"]
        entry = self._document.entry("materials", index)
        if index not in self._materials:
            self._materials[index] = self._material(entry)
        return self._materials[index]

    def _material(self, entry: Entry) -> tuple[Material, dict[str, Slot]]:
        extensions = child(entry, "extensions")
        plain = child(entry, "pbrMetallicRoughness")
        material = Material(
            name=str(entry.get("name", ""))[:80],
            color=_color(numbers(plain, "baseColorFactor", (1.0,) * 4)),
            alpha=ALPHA.get(str(entry.get("alphaMode", "OPAQUE")), OPAQUE),
            cutoff=numbers(entry, "alphaCutoff", (0.5,))[0],
            metallic=_unit(numbers(plain, "metallicFactor", (1.0,))[0]),
            roughness=_unit(numbers(plain, "roughnessFactor", (1.0,))[0]),
            emissive=self._emissive(entry),
        )
        used = {
            "texture": child(plain, "baseColorTexture"),
            "surface": child(plain, "metallicRoughnessTexture"),
            "normal": child(entry, "normalTexture") if self._maps else {},
            "glow": child(entry, "emissiveTexture"),
        }
        if SPECULAR in extensions:
            older = child(extensions, SPECULAR)
            material = replace(
                material,
                color=_color(numbers(older, "diffuseFactor", (1.0,) * 4)),
                metallic=0.0,
                roughness=1 - _unit(numbers(older, "glossinessFactor", (1.0,))[0]),
            )
            used |= {"texture": child(older, "diffuseTexture"), "surface": {}}
        slots = {}
        for name, reference in used.items():
            texture = self._texture(reference) if reference else None
            if texture is not None:
                slots[name] = _slot(reference)
                material = replace(material, **{name: texture})
        if self._maps and material.surface is not None:
            material = replace(material, surface=self._with_occlusion(material.surface, entry))
        return material, slots

    def _with_occlusion(self, surface: Texture, entry: Entry) -> Texture:
        """The texture, whose red means nothing unless it is the material's occlusion too: it is 255 then."""
        reference = child(entry, "occlusionTexture")
        if reference and self._texture(reference) is surface:
            return surface
        pixels = surface.pixels.copy()
        pixels[..., 0] = 255
        return replace(surface, pixels=pixels)

    def _emissive(self, entry: Entry) -> tuple[float, float, float]:
        strength = child(child(entry, "extensions"), STRENGTH)
        (factor,) = numbers(strength, "emissiveStrength", (1.0,))
        r, g, b = (max(0.0, factor * x) for x in numbers(entry, "emissiveFactor", (0.0,) * 3))
        return r, g, b

    def _texture(self, reference: Entry) -> Texture | None:
        texture = self._document.entry("textures", reference.get("index"))
        image = self._image(texture)
        if image is None:
            return None
        source, array = image
        sampler = (
            self._document.entry("samplers", texture["sampler"]) if "sampler" in texture else {}
        )
        u, v = (WRAPS.get(integer(sampler, key, 10497), REPEAT) for key in ("wrapS", "wrapT"))
        nearest = sampler.get("magFilter") == NEAREST
        key = (source, u, v, nearest)
        if key not in self._textures:
            self._textures[key] = Texture(array, (u, v), nearest)
        return self._textures[key]

    def _image(self, texture: Entry) -> tuple[int, np.ndarray] | None:
        """(index, pixels) of the first of a texture's sources that can be decoded."""
        extensions = child(texture, "extensions")
        sources = [
            child(extensions, name)["source"]
            for name in SOURCES
            if "source" in child(extensions, name)
        ]
        sources += [texture["source"]] if "source" in texture else []
        reasons = []
        for source in sources:
            self._document.entry("images", source)
            if source not in self._images:
                self._images[source], reason = self._decoded(source)
                reasons.append(reason)
            array = self._images[source]
            if array is not None:
                return source, array
        self.notes += [reason for reason in reasons if reason]
        return None

    def _decoded(self, index: int) -> tuple[np.ndarray | None, str]:
        entry = self._document.entry("images", index)
        uri = entry.get("uri")
        name = f"images[{index}]"
        if isinstance(uri, str):
            name = "an embedded image" if uri[:5].lower() == "data:" else uri[-60:]
            data = uri_bytes(uri, self._files, name)
        else:
            data = self._document.view(entry.get("bufferView"))
            name = str(entry.get("name") or name)[-60:]
        if data is None:
            return None, f"texture '{name}' is missing"
        array, reason = pixels(data, self._longest)
        return array, f"texture '{name}': {reason}" if reason else ""


def _slot(reference: Entry) -> Slot:
    moved = child(child(reference, "extensions"), "KHR_texture_transform")
    channel = integer(moved if "texCoord" in moved else reference, "texCoord", 0)
    u, v = numbers(moved, "offset", (0.0, 0.0))
    wide, high = numbers(moved, "scale", (1.0, 1.0))
    return Slot(channel, (u, v), numbers(moved, "rotation", (0.0,))[0], (wide, high))


def _color(values: tuple[float, ...]) -> tuple[float, float, float, float]:
    r, g, b, a = (_unit(x) for x in values)
    return r, g, b, a


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0)
