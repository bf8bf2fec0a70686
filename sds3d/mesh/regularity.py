"""Regularisers of surfaces that are optimised, each a scalar to be minimised."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sds3d.mesh.cubes import EDGES
from sds3d.mesh.flexicubes import Grid
from sds3d.mesh.normals import face_normals
from sds3d.mesh.rows import rows


def grid_edges(grid: Grid) -> Tensor:
    """The edges of the cubes, each once, (E, 2), rows of points."""
    ends = grid.cubes[:, torch.as_tensor(EDGES, device=grid.cubes.device)].reshape(-1, 2)
    key = torch.unique(ends[:, 0] * len(grid.points) + ends[:, 1])
    return torch.stack([key // len(grid.points), key % len(grid.points)], 1)


def sign_changes(sdf: Tensor, edges: Tensor) -> Tensor:
    """The mean of H(s_i, [s_j > 0]) + H(s_j, [s_i > 0]) over the edges (E, 2) whose ends differ in sign.

    H(s, y) is the binary cross-entropy of sigmoid(s) against y; 0 where no signs differ.  It removes floaters
    and inner walls, which no image shows.  sdf: (V,).
    Source: Munkberg et al. 2022 (nvdiffrec), https://arxiv.org/abs/2111.12503, equation 2.
    """
    ends = rows(sdf, edges)
    ends = ends[(ends > 0).sum(1) == 1]
    if not len(ends):
        return sdf.sum() * 0
    positive = (ends.detach() > 0).to(sdf.dtype)
    return 2 * F.binary_cross_entropy_with_logits(ends, positive.flip(1))


def normal_consistency(vertices: Tensor, faces: Tensor, links: Tensor) -> Tensor:
    """The mean of (1 - n_f . n_g) / 2 over pairs of faces f, g that share an edge; 0 where the surface is flat.

    vertices: (V, 3).  faces: (F, 3).  links: (F, 3) from `sds3d.kernels.antialias.adjacency`.
    Source: the authors' code of nvdiffrec, https://github.com/NVlabs/nvdiffrec.
    """
    normals = F.normalize(face_normals(vertices, faces), dim=1)
    face, edge = (links >= 0).nonzero().unbind(1)
    cosine = (rows(normals, face) * rows(normals, links[face, edge].long() // 3)).sum(1)
    return ((1 - cosine) / 2).mean() if len(face) else vertices.sum() * 0


def laplacian(vertices: Tensor, faces: Tensor) -> Tensor:
    """The mean of |v_i - mean of the neighbours of v_i|^2 over the vertices of faces, world units squared.

    vertices: (V, 3).  faces: (F, 3); each edge counts once for each of its faces.
    Source: the authors' code of nvdiffrec, https://github.com/NVlabs/nvdiffrec.
    """
    a, b, c = faces.long().unbind(1)
    start, end = torch.cat([a, b, c, b, c, a]), torch.cat([b, c, a, a, b, c])
    count = torch.bincount(start, minlength=len(vertices))
    sums = torch.zeros_like(vertices).index_add(0, start, rows(vertices, end))
    used = count > 0
    return (vertices[used] - sums[used] / count[used, None]).square().sum(1).mean()
