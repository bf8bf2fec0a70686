"""The contract of a scene: a 3D object with parameters that can be rendered, optimised and exported."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from sds3d.errors import UsageError, nearest
from sds3d.scenes.render import Render
from sds3d.views.cameras import Cameras
from sds3d.views.shading import Shading

if TYPE_CHECKING:
    from sds3d.mesh.frame import Frame
    from sds3d.mesh.gaussians import Gaussians
    from sds3d.mesh.mesh import Mesh


class Scene(nn.Module, abc.ABC):
    """A differentiable 3D object.

    **Frame.** The object lies in the unit ball around the origin: y up, front +Z, world units.  Cameras are
    OpenCV's (x right, y down, z forward); see `views.cameras.Cameras`.

    **To write one**, implement `render`, `param_groups` and `to_asset`, and name what a recipe may set:
    the constructor's keyword-only parameters are the keys of the `[scene]` table, GROUPS those of `[lr]`, and
    PENALTIES those of `[regularizers]`.  A recipe is checked against them before anything is built.  Draw
    initial values from torch's default generator: it is seeded before the constructor is called.  A recipe
    names the class by its import path: `scene.name = "my_package.my_module:MyScene"`.

    **State.** Whatever an interrupted run needs is a parameter or a buffer: a checkpoint holds
    `state_dict()`, and nothing else.
    """

    GROUPS: ClassVar[tuple[str, ...]] = ()
    PENALTIES: ClassVar[tuple[str, ...]] = ()
    GROWING: ClassVar[tuple[str, ...]] = ()  # state whose first dimension changes, equally for all

    @property
    def particles(self) -> list[Scene]:
        """The objects that this scene holds: itself, or several that are optimised in one run."""
        return [self]

    @abc.abstractmethod
    def render(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator | None = None
    ) -> Render:
        """B images, differentiable in the parameters.

        cameras: B cameras, on the parameters' device.  background: (B, 3) sRGB in [0, 1].
        rng: given in training, where samples may be jittered; without it the render is deterministic.
        Image i depends on camera i and background i alone.
        """

    @abc.abstractmethod
    def param_groups(self, lr: Mapping[str, float]) -> list[dict]:
        """Parameter groups for Adam, each {"name", "params", "lr"}, every parameter in exactly one.

        "name" is one of GROUPS; without it a learning rate cannot have a schedule of its own.
        lr: group name -> learning rate.  Raises UsageError unless it names exactly GROUPS (`require_groups`).
        """

    @abc.abstractmethod
    def to_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """A mesh with texture coordinates and a texture of `texture_size`^2 px, in the scene's own frame.

        At most `faces` triangles, from a grid of `resolution`^3 points where a grid is needed.  A scene with a
        density returns `mesh.extract.extract` of a `mesh.implicit.ImplicitSurface`.  Colours are those that
        `render` shows: whoever knows the light divides it out.  Called without gradients.
        Raises ExportError where there is no surface.
        """

    def to_fitted_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """The mesh of `to_asset`, with shape and texture fitted to renders of the scene where it can do so."""
        return self.to_asset(resolution=resolution, texture_size=texture_size, faces=faces)

    def own_files(self, frame: Frame) -> dict[str, bytes]:
        """File name -> content, in the file's frame, of what this kind of scene exports besides the mesh."""
        del frame
        return {}

    def regularizers(self, render: Render) -> dict[str, Tensor]:
        """Penalties by name, each a scalar to be minimised; the recipe's `[regularizers]` weighs them."""
        del render
        return {}

    def after_step(self, step: int, optimizer: torch.optim.Optimizer, rng: torch.Generator) -> None:
        """Called after each optimiser step, 0 the first: densify, prune, update caches.

        A scene that replaces parameters replaces them in the groups and the state of `optimizer` too.
        """
        del step, optimizer, rng

    @torch.no_grad()
    def coverage_and_depth(self, cameras: Cameras) -> tuple[Tensor, Tensor]:
        """(alpha (B, H, W), depth (B, H, W)) of a render over black, on the parameters' device."""
        device = next(self.parameters()).device
        black = torch.zeros(len(cameras), 3, device=device)
        render = self.render(cameras.to(device), black)
        return render.alpha, render.depth

    def require_groups(self, lr: Mapping[str, float]) -> None:
        """Raises UsageError unless `lr` names exactly GROUPS."""
        for name in lr:
            if name not in self.GROUPS:
                raise UsageError(
                    f"lr: unknown group '{name}'{nearest(name, self.GROUPS)}",
                    f"the groups of [lr] for this scene are {', '.join(self.GROUPS)}",
                )
        for name in self.GROUPS:
            if name not in lr:
                raise UsageError(
                    f"lr: missing group '{name}'",
                    f"the groups of [lr] for this scene are {', '.join(self.GROUPS)}",
                )


@runtime_checkable
class Shadable(Protocol):
    """A scene with normals of its own, which can be lit."""

    def render_shaded(
        self,
        cameras: Cameras,
        background: Tensor,
        rng: torch.Generator | None,
        shading: Shading | None,
        *,
        normals: bool,
    ) -> Render:
        """As `Scene.render`, with `shading` (None shows the colours as they are).

        normals: also measure the normals, whatever is shown: the render's `normal` are those of the object
        itself instead of its depth's, and its `averted` is given.
        """
        ...


@runtime_checkable
class MadeOfGaussians(Protocol):
    """A scene that is made of 3D Gaussians, which files of splats can hold."""

    def gaussians(self, frame: Frame) -> Gaussians:
        """The Gaussians in the file's frame."""
        ...
