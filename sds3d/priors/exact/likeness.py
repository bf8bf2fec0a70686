"""Which members of a library look like a picture: the image prompt of the exact prior."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from sds3d.errors import PriorError
from sds3d.kernels.rasterize import render_models
from sds3d.library.kit.model import Model
from sds3d.views.cameras import orbit

SIDES, SIZE, ELEVATION_DEG = 12, 40, 18.0
TOLERANCE = 0.02  # beyond the likest member, root mean square sRGB, where a member counts half
DIFFERENT = 0.1  # from the border's colour, for a pixel to be the object's


def subject(path: Path) -> Tensor:
    """The object of a picture on grey, cut to its bounds and made square, (3, SIZE, SIZE) sRGB in [0, 1].

    The object is what is opaque, or without transparency what differs from the median colour of the border.
    Raises PriorError when the file is no picture or holds nothing.
    """
    try:
        with Image.open(path) as image:
            rgba = np.asarray(image.convert("RGBA"), np.float32) / 255
    except (OSError, ValueError) as error:
        raise PriorError(f"'{path}' is no picture: {error}", "give a PNG or JPEG") from error
    rgb, alpha = rgba[..., :3], rgba[..., 3]
    if alpha.min() == 1:
        border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
        alpha = np.float32(np.abs(rgb - np.median(border, 0)).max(-1) > DIFFERENT)
    if alpha.max() < 0.5:
        raise PriorError(
            f"'{path}' shows nothing", "give a picture of one object on a plain ground"
        )
    rgb, alpha = (torch.from_numpy(np.array(x)) for x in (rgb, alpha))
    return _cut(rgb.permute(2, 0, 1), alpha)


def likeness(picture: Tensor, models: Sequence[Model], colors: Sequence[np.ndarray]) -> np.ndarray:
    """w_i = exp(-(d_i^2 - min d^2) log 2 / TOLERANCE^2) (M,), zero where below one half.

    d_i: the least root mean square difference over SIDES sides of member i.  Exact zeros, for a posterior over
    pictures never recovers from any weight at all.  colors: (V, 3) of each model, lit.
    """
    cameras = orbit(SIDES, 2 * SIZE, elevation_deg=ELEVATION_DEG)
    soup = [(m.vertices, m.faces, c) for m, c in zip(models, colors, strict=True)]
    rgb, alpha = (torch.as_tensor(x) for x in render_models(soup, cameras, supersample=1))
    squares = []
    for views, covers in zip(rgb, alpha, strict=True):
        straight = views / covers[..., None].clamp_min(1e-6)
        seen = [_cut(v.permute(2, 0, 1), a) for v, a in zip(straight, covers, strict=True)]
        squares.append(min((s - picture).square().mean().item() for s in seen))
    d2 = np.array(squares)
    w = np.exp(-(d2 - d2.min()) * np.log(2) / TOLERANCE**2)
    return np.where(w < 0.5, 0, w)


def _cut(rgb: Tensor, alpha: Tensor) -> Tensor:
    """rgb (3, H, W) on grey within the bounds of alpha (H, W), square, SIZE pixels."""
    on_grey = rgb * alpha + 0.5 * (1 - alpha)
    rows, columns = ((alpha > 0.5).any(d).nonzero().flatten() for d in (1, 0))
    top, bottom, left, right = (
        int(x) for x in (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
    )
    part = on_grey[:, top:bottom, left:right]
    high, wide = bottom - top, right - left
    side = max(high, wide)
    x, y = side - wide, side - high
    part = F.pad(part, (x // 2, x - x // 2, y // 2, y - y // 2), value=0.5)
    return F.interpolate(part[None], (SIZE, SIZE), mode="bilinear", antialias=True)[0]
