"""Density and colour at points of the unit ball."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sds3d.kernels.hash_encode import hash_encode
from sds3d.kernels.perceptron import perceptron
from sds3d.kernels.plane_encode import plane_encode


@dataclass(frozen=True, kw_only=True)
class Blob:
    """The soft ball that the object grows out of, as a bias in the density.

    density: pre-activation at the centre.  radius: where the bias is zero, world units.  scale: factor on
    softplus, 1/world unit.
    Source: Lin et al. 2023 (Magic3D), https://arxiv.org/abs/2211.10440; the values are threestudio's.
    """

    density: float
    radius: float
    scale: float

    def activate(self, raw: Tensor, x: Tensor) -> Tensor:
        """scale softplus(raw + density (1 - |x| / radius)), (N,), of the network's raw (N,) at x (N, 3)."""
        return self.scale * F.softplus(raw + self.density * (1 - x.norm(dim=-1) / self.radius))


class Field(nn.Module, abc.ABC):
    """features(x) -> one hidden layer of `width` -> density by `blob`, and rgb = sigmoid(raw_rgb).

    features: number of features.
    """

    def __init__(self, features: int, width: int, blob: Blob) -> None:
        super().__init__()
        self.blob = blob
        self.hidden = nn.Linear(features, width)
        self.head = nn.Linear(width, 4)
        nn.init.zeros_(self.head.bias)

    @abc.abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Features (N, C) of points (N, 3) in [-1, 1]^3."""

    @abc.abstractmethod
    def groups(self) -> dict[str, list[nn.Parameter]]:
        """All parameters, by the name of the learning rate that they share."""

    def network(self) -> list[nn.Parameter]:
        """The parameters behind the features."""
        return [*self.hidden.parameters(), *self.head.parameters()]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """density (N,) in 1/world unit and rgb (N, 3) in [0, 1] at x (N, 3)."""
        raw = self._raw(x, outputs=4)
        return self.blob.activate(raw[:, 0], x), torch.sigmoid(raw[:, 1:])

    def with_features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(the hidden layer before its rectifier (N, width), density (N,), rgb (N, 3)) at x (N, 3)."""
        features = self.hidden(self.encode(x))
        raw = self.head(F.relu(features))
        return features, self.blob.activate(raw[:, 0], x), torch.sigmoid(raw[:, 1:])

    def density(self, x: Tensor) -> Tensor:
        """density (N,) in 1/world unit at x (N, 3), without the cost of the colour."""
        return self.blob.activate(self._raw(x, outputs=1)[:, 0], x)

    def _raw(self, x: Tensor, *, outputs: int) -> Tensor:
        """The first `outputs` of the network's four, before their activations, (N, outputs)."""
        return perceptron(
            self.encode(x),
            self.hidden.weight,
            self.hidden.bias,
            self.head.weight[:outputs],
            self.head.bias[:outputs],
        )

    def normal(self, x: Tensor, distance: float) -> Tensor:
        """-grad density / |grad density| (N, 3) at x (N, 3), zero where the density is level.

        By central differences over points `distance` (world units) to either side along the axes: six
        densities a point.  Differentiable in the parameters, which the gradient of an encoding by a kernel
        would not be.
        """
        offsets = distance * torch.eye(3, dtype=x.dtype, device=x.device)
        ends = torch.stack([x[:, None] + offsets, x[:, None] - offsets], 1)  # (N, 2, 3, 3)
        above, below = self.density(ends.view(-1, 3)).view(-1, 2, 3).unbind(1)
        return F.normalize(below - above, dim=-1)


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
        blob: Blob,
    ) -> None:
        super().__init__(levels * features, width, blob)
        self.register_buffer("resolutions", _spaced(levels, base_resolution, max_resolution))
        self.table = nn.Parameter(1e-2 * (2 * torch.rand(levels, 2**log2_table, features) - 1))

    def encode(self, x: Tensor) -> Tensor:
        return hash_encode(0.5 * (x + 1), self.table, self.resolutions)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return {"table": [self.table], "mlp": self.network()}


class TriplaneField(Field):
    """A field on three axis-aligned planes of plane_resolution^2 x channels features.

    Source: Chan et al. 2022, https://arxiv.org/abs/2112.07945.
    """

    def __init__(self, *, channels: int, plane_resolution: int, width: int, blob: Blob) -> None:
        super().__init__(3 * channels, width, blob)
        shape = (3, plane_resolution, plane_resolution, channels)
        self.planes = nn.Parameter(0.1 * torch.randn(shape))

    def encode(self, x: Tensor) -> Tensor:
        return plane_encode(0.5 * (x + 1), self.planes)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return {"planes": [self.planes], "mlp": self.network()}


class HashNetwork(nn.Module):
    """`outputs` numbers at every point: the multi-resolution hash grid of a `HashField`, one hidden layer.

    It begins as 0 everywhere.
    """

    resolutions: Tensor

    def __init__(
        self,
        outputs: int,
        *,
        levels: int,
        features: int,
        log2_table: int,
        base_resolution: int,
        max_resolution: int,
        width: int,
    ) -> None:
        super().__init__()
        self.register_buffer("resolutions", _spaced(levels, base_resolution, max_resolution))
        self.table = nn.Parameter(1e-2 * (2 * torch.rand(levels, 2**log2_table, features) - 1))
        self.hidden = nn.Linear(levels * features, width)
        self.head = nn.Linear(width, outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def network(self) -> list[nn.Parameter]:
        """The parameters behind the features."""
        return [*self.hidden.parameters(), *self.head.parameters()]

    def forward(self, x: Tensor, outputs: int | None = None) -> Tensor:
        """All numbers, or the first `outputs` of them, (N, outputs), at x (N, 3) in [-1, 1]^3."""
        features = hash_encode(0.5 * (x + 1), self.table, self.resolutions)
        head, bias = self.head.weight[:outputs], self.head.bias[:outputs]
        return perceptron(features, self.hidden.weight, self.hidden.bias, head, bias)


def _spaced(levels: int, base_resolution: int, max_resolution: int) -> Tensor:
    """The resolutions (levels,) int32 of a hash grid, geometrically spaced."""
    growth = torch.arange(levels) / max(levels - 1, 1)
    return (base_resolution * (max_resolution / base_resolution) ** growth).round().int()
