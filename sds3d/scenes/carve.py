"""Which points no view sees."""

from __future__ import annotations

import torch
from torch import Tensor

from sds3d.scenes.render import Render
from sds3d.scenes.scene import Scene
from sds3d.views.cameras import Cameras, orbit

SIZE = 128
# Around the object, from a little above and from well above: what pictures of objects show.
RINGS = ((12, 0.0), (8, 35.0), (4, 70.0))


@torch.no_grad()
def hidden(scene: Scene, points: Tensor, margin: float) -> Tensor:
    """Whether each point (N, 3) lies behind the surface in every view of a dome, (N,).

    Behind: the pixel is covered (alpha >= 1/2) and the point is farther than its depth less
    `margin` (world units; an expected depth lies a little behind the surface).  What is hidden
    from all sides is the inside of the object, or was never shown.
    """
    kept = torch.arange(len(points), device=points.device)
    for views, elevation in RINGS:
        cameras = orbit(views, SIZE, elevation_deg=elevation).to(points.device)
        render = scene.render(cameras, points.new_zeros(views, 3))
        for view in range(views):
            kept = kept[_behind(points[kept], cameras, render, view, margin)]
    out = torch.zeros(len(points), dtype=torch.bool, device=points.device)
    out[kept] = True
    return out


def _behind(points: Tensor, cameras: Cameras, render: Render, view: int, margin: float) -> Tensor:
    w2c, K = cameras.w2c[view], cameras.K[view]
    x, y, z = (points @ w2c[:3, :3].T + w2c[:3, 3]).unbind(-1)
    column = (K[0, 0] * x / z + K[0, 2]).long().clamp(0, SIZE - 1)
    row = (K[1, 1] * y / z + K[1, 2]).long().clamp(0, SIZE - 1)
    return (render.alpha[view, row, column] >= 0.5) & (z > render.depth[view, row, column] - margin)
