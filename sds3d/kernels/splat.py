"""3D Gaussians to images."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sds3d.kernels import splat_torch
from sds3d.kernels.backends import pick
from sds3d.kernels.harmonics import SH_0, degree_of, view_colors
from sds3d.kernels.threads import parallel_for
from sds3d.views.cameras import Cameras

DILATION = 0.3  # px^2 added to the variance on the screen, as in the original rasteriser
NEAREST = 0.05  # world units in front of the camera; nearer Gaussians are not drawn


def splat(
    means: Tensor,
    quats: Tensor,
    scales: Tensor,
    opacities: Tensor,
    colors: Tensor,
    cameras: Cameras,
    *,
    harmonics: Tensor | None = None,
    backend: str = "auto",
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(rgb (B, H, W, 3) premultiplied, alpha (B, H, W), depth (B, H, W), center (B, N, 2) px).

    rgb = sum_i T_i a_i color_i,  depth = sum_i T_i a_i z_i,  T_i = prod over j < i in depth of (1 - a_j),
    a_i = opacity_i exp(-d^T S_i^-1 d / 2),  S_i the projected covariance plus 0.3 px^2, and opacity_i scaled by
    sqrt(|S before| / |S after|) so that small Gaussians do not gain weight.

    means (N, 3) world; quats (N, 4) wxyz, any length; scales (N, 3) standard deviations, world units;
    opacities (N,) in [0, 1]; colors (N, 3).  An a below 1/255 counts as 0, above 0.999 as 0.999.  depth is
    premultiplied by alpha.  `center` is in the graph of the other results (not with gsplat): densification
    reads its gradient.  harmonics: (N, (d + 1)^2 - 1, 3), coefficients of degree 1 to d, with which colours
    depend on the cameras' positions, as in `harmonics.view_colors`.
    Source: Kerbl et al. 2023, https://arxiv.org/abs/2308.04079; the scaling: Yu et al. 2023,
    https://arxiv.org/abs/2311.16493.
    """
    name = pick(backend, means.device, cpu=("numba", "torch"), cuda=("gsplat", "torch"))
    if name == "gsplat":
        return _gsplat(means, quats, scales, opacities, colors, harmonics, cameras)
    if harmonics is not None:
        colors = view_colors(colors, harmonics, means, cameras.position)
    center, conic, z, fade = project(means, quats, scales, cameras)
    opacity = opacities * fade
    ones = torch.ones_like(z)[..., None]
    feature = torch.cat([colors.expand(len(z), *means.shape), ones, z[..., None]], -1)
    out = blend(center, conic, opacity, feature, z, (cameras.height, cameras.width), name)
    return out[..., :3], out[..., 3], out[..., 4], center


