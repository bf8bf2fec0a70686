"""A learned background: what a ray sees that meets nothing, by its direction alone."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sds3d.kernels.harmonics import SH_0, basis
from sds3d.views.cameras import Cameras

WIDTH = 16  # units of both hidden layers, threestudio's neural environment map
DEGREE = 2  # of the harmonics; threestudio's "degree 3" counts from 1


class Backdrop(nn.Module):
    """A small network from spherical harmonics of a direction to a colour: an environment infinitely far away.

    It takes on the colours around the object, so that the object need not.  It is not exported.
    Source: Poole et al. 2022 (DreamFusion), https://arxiv.org/abs/2209.14988, section 3.1,
    with the network of threestudio (neural-environment-map-background): two hidden layers, without biases.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear((DEGREE + 1) ** 2, WIDTH, bias=False)
        self.second = nn.Linear(WIDTH, WIDTH, bias=False)
        self.last = nn.Linear(WIDTH, 3, bias=False)

    def forward(self, direction: Tensor) -> Tensor:
        """Colours (..., 3) in [0, 1] in the directions (..., 3), unit length."""
        constant = torch.full_like(direction[..., :1], SH_0)
        hidden = F.relu(self.first(torch.cat([constant, basis(direction, DEGREE)], -1)))
        return torch.sigmoid(self.last(F.relu(self.second(hidden))))

    def render(self, cameras: Cameras) -> Tensor:
        """What the cameras see of it, (B, H, W, 3) in [0, 1]."""
        return self(cameras.rays()[1])
