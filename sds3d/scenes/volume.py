"""A scene of density and colour, rendered along rays: NeRF on a hash grid, or on a triplane."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from sds3d.bounds import Bounds
from sds3d.kernels.composite import Samples, composite, march
from sds3d.mesh.implicit import ImplicitSurface
from sds3d.scenes.fields import Blob, Field, HashField, TriplaneField
from sds3d.scenes.occupancy import OccupancyGrid
from sds3d.scenes.render import Render, bumpiness, normal_from_depth, over
from sds3d.scenes.scene import Scene
from sds3d.scenes.solid import Volume
from sds3d.views.cameras import Cameras
from sds3d.views.shading import Shading

if TYPE_CHECKING:
    from sds3d.mesh.mesh import Mesh

OPAQUE_ENOUGH = 1e-4  # transmittance at which a ray ends
NORMAL_DISTANCE = (
    0.01  # world units, over which densities are compared; threestudio's finite differences
)
SEEN = 1e-3  # alpha from which a depth is given
SLACK = 0.005  # in IoU: among levels that agree about as well, a lower one has fewer holes
CHUNK = 1 << 17  # points evaluated at once outside training
BUDGET = 4 << 30  # bytes that the backward pass of a render may keep
PROBE = 1024  # samples of which it is counted how many bytes one takes

NetworkWidth = Annotated[int, Bounds(1, 256)]
BlobDensity = Annotated[float, Bounds(0, 1000)]  # before softplus and density_scale
BlobRadius = Annotated[float, Bounds(0.01, 2)]  # world units
DensityScale = Annotated[float, Bounds(1e-3, 1e4)]
StepLength = Annotated[float, Bounds(0.002, 0.5)]  # world units
GridSide = Annotated[int, Bounds(4, 256, "all 256^3 cells are updated at once")]
RefreshInterval = Annotated[int, Bounds(1, 100_000)]  # steps
EmptyOpacity = Annotated[float, Bounds(0, 0.5)]


@dataclass(frozen=True)
class _Rays:
    """R rays.  directions: (R, 3) unit length; lights: (R, 3) where each ray's light stands, where needed."""

    samples: Samples
    directions: Tensor
    lights: Tensor | None

    def blocks(self, most: int) -> list[_Rays]:
        """All rays in order, in blocks of at most `most` samples."""
        samples = self.samples.blocks(most)
        counts = [len(block.offsets) - 1 for block in samples]
        directions = self.directions.split(counts)
        lights = [None] * len(counts) if self.lights is None else self.lights.split(counts)
        return [_Rays(*block) for block in zip(samples, directions, lights, strict=True)]


class _Rendered(NamedTuple):
    """What R rays see.  rgb: (R, 3); alpha, distance, z_variance, averted: (R,); normal: (R, 3)."""

    rgb: Tensor
    alpha: Tensor
    distance: Tensor
    z_variance: Tensor
    normal: Tensor | None
    averted: Tensor | None

    @staticmethod
    def cat(parts: list[_Rendered]) -> _Rendered:
        """All rays of the parts, in order."""
        fields = zip(*parts, strict=True)
        return _Rendered(*(None if f[0] is None else torch.cat(f) for f in fields))  # pyright: ignore[reportArgumentType] None in all parts or in none


