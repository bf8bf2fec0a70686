"""A scene of 3D Gaussians that grow in number where the images need detail."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor, nn

from sds3d.bounds import Bounds
from sds3d.kernels.splat import rotations, splat
from sds3d.kernels.threads import parallel_for
from sds3d.mesh.implicit import ImplicitSurface, grid_peaks, sample
from sds3d.scenes.render import Render, normal_from_depth, over
from sds3d.scenes.scene import Scene
from sds3d.scenes.solid import Volume, sampled
from sds3d.views.cameras import Cameras

if TYPE_CHECKING:
    from sds3d.mesh.fit_texture import Pictures
    from sds3d.mesh.frame import Frame
    from sds3d.mesh.gaussians import Gaussians
    from sds3d.mesh.mesh import Mesh

SEEN = 1e-3  # alpha from which a depth is given
CUT = 4.0  # standard deviations beyond which a Gaussian has no density
MOST_OPAQUE = 0.999  # at the centre of a Gaussian, where its density is asked for
PLACED_WIDTH = 0.5  # of the distance to neighbours: wider ones stick out of the surface
VOLUME_GRID = 128  # points per axis of the grid that its density is sampled on
SPLIT_SHRINK = 1.6  # Kerbl et al. 2023: the two halves of a split are smaller by this factor


class SplatScene(Scene):
    """`count` grey Gaussians, at first uniform in a ball of `radius` (world units), that densify in training.

    A Gaussian starts as wide as the root mean square distance to its three nearest neighbours, with the given
    `opacity`.  Every `densify_every` steps during the first `densify_until`, Gaussians fainter than
    `prune_opacity` are removed, and those whose centre has a mean gradient on the screen above `densify_grad`
    (1/px) are doubled, the largest gradients first, until there are `most`: Gaussians larger than `split_scale`
    (standard deviation, world units) are split in two, the others are cloned.

    With `sh_degree` above 0 the colour of a Gaussian depends on the direction that it is seen in,
    max(0, sRGB + spherical harmonics), and the image is cut to [0, 1], as in DreamGaussian's renderer.  The
    degree in use begins at 0 and rises by one every `sh_every` steps.  A mesh has the part of the colour that
    is the same from all sides; splats.ply has all of it.

    Parameters: means (N, 3) world; scales (N, 3) log standard deviations; quats (N, 4) wxyz, any length;
    opacities (N,) logits; colors (N, 3) logits of sRGB; harmonics (N, (sh_degree + 1)^2 - 1, 3), coefficients
    of `kernels.harmonics.basis`, none at degree 0.

    Source: Kerbl et al. 2023, https://arxiv.org/abs/2308.04079, section 5; the initialisation: Tang et al.
    2023, DreamGaussian, https://arxiv.org/abs/2309.16653.

    Attributes:
        count: Gaussians at the start.
        radius: of the ball that they start in, in world units.
        opacity: of a Gaussian at the start.
        densify_every: optimisation steps between two densifications.
        densify_until: the step after which there are none.
        densify_grad: mean gradient of a centre on the screen, in 1/px, above which a Gaussian is doubled.
        split_scale: standard deviation, in world units, above which it is split instead of cloned.
        prune_opacity: Gaussians fainter than this are removed.
        most: the largest number of Gaussians.
        sh_degree: degree of the spherical harmonics of a colour; 0 is the same colour from all sides.
        sh_every: optimisation steps after which the degree in use rises by one.
    """

    GROUPS = ("means", "scales", "quats", "opacities", "colors", "harmonics")  # a parameter each
    PENALTIES = ("sparsity", "size")
    GROWING = (*GROUPS, "grad_sum")
    grad_sum: Tensor  # (N,) summed norms of the gradients of the centres on the screen, 1/px
    grad_count: Tensor  # number of images that they are summed over
    harmonics: nn.Parameter | None
    degree: Tensor  # the degree in use, where there are harmonics

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
        sh_degree: Literal[0, 1, 2, 3],
        sh_every: Annotated[int, Bounds(1, 1_000_000)],
    ) -> None:
        super().__init__()
        self.densify_every = densify_every
        self.densify_until = densify_until
        self.densify_grad = densify_grad
        self.split_scale = split_scale
        self.prune_opacity = prune_opacity
        self.most = most
        self.sh_degree = sh_degree
        self.sh_every = sh_every
        direction = torch.randn(count, 3)
        direction = direction / direction.norm(dim=1, keepdim=True)
        means = direction * radius * torch.rand(count, 1) ** (1 / 3)
        scale = _neighbour_distance(means)
        self.means = nn.Parameter(means)
        self.scales = nn.Parameter(scale.log()[:, None].repeat(1, 3))
        self.quats = nn.Parameter(torch.tensor([1.0, 0, 0, 0]).repeat(count, 1))
        self.opacities = nn.Parameter(torch.full((count,), opacity).logit())
        self.colors = nn.Parameter(torch.zeros(count, 3))
        self.harmonics = None
        if sh_degree:
            self.harmonics = nn.Parameter(torch.zeros(count, (sh_degree + 1) ** 2 - 1, 3))
            self.register_buffer("degree", torch.zeros((), dtype=torch.long))
        self.register_buffer("grad_sum", torch.zeros(count))
        self.register_buffer("grad_count", torch.zeros(()))
        self._center: Tensor | None = None  # of the last render, for its gradient

    def render(
        self, cameras: Cameras, background: Tensor, rng: torch.Generator | None = None
    ) -> Render:
        del rng  # nothing is sampled
        harmonics = None
        if self.harmonics is not None:
            harmonics = self.harmonics[:, : (int(self.degree) + 1) ** 2 - 1]
        rgb, alpha, depth, self._center = splat(
            self.means,
            self.quats,
            self.scales.exp(),
            self.opacities.sigmoid(),
            self.colors.sigmoid(),
            cameras,
            harmonics=harmonics,
        )
        if self._center.requires_grad:
            self._center.retain_grad()
        depth = depth / alpha.clamp_min(SEEN) * (alpha > SEEN)
        normal = normal_from_depth(depth, alpha, cameras)
        image = over(rgb, alpha, background)
        if harmonics is not None:
            image = image.clamp(0, 1)
        return Render(image, alpha, depth, normal)

    def param_groups(self, lr: Mapping[str, float]) -> list[dict]:
        """One group for each of GROUPS that this scene has a parameter of."""
        self.require_groups(lr)
        return [
            {"name": name, "params": [getattr(self, name)], "lr": lr[name]}
            for name in self._names()
        ]

    def _names(self) -> list[str]:
        """The names of the parameters: GROUPS, without the harmonics at degree 0."""
        return [name for name in self.GROUPS if getattr(self, name) is not None]

    def regularizers(self, render: Render) -> dict[str, Tensor]:
        """sparsity = mean sqrt(alpha^2 + 0.01); size = mean standard deviation, world units."""
        return {
            "sparsity": (render.alpha.square() + 0.01).sqrt().mean(),
            "size": self.scales.exp().mean(),
        }

    @torch.no_grad()
    def after_step(self, step: int, optimizer: torch.optim.Optimizer, rng: torch.Generator) -> None:
        """Adds up the gradients of the centres; every `densify_every` steps densifies and prunes.

        Every `sh_every` steps one more degree of the harmonics comes into use.
        """
        if self.harmonics is not None and (step + 1) % self.sh_every == 0:
            self.degree.copy_((self.degree + 1).clamp_max(self.sh_degree))
        if step >= self.densify_until or self._center is None or self._center.grad is None:
            return
        self.grad_sum += self._center.grad.norm(dim=-1).sum(0)
        self.grad_count += len(self._center)
        if (step + 1) % self.densify_every == 0:
            self._densify(optimizer, rng)

    def _densify(self, optimizer: torch.optim.Optimizer, rng: torch.Generator) -> None:
        """Removes, clones and splits Gaussians; those that are new start without Adam moments."""
        kept = self.opacities.sigmoid() > self.prune_opacity
        mean_grad = torch.where(kept, self.grad_sum / self.grad_count, 0.0)
        room = max(0, self.most - int(kept.sum()))
        chosen = torch.zeros_like(kept)
        chosen[mean_grad.argsort(descending=True, stable=True)[:room]] = True
        chosen &= mean_grad > self.densify_grad
        split = chosen & (self.scales.exp().amax(1) > self.split_scale)
        old = kept.nonzero()[:, 0]
        new = chosen.nonzero()[:, 0]
        axes = rotations(self.quats) * self.scales.exp()[:, None, :]
        offset = torch.randn(len(self.means), 2, 3, generator=rng).to(self.means)
        offset = torch.einsum("nij,nkj->nki", axes, offset) * split[:, None, None]
        shrink = torch.where(split, np.log(SPLIT_SHRINK), 0.0)[:, None]
        moved = {
            "means": (self.means + offset[:, 0], self.means + offset[:, 1]),
            "scales": (self.scales - shrink, self.scales - shrink),
        }
        groups = {id(group["params"][0]): group for group in optimizer.param_groups}
        for name in self._names():
            before = getattr(self, name)
            group = groups[id(before)]
            first, second = moved.get(name, (before, before))
            after = nn.Parameter(torch.cat([first[old], second[new]]))
            setattr(self, name, after)
            group["params"] = [after]
            state = optimizer.state.pop(before)
            for key in ("exp_avg", "exp_avg_sq"):
                state[key] = torch.cat([state[key][old], torch.zeros_like(state[key][new])])
            optimizer.state[after] = state
        self.grad_sum = torch.zeros(len(self.means), device=self.means.device)
        self.grad_count.zero_()
        self._center = None

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Makes room for the number of Gaussians in `state_dict`, then loads them."""
        for name in (*self._names(), "grad_sum"):
            value = state_dict.get(prefix + name)
            if value is not None:
                ours = getattr(self, name)
                ours.data = torch.empty_like(value, device=ours.device)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def to_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """A textured mesh of the Gaussians' summed density.  Raises ExportError where there is none."""
        from sds3d.mesh.extract import extract

        return extract(self.implicit_surface(resolution), texture_size=texture_size, faces=faces)

    def to_fitted_asset(self, *, resolution: int, texture_size: int, faces: int) -> Mesh:
        """The mesh of `to_asset`, fitted to renders of the scene.  Raises ExportError where there is none."""
        from sds3d.mesh.extract import extract

        surface = self.implicit_surface(resolution)
        return extract(surface, texture_size=texture_size, faces=faces, fitted=True)

    def implicit_surface(self, resolution: int) -> ImplicitSurface:
        """The Gaussians as `mesh.extract` asks for them, on a grid of `resolution`^3 points."""
        grid = self.density_grid(resolution)
        density = grid[..., 0]

        def color_at(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
            del normals  # the colour is the same from all sides
            values = sample(grid, points)
            return values[:, 1:] / np.maximum(values[:, :1], 1e-6)

        return ImplicitSurface(
            density=density,
            color_at=color_at,
            look=self.coverage_and_depth,
            peaks=functools.partial(grid_peaks, density),
            levels=np.geomspace(0.02, 4.0, 32),
            slack=0.0,
            size=64,
            margin=2 / resolution,
            pictures=self._pictures,
        )

    @torch.no_grad()
    def _pictures(self, cameras: Cameras) -> Pictures:
        """Renders over black, on the CPU."""
        from sds3d.mesh.fit_texture import Pictures

        device = self.means.device
        black = torch.zeros(len(cameras), 3, device=device)
        render = self.render(cameras.to(device), black)
        return Pictures(cameras, render.rgb.cpu(), render.alpha.cpu())

    @torch.no_grad()
    def density_grid(self, resolution: int) -> np.ndarray:
        """Summed density, and density times colour, (R, R, R, 4) indexed [x, y, z] over [-1, 1]^3.

        The colour is the part that is the same from all sides.
        density(p) = sum_i opacity_i exp(-(p - mean_i)^T Sigma_i^-1 (p - mean_i) / 2), without a unit.
        """
        return self._filled(resolution, self.opacities.sigmoid())

    @torch.no_grad()
    def volume(self, resolution: int = VOLUME_GRID) -> Volume:
        """Density and colour of the Gaussians, sampled on a grid of `resolution`^3 points.

        A Gaussian is as opaque along its thinnest axis, at its centre, as its render is:  its density there is
        -ln(1 - opacity) / (sqrt(2 pi) scale).
        """
        thinnest = self._widened(resolution).amin(1)
        opacity = self.opacities.sigmoid().clamp_max(MOST_OPAQUE)
        peak = -torch.log1p(-opacity) / (np.sqrt(2 * np.pi) * thinnest)
        step = 2 * 2 / resolution
        return sampled(self._filled(resolution, peak), step, self.means.device)

    def _widened(self, resolution: int) -> Tensor:
        """The scales (N, 3): a Gaussian thinner than the grid would fall between its points."""
        return self.scales.exp().clamp_min(0.6 * 2 / resolution)

    def _filled(self, resolution: int, peaks: Tensor) -> np.ndarray:
        """sum_i peak_i exp(-(p - mean_i)^T Sigma_i^-1 (p - mean_i) / 2), and times colour, (R, R, R, 4)."""
        from sds3d.kernels import splat_numba

        scale = self._widened(resolution)
        axes = rotations(self.quats)
        precision = torch.einsum("nij,nj,nkj->nik", axes, scale**-2, axes)
        reach = CUT * scale.amax(1)
        inputs = (self.means, precision, peaks, self.colors.sigmoid(), reach)
        arrays = [v.cpu().numpy() for v in inputs]
        grid = np.zeros((resolution, resolution, resolution, 4), np.float32)
        parallel_for(splat_numba.fill, resolution, *arrays, np.float32(1.0), grid)
        return grid

    @torch.no_grad()
    def place(self, points: Tensor, colors: Tensor) -> None:
        """Moves all Gaussians to points (N, 3) with colors (N, 3) sRGB, half as wide as they are apart.

        Raises ValueError for another number of points.
        """
        if len(points) != len(self.means):
            raise ValueError(f"{len(points)} points for {len(self.means)} Gaussians")
        self.means.copy_(points)
        width = PLACED_WIDTH * _neighbour_distance(points.cpu())
        self.scales.copy_(width.log()[:, None].expand(-1, 3))
        self.colors.copy_(colors.clamp(0.01, 0.99).logit())

    def own_files(self, frame: Frame) -> dict[str, bytes]:
        """splats.ply, for splat viewers."""
        from sds3d.mesh.formats.splat_ply import splat_ply

        return {"splats.ply": splat_ply(self.gaussians(frame))}

    @torch.no_grad()
    def gaussians(self, frame: Frame) -> Gaussians:
        """The Gaussians as the file has them.  Raises ExportError when one is not finite."""
        from sds3d.mesh.gaussians import Gaussians

        return Gaussians(
            means=frame.to_file(self.means.cpu().numpy()),
            quats=self.quats.cpu().numpy(),
            scales=self.scales.exp().cpu().numpy() * frame.scale,
            opacities=self.opacities.sigmoid().cpu().numpy(),
            colors=self.colors.sigmoid().cpu().numpy(),
            harmonics=None if self.harmonics is None else self.harmonics.cpu().numpy(),
        )


def _neighbour_distance(points: Tensor) -> Tensor:
    """Root mean square distance (N,) of each point (N, 3) to its three nearest neighbours."""
    distance, _ = KDTree(points.numpy()).query(points.numpy(), 4)
    squares = torch.from_numpy(distance[:, 1:]).float().square()  # the nearest is the point itself
    return squares.mean(1).clamp_min(1e-7).sqrt()
