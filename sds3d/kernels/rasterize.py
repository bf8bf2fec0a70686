"""Triangles to pictures, without gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sds3d.kernels.textures import Skin
from sds3d.kernels.threads import bands_of, parallel_for
from sds3d.views.cameras import Cameras

Plain = tuple[np.ndarray, np.ndarray, np.ndarray]  # vertices, faces, colors
Drawable = Plain | tuple[np.ndarray, np.ndarray, np.ndarray, Skin | None]


def project(vertices: Tensor, cameras: Cameras) -> Tensor:
    """Screen positions (B, V, 3) of vertices (V, 3): x and y in pixels, z along the camera's axis."""
    w2c = cameras.w2c
    point = torch.einsum("bij,vj->bvi", w2c[:, :3, :3], vertices) + w2c[:, None, :3, 3]
    flat = torch.einsum("bij,bvj->bvi", cameras.K, point / point[..., 2:])
    return torch.cat([flat[..., :2], point[..., 2:]], -1)


def rasterize(
    screen: Tensor,
    faces: Tensor,
    attributes: Tensor,
    height: int,
    width: int,
    *,
    closed: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """(values (B, H, W, C), face (B, H, W) int32, depth (B, H, W)) of the nearest triangles.

    values = sum l_i a_i,  l_i = (b_i / z_i) / sum_j (b_j / z_j),  depth = 1 / sum_j (b_j / z_j),
    with b the barycentrics on the screen.  Where nothing is seen: 0, -1, 0.

    screen: (B, V, 3) x px, y px, z > 0; faces with a corner at z <= 1e-3 are not drawn.  faces: (F, 3).
    attributes: (V, C) or (B, V, C).  Pixel (i, j) is sampled at (j + 0.5, i + 0.5).  For pictures: without
    gradients, in double precision until the result.  closed: a sample on any edge of a face is in it; otherwise
    only on a left or level top one, so that faces side by side share no sample.
    Runs on the CPU; results go to the device of `screen`.
    """
    from sds3d.kernels import rasterize_numba as kernels

    device = screen.device
    batch = len(screen)
    bands = bands_of(batch)
    screen = screen.detach().cpu().contiguous()
    attributes = attributes.expand(batch, *attributes.shape[-2:]).detach()
    attributes = attributes.to("cpu", screen.dtype).contiguous()
    face = np.full((batch, height, width), -1, np.int32)
    depth = screen.new_zeros(batch, height, width)
    values = screen.new_zeros(batch, height, width, attributes.shape[2])
    s, f, a = (v.numpy() for v in (screen, faces.cpu().int().contiguous(), attributes))
    parallel_for(kernels.visibility, batch * bands, s, f, bands, closed, face, depth.numpy())
    parallel_for(kernels.interpolate, batch, s, f, a, face, values.numpy())
    return values.to(device), torch.from_numpy(face).to(device), depth.to(device)


def render_models(
    models: Sequence[Drawable],
    cameras: Cameras,
    *,
    supersample: int = 2,
    closed: Sequence[bool] | None = None,
) -> tuple[Tensor, Tensor]:
    """(rgb (M, B, H, W, 3) premultiplied, alpha (M, B, H, W)) of M models, without gradients.

    models: (vertices (V, 3), faces (F, 3), colors (V, 3)) each, and its skin if its faces have textures, which
    are sampled at every sample of a pixel.  closed: the models whose back faces need not be drawn; none if not
    given, and none with a skin.  Averages supersample^2 samples a pixel.
    """
    out = np.zeros((len(models), len(cameras), cameras.height, cameras.width, 4), np.float32)
    flags = [False] * len(models) if closed is None else closed
    skins = [m[3] if len(m) > 3 else None for m in models]
    plain = [n for n, skin in enumerate(skins) if skin is None]
    if plain:
        target = (
            out if len(plain) == len(models) else np.zeros((len(plain), *out.shape[1:]), np.float32)
        )
        _draw_plain(
            [models[n][:3] for n in plain], [flags[n] for n in plain], cameras, supersample, target
        )
        if target is not out:
            out[plain] = target
    for n, skin in enumerate(skins):
        if skin is not None:
            vertices, faces, colors = models[n][:3]
            normals = np.zeros_like(vertices)
            seen = draw_skinned(vertices, faces, normals, colors, skin, cameras, supersample)
            out[n] = seen[..., :4]
    image = torch.from_numpy(out)
    return image[..., :3], image[..., 3]


def _draw_plain(
    models: Sequence[Plain],
    closed: Sequence[bool],
    cameras: Cameras,
    supersample: int,
    out: np.ndarray,
) -> None:
    """Draws models without textures to `out` (M, B, H, W, 4), all in one pass."""
    from sds3d.kernels import rasterize_numba as kernels

    vertices, faces, colors = (
        np.concatenate([m[part] for m in models]).astype(kind)
        for part, kind in enumerate((np.float32, np.int32, np.float32))
    )
    v_offset, f_offset = (
        np.cumsum([0, *(len(m[part]) for m in models)]).astype(np.int64) for part in (0, 1)
    )
    w2c, K = (np.ascontiguousarray(v.cpu().numpy(), np.float32) for v in (cameras.w2c, cameras.K))
    flags = np.array(closed)
    arrays = (vertices, faces, colors, v_offset, f_offset, flags, w2c, K, supersample, out)
    parallel_for(kernels.draw, len(models) * len(cameras), *arrays)


def draw_skinned(
    vertices: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray,
    colors: np.ndarray,
    skin: Skin,
    cameras: Cameras,
    supersample: int,
) -> np.ndarray:
    """(B, H, W, 8) of a textured mesh: premultiplied colour, coverage, sum of normals, depth times coverage.

    vertices, normals, colors: (V, 3); faces (F, 3).  Normals are unit and turned to the camera.
    """
    from sds3d.kernels import textured_numba as kernels

    pool = skin.pool
    cutout = (skin.texture >= 0) & pool.holes[skin.texture]
    out = np.zeros((len(cameras), cameras.height, cameras.width, 8), np.float32)
    w2c, K = (np.ascontiguousarray(v.cpu().numpy(), np.float64) for v in (cameras.w2c, cameras.K))
    floats = (np.ascontiguousarray(x, np.float32) for x in (normals, colors, skin.uv, skin.tint))
    parallel_for(
        kernels.draw,
        len(cameras),
        np.ascontiguousarray(vertices, np.float32),
        np.ascontiguousarray(faces, np.int32),
        *floats,
        np.ascontiguousarray(skin.texture, np.int32),
        cutout,
        pool.texels,
        pool.places,
        pool.modes,
        w2c,
        K,
        supersample,
        out,
    )
    return out
