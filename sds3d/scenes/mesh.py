"""A scene of triangles: the surface of signed distances on a grid, with a field of colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sds3d.bounds import Bounds
from sds3d.errors import ExportError, UsageError
from sds3d.kernels.antialias import adjacency, antialias
from sds3d.kernels.fragments import fragments
from sds3d.kernels.interpolate import interpolate
from sds3d.kernels.rasterize import project
from sds3d.mesh.flexicubes import Grid, Surface, crossed_cubes, flexicubes, squashed
from sds3d.mesh.implicit import ImplicitSurface, filled, surface_level
from sds3d.mesh.normals import vertex_normals
from sds3d.mesh.regularity import grid_edges, laplacian, normal_consistency, sign_changes
from sds3d.scenes.fields import HashNetwork
from sds3d.scenes.render import Render, bumpiness, over
from sds3d.scenes.scene import Scene
from sds3d.views.cameras import Cameras
from sds3d.views.shading import Shading

if TYPE_CHECKING:
    from sds3d.mesh.mesh import Mesh

SEEN = 1e-3  # alpha from which a depth is given
DEFORMATION = 0.5  # cells: how far a point of the grid moves at most; FlexiCubes'
LEAST = 1e-4  # cells: the smallest absolute signed distance
CHUNK = 1 << 17  # points evaluated at once outside training
COLOR_STEPS = 150  # of fitting the colours of another object
COLOR_BATCH = 4096  # points of its surface a step
COLOR_RATE = 0.02  # learning rate of that fit


@dataclass(frozen=True)
class _Found:
    """The surface of the current parameters, and the cubes that it passes.

    sdf: (V,) of the points of the cubes.  links: of the faces, `kernels.antialias.adjacency`.
    """

    surface: Surface
    grid: Grid
    sdf: Tensor
    links: Tensor


class MeshScene(Scene):
    """The surface of signed distances on `resolution`^3 cubes over [-1, 1]^3, by FlexiCubes.

    At the points x of the grid,  sdf = start(x) + n_0(x)  and  x + cell / 2 tanh(n_123(x)),  with n a
    `HashNetwork`, so that points far from what the images show follow those that are near; start is a buffer, a
    ball of `radius` at first.  weights (resolution^3, 21) are those of `mesh.flexicubes.squashed`.  The colour
    of a pixel is the sigmoid of another network at the point that it sees.  All distances are computed, and all
    else only in the cubes that the surface passes.  Points on the faces of the cube are outside, so the surface
    is closed.

    Source: Shen et al. 2023 (FlexiCubes), https://arxiv.org/abs/2308.05371; distances by a network on a hash
    grid: Chen et al. 2023 (Fantasia3D), https://arxiv.org/abs/2303.13873.

    Attributes:
        resolution: cubes per axis.
        radius: of the ball that it begins as, in world units.
        levels: resolutions of the hash grids, geometrically spaced.
        features: features per entry and level.
        log2_table: base-2 logarithm of the entries of a level's table.
        base_resolution: cells per axis of the coarsest level.
        max_resolution: cells per axis of the finest level.
        width: units of the hidden layers.
    """

    GROUPS = ("shape_table", "shape_mlp", "weights", "table", "mlp")
    PENALTIES = ("deviation", "signs", "laplacian", "creases", "bumpy", "orient")
    start: Tensor  # (N,) signed distances at the points of the grid that the network is added to

    def __init__(
        self,
        *,
        resolution: Annotated[int, Bounds(4, 256, "each cube has 21 weights")],
        radius: Annotated[float, Bounds(0.05, 0.95)],
        levels: Annotated[int, Bounds(1, 24)],
        features: Literal[1, 2, 4, 8],  # what tiny-cuda-nn has kernels for
        log2_table: Annotated[int, Bounds(4, 22, "a table of 2^22 rows a level takes gigabytes")],
        base_resolution: Annotated[int, Bounds(1, 512)],
        max_resolution: Annotated[int, Bounds(1, 8192)],
        width: Annotated[int, Bounds(1, 256)],
    ) -> None:
        super().__init__()
        self.resolution = resolution
        self.cell = 2 / resolution
        network = partial(
            HashNetwork,
            levels=levels,
            features=features,
            log2_table=log2_table,
            base_resolution=base_resolution,
            max_resolution=max_resolution,
            width=width,
        )
        self.shape = network(4)
        self.color = network(3)
        self.weights = nn.Parameter(torch.zeros(resolution**3, 21))
        self.register_buffer("start", torch.zeros((resolution + 1) ** 3))
        self.start.copy_(self._points().norm(dim=1) - radius)
        if self.start.min() >= 0:
            raise UsageError(
                f"scene.radius = {radius}: no point of the grid lies in that ball",
                "raise scene.radius or scene.resolution",
            )
        self._found: _Found | None = None  # of the last render, for its regularizers

    def _points(self) -> Tensor:
        """The points of the grid (N, 3), x first."""
        line = torch.linspace(-1, 1, self.resolution + 1, device=self.start.device)
        return torch.cartesian_prod(line, line, line)

    def surface(self, *, centers: bool = True) -> _Found | None:
        """The surface as it is now, or None where there is none.  centers: as `mesh.flexicubes.flexicubes`."""
        side = self.resolution + 1
        points = self._points()
        with torch.no_grad():
            sdf = self.start + torch.cat([self.shape(x, 1)[:, 0] for x in points.split(CHUNK)])
        inside = torch.zeros(side, side, side, dtype=torch.bool, device=sdf.device)
        core = (slice(1, -1),) * 3
        inside[core] = sdf.view(side, side, side)[core] < 0
        cubes, corners = crossed_cubes(inside)
        if not len(cubes):
            return None
        near, corners = torch.unique(corners, return_inverse=True)
        raw = self.shape(points[near])
        # its sign is that of `inside`, even where it is near to 0 and was computed among other points
        sdf = self.start[near] + raw[:, 0]
        least = LEAST * self.cell
        sdf = torch.where(inside.view(-1)[near], sdf.clamp_max(-least), sdf.clamp_min(least))
        grid = Grid(points[near] + DEFORMATION * self.cell * torch.tanh(raw[:, 1:]), corners)
        surface = flexicubes(grid, sdf, squashed(self.weights[cubes]), centers=centers)
        return _Found(surface, grid, sdf, adjacency(surface.faces))

    def color_at(self, points: Tensor) -> Tensor:
        """sRGB (N, 3) in [0, 1] at points (N, 3)."""
        return torch.sigmoid(self.color(points.clamp(-1, 1)))

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
        """As `Scene.render`; the normals are always the surface's own: those of the vertices, interpolated."""
        del rng  # nothing is sampled
        self._found = found = self.surface()
        shape = (len(cameras), cameras.height, cameras.width)
        if found is None:
            nothing = self._zero() + torch.zeros(shape, device=self.start.device)
            empty = nothing[..., None].expand(*shape, 3)
            averted = nothing if normals else None
            return Render(over(empty, nothing, background), nothing, nothing, empty, None, averted)
        vertices, faces = found.surface.vertices, found.surface.faces
        screen = project(vertices, cameras)
        seen = fragments(screen, faces, cameras.height, cameras.width)
        outward = vertex_normals(vertices, faces)
        values = interpolate(torch.cat([vertices, outward], 1), faces, seen).view(-1, 6)
        pixel = (seen.face.reshape(-1) >= 0).nonzero()[:, 0]
        point, normal = values[pixel].split(3, 1)
        normal = F.normalize(normal, dim=1)
        rgb = self.color_at(point)
        if shading is not None:
            view = pixel // (cameras.height * cameras.width)
            rgb = shading.shade(rgb, normal, shading.light.to(point)[view] - point)

        def image(rows: Tensor) -> Tensor:
            blank = rows.new_zeros(len(values), rows.shape[1])
            return blank.index_copy(0, pixel, rows).view(*shape, -1)

        mask = seen.mask[..., None]
        layers = torch.cat([image(rgb), mask, seen.depth[..., None]], -1)
        layers = antialias(layers, screen, faces, seen, links=found.links)
        alpha = layers[..., 3].clamp(0, 1)
        depth = layers[..., 4] / alpha.clamp_min(SEEN) * (alpha > SEEN)
        averted = None
        if normals:
            facing = (
                normal * F.normalize(point - cameras.position[pixel // mask[0].numel()], dim=1)
            ).sum(1)
            averted = image(facing.clamp_min(0).square()[:, None])[..., 0]
        rgb = over(layers[..., :3], alpha, background)
        return Render(rgb, alpha, depth, image(normal), None, averted)

    def param_groups(self, lr: Mapping[str, float]) -> list[dict]:
        """One group for each of GROUPS."""
        self.require_groups(lr)
        params = {
            "shape_table": [self.shape.table],
            "shape_mlp": self.shape.network(),
            "weights": [self.weights],
            "table": [self.color.table],
            "mlp": self.color.network(),
        }
        return [{"name": name, "params": params[name], "lr": lr[name]} for name in self.GROUPS]

    def regularizers(self, render: Render) -> dict[str, Tensor]:
        """Penalties on the surface of the last render and on its images, each a scalar:

        deviation = mean deviation of the crossings from the mean distance to their vertex, world units:
        FlexiCubes' L_dev, which keeps the vertices in the middle of their cubes;
        signs = `mesh.regularity.sign_changes` of the distances in cells: no floaters and inner walls;
        laplacian = `mesh.regularity.laplacian`, in cells^2; creases = `mesh.regularity.normal_consistency`;
        bumpy = `render.bumpiness`, how far the depth is from locally flat;
        orient = mean over the pixels with alpha > 0 of max(0, n . d)^2.  Only of a render asked for normals.
        """
        zero = self._zero()
        penalties: dict[str, Tensor] = {}
        penalties.update(deviation=zero, signs=zero, laplacian=zero, creases=zero)
        found = self._found
        if found is not None:
            vertices, faces = found.surface.vertices, found.surface.faces
            penalties = {
                "deviation": found.surface.deviation.mean(),
                "signs": sign_changes(found.sdf / self.cell, grid_edges(found.grid)),
                "laplacian": laplacian(vertices, faces) / self.cell**2,
                "creases": normal_consistency(vertices, faces, found.links),
            }
        penalties["bumpy"] = bumpiness(render.depth, render.alpha)
        if render.averted is not None:
            penalties["orient"] = render.averted.sum() / (render.alpha > 0).sum().clamp_min(1)
        return penalties

    def _zero(self) -> Tensor:
        """0, with a gradient of 0."""
        return self.shape.head.bias.sum() * 0

    def start_from(self, source: ImplicitSurface, rng: torch.Generator) -> None:
        """Takes the shape and the colours of another object, such as `NerfScene.implicit_surface(R + 1)`.

        start = cell (1 - min(density, 2 level) / level), the inside `mesh.implicit.filled`; its network is 0
        again.  The colours are fitted by least squares at points of the surface.  The source's grid must have
        resolution + 1 points per axis: ValueError otherwise.  Raises ExportError where it has no surface.
        """
        if len(source.density) != self.resolution + 1:
            raise ValueError(f"{len(source.density)} points per axis for {self.resolution} cubes")
        level, _ = surface_level(source)
        share = torch.from_numpy(filled(source, level)).float().reshape(-1) / level
        with torch.no_grad():
            self.start.copy_(self.cell * (1 - share.clamp(0, 2)))
            self.shape.head.weight.zero_()
            self.shape.head.bias.zero_()
            self.weights.zero_()
            found = self.surface()
        if found is None:
            raise ExportError("the source has no surface on the grid", "raise scene.resolution")
        points, normals = _spread(found.surface, COLOR_STEPS * COLOR_BATCH // 8, rng)
        target = torch.from_numpy(np.float32(source.color_at(points.numpy(), normals.numpy())))
        optimizer = torch.optim.Adam(self.color.parameters(), lr=COLOR_RATE, betas=(0.9, 0.99))
        for _ in range(COLOR_STEPS):
            rows = torch.randint(len(points), (COLOR_BATCH,), generator=rng)
            color = self.color_at(points[rows].to(self.start.device))
            loss = F.mse_loss(color, target[rows].to(color))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    @torch.no_grad()
    def to_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """The surface itself, at most `faces` triangles, with a texture; `resolution` is not needed."""
        from sds3d.mesh.bake import textured
        from sds3d.mesh.isosurface import tidied

        del resolution
        found = self.surface(centers=False)
        if found is None:
            raise ExportError("the scene is empty: it has no surface", "run more --steps")
        vertices, triangles = (
            v.cpu().numpy() for v in (found.surface.vertices, found.surface.faces)
        )
        mesh = tidied(vertices, triangles, faces=faces)

        def color_at(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
            del normals  # the colour is the same from all sides
            at = torch.from_numpy(np.float32(points)).to(self.start.device)
            return torch.cat([self.color_at(x) for x in at.split(CHUNK)]).cpu().numpy()

        return textured(mesh, color_at, texture_size=texture_size)


def _spread(surface: Surface, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """(points (count, 3), unit normals (count, 3)) on the CPU, uniform over the area of the surface."""
    vertices, faces = surface.vertices.detach().cpu(), surface.faces.cpu()
    corners = vertices[faces]
    normal = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    face = torch.multinomial(normal.norm(dim=1), count, replacement=True, generator=rng)
    first, second = torch.rand(2, count, 1, generator=rng)
    flip = first + second > 1
    first, second = torch.where(flip, 1 - first, first), torch.where(flip, 1 - second, second)
    a, b, c = corners[face].unbind(1)
    return a + first * (b - a) + second * (c - a), F.normalize(normal[face], dim=1)
