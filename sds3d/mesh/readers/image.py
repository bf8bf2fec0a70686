"""Texture images, decoded by Pillow within bounds."""

from __future__ import annotations

import io
import struct
import warnings

import numpy as np
from PIL import Image

from sds3d.kernels.textures import halved

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TGA", "GIF", "TIFF", "DDS")  # none of them runs a program
MOST_PIXELS = 2**26  # 8192 x 8192: 256 MiB decoded
COARSE = 4  # images this many times too long are averaged in sRGB first, which needs less memory
UNREADABLE = (OSError, SyntaxError, ValueError, IndexError, KeyError, TypeError, struct.error)


def pixels(data: bytes, longest: int | None = None) -> tuple[np.ndarray | None, str]:
    """((H, W, 4) uint8 straight RGBA, "") of an image's bytes, or (None, why it cannot be read).

    longest: larger images are halved, in linear light, until they are no longer than that.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of sizes that are bounded here
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                width, height = image.size
                if width * height > MOST_PIXELS:
                    return None, f"{width} x {height} pixels are too many"
                if longest and image.format == "JPEG":
                    image.draft(None, (longest, longest))
                return _rgba(image, longest), ""
    except Image.DecompressionBombError:
        return None, "it has too many pixels"
    except UNREADABLE:
        return None, _why(data)


def _why(data: bytes) -> str:
    """Why bytes that Pillow cannot decode are no image."""
    if not data:
        return "it is empty"
    if data[:12] == b"\xabKTX 20\xbb\r\n\x1a\n":
        return "KTX2 images are not read; PNG, JPEG and WebP are"
    return "not an image that can be decoded"


def _rgba(image: Image.Image, longest: int | None) -> np.ndarray:
    if image.mode[:1] in "IF":  # 16-bit grey, which Pillow would clip at 255
        grey = np.asarray(image, np.float64)
        top = 1.0 if image.mode == "F" else 65535.0
        image = Image.fromarray(np.uint8((grey / top).clip(0, 1) * 255 + 0.5))
    image = image.convert("RGBA")
    if longest is None:
        return np.array(image)
    factor = max(image.size) // (COARSE * longest)
    if factor > 1:
        image = image.convert("RGBa").reduce(factor).convert("RGBA")
    return shrunk(np.array(image), longest)


def shrunk(image: np.ndarray, longest: int) -> np.ndarray:
    """An RGBA image (H, W, 4) uint8, halved until it is no longer than `longest` pixels."""
    while max(image.shape[:2]) > longest:
        image = halved(image)
    return image
