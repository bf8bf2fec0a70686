"""What a made object would be taken for, among all objects of the built-in library, by its shape alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from sds3d import library
from sds3d.kernels.rasterize import project, rasterize
from sds3d.views.cameras import orbit

VIEWS, SIZE, VARIANTS = 8, 48, 2
WARMTH = 0.003  # mean squared difference at which it doubts; measured: 0.011 to the own kind, 0.046 to the next


@dataclass(frozen=True)
class Shelf:
    """The library as it is compared with: names (C,), pictures (C, VARIANTS, VIEWS, 4 SIZE^2)."""

    names: tuple[str, ...]
    pictures: Tensor


def shape_pictures(vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray) -> Tensor:
    """Coverage and normals in the cameras' frames, from VIEWS sides, (VIEWS, 4 SIZE^2): no colour, no light."""
    cameras = orbit(VIEWS, SIZE, elevation_deg=20)
    points = torch.as_tensor(np.asarray(vertices, np.float32))
    corners = torch.as_tensor(np.asarray(faces, np.int32))
    attributes = torch.as_tensor(np.asarray(normals, np.float32))
    values, face, _ = rasterize(project(points, cameras), corners, attributes, SIZE, SIZE)
    seen = (face >= 0).float()[..., None]
    turned = torch.einsum("bhwi,bij->bhwj", values, cameras.c2w[:, :3, :3])
    return torch.cat([seen, turned * seen], -1).flatten(1)


@cache
def shelf() -> Shelf:
    """The whole library, drawn once."""
    names = tuple(library.CATEGORIES)
    models = [[library.model(name, variant) for variant in range(VARIANTS)] for name in names]
    rows = [
        torch.stack([shape_pictures(m.vertices, m.faces, m.normals) for m in variants])
        for variants in models
    ]
    return Shelf(names, torch.stack(rows))


def ranking(pictures: Tensor) -> list[str]:
    """The library's names, the likest shape first; the object stands as it is posed."""
    known = shelf()
    error = (known.pictures - pictures).square().mean((-1, -2)).amin(1)
    return [known.names[i] for i in error.argsort().tolist()]


def guesses(pictures: Tensor) -> Tensor:
    """p(name | one view), (VIEWS, C): a nearest-neighbour classifier that takes any side of an object."""
    known = shelf()
    flat = known.pictures.flatten(0, 2)
    error = torch.cdist(pictures, flat).square() / flat.shape[-1]
    best = error.unflatten(1, known.pictures.shape[:3]).amin((-1, -2))
    return torch.softmax(-best / WARMTH, -1)


def variety(p: Tensor) -> dict[str, float]:
    """Inception quality, variety and gain of views with class probabilities p (V, C), natural logarithms.

    IQ = mean_v H(p_v), IV = H(mean_v p_v), IG = (IV - IQ) / IQ.  Wang et al. 2024,
    https://arxiv.org/abs/2401.00909, there with ImageNet's Inception network in the place of `guesses`.
    """

    def entropy(q: Tensor) -> Tensor:
        return -(q * q.clamp_min(1e-12).log()).sum(-1)

    quality, many = entropy(p).mean(), entropy(p.mean(0))
    gain = (many - quality) / quality.clamp_min(1e-6)
    return {"iq": quality.item(), "iv": many.item(), "ig": gain.item()}
