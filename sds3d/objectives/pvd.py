"""Progressive volume distillation: one scene becomes another, of any kind.

    features   L = w_f ||F - F'||
    volume     L = w_f ||F - F'|| + w_c ||c - c'|| + w_s ||s - s'||
    pictures   L = w_rgb ||rgb - rgb'|| + the same

F, c and s = ln sigma are the features, colours and log densities of the new scene at points of rays, rgb its
renders; the primes are those of the old scene, which stays as it is, at the very same points and cameras.
||.|| is the Frobenius norm of the whole batch, not a mean.  The first two stages composite nothing, which
makes them fast.  w_f falls by a factor in every step, so that the pictures decide in the end.

Fang, Xu, Wang, Yang, Wang, Zhou 2022, One is All: Bridging the Gap Between Neural Radiance Fields
Architectures with Progressive Volume Distillation, https://arxiv.org/abs/2211.15977, and the authors' code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor

from sds3d.bounds import Bounds, Factor, Fraction

Stage = Literal["features", "volume", "pictures"]
LogDensity = Annotated[float, Bounds(-30, 30)]


@dataclass(frozen=True)
class Points:
    """A scene at N points of its rays.

    features: (N, C) before the last layers, of scenes that have them.  density: (N,) 1/world unit.
    rgb: (N, 3) in [0, 1].
    """

    features: Tensor | None
    density: Tensor
    rgb: Tensor


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """The stages of a conversion, and the weights of its losses.

    Attributes:
        rays: number of rays in a step along which points are compared.
        features_until: fraction of the run at which the stage of the features ends; scenes without common
            features do without it.
        volume_until: fraction of the run at which pictures begin to be compared.
        feature_weight: weight of the norm of the features' differences at the first step.
        feature_decay: factor on that weight in every step.
        color_weight: weight of the norm of the colours' differences.
        density_weight: weight of the norm of the differences in log density.
        image_weight: weight of the norm of the differences between renders.
        log_density_low: natural logarithm of the density, 1/world unit, up to which all count as none.
        log_density_high: the same from which all densities count as opaque.
    """

    rays: Annotated[int, Bounds(1, 1_000_000)]
    features_until: Fraction
    volume_until: Fraction
    feature_weight: Factor
    feature_decay: Fraction
    color_weight: Factor
    density_weight: Factor
    image_weight: Factor
    log_density_low: LogDensity
    log_density_high: LogDensity

    def stage(self, step: int, steps: int, *, with_features: bool = True) -> Stage:
        """The stage of a step, 0 the first of `steps`."""
        if with_features and step < round(self.features_until * steps):
            return "features"
        return "volume" if step < round(self.volume_until * steps) else "pictures"

    def point_losses(
        self, ours: Points, theirs: Points, step: int, stage: Stage
    ) -> dict[str, Tensor]:
        """The weighted losses at points by name, each a scalar.

        Colours count where the old scene has a density: elsewhere they are not seen, and may be anything.
        """
        losses = {}
        if ours.features is not None and theirs.features is not None:
            weight = self.feature_weight * self.feature_decay**step
            losses["features"] = weight * norm(ours.features - theirs.features)
        if stage == "features" and losses:
            return losses
        density = log_difference(
            ours.density, theirs.density, self.log_density_low, self.log_density_high
        )
        there = (theirs.density > math.exp(self.log_density_low)).to(ours.rgb)
        losses["color"] = self.color_weight * norm((ours.rgb - theirs.rgb) * there[:, None])
        losses["density"] = self.density_weight * norm(density)
        return losses

    def image_loss(self, ours: Tensor, theirs: Tensor) -> Tensor:
        """The weighted loss of renders (B, H, W, 3), a scalar."""
        return self.image_weight * norm(ours - theirs)


def norm(difference: Tensor) -> Tensor:
    """sqrt(sum of squares) over the whole batch, a scalar; where nothing differs, zero without a gradient."""
    square = difference.square().sum()
    return torch.where(square > 0, square.clamp_min(torch.finfo(square.dtype).tiny).sqrt(), 0.0)


def log_difference(ours: Tensor, theirs: Tensor, low: float, high: float) -> Tensor:
    """ln ours - clip(ln theirs, low, high), (N,), zero where both are below e^low or both above e^high.

    The authors clip both, which leaves no gradient where ours is outside and theirs inside.
    """
    log = ours.clamp_min(torch.finfo(ours.dtype).tiny).log()
    clipped = theirs.clamp_min(torch.finfo(theirs.dtype).tiny).log().clamp(low, high)
    same = ((clipped <= low) & (log <= low)) | ((clipped >= high) & (log >= high))
    return torch.where(same, torch.zeros_like(log), log - clipped)
