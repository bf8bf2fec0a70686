"""Several scenes that one student learns from: samples of a distribution of objects, not one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sds3d.scenes.render import Render
from sds3d.scenes.scene import Scene
from sds3d.views.cameras import Cameras

if TYPE_CHECKING:
    from sds3d.mesh.mesh import Mesh


class Particles(Scene):
    """Scenes of one kind, of which each step draws, renders and moves one; without `rng` the first is shown.

    Wang et al. 2023, ProlificDreamer, https://arxiv.org/abs/2305.16213, algorithm 1.  Like the authors' code,
    one particle a step, so that each gets its share of the steps.
    """

    def __init__(self, scenes: Sequence[Scene]) -> None:
        super().__init__()
        self.scenes, self.drawn = nn.ModuleList(scenes), 0

    @property
    def particles(self) -> list[Scene]:
        return list(self.scenes)

    def render(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator | None = None
    ) -> Render:
        self.drawn = int(torch.randint(len(self.scenes), (), generator=rng)) if rng else 0
        return self.scenes[self.drawn].render(cameras, background, rng)

    def param_groups(self, lr: Mapping[str, float]) -> list[dict]:
        """Those of every particle, one after the other."""
        return [group for scene in self.scenes for group in scene.param_groups(lr)]

    def regularizers(self, render: Render) -> dict[str, Tensor]:
        """Of the particle that was rendered."""
        return self.scenes[self.drawn].regularizers(render)

    def after_step(self, step: int, optimizer: torch.optim.Optimizer, rng: torch.Generator) -> None:
        """Of the particle that was rendered."""
        self.scenes[self.drawn].after_step(step, optimizer, rng)

    def to_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """The first particle's."""
        return self.scenes[0].to_asset(
            resolution=resolution, texture_size=texture_size, faces=faces
        )
