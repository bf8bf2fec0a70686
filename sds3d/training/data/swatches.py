"""The main colours of an object, and their names."""

from __future__ import annotations

import numpy as np

from sds3d.language.palette import COLORS
from sds3d.training.data.items import Swatch

BASIC = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "beige", "white")
BASIC += ("grey", "black", "turquoise", "navy", "cream", "maroon", "sky blue", "dark green")
ALSO = {"dark green": (0.06, 0.26, 0.08)}
SAMPLES = 4096
ROUNDS = 12
CLUSTERS = 3


def swatches(albedo: np.ndarray) -> tuple[Swatch, ...]:
    """The main colours of the opaque pixels of `albedo` (..., 4) uint8, largest share first.

    k-means in sRGB, initialised with the mean colour and then with the pixel farthest from all centres.
    """
    pixels = albedo.reshape(-1, 4)
    pixels = pixels[pixels[:, 3] == 255][:, :3].astype(np.float32)
    if not len(pixels):
        return ()
    pixels = pixels[np.linspace(0, len(pixels) - 1, min(SAMPLES, len(pixels))).astype(int)]
    centers = pixels.mean(0)[None]
    for _ in range(CLUSTERS - 1):
        distance = ((pixels[:, None] - centers) ** 2).sum(-1).min(1)
        centers = np.concatenate([centers, pixels[distance.argmax()][None]])
    nearest = np.zeros(len(pixels), int)
    for _ in range(ROUNDS):
        nearest = ((pixels[:, None] - centers) ** 2).sum(-1).argmin(1)
        centers = np.stack(
            [
                pixels[nearest == k].mean(0) if (nearest == k).any() else centers[k]
                for k in range(CLUSTERS)
            ]
        )
    share = np.bincount(nearest, minlength=CLUSTERS) / len(pixels)
    rows = []
    for k in np.argsort(-share, kind="stable"):
        if share[k] > 0:
            r, g, b = (round(float(c)) for c in centers[k])
            rows.append((r, g, b, round(float(share[k]), 3), color_name(centers[k] / 255)))
    return tuple(rows)


def color_name(rgb: np.ndarray) -> str:
    """The basic colour name nearest to an sRGB colour in CIELAB."""
    names = [*BASIC]
    table = np.array([ALSO.get(n) or COLORS[n] for n in names])
    distance = np.linalg.norm(_lab(table) - _lab(np.asarray(rgb, np.float64)[None]), axis=1)
    return names[int(distance.argmin())]


def _lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (N, 3) of sRGB (N, 3), D65."""
    from skimage.color import rgb2lab

    return rgb2lab(rgb[None])[0]
