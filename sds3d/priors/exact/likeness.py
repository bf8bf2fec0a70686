"""Which members of a library look like an image: the image prompt of the exact prior."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional as F

from sds3d.errors import PriorError
from sds3d.kernels.rasterize import render_models
from sds3d.library.kit.model import Model
from sds3d.views.cameras import orbit

SIDES = 12
SIZE = 40
ELEVATION_DEG = 18.0
TOLERANCE = 0.02  # RMS sRGB difference, beyond that of the best match, which halves a weight
DIFFERENT = 0.1  # sRGB difference from the background at which a pixel belongs to the object

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")  # Pillow hands others to outside programs
MOST_PIXELS = 2**26  # 67 megapixels: 0.27 GB when decoded
LONGEST_SIDE = 1024  # of the image that is searched for the object
CLEAR_SHARE = 0.01  # of the pixels that are transparent, for transparency to outline the object
ORIENTATION = 0x0112  # the EXIF tag
UPRIGHT = 1  # of the EXIF tag, as where there is none
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
FIT_STEPS = 10
SMALL_RESIDUAL = 0.01  # below which the fit to the border is of least squares
UNREADABLE = (  # what Pillow's decoders raise on damaged files
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    Image.DecompressionBombError,
    struct.error,
    zlib.error,
)


def subject(path: Path) -> Tensor:
    """The object in an image file, cropped to its bounds and padded to a square of mid-grey.

    Returns (3, SIZE, SIZE), sRGB in [0, 1].  The object is what is opaque; in an image without transparent
    areas it is what differs from the background, a plane of colour fitted to the border.

    Raises PriorError for a file that is not a readable image, is too large, or shows no object.
    """
    rgb, alpha = read_image(path)
    if (alpha < 0.5).mean() < CLEAR_SHARE:
        difference = np.abs(rgb - _background(rgb, path)).max(-1)
        alpha = np.float32(difference > DIFFERENT)
    if alpha.max() < 0.5:
        raise PriorError(
            f"'{path}' shows no object", "use an image of one object on a plain background"
        )
    return _crop(torch.from_numpy(rgb).permute(2, 0, 1), torch.from_numpy(alpha))


def read_image(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(rgb (H, W, 3) sRGB, alpha (H, W)) of an image file, float32 in [0, 1], upright.

    Sides are at most LONGEST_SIDE: larger images are scaled down, a JPEG while it is decoded.  Alpha is
    divided by the 0.9 quantile of the pixels that are not clear, so that a translucent object counts as one.

    Raises PriorError for a file that is not a readable image, or has more than MOST_PIXELS pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a size that is refused below, of odd metadata
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise _too_large(path)
                rgba = np.asarray(_scaled(image).convert("RGBA"), np.float32) / 255
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except UnidentifiedImageError as error:
        known = ", ".join(FORMATS)
        raise PriorError(
            f"'{path}' is not an image in one of {known}", "use a PNG or a JPEG"
        ) from error
    except UNREADABLE as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise PriorError(
            f"'{path}' is not a readable image: {reason}", "use a PNG or a JPEG"
        ) from error
    rgb = rgba[..., :3].copy()
    alpha = rgba[..., 3]
    visible = alpha[alpha > 0.05]
    if visible.size:
        alpha = (alpha / np.quantile(visible, 0.9)).clip(0, 1)
    return rgb, np.ascontiguousarray(alpha, np.float32)


def _too_large(path: Path) -> PriorError:
    message = f"'{path}' has more than {MOST_PIXELS / 1e6:.0f} megapixels"
    return PriorError(message, f"scale it down; {LONGEST_SIDE} pixels a side are enough")


def _scaled(image: Image.Image) -> Image.Image:
    """The image in RGB or RGBA with 8 bits a channel, at most LONGEST_SIDE a side, turned as its EXIF says."""
    image.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
    turn = TURNS.get(image.getexif().get(ORIENTATION, UPRIGHT))
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        image = Image.fromarray(np.uint8(np.asarray(image) >> 8))
    elif image.mode in ("I", "F"):
        raise ValueError("32 bits a channel; save it with 8 or 16")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return image if turn is None else image.transpose(turn)


def _background(rgb: np.ndarray, path: Path) -> np.ndarray:
    """The background's colour at each pixel, (H, W, 3): linear in x and y, fitted to the border.

    Least absolute deviations by iterated reweighting from the median, so that an object which touches the
    border does not count.  Raises PriorError when less than half of the border is within DIFFERENT of it.
    """
    height, width, _ = rgb.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    plane = np.stack([np.ones_like(x), x, y], -1)
    border = np.zeros((height, width), bool)
    border[[0, -1]] = True
    border[:, [0, -1]] = True
    basis = plane[border]
    colors = rgb[border]
    residual = np.abs(colors - np.median(colors, 0)).max(-1)
    coefficients = np.zeros((3, 3))  # of 1, x and y, for each channel
    for _ in range(FIT_STEPS):
        root = 1 / np.sqrt(np.maximum(residual, SMALL_RESIDUAL))[:, None]
        coefficients, *_ = np.linalg.lstsq(root * basis, root * colors, rcond=None)
        residual = np.abs(colors - basis @ coefficients).max(-1)
    if (residual > DIFFERENT).mean() > 0.5:
        raise PriorError(
            f"'{path}' has no plain background",
            "leave a margin around the object, or make the background transparent",
        )
    return plane @ coefficients


def likeness(image: Tensor, models: Sequence[Model], colors: Sequence[np.ndarray]) -> np.ndarray:
    """w_i = exp(-(d_i^2 - min d^2) log 2 / TOLERANCE^2), (M,), zero where below one half.

    d_i: the least RMS sRGB difference between `image`, (3, SIZE, SIZE) as `subject` returns it, and SIDES
    views of model i around it.  colors: (V, 3) of each model, shaded.  The weights of poor matches are
    exactly zero because a posterior over members never recovers from even a tiny weight on a wrong one.
    """
    cameras = orbit(SIDES, 2 * SIZE, elevation_deg=ELEVATION_DEG)
    meshes = [(m.vertices, m.faces, c, m.skin) for m, c in zip(models, colors, strict=True)]
    rgb, alpha = (torch.as_tensor(x) for x in render_models(meshes, cameras, supersample=1))
    squares = []
    for views, coverage in zip(rgb, alpha, strict=True):
        straight = views / coverage[..., None].clamp_min(1e-6)
        crops = [_crop(v.permute(2, 0, 1), a) for v, a in zip(straight, coverage, strict=True)]
        squares.append(min((crop - image).square().mean().item() for crop in crops))
    d2 = np.array(squares)
    w = np.exp(-(d2 - d2.min()) * np.log(2) / TOLERANCE**2)
    return np.where(w < 0.5, 0, w)


def _crop(rgb: Tensor, alpha: Tensor) -> Tensor:
    """rgb (3, H, W) over mid-grey, within the bounds of alpha (H, W), padded to a square: (3, SIZE, SIZE)."""
    on_grey = rgb * alpha + 0.5 * (1 - alpha)
    opaque = alpha > 0.5
    rows = opaque.any(1).nonzero().flatten()
    columns = opaque.any(0).nonzero().flatten()
    part = on_grey[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    _, height, width = part.shape
    x = max(height - width, 0)
    y = max(width - height, 0)
    part = F.pad(part, (x // 2, x - x // 2, y // 2, y - y // 2), value=0.5)
    return F.interpolate(part[None], (SIZE, SIZE), mode="bilinear", antialias=True)[0]