class VolumeScene(Scene):
    """A field rendered along rays, sampled every `step` world units outside empty cells.

    The occupancy grid has `grid`^3 cells and is updated every `refresh` training steps; `empty` and `decay`
    are explained in `OccupancyGrid`.

    A render whose backward pass would keep more than `budget` bytes is made in blocks of rays, each within the
    budget, which the backward pass computes again one by one.
    """

    PENALTIES = ("sparsity", "opaque", "bumpy", "hollow", "z_variance", "orient")

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
        self.field = field
        self.step = step
        self.refresh = refresh
        self.budget = BUDGET
        self._costs: dict[tuple, int] = {}
        self.occupancy = OccupancyGrid(side=grid, step=step, empty=empty, decay=decay)
        self.occupancy.update(self._density)

    def render(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator | None = None
    ) -> Render:
        return self.render_shaded(cameras, background, rng, None, normals=False)

    def render_shaded(
        self,
        cameras: Cameras,
        background: Tensor,
        rng: torch.Generator | None,
        shading: Shading | None,
        *,
        normals: bool,
    ) -> Render:
        """Each sample of a ray is shaded by the normal of the density, then the ray is composited.

        normal = normalize(sum_i w_i n_i) where alpha is at least 1/2, once the n_i are known.
        """
        origins, directions = cameras.rays()
        shape = origins.shape[:3]  # B, H, W
        jitter = None if rng is None else torch.rand(shape.numel(), generator=rng).to(origins)
        samples = march(
            self.occupancy.density_floor,
            origins.reshape(-1, 3),
            directions.reshape(-1, 3),
            step=self.step,
            jitter=jitter,
        )
        lights = None
        if shading is not None and shading.needs_normals:
            lights = shading.light.to(origins).repeat_interleave(shape[1] * shape[2], 0)
        rays = _Rays(samples, directions.reshape(-1, 3), lights)
        rendered = self._rendered(rays, shading, normals=normals)
        rgb = rendered.rgb.view(*shape, 3)
        alpha = rendered.alpha.view(shape)
        cosine = torch.einsum("bhwi,bi->bhw", directions, cameras.c2w[:, :3, 2])
        depth = rendered.distance.view(shape) * cosine / alpha.clamp_min(SEEN) * (alpha > SEEN)
        if rendered.normal is None:
            normal = normal_from_depth(depth, alpha, cameras)
        else:
            normal = rendered.normal.view(*shape, 3) * (alpha >= 0.5)[..., None]
        averted = None if rendered.averted is None else rendered.averted.view(shape)
        rgb = over(rgb, alpha, background)
        return Render(rgb, alpha, depth, normal, rendered.z_variance.view(shape), averted)

    def _rendered(self, rays: _Rays, shading: Shading | None, *, normals: bool) -> _Rendered:
        """The rays, within the budget."""
        cost = self.bytes_per_sample(shading, normals=normals, dtype=rays.directions.dtype)
        most = max(1, self.budget // cost)
        if len(rays.samples.dist) <= most:
            return self._block(rays, shading, normals=normals)
        if not torch.is_grad_enabled():
            parts = [self._block(block, shading, normals=normals) for block in rays.blocks(most)]
            return _Rendered.cat(parts)
        parts = [
            checkpoint(
                self._block,
                block,
                shading,
                normals=normals,
                use_reentrant=False,
                preserve_rng_state=False,
            )
            for block in rays.blocks(most)
        ]
        return _Rendered.cat(parts)

    def _block(self, rays: _Rays, shading: Shading | None, *, normals: bool) -> _Rendered:
        """The rays, all at once."""
        samples = rays.samples
        density, rgb = self.field(samples.points)
        measured = None
        if normals or (shading is not None and shading.needs_normals):
            measured = self._normals(density, samples)
        if shading is not None:
            rgb = _shaded(rgb, measured, samples, shading, rays.lights)
        rgb, alpha, distance = _along(density, rgb, samples)
        z_variance = variance_along_rays(density, samples, alpha, distance)
        normal = None
        averted = None
        if measured is not None:
            normal = normal_along_rays(density, measured, samples)
        if measured is not None and normals:
            averted = averted_along_rays(density, measured, samples, rays.directions)
        return _Rendered(rgb, alpha, distance, z_variance, normal, averted)

    def bytes_per_sample(
        self,
        shading: Shading | None = None,
        *,
        normals: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> int:
        """Bytes that the backward pass of such a render keeps for each sample, at least 1.

        Counted once for each device and kind of render, on a ray of PROBE samples without a length, so that
        light reaches all of them.
        """
        device = self.occupancy.peak.device
        lit = shading is not None and shading.needs_normals
        kind = (device, dtype, shading is None, lit, normals)
        if kind in self._costs:
            return self._costs[kind]
        ray = torch.zeros(1, 3, device=device, dtype=dtype)
        dist = torch.linspace(0, 1, PROBE, device=device, dtype=dtype)
        offsets = torch.tensor([0, PROBE], device=device)
        samples = Samples(ray.repeat(PROBE, 1), dist, offsets, 0.0)
        own = {p.untyped_storage().data_ptr() for p in self.parameters()}
        kept: dict[int, int] = {}

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own:
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
        with torch.enable_grad(), hooks:
            rendered = self._block(_Rays(samples, ray, ray + 2), shading, normals=normals)
        del rendered  # until here, so that no two of its tensors had the same address
        self._costs[kind] = max(1, sum(kept.values()) // PROBE)
        return self._costs[kind]

    def _normals(self, density: Tensor, samples: Samples) -> Tensor:
        """Normals (N, 3) at the samples that light reaches; zero at those that nothing depends on."""
        reached = reached_by_light(density, samples).nonzero()[:, 0]
        normal = self.field.normal(samples.points[reached], NORMAL_DISTANCE)
        return torch.zeros_like(samples.points).index_copy(0, reached, normal)

    def param_groups(self, lr: Mapping[str, float]) -> list[dict]:
        """One group for each of the field's."""
        self.require_groups(lr)
        groups = self.field.groups()
        return [{"name": name, "params": params, "lr": lr[name]} for name, params in groups.items()]

    def regularizers(self, render: Render) -> dict[str, Tensor]:
        """Penalties on the rendered images, each a scalar:

        sparsity = mean sqrt(alpha^2 + 0.01);
        opaque = mean entropy (nats) of alpha clamped to [1e-3, 1 - 1e-3];
        bumpy = `render.bumpiness`, how far the depth is from locally flat;
        hollow = mean alpha depth, alpha held constant: among surfaces that look alike it prefers the one
        nearest to the cameras, so that faces of one colour do not sink in;
        z_variance = mean variance of the distance along the rays with alpha > 0.5: thin surfaces;
        orient = mean over the rays with alpha > 0 of sum_i w_i max(0, n_i . d)^2, w_i held constant: no normal
        of what is seen faces away.  Only of a render that was asked for normals.

        Source: sparsity, opaque and orient are DreamFusion's (https://arxiv.org/abs/2209.14988) in
        threestudio's form, z_variance is HiFA's (https://arxiv.org/abs/2305.18766, section 3.3).
        """
        alpha = render.alpha.clamp(1e-3, 1 - 1e-3)
        covered = (render.alpha > 0.5).float()
        variance = torch.zeros_like(alpha) if render.z_variance is None else render.z_variance
        penalties = {
            "sparsity": (render.alpha.square() + 0.01).sqrt().mean(),
            "opaque": F.binary_cross_entropy(alpha, alpha),
            "bumpy": bumpiness(render.depth, render.alpha),
            "hollow": (render.alpha.detach() * render.depth).mean(),
            "z_variance": (covered * variance).sum() / covered.sum().clamp_min(1),
        }
        if render.averted is not None:
            seen = (render.alpha > 0).sum().clamp_min(1)
            penalties["orient"] = render.averted.sum() / seen
        return penalties

    def after_step(self, step: int, optimizer: torch.optim.Optimizer, rng: torch.Generator) -> None:
        """Updates the occupancy grid every `refresh` steps."""
        if (step + 1) % self.refresh == 0:
            self.occupancy.update(self._density, rng)

    def to_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """A textured mesh of the density's isosurface.  Raises ExportError where there is none."""
        from sds3d.mesh.extract import extract

        return extract(self.implicit_surface(resolution), texture_size=texture_size, faces=faces)

    def to_fitted_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """The mesh of `to_asset`, fitted to renders of the scene.  Raises ExportError where there is none."""
        from sds3d.mesh.extract import extract

        surface = self.implicit_surface(resolution)
        return extract(surface, texture_size=texture_size, faces=faces, fitted=True)

    def implicit_surface(self, resolution: int) -> ImplicitSurface:
        """The field as `mesh.extract` asks for it, on a grid of `resolution`^3 points."""
        reach = 1.5 * max(2 / resolution, self.step)

        def color_at(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
            return self.color_at(torch.from_numpy(points), torch.from_numpy(normals), reach).numpy()

        return ImplicitSurface(
            density=self.density_grid(resolution),
            color_at=color_at,
            look=self.coverage_and_depth,
            peaks=self._peaks,
            levels=torch.logspace(0, 2.5, 26).numpy(),
            slack=SLACK,
            size=96,
            margin=self.step,
        )

    @torch.no_grad()
    def density_grid(self, resolution: int) -> np.ndarray:
        """Densities at the points of a resolution^3 grid over [-1, 1]^3, [x, y, z]; 0 in empty cells."""
        line = torch.linspace(-1, 1, resolution, device=self.occupancy.peak.device)
        occupied = self.occupancy.occupied(line)
        density = torch.zeros(resolution, resolution, resolution, device=line.device)
        density[occupied] = self._density(line[occupied.nonzero()])
        return density.cpu().numpy()

    @torch.no_grad()
    def _peaks(self, cameras: Cameras) -> np.ndarray:
        """The highest density along each pixel's ray, sampled twice as finely as for rendering."""
        rays = cameras.to(self.occupancy.peak.device).rays()
        origins, directions = (v.reshape(-1, 3) for v in rays)
        samples = march(self.occupancy.density_floor, origins, directions, step=0.5 * self.step)
        density = self._density(samples.points)
        ray = torch.repeat_interleave(torch.arange(len(origins)), samples.offsets.diff().cpu())
        highest = density.new_zeros(len(origins))
        highest.scatter_reduce_(0, ray.to(density.device), density, "amax")
        return highest.cpu().numpy()

    @torch.no_grad()
    def color_at(self, points: Tensor, normals: Tensor, reach: float, count: int = 8) -> Tensor:
        """Colours (N, 3) on the CPU that a look along -normal sees at surface points (N, 3).

        The look begins `reach` world units outside of each point and ends as far inside, in `count` samples;
        what passes through all of them shows the field's colour at the point itself.
        """
        points = points.to(self.occupancy.peak)
        normals = normals.to(self.occupancy.peak)
        step = 2 * reach / count
        distance = (torch.arange(count, device=points.device) + 0.5) * step
        along = points[:, None] + normals[:, None] * (reach - distance)[:, None]
        offsets = torch.arange(len(points) + 1, device=points.device) * count
        samples = Samples(along.reshape(-1, 3), distance.repeat(len(points)), offsets, step)
        density, rgb = self.field(samples.points)
        rgb, alpha, _ = _along(density, rgb, samples)
        _, below = self.field(points)
        return (rgb + (1 - alpha)[:, None] * below).clamp(0, 1).cpu()

    def volume(self) -> Volume:
        """The field and the grid of empty cells, as they are now."""
        return Volume(self.field, self.occupancy.density_floor, self.step)

    def _density(self, points: Tensor) -> Tensor:
        """Densities (N,) at points (N, 3), in pieces that fit in memory."""
        if not len(points):
            return points.new_zeros(0)
        return torch.cat([self.field.density(chunk) for chunk in points.split(CHUNK)])


def variance_along_rays(
    density: Tensor, samples: Samples, alpha: Tensor, distance: Tensor
) -> Tensor:
    """sum_i w_i (dist_i - mean)^2 / alpha, (R,), world units^2, with mean = sum_i w_i dist_i / alpha.

    density: (N,) of the samples.  alpha, distance: (R,) sum_i w_i and sum_i w_i dist_i of the rays.  The mean
    is held constant: the derivative with respect to it is zero.
    """
    opacity = alpha.clamp_min(SEEN)
    mean = (distance / opacity).detach()
    square = (samples.dist - mean.repeat_interleave(samples.offsets.diff())).square()
    summed, _, _ = _along(density, square[:, None].expand(-1, 3), samples)
    return summed[:, 0] / opacity


def normal_along_rays(density: Tensor, normal: Tensor, samples: Samples) -> Tensor:
    """sum_i w_i n_i of each ray, brought to unit length, (R, 3); zero where nothing has a normal.

    density: (N,), normal: (N, 3) of the samples.
    """
    summed, _, _ = _along(density, normal, samples)
    return F.normalize(summed, dim=-1)


def averted_along_rays(
    density: Tensor, normal: Tensor, samples: Samples, directions: Tensor
) -> Tensor:
    """sum_i w_i max(0, n_i . d)^2 of each ray, (R,), w_i held constant.

    density: (N,), normal: (N, 3) of the samples.  directions: (..., 3) of the R rays, unit length.
    Source: Verbin et al. 2021 (Ref-NeRF), https://arxiv.org/abs/2112.03907; with the w_i held, Poole et al.
    2022 (DreamFusion), https://arxiv.org/abs/2209.14988.
    """
    along = directions.reshape(-1, 3).repeat_interleave(samples.offsets.diff(), 0)
    square = (normal * along).sum(-1, keepdim=True).clamp_min(0).square()
    summed, _, _ = _along(density.detach(), square.expand(-1, 3), samples)
    return summed[:, 0]


def reached_by_light(density: Tensor, samples: Samples) -> Tensor:
    """Whether the ray has not ended before it reaches a sample, (N,) bool: T_i >= OPAQUE_ENOUGH.

    What lies behind has no part in the image, nor a gradient.  density: (N,) of the samples.
    """
    optical_depth = density.detach().double() * samples.step
    before = optical_depth.cumsum(0) - optical_depth  # of all rays so far
    counts = samples.offsets.diff()
    first = samples.offsets[:-1][counts > 0]
    before = before - before[first].repeat_interleave(counts[counts > 0])
    return before <= -math.log(OPAQUE_ENOUGH)


def _along(density: Tensor, values: Tensor, samples: Samples) -> tuple[Tensor, Tensor, Tensor]:
    """(values (R, 3), alpha (R,), distance (R,)) of the rays, of (N,) and (N, 3) of their samples."""
    delta = torch.full_like(density, samples.step)
    return composite(
        density, values, samples.dist, delta, samples.offsets, min_transmittance=OPAQUE_ENOUGH
    )


def _shaded(
    albedo: Tensor,
    normal: Tensor | None,
    samples: Samples,
    shading: Shading,
    lights: Tensor | None,
) -> Tensor:
    """What the samples show, (N, 3).  normal: (N, 3), lights: (R, 3), where the shading needs them."""
    if normal is None or lights is None or not shading.needs_normals:
        return shading.lit(albedo, shading.ambient)
    to_light = lights.repeat_interleave(samples.offsets.diff(), 0) - samples.points
    return shading.shade(albedo, normal, to_light)


class NerfScene(VolumeScene):
    """A NeRF on a hash grid: a VolumeScene of a HashField.

    Attributes:
        levels: resolutions of the hash grid, geometrically spaced.
        features: features per entry and level.
        log2_table: base-2 logarithm of the entries of a level's table.
        base_resolution: cells per axis of the coarsest level.
        max_resolution: cells per axis of the finest level.
        width: units of the hidden layer.
        blob_density: pre-activation density at the centre of the initial blob.
        blob_radius: radius of the initial blob, in world units.
        density_scale: factor on softplus of the pre-activation; densities are in 1/world unit.
        step: distance between the samples of a ray, in world units.
        grid: cells per axis of the grid that tells rays where space is empty.
        refresh: optimisation steps between two updates of that grid.
        empty: opacity over one `step` up to which a cell counts as empty.
    """

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
            blob=Blob(density=blob_density, radius=blob_radius, scale=density_scale),
        )
        super().__init__(field, step=step, grid=grid, refresh=refresh, empty=empty)


class TriplaneScene(VolumeScene):
    """A NeRF on three feature planes: a VolumeScene of a TriplaneField.

    Attributes:
        channels: features of each plane.
        plane_resolution: texels per axis of each plane.
        width: units of the hidden layer.
        blob_density: pre-activation density at the centre of the initial blob.
        blob_radius: radius of the initial blob, in world units.
        density_scale: factor on softplus of the pre-activation; densities are in 1/world unit.
        step: distance between the samples of a ray, in world units.
        grid: cells per axis of the grid that tells rays where space is empty.
        refresh: optimisation steps between two updates of that grid.
        empty: opacity over one `step` up to which a cell counts as empty.
    """

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
            blob=Blob(density=blob_density, radius=blob_radius, scale=density_scale),
        )
        super().__init__(field, step=step, grid=grid, refresh=refresh, empty=empty)
