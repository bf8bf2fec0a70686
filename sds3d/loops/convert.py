"""A conversion: a new scene from one that is there, by progressive volume distillation.

Neither a prior nor noise has a part in it.  The new scene is compared with the old one at points of the rays
that a step draws first, and in pictures last (`sds3d.objectives.pvd`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sds3d.kernels.composite import march
from sds3d.loops.clock import Clock
from sds3d.loops.learner import Trainer, gradient_norm, require_finite
from sds3d.loops.seen import Seen, surface_points
from sds3d.loops.step import Event, Sampling, generator
from sds3d.objectives.pvd import Distillation, Points, Stage
from sds3d.scenes.fields import Field
from sds3d.scenes.render import Render
from sds3d.scenes.scene import Scene
from sds3d.scenes.solid import HasVolume, Volume
from sds3d.scenes.splats import SplatScene
from sds3d.scenes.volume import VolumeScene
from sds3d.views.cameras import Cameras


def begin(scene: Scene, seen: Seen, rng: torch.Generator) -> None:
    """Gives a new scene what it can take from the old one at once.

    Gaussians are placed on the surface that the views of the dome see, in its colours.  A field takes the last
    layer of a field with as many features, so that equal features are equal densities and colours.
    """
    if isinstance(scene, SplatScene):
        points, colors = surface_points(seen, scene.means.device)
        count = len(scene.means)
        chosen = torch.randperm(len(points), generator=rng)[:count]
        if len(points) < count:
            chosen = torch.randint(len(points), (count,), generator=rng)
        scene.place(points[chosen].to(scene.means), colors[chosen].to(scene.means))
    fields = common_fields(scene, seen)
    if fields:
        ours, theirs = fields
        ours.head.load_state_dict(theirs.head.state_dict())


def common_fields(scene: Scene, seen: Seen) -> tuple[Field, Field] | None:
    """(field of the new scene, field of the old one), where both have features of one width; else None."""
    if not isinstance(scene, VolumeScene) or not isinstance(seen, VolumeScene):
        return None
    ours, theirs = scene.field, seen.field
    same = ours.blob == theirs.blob and ours.head.weight.shape == theirs.head.weight.shape
    return (ours, theirs) if same else None


@dataclass(frozen=True)
class Conversion:
    """A new scene, what moves it, and the old one that it is compared with.

    steps: of the whole run.
    """

    scene: Scene
    seen: Seen
    distillation: Distillation
    sampling: Sampling
    trainer: Trainer
    steps: int
    seed: int
    clock: Clock = field(default_factory=Clock)

    def modules(self) -> dict[str, nn.Module]:
        """Everything with a state that a checkpoint holds, by name."""
        return {"scene": self.scene}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The optimizers that a checkpoint holds, by name."""
        return {"adam": self.trainer.optimizer}

    @cached_property
    def theirs(self) -> Volume | None:
        """The old scene at points; None where pictures are all that can be compared."""
        if not isinstance(self.scene, VolumeScene) or not isinstance(self.seen, HasVolume):
            return None
        return self.seen.volume()

    def stage(self, step: int) -> Stage:
        """What a step compares."""
        if self.theirs is None:
            return "pictures"
        common = common_fields(self.scene, self.seen) is not None
        return self.distillation.stage(step, self.steps, with_features=common)

    def take(self, step: int) -> Event:
        """Moves the new scene by one step.  Raises NonFiniteError where a loss or a gradient is not finite."""
        rng = generator(self.seed, step)
        cameras = self.sampling.cameras(rng, step)
        background = self.sampling.background(rng, step)
        if background is None:
            raise ValueError("a conversion has no learned background")
        stage = self.stage(step)
        losses = self._at_points(cameras, rng, step, stage)
        render = None
        if stage == "pictures":
            render, losses["image"] = self._in_pictures(cameras, background, rng)
        loss = torch.stack(list(losses.values())).sum()
        t = torch.zeros(len(cameras))
        require_finite({f"the loss '{name}'": value for name, value in losses.items()}, step, t)
        with self.clock("backward"):
            loss.backward()
            require_finite({"the scene's gradient": gradient_norm(self.scene)}, step, t)
        with self.clock("optimizer"):
            self.trainer.step(step, self.steps)
            self.scene.after_step(step, self.trainer.optimizer, rng)
        return Event(step, render, {name: value.item() for name, value in losses.items()})

    def _at_points(
        self, cameras: Cameras, rng: torch.Generator, step: int, stage: Stage
    ) -> dict[str, Tensor]:
        """The losses at points, the same for both scenes; none where they have nothing to compare there."""
        theirs = self.theirs
        if theirs is None or not isinstance(self.scene, HasVolume):
            return {}
        ours = self.scene.volume()
        with self.clock("render"):
            points = points_of_rays(ours, theirs, cameras, self.distillation.rays, rng)
            common = common_fields(self.scene, self.seen)
            here = _features_at(common[0], points) if common else Points(None, *ours.at(points))
        with self.clock("source"), torch.no_grad():
            there = _features_at(common[1], points) if common else Points(None, *theirs.at(points))
        return self.distillation.point_losses(here, there, step, stage)

    def _in_pictures(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator
    ) -> tuple[Render, Tensor]:
        """(the new scene's render, its loss).

        Both are rendered with the same random numbers, so that equal scenes differ by exactly zero.
        """
        same = torch.Generator()
        same.set_state(rng.get_state())
        with self.clock("render"):
            render = self.scene.render(cameras, background, rng)
        with self.clock("source"), torch.no_grad():
            target = self.seen.render(cameras, background, same)
        return render, self.distillation.image_loss(render.rgb, target.rgb)


def _features_at(field: Field, points: Tensor) -> Points:
    return Points(*field.with_features(points))


def points_of_rays(
    ours: Volume, theirs: Volume, cameras: Cameras, count: int, rng: torch.Generator
) -> Tensor:
    """Points (N, 3) along `count` random rays of the cameras, wherever either of two volumes is not empty.

    They are as far apart as the new volume's samples.  Rays end where the old volume is opaque: what lies
    behind is not seen.
    """
    beside = ours.floor
    if beside.shape != theirs.floor.shape:
        side = tuple(theirs.floor.shape)
        beside = F.interpolate(beside[None, None], side, mode="nearest")[0, 0]
    unknown = torch.where(beside >= 0, 0.0, -1.0)
    floor = torch.where(theirs.floor >= 0, theirs.floor, unknown)
    origins, directions = (rays.reshape(-1, 3) for rays in cameras.rays())
    chosen = torch.randint(len(origins), (count,), generator=rng).to(origins.device)
    jitter = torch.rand(count, generator=rng).to(origins)
    marched = march(floor, origins[chosen], directions[chosen], step=ours.step, jitter=jitter)
    return marched.points
