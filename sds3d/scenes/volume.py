"""A scene of density and colour, rendered along rays: NeRF on a hash grid, or on a triplane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sds3d.bounds import Bounds
from sds3d.errors import UsageError, nearest
from sds3d.kernels.composite import Samples, composite, march
from sds3d.scenes.carve import hidden
from sds3d.scenes.cells import Cells
from sds3d.scenes.fields import Field, HashField, TriplaneField
from sds3d.scenes.render import Render, bumpiness, normal_from_depth, over
from sds3d.scenes.scene import Scene
from sds3d.views.cameras import Cameras, orbit

if TYPE_CHECKING:
    from sds3d.mesh.mesh import Mesh

OPAQUE_ENOUGH = 1e-4  # transmittance at which a ray ends
SEEN = 1e-3  # alpha from which a depth is given
SLACK = 0.005  # of the best agreement: a lower level has fewer holes
CHUNK = 1 << 17  # points evaluated at once outside of training

NetworkWidth = Annotated[int, Bounds(1, 256)]
BlobDensity = Annotated[float, Bounds(0, 1000)]  # before softplus and density_scale
BlobRadius = Annotated[float, Bounds(0.01, 2)]  # world units
DensityScale = Annotated[float, Bounds(1e-3, 1e4)]
StepLength = Annotated[float, Bounds(0.002, 0.5)]  # world units
GridSide = Annotated[int, Bounds(4, 256, "all 256^3 cells are refreshed at once")]
RefreshInterval = Annotated[int, Bounds(1, 100_000)]  # steps
EmptyOpacity = Annotated[float, Bounds(0, 0.5)]


class VolumeScene(Scene):
    """`field` seen along rays, sampled every `step` world units where its cells are not empty.

    The `grid`^3 cells are refreshed every `refresh` steps; see `Cells` for `empty` and `decay`.
    """

    PENALTIES = ("sparsity", "opaque", "bumpy", "hollow")

    def __init__(
        self,
        field: Field,
        *,
        step: float,
        grid: int,
        refresh: int,
        empty: float,
        decay: float = 0.7,
    ) -> None:
        super().__init__()
        self.field, self.step, self.refresh = field, step, refresh
        self.cells = Cells(side=grid, step=step, empty=empty, decay=decay)
        self.cells.look(self._density)

    def render(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator | None = None
    ) -> Render:
        origins, directions = cameras.rays()
        shape = origins.shape[:3]
        jitter = None if rng is None else torch.rand(shape.numel(), generator=rng).to(origins)
        samples = march(
            self.cells.thickness,
            origins.reshape(-1, 3),
            directions.reshape(-1, 3),
            step=self.step,
            jitter=jitter,
        )
        rgb, alpha, along = self._composite(samples)
        rgb, alpha, along = rgb.view(*shape, 3), alpha.view(shape), along.view(shape)
        cosine = torch.einsum("bhwi,bi->bhw", directions, cameras.c2w[:, :3, 2])
        depth = along * cosine / alpha.clamp_min(SEEN) * (alpha > SEEN)
        normal = normal_from_depth(depth, alpha, cameras)
        return Render(over(rgb, alpha, background), alpha, depth, normal)

    def param_groups(self, lr: Mapping[str, float]) -> list[dict]:
        """Raises UsageError when `lr` does not name exactly the field's groups."""
        groups = self.field.groups()
        for name in lr.keys() ^ groups.keys():
            what = "unknown" if name in lr else "missing"
            raise UsageError(f"lr: {what} group '{name}'{nearest(name, groups)}", "see [lr]")
        return [{"params": params, "lr": lr[name]} for name, params in groups.items()]

    def regularizers(self, render: Render) -> dict[str, Tensor]:
        """sparsity = mean sqrt(alpha^2 + 0.01), opaque = mean entropy of alpha clamped to [1e-3, 1 - 1e-3],
        bumpy = how far the depth is from flat (render.bumpiness), hollow = the mean depth of what is seen: of
        surfaces that look alike it takes the nearest to the cameras, so that faces of one colour do not sink.

        Source: the first two are DreamFusion's penalties as in threestudio.
        """
        alpha = render.alpha.clamp(1e-3, 1 - 1e-3)
        return {
            "sparsity": (render.alpha.square() + 0.01).sqrt().mean(),
            "opaque": F.binary_cross_entropy(alpha, alpha),
            "bumpy": bumpiness(render.depth, render.alpha),
            "hollow": (render.alpha.detach() * render.depth).mean(),
        }

    def after_step(self, step: int, optimizer: torch.optim.Optimizer, rng: torch.Generator) -> None:
        """Brings the grid of cells up to date every `refresh` steps."""
        if (step + 1) % self.refresh == 0:
            self.cells.look(self._density, rng)

    def surface_level(self, views: int = 6, size: int = 96) -> tuple[float, float]:
        """(density of the surface, IoU): the lowest level whose silhouettes agree with alpha > 1/2 as
        well as the best one, but for SLACK.

        A pixel is inside the silhouette of a level when the density along its ray reaches it.
        """
        cameras = orbit(views, size)
        cameras = cameras.to(self.cells.peak.device)
        origins, directions = (v.reshape(-1, 3) for v in cameras.rays())
        samples = march(self.cells.thickness, origins, directions, step=0.5 * self.step)
        with torch.no_grad():
            density = self._density(samples.points)
            ray = torch.repeat_interleave(torch.arange(len(origins)), samples.offsets.diff().cpu())
            highest = density.new_zeros(len(origins))
            highest.scatter_reduce_(0, ray.to(density.device), density, "amax")
            seen = self.render(cameras, origins.new_zeros(views, 3)).alpha.flatten() > 0.5
        levels = torch.logspace(0, 2.5, 26, device=highest.device)
        inside = highest >= levels[:, None]
        iou = (inside & seen).sum(1) / (inside | seen).sum(1).clamp_min(1)
        best = int((iou >= iou.max() - SLACK).int().argmax())  # the first, that is the lowest
        return levels[best].item(), iou[best].item()

    def to_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """A textured mesh of the isosurface at `surface_level`.  Raises ExportError where there is none."""
        from sds3d.mesh.bake import textured
        from sds3d.mesh.isosurface import isosurface

        level, _ = self.surface_level()
        mesh = isosurface(self.solid(resolution, level), level, bound=1.0, faces=faces)
        reach = 1.5 * max(2 / resolution, self.step)

        def color_at(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
            return self.color_at(torch.from_numpy(points), torch.from_numpy(normals), reach).numpy()

        return textured(mesh, color_at, texture_size=texture_size)

    @torch.no_grad()
    def volume(self, resolution: int) -> np.ndarray:
        """Densities at the points of a resolution^3 grid over [-1, 1]^3, [x, y, z]; 0 in empty cells."""
        line = torch.linspace(-1, 1, resolution, device=self.cells.peak.device)
        kept = self.cells.kept(line)
        out = torch.zeros(resolution, resolution, resolution, device=line.device)
        out[kept] = self._density(line[kept.nonzero()])
        return out.cpu().numpy()

    def solid(self, resolution: int, level: float) -> np.ndarray:
        """`volume` cut at twice the level, because density is steep and the surface lies between the points,
        and filled where no view sees: no picture asks for a density there, so objects grow hollow."""
        volume = np.minimum(self.volume(resolution), 2 * level)
        line = torch.linspace(-1, 1, resolution, device=self.cells.peak.device)
        unseen = hidden(self, torch.cartesian_prod(line, line, line), self.step).cpu().numpy()
        return np.where(unseen.reshape(volume.shape), 2 * level, volume)

    @torch.no_grad()
    def color_at(self, points: Tensor, normals: Tensor, reach: float, count: int = 8) -> Tensor:
        """Colours (N, 3) that a look along -normal sees from `reach` outside to `reach` inside the points."""
        points, normals = points.to(self.cells.peak), normals.to(self.cells.peak)
        step = 2 * reach / count
        dist = (torch.arange(count, device=points.device) + 0.5) * step
        along = points[:, None] + normals[:, None] * (reach - dist)[:, None]
        offsets = torch.arange(len(points) + 1, device=points.device) * count
        dist = dist.repeat(len(points))
        rgb, alpha, _ = self._composite(Samples(along.reshape(-1, 3), dist, offsets, step))
        _, below = self.field(points)
        return (rgb + (1 - alpha)[:, None] * below).clamp(0, 1).cpu()

    def _composite(self, samples: Samples) -> tuple[Tensor, Tensor, Tensor]:
        density, rgb = self.field(samples.points)
        delta = torch.full_like(density, samples.step)
        return composite(density, rgb, samples.dist, delta, samples.offsets, least=OPAQUE_ENOUGH)

    def _density(self, points: Tensor) -> Tensor:
        """The density at many points, in pieces that fit in memory."""
        if not len(points):
            return points.new_zeros(0)
        return torch.cat([self.field.density(chunk) for chunk in points.split(CHUNK)])


class NerfScene(VolumeScene):
    """A NeRF on a hash grid; see HashField, Field, and Cells for the parameters."""

    GROUPS = ("table", "mlp")

    def __init__(
        self,
        *,
        levels: Annotated[int, Bounds(1, 24)],
        features: Literal[1, 2, 4, 8],  # what tiny-cuda-nn has kernels for
        log2_table: Annotated[int, Bounds(4, 22, "a table of 2^22 rows a level takes gigabytes")],
        base_resolution: Annotated[int, Bounds(1, 512)],
        max_resolution: Annotated[int, Bounds(1, 8192)],
        width: NetworkWidth,
        blob_density: BlobDensity,
        blob_radius: BlobRadius,
        density_scale: DensityScale,
        step: StepLength,
        grid: GridSide,
        refresh: RefreshInterval,
        empty: EmptyOpacity,
    ) -> None:
        field = HashField(
            levels=levels,
            features=features,
            log2_table=log2_table,
            base_resolution=base_resolution,
            max_resolution=max_resolution,
            width=width,
            blob_density=blob_density,
            blob_radius=blob_radius,
            density_scale=density_scale,
        )
        super().__init__(field, step=step, grid=grid, refresh=refresh, empty=empty)


class TriplaneScene(VolumeScene):
    """A NeRF on three feature planes; see TriplaneField, Field, and Cells for the parameters."""

    GROUPS = ("planes", "mlp")

    def __init__(
        self,
        *,
        channels: Annotated[int, Bounds(1, 64)],
        plane_resolution: Annotated[int, Bounds(2, 1024, "larger planes take gigabytes")],
        width: NetworkWidth,
        blob_density: BlobDensity,
        blob_radius: BlobRadius,
        density_scale: DensityScale,
        step: StepLength,
        grid: GridSide,
        refresh: RefreshInterval,
        empty: EmptyOpacity,
    ) -> None:
        field = TriplaneField(
            channels=channels,
            plane_resolution=plane_resolution,
            width=width,
            blob_density=blob_density,
            blob_radius=blob_radius,
            density_scale=density_scale,
        )
        super().__init__(field, step=step, grid=grid, refresh=refresh, empty=empty)
