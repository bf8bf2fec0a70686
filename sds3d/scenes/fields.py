"""Density and colour at points of the unit ball."""

from __future__ import annotations

import abc

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sds3d.kernels.hash_encode import hash_encode
from sds3d.kernels.plane_encode import plane_encode


class Field(nn.Module, abc.ABC):
    """features(x) -> one hidden layer of `width` -> density and colour.

    density = density_scale softplus(raw + blob_density (1 - |x| / blob_radius)),  rgb = sigmoid(raw_rgb)

    The bias in the density makes the object grow out of a soft ball.
    features: number of features.  blob_radius: world units.  density_scale: 1/world unit.
    Source: Lin et al. 2023 (Magic3D), https://arxiv.org/abs/2211.10440; the values are threestudio's.
    """

    def __init__(
        self,
        features: int,
        width: int,
        *,
        blob_density: float,
        blob_radius: float,
        density_scale: float,
    ) -> None:
        super().__init__()
        self.blob_density = blob_density
        self.blob_radius = blob_radius
        self.density_scale = density_scale
        self.hidden = nn.Linear(features, width)
        self.head = nn.Linear(width, 4)
        nn.init.zeros_(self.head.bias)

    @abc.abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Features (N, C) of points (N, 3) in [-1, 1]^3."""

    @abc.abstractmethod
    def groups(self) -> dict[str, list[nn.Parameter]]:
        """All parameters, by the name of the learning rate that they share."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """density (N,) in 1/world unit and rgb (N, 3) in [0, 1] at x (N, 3)."""
        raw = self.head(F.relu(self.hidden(self.encode(x)), inplace=True))
        return self._density(raw, x), torch.sigmoid(raw[:, 1:])

    def density(self, x: Tensor) -> Tensor:
        """density (N,) in 1/world unit at x (N, 3), without the cost of the colour."""
        hidden = F.relu(self.hidden(self.encode(x)), inplace=True)
        return self._density(F.linear(hidden, self.head.weight[:1], self.head.bias[:1]), x)

    def _density(self, raw: Tensor, x: Tensor) -> Tensor:
        blob = self.blob_density * (1 - x.norm(dim=-1) / self.blob_radius)
        return self.density_scale * F.softplus(raw[:, 0] + blob)


class HashField(Field):
    """A field on a multi-resolution hash grid.

    Level l has round(base_resolution (max_resolution / base_resolution)^(l / (levels - 1))) cells per side and
    a table of 2^log2_table rows of `features` values.
    Source: Müller et al. 2022, https://arxiv.org/abs/2201.05989.
    """

    resolutions: Tensor

    def __init__(
        self,
        *,
        levels: int,
        features: int,
        log2_table: int,
        base_resolution: int,
        max_resolution: int,
        width: int,
        blob_density: float,
        blob_radius: float,
        density_scale: float,
    ) -> None:
        super().__init__(
            levels * features,
            width,
            blob_density=blob_density,
            blob_radius=blob_radius,
            density_scale=density_scale,
        )
        growth = torch.arange(levels) / max(levels - 1, 1)
        resolutions = base_resolution * (max_resolution / base_resolution) ** growth
        self.register_buffer("resolutions", resolutions.round().int())
        self.table = nn.Parameter(1e-2 * (2 * torch.rand(levels, 2**log2_table, features) - 1))

    def encode(self, x: Tensor) -> Tensor:
        return hash_encode(0.5 * (x + 1), self.table, self.resolutions)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return {"table": [self.table], "mlp": [*self.hidden.parameters(), *self.head.parameters()]}


class TriplaneField(Field):
    """A field on three axis-aligned planes of plane_resolution^2 x channels features.

    Source: Chan et al. 2022, https://arxiv.org/abs/2112.07945.
    """

    def __init__(
        self,
        *,
        channels: int,
        plane_resolution: int,
        width: int,
        blob_density: float,
        blob_radius: float,
        density_scale: float,
    ) -> None:
        super().__init__(
            3 * channels,
            width,
            blob_density=blob_density,
            blob_radius=blob_radius,
            density_scale=density_scale,
        )
        shape = (3, plane_resolution, plane_resolution, channels)
        self.planes = nn.Parameter(0.1 * torch.randn(shape))

    def encode(self, x: Tensor) -> Tensor:
        return plane_encode(0.5 * (x + 1), self.planes)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return {
            "planes": [self.planes],
            "mlp": [*self.hidden.parameters(), *self.head.parameters()],
        }
