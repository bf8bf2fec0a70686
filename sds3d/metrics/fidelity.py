"""How closely one scene looks like another, or like a mesh."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from sds3d.metrics.geometry import silhouette_iou
from sds3d.scenes.render import Render
from sds3d.views.cameras import Cameras, orbit

GREY = 0.5
VIEWS, SIZE = 12, 96
ELEVATION_DEG, TURN_DEG = 20, 7


class Seen(Protocol):
    """What can be rendered."""

    def render(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator | None = None
    ) -> Render:
        """As `Scene.render`."""
        ...


@torch.no_grad()
def fidelity(ours: Seen, theirs: Seen, device: torch.device) -> dict[str, float]:
    """Scores over 12 views at 20 degrees of elevation, 96 px a side, over grey.

    psnr: dB, of all pixels.  psnr_object: dB, of the pixels that either covers by at least one half.
    iou: of the silhouettes.
    """
    cameras = orbit(VIEWS, SIZE, elevation_deg=ELEVATION_DEG).rotated(TURN_DEG).to(device)
    background = torch.full((VIEWS, 3), GREY, device=device)
    a, b = ours.render(cameras, background), theirs.render(cameras, background)
    square = (a.rgb - b.rgb).square()
    covered = (a.alpha > 0.5) | (b.alpha > 0.5)
    return {
        "psnr": _decibels(square),
        "psnr_object": _decibels(square[covered]),
        "iou": silhouette_iou(a.alpha.cpu().numpy(), b.alpha.cpu().numpy()),
    }


def scored(scores: Mapping[str, float]) -> str:
    """The scores of `fidelity` in one line."""
    return (
        f"beside its source: PSNR {scores['psnr']:.1f} dB ({scores['psnr_object']:.1f} dB on the object), "
        f"silhouette IoU {scores['iou']:.3f}"
    )


def _decibels(square: Tensor) -> float:
    """-10 log10 of the mean, of images in [0, 1]; 100 where nothing, or next to nothing, differs."""
    mean = square.double().mean().item() if square.numel() else 0.0
    return min(100.0, -10 * math.log10(max(mean, 1e-10)))
