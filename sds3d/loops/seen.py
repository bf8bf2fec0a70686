"""What a conversion starts from: a scene, or a mesh in the place of one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

from sds3d.kernels.rasterize import project, rasterize, render_models
from sds3d.library.kit.model import Model
from sds3d.mesh.implicit import hidden
from sds3d.mesh.mesh import Mesh
from sds3d.mesh.shape import shape_of
from sds3d.scenes.render import Render, normal_from_depth, over
from sds3d.scenes.solid import Volume, sampled
from sds3d.views.cameras import Cameras, dome
from sds3d.views.lighting import shaded

CPU = torch.device("cpu")
SUPERSAMPLE = 2  # of the images of a mesh
MESH_GRID = 128  # points per axis of the grid that the inside of a mesh is sampled on
MESH_DENSITY = 150.0  # of the inside, 1/world unit: 99 % opaque over 0.03
COLORED = 0.1  # world units below the surface, as far as the inside has its colours
SURFACE_SIZE = 128  # px per side of the images in which surface points are looked for


class Seen(Protocol):
    """Whatever a conversion starts from: a scene, or a mesh under the library's light."""

    def render(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator | None = None
    ) -> Render:
        """As `Scene.render`, without gradients."""
        ...


@dataclass(frozen=True)
class SeenMesh:
    """A mesh as the exact prior shows it; without `lit`, in its colours as they are.

    device: of its volume; images go where their background is.
    """

    model: Model
    lit: bool = True
    device: torch.device = CPU

    @torch.no_grad()
    def render(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator | None = None
    ) -> Render:
        """As `Scene.render`, without gradients; depths are those of the pixels' centres."""
        del rng  # nothing is sampled
        model = self.model
        at = cameras.to(CPU)
        colors = shaded(model.colors, model.normals) if self.lit else model.colors
        soup = (model.vertices, model.faces, colors, model.skin)
        rgb, alpha = (x[0] for x in render_models([soup], at, supersample=SUPERSAMPLE))
        _, depth = self.look(at)
        normal = normal_from_depth(depth, (depth > 0).float(), at)
        rgb, alpha, depth, normal = (x.to(background) for x in (rgb, alpha, depth, normal))
        return Render(over(rgb, alpha, background), alpha, depth, normal)

    def look(self, cameras: Cameras) -> tuple[Tensor, Tensor]:
        """(alpha, depth) of each pixel's centre, (B, H, W), on the CPU."""
        vertices = torch.from_numpy(self.model.vertices)
        faces = torch.from_numpy(self.model.faces)
        screen = project(vertices, cameras)
        depth = rasterize(screen, faces, vertices, cameras.height, cameras.width)[2]
        return (depth > 0).float(), depth

    @cached_property
    def sampled(self) -> Volume:
        """The inside of the mesh, opaque, in the colours of its surface; what no view sees is inside."""
        line = torch.linspace(-1, 1, MESH_GRID)
        points = torch.cartesian_prod(line, line, line)
        inside = hidden(self.look, points, margin=2 / MESH_GRID)
        at, colors = surface_points(self, CPU)
        within = points[inside].numpy()
        distance, nearest = KDTree(at.numpy()).query(within, distance_upper_bound=COLORED)
        near = np.isfinite(distance)
        rgb = np.full((len(within), 3), 0.5, np.float32)
        rgb[near] = colors.numpy()[np.asarray(nearest)[near]]
        grid = torch.zeros(len(points), 4)
        grid[inside] = MESH_DENSITY * torch.cat(
            [torch.ones(len(within), 1), torch.from_numpy(rgb)], 1
        )
        volume = grid.view(MESH_GRID, MESH_GRID, MESH_GRID, 4).numpy()
        return sampled(volume, 4 / MESH_GRID, self.device)

    def volume(self) -> Volume:
        """The same as `sampled`, as scenes have it."""
        return self.sampled


def seen_as(mesh: Mesh, *, lit: bool) -> SeenMesh:
    """A mesh in the scene's frame, with its texture or its vertex colours."""
    return SeenMesh(Model(caption="", **vars(shape_of(mesh))), lit)


@torch.no_grad()
def surface_points(seen: Seen, device: torch.device) -> tuple[Tensor, Tensor]:
    """(points (N, 3), sRGB (N, 3)) that the views of the dome see, a point a pixel, on the CPU."""
    points, colors = [], []
    for ring in dome(SURFACE_SIZE):
        cameras = ring.to(device)
        black = torch.zeros(len(cameras), 3, device=device)
        render = seen.render(cameras, black)
        there = (render.alpha > 0.5) & (render.depth > 0)
        origin, direction = cameras.rays()
        cosine = torch.einsum("bhwi,bi->bhw", direction, cameras.c2w[:, :3, 2])
        at = origin + direction * (render.depth / cosine)[..., None]
        points.append(at[there].cpu())
        colors.append(
            (render.rgb / render.alpha.clamp_min(0.5)[..., None])[there].clamp(0, 1).cpu()
        )
    return torch.cat(points), torch.cat(colors)
