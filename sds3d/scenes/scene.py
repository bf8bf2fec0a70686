"""3D scenes that can be rendered and optimised. `Scene` is the one abstract class; its children are final."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from sds3d.scenes.render import Render
from sds3d.views.cameras import Cameras

if TYPE_CHECKING:
    from sds3d.mesh.mesh import Mesh


class Scene(nn.Module, abc.ABC):
    """A differentiable 3D object in the unit ball, y up, front +Z.

    GROUPS: the names of its parameter groups, the keys of a recipe's [lr].  PENALTIES: the names of
    its regularizers, the keys of [regularizers].  Recipes are checked against them before a scene is
    built.
    """

    GROUPS: ClassVar[tuple[str, ...]] = ()
    PENALTIES: ClassVar[tuple[str, ...]] = ()

    @property
    def particles(self) -> list[Scene]:
        """The objects that this scene holds: itself, or several."""
        return [self]

    @abc.abstractmethod
    def render(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator | None = None
    ) -> Render:
        """The B images of `cameras` over `background` (B, 3).  With `rng`, samples are jittered along
        the rays (training); without it the render is deterministic."""

    @abc.abstractmethod
    def param_groups(self, lr: Mapping[str, float]) -> list[dict]:
        """Adam parameter groups; `lr` maps this scene's group names to learning rates."""

    @abc.abstractmethod
    def to_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """A textured mesh: isosurface on a `resolution`^3 grid, at most `faces` triangles."""

    def own_files(self) -> dict[str, bytes]:
        """Files beside the mesh that only this kind of scene has, by name."""
        return {}

    def regularizers(self, render: Render) -> dict[str, Tensor]:
        """Scalar penalties by name; the recipe weighs them."""
        del render
        return {}

    def after_step(self, step: int, optimizer: torch.optim.Optimizer, rng: torch.Generator) -> None:
        """Densify, prune, refresh the occupancy; called after each optimiser step."""
        del step, optimizer, rng