def project(
    means: Tensor, quats: Tensor, scales: Tensor, cameras: Cameras
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(center (B, N, 2) px, conic (B, N, 3) = xx, xy, yy of S^-1, z (B, N), fade (B, N)).

    S = J W R diag(scales^2) R^T W^T J^T + 0.3 I with J the derivative of the projection.  z is the distance
    along the camera's axis, 1 for Gaussians behind the camera, whose fade is 0.
    """
    W = cameras.w2c[:, :3, :3].to(means)
    point = torch.einsum("bij,nj->bni", W, means) + cameras.w2c[:, None, :3, 3].to(means)
    x, y, z = point.unbind(-1)
    visible = z > NEAREST
    z = torch.where(visible, z, torch.ones_like(z))
    fx, fy = cameras.K[:, 0, 0, None].to(means), cameras.K[:, 1, 1, None].to(means)
    center = torch.stack(
        [
            fx * x / z + cameras.K[:, 0, 2, None].to(means),
            fy * y / z + cameras.K[:, 1, 2, None].to(means),
        ],
        -1,
    )
    axes = rotations(quats) * scales[:, None, :]
    axes = torch.einsum("bij,njk->bnik", W, axes)  # in the camera's frame
    # The rows of J times the axes: the axes projected to the screen, px.
    u = (fx / z)[..., None] * (axes[:, :, 0] - (x / z)[..., None] * axes[:, :, 2])
    v = (fy / z)[..., None] * (axes[:, :, 1] - (y / z)[..., None] * axes[:, :, 2])
    xx = (u * u).sum(-1)
    xy = (u * v).sum(-1)
    yy = (v * v).sum(-1)
    before = (xx * yy - xy * xy).clamp_min(1e-12)
    xx = xx + DILATION
    yy = yy + DILATION
    after = xx * yy - xy * xy
    conic = torch.stack([yy / after, -xy / after, xx / after], -1)
    return center, conic, z, (before / after).sqrt() * visible


def rotations(quats: Tensor) -> Tensor:
    """Rotation matrices (N, 3, 3) of quaternions (N, 4) wxyz of any length."""
    w, x, y, z = (quats / quats.norm(dim=-1, keepdim=True)).unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def blend(
    center: Tensor,
    conic: Tensor,
    opacity: Tensor,
    feature: Tensor,
    z: Tensor,
    size: tuple[int, int],
    backend: str,
) -> Tensor:
    """sum_i T_i a_i feature_i at each pixel, nearest first, (B, H, W, K).

    center (B, N, 2) px, conic (B, N, 3) px^-2, opacity (B, N), feature (B, N, K), z (B, N) by which the
    Gaussians are ordered.  size: (H, W).
    """
    order = z.detach().argsort(dim=-1, stable=True)
    if backend == "torch":
        return splat_torch.rasterize(center, conic, opacity, feature, order, size)
    return _Blend.apply(center, conic, opacity, feature, order, size)


class _Blend(torch.autograd.Function):
    @staticmethod
    def forward(ctx, center, conic, opacity, feature, order, size):
        from sds3d.kernels import splat_numba

        batch = len(center)
        inputs = [v.contiguous() for v in (center, conic, opacity, feature, order)]
        out = center.new_zeros(batch, *size, feature.shape[-1])
        transmittance = center.new_ones(batch, *size)
        # At least two jobs; their number depends on the batch alone, so sums have one order on every machine.
        bands = 1 if batch > 1 else 2
        arrays = [v.detach().numpy() for v in (*inputs, out, transmittance)]
        parallel_for(splat_numba.forward, batch * bands, *arrays[:-2], bands, *arrays[-2:])
        ctx.save_for_backward(*inputs, out)
        ctx.bands = bands
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, *grad_outputs):  # pyright: ignore[reportIncompatibleMethodOverride] once_differentiable makes ctx positional
        from sds3d.kernels import splat_numba

        *inputs, out = (v.detach().numpy() for v in ctx.saved_tensors)
        batch = len(out)
        bands = ctx.bands
        transmittance = np.ones(out.shape[:3], out.dtype)
        in_front = np.zeros(out.shape[:3], out.dtype)
        grads = [np.zeros((batch * bands, *v.shape[1:]), v.dtype) for v in inputs[:4]]
        parallel_for(
            splat_numba.backward,
            batch * bands,
            *inputs,
            bands,
            out,
            grad_outputs[0].contiguous().numpy(),
            transmittance,
            in_front,
            *grads,
        )
        summed = (torch.from_numpy(g).unflatten(0, (batch, bands)).sum(1) for g in grads)
        return *summed, None, None


def _gsplat(
    means: Tensor,
    quats: Tensor,
    scales: Tensor,
    opacities: Tensor,
    colors: Tensor,
    harmonics: Tensor | None,
    cameras: Cameras,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    from gsplat import rasterization  # pyright: ignore[reportMissingImports] an optional package

    degree = None
    if harmonics is not None:  # gsplat's colour is max(0, 1/2 + sum over all degrees)
        degree = degree_of(harmonics)
        colors = torch.cat([((colors - 0.5) / SH_0)[:, None], harmonics], 1)
    out, alpha, info = rasterization(
        means,
        quats,
        scales,
        opacities,
        colors,
        cameras.w2c,
        cameras.K,
        cameras.width,
        cameras.height,
        near_plane=NEAREST,
        sh_degree=degree,
        packed=False,
        eps2d=DILATION,
        rasterize_mode="antialiased",
        render_mode="RGB+D",
    )
    return out[..., :3], alpha[..., 0], out[..., 3], info["means2d"]
