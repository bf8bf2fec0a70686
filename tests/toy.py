"""The smallest scene there is, for tests of the loop: a coloured fog, the same from every side."""

from __future__ import annotations

import torch
from torch import nn

from sds3d.scenes.render import Render, over
from sds3d.scenes.scene import Scene


class Fog(Scene):
    """One colour and one coverage for every pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.color = nn.Parameter(torch.zeros(3))
        self.cover = nn.Parameter(torch.zeros(()))

    def render(self, cameras, background, rng=None):
        shape = (len(cameras), cameras.height, cameras.width)
        alpha = self.cover.sigmoid().expand(shape)
        rgb = over(self.color.sigmoid() * alpha[..., None], alpha, background)
        return Render(rgb, alpha, torch.zeros(shape), torch.zeros(*shape, 3))

    def param_groups(self, lr):
        return [{"params": [self.color, self.cover], "lr": lr["fog"]}]

    def to_asset(self, *, resolution, texture_size, faces):
        raise AssertionError("fog has no surface")

    def regularizers(self, render):
        return {"cover": render.alpha.mean()}
