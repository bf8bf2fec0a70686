"""A scene of 3D Gaussians that grow in number where the picture needs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn

from sds3d.bounds import Bounds
from sds3d.errors import ExportError, UsageError, nearest
from sds3d.kernels.splat import rotations, splat
from sds3d.kernels.threads import parallel_for
from sds3d.scenes.carve import hidden
from sds3d.scenes.render import Render, normal_from_depth, over
from sds3d.scenes.scene import Scene
from sds3d.views.cameras import Cameras, orbit

if TYPE_CHECKING:
    from sds3d.mesh.mesh import Mesh

SEEN = 1e-3  # alpha from which a depth is given
CUT = 4.0  # deviations beyond which a Gaussian has no density
SPLIT_SHRINK = 1.6  # Kerbl et al. 2023: a split halves a Gaussian into two smaller by this


class SplatScene(Scene):
    """Gaussians that start uniform in a ball of `radius`, grey, as large as their distance to neighbours.

    Every `densify_every` steps of the first `densify_until`, Gaussians whose centres pull hardest (mean
    gradient on the screen above `densify_grad`, px^-1) are doubled, at most to `most` in all: those larger than
    `split_scale` are split, the others cloned; those fainter than `prune_opacity` are dropped.
    Source: Kerbl et al. 2023, https://arxiv.org/abs/2308.04079, section 5; the start: Tang et al. 2023,
    DreamGaussian, https://arxiv.org/abs/2309.16653.
    """

    GROUPS = PARAMETERS = ("means", "scales", "quats", "opacities", "colors")
    PENALTIES = ("sparsity", "size")

    def __init__(
        self,
        *,
        count: Annotated[int, Bounds(4, 2_000_000, "a million Gaussians take a gigabyte")],
        radius: Annotated[float, Bounds(0.01, 1)],
        opacity: Annotated[float, Bounds(0.001, 0.999)],
        densify_every: Annotated[int, Bounds(1, 1_000_000)],
        densify_until: Annotated[int, Bounds(0, 1_000_000)],
        densify_grad: Annotated[float, Bounds(0, 1000)],
        split_scale: Annotated[float, Bounds(0, 10)],
        prune_opacity: Annotated[float, Bounds(0, 0.5)],
        most: Annotated[int, Bounds(4, 2_000_000, "a million Gaussians take a gigabyte")],
    ) -> None:
        super().__init__()
        self.densify_every, self.densify_until = densify_every, densify_until
        self.densify_grad, self.split_scale = densify_grad, split_scale
        self.prune_opacity, self.most = prune_opacity, most
        direction = torch.randn(count, 3)
        means = (
            direction
            / direction.norm(dim=1, keepdim=True)
            * radius
            * torch.rand(count, 1) ** (1 / 3)
        )
        distance = torch.from_numpy(
            cKDTree(means.numpy()).query(means.numpy(), 4)[0][:, 1:]
        ).float()
        scale = distance.square().mean(1).clamp_min(1e-7).sqrt()
        self.means = nn.Parameter(means)
        self.scales = nn.Parameter(scale.log()[:, None].repeat(1, 3))
        self.quats = nn.Parameter(torch.tensor([1.0, 0, 0, 0]).repeat(count, 1))
        self.opacities = nn.Parameter(torch.full((count,), opacity).logit())
        self.colors = nn.Parameter(torch.zeros(count, 3))
        self.register_buffer("pull", torch.zeros(count))
        self.register_buffer("looks", torch.zeros(()))
        self._center: Tensor | None = None  # of the last render, for its gradient

    def render(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator | None = None
    ) -> Render:
        del rng  # nothing is sampled
        rgb, alpha, depth, self._center = splat(
            self.means,
            self.quats,
            self.scales.exp(),
            self.opacities.sigmoid(),
            self.colors.sigmoid(),
            cameras,
        )
        if self._center.requires_grad:
            self._center.retain_grad()
        depth = depth / alpha.clamp_min(SEEN) * (alpha > SEEN)
        normal = normal_from_depth(depth, alpha, cameras)
        return Render(over(rgb, alpha, background), alpha, depth, normal)

    def param_groups(self, lr: Mapping[str, float]) -> list[dict]:
        """Raises UsageError when `lr` does not name exactly the five groups."""
        for name in lr.keys() ^ set(self.PARAMETERS):
            what = "unknown" if name in lr else "missing"
            raise UsageError(
                f"lr: {what} group '{name}'{nearest(name, self.PARAMETERS)}", "see [lr]"
            )
        return [{"params": [getattr(self, name)], "lr": lr[name]} for name in self.PARAMETERS]

    def regularizers(self, render: Render) -> dict[str, Tensor]:
        """sparsity = mean sqrt(alpha^2 + 0.01), size = mean deviation of the Gaussians."""
        return {
            "sparsity": (render.alpha.square() + 0.01).sqrt().mean(),
            "size": self.scales.exp().mean(),
        }

    @torch.no_grad()
    def after_step(self, step: int, optimizer: torch.optim.Optimizer, rng: torch.Generator) -> None:
        """Counts the pull on each centre; now and then densifies and prunes."""
        if step >= self.densify_until or self._center is None or self._center.grad is None:
            return
        self.pull += self._center.grad.norm(dim=-1).sum(0)
        self.looks += len(self._center)
        if (step + 1) % self.densify_every == 0:
            self._densify(optimizer, rng)

    def _densify(self, optimizer: torch.optim.Optimizer, rng: torch.Generator) -> None:
        kept = self.opacities.sigmoid() > self.prune_opacity
        pull = torch.where(kept, self.pull / self.looks, 0.0)
        room = max(0, self.most - int(kept.sum()))
        chosen = torch.zeros_like(kept)
        chosen[pull.argsort(descending=True, stable=True)[:room]] = True
        chosen &= pull > self.densify_grad
        split = chosen & (self.scales.exp().amax(1) > self.split_scale)
        old, new = kept.nonzero()[:, 0], chosen.nonzero()[:, 0]
        axes = rotations(self.quats) * self.scales.exp()[:, None, :]
        offset = torch.randn(len(self.means), 2, 3, generator=rng).to(self.means)
        offset = torch.einsum("nij,nkj->nki", axes, offset) * split[:, None, None]
        shrink = torch.where(split, np.log(SPLIT_SHRINK), 0.0)[:, None]
        moved = {
            "means": (self.means + offset[:, 0], self.means + offset[:, 1]),
            "scales": (self.scales - shrink, self.scales - shrink),
        }
        groups = {id(group["params"][0]): group for group in optimizer.param_groups}
        for name in self.PARAMETERS:
            before = getattr(self, name)
            group = groups[id(before)]
            first, second = moved.get(name, (before, before))
            after = nn.Parameter(torch.cat([first[old], second[new]]))
            setattr(self, name, after)
            group["params"] = [after]
            state = optimizer.state[after] = optimizer.state.pop(before)
            for key in ("exp_avg", "exp_avg_sq"):
                fresh = torch.zeros_like(state[key][new])
                state[key] = torch.cat([state[key][old], fresh])
        self.pull = torch.zeros(len(self.means), device=self.means.device)
        self.looks.zero_()
        self._center = None

    def _load_from_state_dict(self, state: dict, prefix: str, *args: object) -> None:
        """Takes another number of Gaussians from a checkpoint."""
        for name in (*self.PARAMETERS, "pull"):
            value = state.get(prefix + name)
            if value is not None:
                ours = getattr(self, name)
                ours.data = torch.empty_like(value, device=ours.device)
        super()._load_from_state_dict(state, prefix, *args)

    def to_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """A textured mesh of the Gaussians' summed density.  Raises ExportError where there is none."""
        from sds3d.mesh.bake import textured
        from sds3d.mesh.isosurface import isosurface

        volume = self.volume(resolution)
        level = self.surface_level(volume[..., 0])
        line = torch.linspace(-1, 1, resolution)
        points = torch.cartesian_prod(line, line, line).to(self.means)
        inside = hidden(self, points, 2 / resolution).cpu().numpy().reshape(volume.shape[:3])
        density = np.where(inside, 2 * level, np.minimum(volume[..., 0], 2 * level))
        mesh = isosurface(density, level, faces=faces)

        def color_at(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
            del normals  # the same from all sides
            value = sample(volume, points)
            return value[:, 1:] / np.maximum(value[:, :1], 1e-6)

        return textured(mesh, color_at, texture_size=texture_size)

    @torch.no_grad()
    def own_files(self) -> dict[str, bytes]:
        """splats.ply, for splat viewers."""
        from sds3d.mesh.formats.splat_ply import splat_ply

        deviations, solidity = self.scales.exp(), self.opacities.sigmoid()
        arrays = (self.means, self.quats, deviations, solidity, self.colors.sigmoid())
        return {"splats.ply": splat_ply(*(v.cpu().numpy() for v in arrays))}

    @torch.no_grad()
    def volume(self, resolution: int) -> np.ndarray:
        """(R, R, R, 4) indexed [x, y, z] over [-1, 1]^3: summed density, and density times colour."""
        from sds3d.kernels import splat_numba

        # A Gaussian thinner than the grid would fall between its points.
        scale = self.scales.exp().clamp_min(0.6 * 2 / resolution)
        axes = rotations(self.quats)
        precision = torch.einsum("nij,nj,nkj->nik", axes, scale**-2, axes)
        arrays = (self.means, precision, self.opacities.sigmoid(), self.colors.sigmoid())
        reach = CUT * scale.amax(1)
        out = np.zeros((resolution, resolution, resolution, 4), np.float32)
        args = [v.cpu().numpy() for v in (*arrays, reach)]
        parallel_for(splat_numba.fill, resolution, *args, np.float32(1.0), out)
        return out

    @torch.no_grad()
    def surface_level(self, density: np.ndarray, views: int = 6, size: int = 64) -> float:
        """The density whose silhouettes agree best with alpha > 1/2.  Raises ExportError for an empty scene."""
        cameras = orbit(views, size).to(self.means.device)
        origins, directions = (v.reshape(-1, 3).cpu().numpy() for v in cameras.rays())
        along = np.linspace(2.0, 4.0, 2 * density.shape[0] // 2)
        highest = np.zeros(len(origins), np.float32)
        for dist in along:
            at = sample(density[..., None], origins + dist * directions)[:, 0]
            highest = np.maximum(highest, at)
        seen = self.render(cameras, self.means.new_zeros(views, 3)).alpha.flatten() > 0.5
        if not seen.any():
            raise ExportError("the scene is empty: nothing is seen", "run more --steps")
        levels = np.geomspace(0.02, 4.0, 32)
        inside = highest >= levels[:, None]
        seen = seen.cpu().numpy()
        iou = (inside & seen).sum(1) / np.maximum((inside | seen).sum(1), 1)
        return float(levels[iou.argmax()])


def sample(volume: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Trilinear values (N, K) of a volume (R, R, R, K) over [-1, 1]^3 at points (N, 3); 0 outside."""
    grid = torch.from_numpy(volume).permute(3, 2, 1, 0)[None]
    at = torch.from_numpy(np.float32(points)).view(1, 1, 1, -1, 3)
    return nn.functional.grid_sample(grid, at, align_corners=True)[0, :, 0, 0].T.numpy()
