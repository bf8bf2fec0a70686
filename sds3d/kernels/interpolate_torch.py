"""The interpolation in torch: the fallback on CUDA."""

from __future__ import annotations

from torch import Tensor

from sds3d.kernels.fragments import Fragments
from sds3d.kernels.fragments_torch import corners


def interpolate(attributes: Tensor, faces: Tensor, fragments: Fragments) -> Tensor:
    """sum_i l_i a_i, (B, H, W, C); the arguments as in `interpolate.interpolate`."""
    a = corners(attributes, faces, fragments.face)
    return (fragments.barycentrics[..., None] * a).sum(-2)
