"""Silhouettes: the edges of a mesh blended into an image, with a gradient to the vertices."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sds3d.kernels import antialias_torch
from sds3d.kernels.backends import pick
from sds3d.kernels.fragments import Fragments
from sds3d.kernels.threads import bands_of, parallel_for


def antialias(
    image: Tensor,
    screen: Tensor,
    faces: Tensor,
    fragments: Fragments,
    *,
    links: Tensor | None = None,
    backend: str = "auto",
) -> Tensor:
    """The image (B, H, W, C) with every silhouette blended over the two pixels that it passes between.

    Of two neighbouring pixels, let A see the nearer surface, whose silhouette crosses the line from the centre
    of A to that of its neighbour B after the share d of it.  Then
        B += (d - 1/2) (A - B) where d > 1/2,  A += (1/2 - d) (B - A) elsewhere,
    the coverage by a straight edge that is near to vertical (for pixels side by side) or to horizontal (for
    pixels one above the other); each edge is blended in the one direction that suits it.  The sum of a blended
    mask is then the area of the shape, but for the ends of edges.

    image: what was drawn with `fragments`.  screen (B, V, 3), faces (F, 3): what they were made from.  Faces
    that share an edge must share its vertices, or their seam counts as a silhouette.  links: `adjacency(faces)`
    if it is known already.  Differentiable in the image and in x and y of the screen, with which edges are
    silhouettes held.
    Source: Laine et al. 2020, https://arxiv.org/abs/2011.03277.  Unlike theirs, the search for the
    silhouette goes on from face to face, so that faces smaller than a pixel do not hide it.
    """
    faces = faces.int()
    links = adjacency(faces) if links is None else links
    inputs = (screen.detach(), faces, links, fragments.face, fragments.depth.detach())
    edges = _silhouettes(*(v.cpu() for v in inputs)).to(image.device)
    if pick(backend, image.device, cpu=("numba", "torch"), cuda=("torch",)) == "torch":
        return antialias_torch.blend(image, screen, faces, edges)
    return _Antialias.apply(image, screen, faces, edges)


def adjacency(faces: Tensor) -> Tensor:
    """(F, 3) int32: 3 g + m where edge k of face f is edge m of the face g, -1 where it has no other face.

    Edge k is the one opposite to corner k.  An edge of more than two faces has no other.
    """
    f = faces.cpu().numpy().astype(np.int64)
    if not f.size:
        return torch.zeros((0, 3), dtype=torch.int32, device=faces.device)
    ends = np.stack([np.roll(f, -1, 1), np.roll(f, -2, 1)], -1).reshape(-1, 2)
    key = ends.min(1) * (f.max() + 1) + ends.max(1)
    order = np.argsort(key, kind="stable")
    _, first, count = np.unique(key[order], return_index=True, return_counts=True)
    pairs = first[count == 2]
    links = np.full(f.size, -1, np.int32)
    links[order[pairs]] = order[pairs + 1]
    links[order[pairs + 1]] = order[pairs]
    return torch.from_numpy(links.reshape(-1, 3)).to(faces.device)


def _silhouettes(
    screen: Tensor, faces: Tensor, links: Tensor, face: Tensor, depth: Tensor
) -> Tensor:
    """(B, H, W, 2) int32: 3 f + k where the silhouette between a pixel and its right, or lower, neighbour is
    edge k of face f, -1 where there is none.
    """
    from sds3d.kernels import antialias_numba

    arrays = [v.contiguous().numpy() for v in (screen, faces, links, face, depth)]
    bands = bands_of(len(face))
    edges = np.full((*face.shape, 2), -1, np.int32)
    parallel_for(antialias_numba.silhouettes, len(face) * bands, *arrays, bands, edges)
    return torch.from_numpy(edges)


class _Antialias(torch.autograd.Function):
    @staticmethod
    def forward(ctx, image, screen, faces, edges):
        from sds3d.kernels import antialias_numba

        inputs = [v.detach().contiguous() for v in (image, screen, faces, edges)]
        out = inputs[0].clone()
        bands = bands_of(len(image))
        arrays = (*(v.numpy() for v in inputs), bands, out.numpy())
        parallel_for(antialias_numba.forward, len(image) * bands, *arrays)
        ctx.save_for_backward(*inputs)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, *grad_outputs):  # pyright: ignore[reportIncompatibleMethodOverride] once_differentiable makes ctx positional
        from sds3d.kernels import antialias_numba

        inputs = [v.numpy() for v in ctx.saved_tensors]
        image, screen = inputs[:2]
        batch = len(image)
        bands = bands_of(batch)
        g_out = grad_outputs[0].contiguous()
        g_image = g_out.clone()
        g_screen = np.zeros((batch * bands, *screen.shape[1:]), screen.dtype)
        arrays = (*inputs, bands, g_out.numpy(), g_image.numpy(), g_screen)
        parallel_for(antialias_numba.backward, batch * bands, *arrays)
        g_screen = torch.from_numpy(g_screen).unflatten(0, (batch, bands)).sum(1)
        return g_image, g_screen, None, None
