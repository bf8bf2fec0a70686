"""Attributes of vertices at the pixels that see the mesh."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sds3d.kernels import interpolate_torch
from sds3d.kernels.backends import pick
from sds3d.kernels.fragments import Fragments
from sds3d.kernels.threads import bands_of, parallel_for


def interpolate(
    attributes: Tensor, faces: Tensor, fragments: Fragments, *, backend: str = "auto"
) -> Tensor:
    """sum_i l_i a_i of the corners i of each pixel's face, (B, H, W, C); 0 where nothing is seen.

    attributes: (V, C) or (B, V, C).  faces: (F, 3), corners as rows of `attributes`: the face of a pixel is its
    row, so that a mesh may have other indices for its positions than for its texture coordinates.
    Differentiable in the attributes and in the barycentrics.
    Source: Laine et al. 2020, https://arxiv.org/abs/2011.03277.
    """
    if pick(backend, attributes.device, cpu=("numba", "torch"), cuda=("torch",)) == "torch":
        return interpolate_torch.interpolate(attributes, faces, fragments)
    shared = attributes.dim() == 2
    return _Interpolate.apply(
        attributes[None] if shared else attributes,
        fragments.barycentrics,
        faces.int(),
        fragments.face,
    )


class _Interpolate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, attributes, barycentrics, faces, face):
        from sds3d.kernels import interpolate_numba

        inputs = [v.detach().contiguous() for v in (attributes, barycentrics, faces, face)]
        out = barycentrics.new_zeros(*face.shape, attributes.shape[-1])
        bands = bands_of(len(face))
        arrays = (*(v.numpy() for v in inputs), bands, out.numpy())
        parallel_for(interpolate_numba.forward, len(face) * bands, *arrays)
        ctx.save_for_backward(*inputs)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, *grad_outputs):  # pyright: ignore[reportIncompatibleMethodOverride] once_differentiable makes ctx positional
        from sds3d.kernels import interpolate_numba

        inputs = [v.numpy() for v in ctx.saved_tensors]
        attributes, barycentrics, _, face = inputs
        bands = bands_of(len(face))
        jobs = len(face) * bands
        g_attributes = np.zeros((jobs, *attributes.shape[1:]), attributes.dtype)
        g_barycentrics = np.zeros_like(barycentrics)
        g_out = grad_outputs[0].contiguous().numpy()
        arrays = (*inputs, bands, g_out, g_attributes, g_barycentrics)
        parallel_for(interpolate_numba.backward, jobs, *arrays)
        g_attributes = torch.from_numpy(g_attributes).unflatten(0, (len(attributes), -1)).sum(1)
        return g_attributes, torch.from_numpy(g_barycentrics), None, None


def screen_derivatives(
    attributes: Tensor, faces: Tensor, screen: Tensor, screen_faces: Tensor, face: Tensor
) -> Tensor:
    """How the attributes change from pixel to pixel, (B, H, W, C, 2): along x and along y, 1/px.

    d l_i / dx = (d q_i / dx - l_i sum_j d q_j / dx) / sum_j q_j,  q_i = b_i / z_i, within the pixel's face.

    attributes: (V, C), with the corners `faces` (F, 3).  screen: (B, V', 3), with the corners `screen_faces`
    (F, 3).  face: (B, H, W).  Without gradients.  Runs on the CPU; the result goes to the device of `screen`.
    """
    from sds3d.kernels import interpolate_numba

    inputs = (attributes.detach(), faces.int(), screen.detach(), screen_faces.int(), face)
    arrays = [v.cpu().contiguous().numpy() for v in inputs]
    bands = bands_of(len(face))
    out = np.zeros((*face.shape, attributes.shape[-1], 2), arrays[0].dtype)
    parallel_for(interpolate_numba.derivatives, len(face) * bands, *arrays, bands, out)
    return torch.from_numpy(out).to(screen.device)
