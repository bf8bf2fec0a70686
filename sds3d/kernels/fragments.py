"""What each pixel sees of a mesh: face, place in the face, depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sds3d.kernels import fragments_torch
from sds3d.kernels.backends import pick
from sds3d.kernels.threads import bands_of, parallel_for


@dataclass(frozen=True)
class Fragments:
    """The nearest face at the centre of every pixel of B images.

    face: (B, H, W) int32, -1 where nothing is seen.  barycentrics: (B, H, W, 3), perspective-correct, sum 1.
    depth: (B, H, W) along the camera's axis.  The last two are 0 where nothing is seen.
    """

    face: Tensor
    barycentrics: Tensor
    depth: Tensor

    @property
    def mask(self) -> Tensor:
        """1 where a face is seen and 0 elsewhere, (B, H, W)."""
        return (self.face >= 0).to(self.depth.dtype)


def fragments(
    screen: Tensor, faces: Tensor, height: int, width: int, *, backend: str = "auto"
) -> Fragments:
    """The faces that the pixels of B images see, differentiable in `screen` with the visibility held.

    l_i = (b_i / z_i) / sum_j (b_j / z_j),  depth = 1 / sum_j (b_j / z_j),
    with b the barycentrics on the screen and l the barycentrics in space.

    screen: (B, V, 3) from `sds3d.kernels.rasterize.project`: x px, y px, z > 0.  faces: (F, 3), drawn from both
    sides; those with a corner at z <= 1e-3 are not drawn.  Pixel (i, j) is sampled at (j + 0.5, i + 0.5).
    A sample on an edge belongs to the face whose left edge, or level top edge, it is: faces that share an edge
    leave no gap and share no sample.  Of equally near faces the first is seen.
    The gradient knows nothing of silhouettes; `sds3d.kernels.antialias.antialias` adds them.
    Source: Laine et al. 2020, https://arxiv.org/abs/2011.03277.
    """
    name = pick(backend, screen.device, cpu=("numba", "torch"), cuda=("torch",))
    faces = faces.int()
    if name == "torch":
        face = _visible(screen.detach().cpu(), faces.cpu(), height, width)[0].to(screen.device)
        return Fragments(face, *fragments_torch.barycentrics(screen, faces, face))
    return Fragments(*_Fragments.apply(screen, faces, height, width))


def _visible(screen: Tensor, faces: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """(face, depth) (B, H, W) on the CPU."""
    from sds3d.kernels import rasterize_numba

    bands = bands_of(len(screen))
    face = np.full((len(screen), height, width), -1, np.int32)
    depth = screen.new_zeros(len(screen), height, width)
    corners, triangles = screen.contiguous().numpy(), faces.contiguous().numpy()
    arrays = (corners, triangles, bands, False, face, depth.numpy())
    parallel_for(rasterize_numba.visibility, len(screen) * bands, *arrays)
    return torch.from_numpy(face), depth


class _Fragments(torch.autograd.Function):
    @staticmethod
    def forward(ctx, screen, faces, height, width):
        from sds3d.kernels import rasterize_numba

        screen = screen.detach().contiguous()
        faces = faces.contiguous()
        face, depth = _visible(screen, faces, height, width)
        barycentrics = screen.new_zeros(*face.shape, 3)
        bands = bands_of(len(screen))
        arrays = (screen.numpy(), faces.numpy(), face.numpy(), bands, barycentrics.numpy())
        parallel_for(rasterize_numba.barycentrics, len(screen) * bands, *arrays)
        ctx.save_for_backward(screen, faces, face)
        ctx.mark_non_differentiable(face)
        return face, barycentrics, depth

    @staticmethod
    @once_differentiable
    def backward(ctx, *grad_outputs):  # pyright: ignore[reportIncompatibleMethodOverride] once_differentiable makes ctx positional
        from sds3d.kernels import rasterize_numba

        screen, faces, face = (v.numpy() for v in ctx.saved_tensors)
        g_barycentrics, g_depth = (g.contiguous().numpy() for g in grad_outputs[1:])
        batch, count, _ = screen.shape
        bands = bands_of(batch)
        g_screen = np.zeros((batch * bands, count, 3), screen.dtype)
        parallel_for(
            rasterize_numba.barycentrics_backward,
            batch * bands,
            *(screen, faces, face, bands, g_barycentrics, g_depth, g_screen),
        )
        return torch.from_numpy(g_screen).view(batch, bands, count, 3).sum(1), None, None, None
