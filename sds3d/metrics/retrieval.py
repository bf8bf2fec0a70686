"""Retrieval by shape alone: which category of the built-in library an object would be taken for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from sds3d import library
from sds3d.kernels.rasterize import project, rasterize
from sds3d.views.cameras import orbit

VIEWS = 8
SIZE = 48
VARIANTS = 2
TEMPERATURE = (
    0.003  # of the softmax, in mean squared error; measured: 0.011 within a category, 0.046 beyond
)


@dataclass(frozen=True)
class LibraryViews:
    """Views of the library: C names, and images (C, VARIANTS, VIEWS, 4 SIZE^2) as `shape_images` returns."""

    names: tuple[str, ...]
    images: Tensor


def shape_images(vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray) -> Tensor:
    """Coverage and camera-space normals in VIEWS views, flattened to (VIEWS, 4 SIZE^2); no colour or light."""
    cameras = orbit(VIEWS, SIZE, elevation_deg=20)
    points = torch.as_tensor(np.asarray(vertices, np.float32))
    corners = torch.as_tensor(np.asarray(faces, np.int32))
    attributes = torch.as_tensor(np.asarray(normals, np.float32))
    values, face, _ = rasterize(project(points, cameras), corners, attributes, SIZE, SIZE)
    coverage = (face >= 0).float()[..., None]
    in_camera = torch.einsum("bhwi,bij->bhwj", values, cameras.c2w[:, :3, :3])
    return torch.cat([coverage, in_camera * coverage], -1).flatten(1)


@cache
def library_views() -> LibraryViews:
    """Views of the whole library, rendered once per process."""
    names = tuple(library.CATEGORIES)
    models = [[library.model(name, variant) for variant in range(VARIANTS)] for name in names]
    rows = [
        torch.stack([shape_images(m.vertices, m.faces, m.normals) for m in variants])
        for variants in models
    ]
    return LibraryViews(names, torch.stack(rows))


def ranking(images: Tensor) -> list[str]:
    """The library's names, most similar shape first.  The pose matters: nothing is aligned."""
    known = library_views()
    error = (known.images - images).square().mean((-1, -2)).amin(1)
    return [known.names[i] for i in error.argsort().tolist()]


def guesses(images: Tensor) -> Tensor:
    """p(name | view), (VIEWS, C), by a nearest-neighbour classifier over all views of the library."""
    known = library_views()
    flat = known.images.flatten(0, 2)
    error = torch.cdist(images, flat).square() / flat.shape[-1]
    best = error.unflatten(1, known.images.shape[:3]).amin((-1, -2))
    return torch.softmax(-best / TEMPERATURE, -1)


def variety(p: Tensor) -> dict[str, float]:
    """Inception quality, variety and gain of views with class probabilities p (V, C), natural logarithms.

    IQ = mean_v H(p_v), IV = H(mean_v p_v), IG = (IV - IQ) / IQ.  Wang et al. 2024,
    https://arxiv.org/abs/2401.00909, which uses an Inception network where `guesses` is used here.
    """

    def entropy(q: Tensor) -> Tensor:
        return -(q * q.clamp_min(1e-12).log()).sum(-1)

    quality = entropy(p).mean()
    diversity = entropy(p.mean(0))
    gain = (diversity - quality) / quality.clamp_min(1e-6)
    return {"iq": quality.item(), "iv": diversity.item(), "ig": gain.item()}
