"""Several scenes in one run: samples of a distribution over objects, instead of one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from sds3d.scenes.render import Render
from sds3d.scenes.scene import Scene, Shadable
from sds3d.views.cameras import Cameras
from sds3d.views.shading import Shading

if TYPE_CHECKING:
    from sds3d.mesh.mesh import Mesh


class Particles(Scene):
    """K scenes of one kind that share a student.  Each training step draws one, renders it and moves it.

    Without `rng` the first is rendered.  As in the authors' code one particle moves per step, so K particles
    share the steps of the run.
    Source: Wang et al. 2023, ProlificDreamer, https://arxiv.org/abs/2305.16213, algorithm 1.
    """

    drawn: int  # index of the scene that was rendered last

    def __init__(self, scenes: Sequence[Scene]) -> None:
        super().__init__()
        self.scenes = nn.ModuleList(scenes)
        self.drawn = 0

    @property
    def particles(self) -> list[Scene]:
        return [cast(Scene, scene) for scene in self.scenes]

    def render(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator | None = None
    ) -> Render:
        return self._draw(rng).render(cameras, background, rng)

    def render_shaded(
        self,
        cameras: Cameras,
        background: Tensor,
        rng: torch.Generator | None,
        shading: Shading | None,
        *,
        normals: bool,
    ) -> Render:
        """As `render`, where the scenes are `Shadable`."""
        drawn = self._draw(rng)
        if not isinstance(drawn, Shadable):
            raise TypeError(f"{type(drawn).__name__} cannot be shaded")
        return drawn.render_shaded(cameras, background, rng, shading, normals=normals)

    def _draw(self, rng: torch.Generator | None) -> Scene:
        self.drawn = int(torch.randint(len(self.scenes), (), generator=rng)) if rng else 0
        return self.particles[self.drawn]

    def param_groups(self, lr: Mapping[str, float]) -> list[dict]:
        """The groups of every particle, one particle after the other."""
        return [group for scene in self.particles for group in scene.param_groups(lr)]

    def regularizers(self, render: Render) -> dict[str, Tensor]:
        """The penalties of the particle that was rendered."""
        return self.particles[self.drawn].regularizers(render)

    def after_step(self, step: int, optimizer: torch.optim.Optimizer, rng: torch.Generator) -> None:
        """Passed on to the particle that was rendered."""
        self.particles[self.drawn].after_step(step, optimizer, rng)

    def to_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """The first particle's mesh; export asks each of `particles` for its own."""
        first = self.particles[0]
        return first.to_asset(resolution=resolution, texture_size=texture_size, faces=faces)
