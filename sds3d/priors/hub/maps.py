"""The maps of a flat material that a model makes, by the channels of its decoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sds3d.errors import PriorError

LAYOUT = 8  # channels of StableMaterials that are used


@dataclass(frozen=True)
class Maps:
    """Images in [0, 1]; None for what the model does not make.

    base_color: (H, W, 3) sRGB.  normal: (H, W, 3) tangent space, (n + 1) / 2, +Y up as in OpenGL and glTF.
    height, roughness, metallic: (H, W), linear.
    """

    base_color: Tensor
    normal: Tensor | None = None
    height: Tensor | None = None
    roughness: Tensor | None = None
    metallic: Tensor | None = None

    def named(self) -> dict[str, Tensor]:
        """The maps that are there, under the names that artists and Blender's node setup know them by."""
        every = {
            "basecolor": self.base_color,
            "normal": self.normal,
            "height": self.height,
            "roughness": self.roughness,
            "metallic": self.metallic,
        }
        return {name: image for name, image in every.items() if image is not None}


NAMES = ("basecolor", "normal", "height", "roughness", "metallic")


def maps_of(signals: Tensor) -> Maps:
    """The maps of a decoder's output (C, H, W) in [-1, 1].

    3 channels are a picture, the base colour.  8 or more are StableMaterials' layout: base colour 0:3, x and y
    of the normal 3:5, height 5, roughness 6, metallic 7; the ninth that its decoder has is not used.

    Vecchio 2024, https://arxiv.org/abs/2406.09293, and the released pipeline.  Raises PriorError for other
    numbers of channels.
    """
    images = ((signals + 1) / 2).clamp(0, 1)
    if len(signals) == 3:
        return Maps(images.permute(1, 2, 0))
    if len(signals) < LAYOUT:
        raise PriorError(
            f"the model makes images of {len(signals)} channels, which no known layout has",
            "use a text-to-image model, or StableMaterials",
        )
    normal = (normals(signals[3:5]) + 1) / 2
    return Maps(images[:3].permute(1, 2, 0), normal, images[5], images[6], images[7])


def normals(xy: Tensor) -> Tensor:
    """Unit normals (H, W, 3), z >= 0, of their x and y (2, H, W); what is longer than 1 lies in the plane."""
    flat = xy.permute(1, 2, 0)
    flat = flat / flat.norm(dim=-1, keepdim=True).clamp_min(1)
    z = (1 - flat.square().sum(-1, keepdim=True)).clamp_min(0).sqrt()
    return torch.cat([flat, z], -1)
