"""Geometric distances between an object and a reference."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree


def silhouette_iou(alpha: np.ndarray, reference: np.ndarray) -> float:
    """Intersection over union of the pixels with coverage above one half, pooled over all views.

    alpha, reference: (B, H, W) in [0, 1].  1 when both are empty.
    """
    a, b = alpha > 0.5, reference > 0.5
    union = np.logical_or(a, b).sum()
    return float(np.logical_and(a, b).sum() / union) if union else 1.0


def sample_surface(
    vertices: np.ndarray, faces: np.ndarray, count: int, seed: int = 0
) -> np.ndarray:
    """Points distributed uniformly over the area of a mesh, (count, 3)."""
    rng = np.random.default_rng(seed)
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    pick = rng.choice(len(faces), count, p=area / area.sum())
    u, v = rng.random((2, count, 1))
    root = np.sqrt(u)
    return (1 - root) * a[pick] + root * (1 - v) * b[pick] + root * v * c[pick]


def chamfer(points: np.ndarray, reference: np.ndarray) -> float:
    """Chamfer distance: the mean nearest-neighbour distance, averaged over both directions; world units."""
    forward, _ = KDTree(reference).query(points)
    backward, _ = KDTree(points).query(reference)
    return float((forward.mean() + backward.mean()) / 2)


def diagonal(points: np.ndarray) -> float:
    """The length of the bounding box's diagonal."""
    return float(np.linalg.norm(np.ptp(points, axis=0)))
