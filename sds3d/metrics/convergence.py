"""Which member of the exact prior a run converged to, and how closely."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sds3d.kernels.rasterize import project, rasterize
from sds3d.library.kit.model import Model
from sds3d.mesh.mesh import Mesh
from sds3d.metrics.geometry import chamfer, diagonal, silhouette_iou
from sds3d.priors.exact.prior import render
from sds3d.scenes.scene import Scene
from sds3d.views.cameras import Cameras, orbit

GREY = 0.5


def convergence(scene: Scene, models: Sequence[Model], mesh: Mesh) -> dict[str, float]:
    """Scores of a scene and its exported mesh against the member that its views are nearest to.

    models: the members of the exact prior that the prompt selects.  Returns
    member: the index of the nearest; members: their number; iou: of silhouettes in 12 views of the scene;
    chamfer_percent: between the visible points of both meshes, in percent of the member's diagonal;
    psnr: of the same 12 views, dB.
    """
    cameras = orbit(12, 96, elevation_deg=20).rotated(7)
    background = torch.full((len(cameras), 3), GREY)
    with torch.no_grad():
        ours = scene.render(cameras, background)
    images = render(models, cameras, background, 2).permute(1, 0, 3, 4, 2)
    error = (images - ours.rgb).square().mean((1, 2, 3, 4))
    member = models[int(error.argmin())]
    points = visible_points(mesh.vertices, mesh.faces)
    reference = visible_points(member.vertices, member.faces)
    alpha = coverage(member.vertices, member.faces, cameras)
    return {
        "member": int(error.argmin()),
        "members": len(models),
        "iou": silhouette_iou(ours.alpha.numpy(), alpha.numpy()),
        "chamfer_percent": 100 * chamfer(points, reference) / diagonal(member.vertices),
        "psnr": float(-10 * error.min().log10()),
    }


def coverage(vertices: np.ndarray, faces: np.ndarray, cameras: Cameras) -> Tensor:
    """1 where a mesh is visible, (B, H, W)."""
    return (_depth(vertices, faces, cameras) > 0).float()


def visible_points(vertices: np.ndarray, faces: np.ndarray, size: int = 64) -> np.ndarray:
    """The surface points that 24 cameras, above and below, see: one per pixel, (N, 3).

    Inner walls between the parts of a solid are left out, since no image shows them.
    """
    rings = [orbit(8, size, elevation_deg=elevation) for elevation in (-30, 15, 55)]
    points = []
    for cameras in rings:
        depth = _depth(vertices, faces, cameras)
        origin, direction = cameras.rays()
        cosine = torch.einsum("bhwi,bi->bhw", direction, cameras.c2w[:, :3, 2])
        points.append((origin + direction * (depth / cosine)[..., None])[depth > 0])
    return torch.cat(points).numpy()


def _depth(vertices: np.ndarray, faces: np.ndarray, cameras: Cameras) -> Tensor:
    points = torch.as_tensor(np.asarray(vertices, np.float32))
    screen = project(points, cameras)
    return rasterize(
        screen, torch.as_tensor(np.asarray(faces)), points, cameras.height, cameras.width
    )[2]
