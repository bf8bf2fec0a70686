"""A texture from pictures of an object: what they show of each texel, corrected until renders agree."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from scipy.spatial import KDTree
from torch import Tensor

from sds3d.kernels.fragments import fragments
from sds3d.kernels.interpolate import interpolate, screen_derivatives
from sds3d.kernels.rasterize import project, rasterize
from sds3d.kernels.sample_texture import sample_texture
from sds3d.kernels.textures import CLAMP
from sds3d.mesh.bake import fill, texel_faces
from sds3d.mesh.mesh import Mesh
from sds3d.views.cameras import Cameras

ROUNDS = 4
LEAST_COSINE = 0.2  # between normal and view: what is seen more obliquely says little about a texel
SHARPNESS = 4  # power of that cosine: the picture that looks straight at a texel decides
JUMP = 0.05  # world units: neighbouring pixels that differ more in depth see different parts
MARGIN = 0.02  # world units by which a texel may lie behind the nearest surface of its pixel
OPAQUE = 0.95  # alpha from which a pixel shows the object alone
SOURCES = 4000  # seen texels that unseen ones take their colours from, about
NEIGHBOURS = 8  # of these, averaged for each


@dataclass(frozen=True)
class Pictures:
    """B pictures of one object, on the CPU: rgb (B, H, W, 3) sRGB, premultiplied, and alpha (B, H, W)."""

    cameras: Cameras
    rgb: Tensor
    alpha: Tensor


@dataclass(frozen=True)
class Samples:
    """N pixels that show a mesh: uv (N, 2), its derivatives (N, 2, 2) per pixel, color (N, 3) sRGB."""

    uv: Tensor
    derivatives: Tensor
    color: Tensor


def fit_texture(mesh: Mesh, pictures: Pictures, *, texture_size: int) -> Mesh:
    """The mesh with a base colour of `texture_size`^2 px, so that its renders are the pictures.

    A texel begins with what the pictures that see it show, `back_projected`; then the texture is `corrected`.
    Texels that no picture sees have the mean colour of the nearest of those that one sees.
    mesh: with texture coordinates and normals; ExportError without.
    """
    points, normals, face = texel_faces(mesh, texture_size)
    inside = face >= 0
    color, weight = back_projected(mesh, points, normals, pictures)
    known = weight > 0
    if known.any() and not known.all():
        sources = np.flatnonzero(known)[:: max(1, int(known.sum()) // SOURCES)]
        wanted = points[~known]
        _, nearest = KDTree(points[sources]).query(wanted, min(NEIGHBOURS, len(sources)))
        color[~known] = color[sources][np.asarray(nearest).reshape(len(wanted), -1)].mean(1)
    texture = np.zeros((texture_size, texture_size, 3), np.float32)
    texture[inside] = color
    begun = torch.from_numpy(fill(texture, inside))
    texture[inside] = corrected(begun, samples(mesh, pictures)).numpy()[inside]
    base_color = np.rint(fill(texture, inside).clip(0, 1) * 255).astype(np.uint8)
    return replace(mesh, base_color=base_color)


def back_projected(
    mesh: Mesh, points: np.ndarray, normals: np.ndarray, pictures: Pictures
) -> tuple[np.ndarray, np.ndarray]:
    """(colors (N, 3) sRGB, weights (N,)) of points (N, 3) of the surface with unit normals (N, 3).

    The mean of the pictures, weighed by cos^SHARPNESS of the angle between normal and view, where the point is
    the nearest surface of its pixel, away from silhouettes.  The weight is the sum, 0 where no picture sees it.
    """
    at, normal = torch.from_numpy(points), torch.from_numpy(normals)
    color = torch.zeros(len(at), 3)
    weight = torch.zeros(len(at), 1)
    for view in range(len(pictures.cameras)):
        camera = pictures.cameras[view : view + 1]
        depth = _depth(mesh, camera)
        alpha = pictures.alpha[view]
        layers = [
            _straight(pictures.rgb[view], alpha),
            _pure(depth, alpha)[..., None],
            depth[..., None],
        ]
        image = torch.cat(layers, -1).permute(2, 0, 1)[None]
        cosine = (F.normalize(camera.position - at, dim=1) * normal).sum(1)
        rows = (cosine > LEAST_COSINE).nonzero()[:, 0]
        x, y, z = project(at[rows], camera)[0].unbind(-1)
        grid = torch.stack([2 * x / camera.width - 1, 2 * y / camera.height - 1], -1)[None, None]
        value = F.grid_sample(image, grid, align_corners=False)[0, :, 0].T
        seen = (value[:, 3] > 0.999) & (z < value[:, 4] + MARGIN)  # all four pixels around are pure
        rows = rows[seen]
        share = cosine[rows, None] ** SHARPNESS
        color[rows] += share * value[seen, :3]
        weight[rows] += share
    return (color / weight.clamp_min(1e-12)).numpy(), weight[:, 0].numpy()


def corrected(texture: Tensor, seen: Samples) -> Tensor:
    """The texture (S, S, 3) after ROUNDS of  x <- x + A^T (b - A x) / (A^T 1).

    A looks the texture up where the pixels see it, at the mip level of the pixel, and b are their colours.  The
    rows of A sum to 1, so that the iteration lowers |A x - b| and stays near its start: SIRT.
    Source: Gilbert 1972, https://doi.org/10.1016/0022-5193(72)90180-4.
    """
    with torch.enable_grad():
        x = texture.clone().requires_grad_()
        looked = _look_up(x, seen)
        (reached,) = torch.autograd.grad(looked, x, torch.ones_like(looked))
        for _ in range(ROUNDS):
            looked = _look_up(x, seen)
            (step,) = torch.autograd.grad(looked, x, seen.color - looked.detach())
            x = (x.detach() + step / reached.clamp_min(1e-6)).requires_grad_()
    return x.detach()


def _look_up(texture: Tensor, seen: Samples) -> Tensor:
    return sample_texture(texture, seen.uv, seen.derivatives, wrap=(CLAMP, CLAMP))


def samples(mesh: Mesh, pictures: Pictures) -> Samples:
    """The pixels of the pictures that show one part of the mesh, and nothing beside it."""
    assert mesh.uv is not None  # checked by `texel_faces`
    vertices, faces = torch.from_numpy(mesh.vertices), torch.from_numpy(mesh.faces)
    uv = torch.from_numpy(mesh.uv)
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    for view in range(len(pictures.cameras)):
        camera = pictures.cameras[view : view + 1]
        screen = project(vertices, camera)
        seen = fragments(screen, faces, camera.height, camera.width)
        pure = _pure(seen.depth[0], pictures.alpha[view]) > 0
        at = interpolate(uv, faces, seen)[0]
        slope = screen_derivatives(uv, faces, screen, faces, seen.face)[0]
        straight = _straight(pictures.rgb[view], pictures.alpha[view])
        parts.append((at[pure], slope[pure], straight[pure]))
    at, slope, color = (torch.cat(column) for column in zip(*parts, strict=True))
    return Samples(at, slope, color)


def _depth(mesh: Mesh, camera: Cameras) -> Tensor:
    vertices = torch.from_numpy(mesh.vertices)
    nothing = vertices.new_zeros(len(vertices), 1)  # no attribute is interpolated
    faces = torch.from_numpy(mesh.faces)
    screen = project(vertices, camera)
    return rasterize(screen, faces, nothing, camera.height, camera.width)[2][0]


def _pure(depth: Tensor, alpha: Tensor) -> Tensor:
    """1 for pixels (H, W) that show one surface and nothing beside it, as their neighbours do; else 0."""
    far = torch.where(depth > 0, depth, torch.inf)
    planes = torch.stack([far, -far, -alpha])[None]
    farthest, nearest, thinnest = F.max_pool2d(planes, 3, 1, 1)[0]
    return ((farthest + nearest < JUMP) & (-thinnest > OPAQUE)).to(depth.dtype)


def _straight(rgb: Tensor, alpha: Tensor) -> Tensor:
    """Colours (H, W, 3) of premultiplied ones."""
    return (rgb / alpha.clamp_min(1e-3)[..., None]).clamp(0, 1)
