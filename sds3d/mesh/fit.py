"""A triangle mesh fitted to pictures of the scene that it was extracted from: flat parts and silhouettes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from sds3d.kernels.antialias import adjacency, antialias
from sds3d.kernels.fragments import fragments
from sds3d.kernels.rasterize import project
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.normals import face_normals, vertex_normals
from sds3d.views.cameras import Cameras

NORMAL_ROUNDS = 40  # of the filter: a normal hears of faces up to about sqrt(40) edges away
NORMAL_WIDTH = 0.25  # difference of unit normals, about 14 degrees, up to which faces are one part
VERTEX_ROUNDS = 30  # of moving the vertices to the filtered normals
SILHOUETTE_STEPS = 20
VIEWS_A_STEP = 8
STEP_LENGTH = 0.002  # world units that the vertex with the largest gradient moves in a step
SMOOTHNESS = 10.0  # lambda of the preconditioner
BETAS = (0.9, 0.99)


def fit_geometry(mesh: Mesh, cameras: Cameras, alpha: Tensor) -> Mesh:
    """The mesh with the same faces, whose flat parts are flat and whose silhouettes are those of the pictures.

    First `flattened`, then `fit_silhouettes`; where a face has turned over, its vertices stay.  Normals are
    those of the new vertices, the mean of the faces around each by area.
    mesh: connected, without texture coordinates.  cameras: B of them.  alpha: (B, H, W) coverage.
    """
    faces = torch.from_numpy(mesh.faces)
    before = torch.from_numpy(mesh.vertices)
    after = fit_silhouettes(flattened(before, faces), faces, cameras, alpha)
    after = without_folds(before, after, faces)
    return replace(mesh, vertices=after.numpy(), normals=vertex_normals(after, faces).numpy())


def flattened(vertices: Tensor, faces: Tensor) -> Tensor:
    """Vertices (V, 3) moved so that the faces have the normals of `filtered_normals`; edges stay sharp.

    Each of VERTEX_ROUNDS moves a vertex i by the mean, over its faces f, of n_f (n_f . (c_f - v_i)), with c_f
    the middle of the face: into the plane through c_f with the normal n_f.
    Source: Sun et al. 2007, https://doi.org/10.1109/TVCG.2007.1065, equation 12.
    """
    normals = filtered_normals(vertices, faces)
    corners = faces.long()
    ones = torch.ones(corners.numel(), 1, dtype=vertices.dtype)
    count = torch.zeros(len(vertices), 1, dtype=vertices.dtype)
    count = count.index_add(0, corners.reshape(-1), ones).clamp_min(1)
    for _ in range(VERTEX_ROUNDS):
        at = vertices[corners]  # (F, 3, 3)
        height = ((at.mean(1, keepdim=True) - at) * normals[:, None]).sum(-1, keepdim=True)
        step = (height * normals[:, None]).reshape(-1, 3)
        vertices = (
            vertices + torch.zeros_like(vertices).index_add(0, corners.reshape(-1), step) / count
        )
    return vertices


def filtered_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """Unit normals (F, 3) of the faces, smoothed within parts and not across edges.

    Each of NORMAL_ROUNDS:  n_f <- the direction of  sum_g A_g exp(-|n_f - n_g|^2 / (2 s^2)) n_g  over the face
    itself and those that share an edge with it, A their areas and s NORMAL_WIDTH.
    Source: Zheng et al. 2011, https://doi.org/10.1109/TVCG.2010.264, the local scheme.
    """
    normal = face_normals(vertices, faces)
    area = normal.norm(dim=1, keepdim=True)
    normal = F.normalize(normal, dim=1)
    a, b = neighbours(faces)
    for _ in range(NORMAL_ROUNDS):
        apart = (normal[a] - normal[b]).square().sum(1, keepdim=True)
        weight = torch.exp(-apart / (2 * NORMAL_WIDTH**2))
        total = (area * normal).index_add(0, a, weight * area[b] * normal[b])
        normal = F.normalize(total.index_add(0, b, weight * area[a] * normal[a]), dim=1)
    return normal


def neighbours(faces: Tensor) -> tuple[Tensor, Tensor]:
    """Pairs of faces (N,), (N,) that share an edge; each pair once."""
    corners = faces.numpy()
    edges = np.sort(corners[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    edges, face = edges[order], (order // 3)
    same = (edges[1:] == edges[:-1]).all(1)
    return torch.from_numpy(face[:-1][same]), torch.from_numpy(face[1:][same])


def fit_silhouettes(vertices: Tensor, faces: Tensor, cameras: Cameras, alpha: Tensor) -> Tensor:
    """Vertices (V, 3) moved so that the coverage of the mesh is `alpha`, in SILHOUETTE_STEPS.

    A step lowers the mean squared difference in VIEWS_A_STEP of the pictures.  Its gradient g is smoothed,
    (I + lambda L)^-2 g with L the Laplacian of the graph, so that parts move as wholes; the moments are Adam's,
    with one second moment for all vertices.
    Source: Nicolet et al. 2021, https://rgl.epfl.ch/publications/Nicolet2021Large, algorithm 1.
    """
    smooth = splu(
        (sparse.eye(len(vertices)) + SMOOTHNESS * laplacian(faces, len(vertices))).tocsc()
    )
    links = adjacency(faces)
    turns = max(1, len(cameras) // VIEWS_A_STEP)
    first, second = torch.zeros_like(vertices), 0.0
    for step in range(SILHOUETTE_STEPS):
        rows = list(range(step % turns, len(cameras), turns))
        gradient = _silhouette_gradient(vertices, faces, links, cameras[rows], alpha[rows])
        g = torch.from_numpy(smooth.solve(smooth.solve(gradient.double().numpy()))).to(vertices)
        first = BETAS[0] * first + (1 - BETAS[0]) * g
        second = BETAS[1] * second + (1 - BETAS[1]) * g.square().max().item()
        mean = first / (1 - BETAS[0] ** (step + 1))
        spread = (second / (1 - BETAS[1] ** (step + 1))) ** 0.5
        length = STEP_LENGTH * (1 - step / SILHOUETTE_STEPS)
        vertices = vertices - length * mean / max(spread, 1e-20)
    return vertices


def _silhouette_gradient(
    vertices: Tensor, faces: Tensor, links: Tensor, cameras: Cameras, alpha: Tensor
) -> Tensor:
    with torch.enable_grad():
        at = vertices.detach().requires_grad_()
        screen = project(at, cameras)
        seen = fragments(screen, faces, cameras.height, cameras.width)
        mask = antialias(seen.mask[..., None], screen, faces, seen, links=links)[..., 0]
        (gradient,) = torch.autograd.grad((mask - alpha).square().mean(), at)
    return gradient


def laplacian(faces: Tensor, count: int) -> sparse.csr_matrix:
    """The Laplacian of the graph of the edges, (count, count): degree - adjacency."""
    corners = faces.numpy()
    ends = corners[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    ends = np.unique(np.concatenate([ends, ends[:, ::-1]]), axis=0)
    adjacent = sparse.csr_matrix((np.ones(len(ends)), ends.T), (count, count))
    return sparse.csr_matrix(sparse.diags(np.asarray(adjacent.sum(1)).ravel()) - adjacent)


def without_folds(before: Tensor, after: Tensor, faces: Tensor) -> Tensor:
    """The vertices `after` (V, 3), but `before` at the corners of every face that would turn by more than 90
    degrees, until none does."""
    corners = faces.long()
    normal = face_normals(before, faces)
    kept = torch.zeros(len(before), dtype=torch.bool)
    while True:
        mixed = torch.where(kept[:, None], before, after)
        turned = (face_normals(mixed, faces) * normal).sum(1) < 0
        turned &= ~kept[corners].all(1)
        if not turned.any():
            return mixed
        kept[corners[turned].reshape(-1)] = True
