"""Images of a run: a preview and a turntable at its end, and progress images during optimisation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from sds3d.loops.clock import Clock
from sds3d.mesh import pictures
from sds3d.mesh.mesh import Mesh
from sds3d.runs.job import Job
from sds3d.scenes.scene import Scene
from sds3d.views.cameras import Cameras, orbit

PREVIEW_VIEWS, TURNTABLE_VIEWS = 8, 72
FRAMES_PER_SECOND = 24
GREY = 0.5
PROGRESS_VIEWS, PROGRESS_SIZE = 4, 96
SHARE = 0.02  # of the time that progress images may take
EARLIEST = 5.0  # seconds until the first of them


def show(
    scene: Scene, meshes: Sequence[Mesh], path: Path, job: Job, clock: Clock
) -> dict[str, Path]:
    """preview.png and turntable.mp4 of each particle: preview-1.png, ... after the first."""
    made = {}
    for number, (particle, mesh) in enumerate(zip(scene.particles, meshes, strict=True)):
        suffix = f"-{number}" if number else ""
        preview = path / f"preview{suffix}.png"
        turntable = path / f"turntable{suffix}.mp4"
        with clock("pictures"):
            cameras = orbit(PREVIEW_VIEWS, job.preview_size)
            views = [render(particle, cameras), pictures.render_mesh(mesh, cameras)]
            pictures.preview(np.concatenate(views), preview)
            frames = pictures.render_mesh(mesh, orbit(TURNTABLE_VIEWS, job.turntable_size))
            pictures.turntable(frames, turntable, FRAMES_PER_SECOND)
        made[f"preview{suffix}"] = preview
        made[f"turntable{suffix}"] = turntable
    return made


@torch.no_grad()
def render(scene: Scene, cameras: Cameras) -> np.ndarray:
    """The scene as the prior sees it, over grey, (B, H, W, 3) uint8."""
    device = next(scene.parameters()).device
    grey = torch.full((1, 3), GREY, device=device)
    views = [scene.render(cameras[i : i + 1].to(device), grey).rgb for i in range(len(cameras))]
    return (torch.cat(views).clamp(0, 1) * 255).round().byte().cpu().numpy()


@dataclass
class ProgressPicture:
    """Writes progress images of a scene while it is optimised, from four sides, now and then.

    All of them together take at most SHARE of the time since the start.  Rendering without a generator
    draws no random numbers, so the run is the same with and without them.
    """

    path: Path
    now: Callable[[], float] = time.monotonic
    spent: float = 0.0
    last: float = 0.0  # seconds that the last one took
    start: float = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.now()

    def due(self) -> bool:
        """Whether one more, as expensive as the last, is within the share."""
        elapsed = self.now() - self.start
        return elapsed >= EARLIEST and self.spent + self.last <= SHARE * elapsed

    def update(self, scene: Scene) -> None:
        """Draws the scene's first particle if that is due."""
        if not self.due():
            return
        began = self.now()
        views = render(scene.particles[0], orbit(PROGRESS_VIEWS, PROGRESS_SIZE))
        pictures.preview(views, self.path, columns=PROGRESS_VIEWS)
        self.last = self.now() - began
        self.spent += self.last
