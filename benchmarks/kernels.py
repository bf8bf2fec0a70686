"""Times of the numba kernels, forward and backward, against vectorised torch versions.

python benchmarks/kernels.py [NAME ...]
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence

import torch
import trimesh
from machine import keep
from torch import Tensor

from sds3d.kernels.antialias import adjacency, antialias
from sds3d.kernels.composite import composite, march
from sds3d.kernels.fragments import fragments
from sds3d.kernels.hash_encode import hash_encode
from sds3d.kernels.interpolate import interpolate
from sds3d.kernels.plane_encode import plane_encode
from sds3d.kernels.rasterize import project
from sds3d.kernels.splat import splat
from sds3d.recipe.load import load
from sds3d.scenes.volume import NerfScene, TriplaneScene
from sds3d.views.cameras import orbit, random_views

SAMPLES = 100_000


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def along_rays(count: int) -> Tensor:
    """Points in [0, 1]^3 in runs of twenty, like samples along rays."""
    start = torch.rand(count // 20, 1, 3, generator=rng())
    way = 0.02 * torch.randn(count // 20, 1, 3, generator=rng())
    return (start + way * torch.arange(20)[:, None]).clamp(0, 1).reshape(-1, 3)


def with_backward(function: Callable[..., Tensor], parameters: Sequence[Tensor]) -> Callable:
    """One forward and backward of a sum over `function()`."""

    def run() -> None:
        torch.autograd.grad(function().sum(), parameters)

    return run


def hash_encoding(backend: str) -> Callable:
    x = along_rays(SAMPLES)
    resolutions = torch.tensor([8, 12, 18, 26, 39, 58, 86, 128], dtype=torch.int32)
    table = torch.randn(8, 2**16, 2, generator=rng()).requires_grad_()
    return with_backward(lambda: hash_encode(x, table, resolutions, backend=backend), [table])


def planes(backend: str) -> Callable:
    x = along_rays(SAMPLES)
    values = torch.randn(3, 64, 64, 8, generator=rng()).requires_grad_()
    return with_backward(lambda: plane_encode(x, values, backend=backend), [values])


def compositing(backend: str) -> Callable:
    offsets = torch.arange(0, SAMPLES + 1, 20)
    density = (20 * torch.rand(SAMPLES, generator=rng())).requires_grad_()
    rgb = torch.rand(SAMPLES, 3, generator=rng()).requires_grad_()
    dist = (2 + 0.03 * torch.arange(20)).repeat(len(offsets) - 1)
    delta = torch.full_like(dist, 0.03)

    def run() -> Tensor:
        return torch.cat(
            [v.flatten() for v in composite(density, rgb, dist, delta, offsets, backend=backend)]
        )

    return with_backward(run, [density, rgb])


def marching(backend: str) -> Callable:
    """A ball of radius 0.6 in a 64^3 grid, four views of 64 pixels."""
    line = (torch.arange(64) + 0.5) / 32 - 1
    radius = torch.cartesian_prod(line, line, line).norm(dim=-1).view(64, 64, 64)
    density_floor = torch.where(radius < 0.6, 20.0, -1.0)
    origins, directions = (v.reshape(-1, 3) for v in views().rays())
    return lambda: march(density_floor, origins, directions, step=0.03, backend=backend)


def splatting(backend: str) -> Callable:
    """4,000 Gaussians in a ball of radius 0.6, of a size typical halfway through a run."""
    draw = rng()
    means = 0.35 * torch.randn(4000, 3, generator=draw)
    means = (means * (0.6 / means.norm(dim=1, keepdim=True)).clamp(max=1)).requires_grad_()
    quats = torch.randn(4000, 4, generator=draw).requires_grad_()
    scales = (0.01 + 0.03 * torch.rand(4000, 3, generator=draw)).requires_grad_()
    opacities = torch.rand(4000, generator=draw).requires_grad_()
    colors = torch.rand(4000, 3, generator=draw).requires_grad_()
    parameters, cameras = [means, quats, scales, opacities, colors], views()

    def run() -> Tensor:
        rgb, alpha, depth, _ = splat(*parameters, cameras, backend=backend)
        return torch.cat([rgb.flatten(), alpha.flatten(), depth.flatten()])

    return with_backward(run, parameters)


def mesh_rendering(backend: str) -> Callable:
    """20,480 triangles in four views of 256 pixels: colours and coverage, with blended silhouettes."""
    ball = trimesh.creation.icosphere(5, radius=0.8)
    vertices = torch.tensor(ball.vertices, dtype=torch.float32).requires_grad_()
    faces = torch.tensor(ball.faces, dtype=torch.int32)
    attributes = torch.rand(len(vertices), 4, generator=rng()).requires_grad_()
    cameras, links = orbit(4, 256), adjacency(faces)

    def run() -> Tensor:
        screen = project(vertices, cameras)
        seen = fragments(screen, faces, 256, 256, backend=backend)
        image = interpolate(attributes, faces, seen, backend=backend)
        return antialias(image, screen, faces, seen, links=links, backend=backend)

    return with_backward(run, [vertices, attributes])


def views():
    return random_views(rng(), 4, 64, elevation_deg=(-10, 60), distance=(3, 3), fov_deg=(40, 40))


KERNELS: dict[str, Callable[[str], Callable]] = {
    "hash_encode": hash_encoding,
    "plane_encode": planes,
    "composite": compositing,
    "march": marching,
    "splat": splatting,
    "mesh": mesh_rendering,
}


def scene_step(make: Callable) -> Callable:
    """Render, backward and Adam on four views of 64 pixels, after sixty steps towards a dark ball."""
    torch.manual_seed(0)
    scene, draw, cameras = make(), rng(), views()
    names = {name: 0.01 for name in scene.field.groups()}
    optimizer = torch.optim.Adam(scene.param_groups(names), betas=(0.9, 0.99), fused=True)
    origins, directions = cameras.rays()
    target = (torch.linalg.cross(origins, directions).norm(dim=-1) > 0.5).float()[..., None]
    steps = iter(range(1_000_000))

    def run() -> None:
        render = scene.render(cameras, torch.ones(4, 3), draw)
        (render.rgb - target).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        scene.after_step(next(steps), optimizer, draw)

    for _ in range(60):
        run()
    return run


SCENES = {
    "nerf step": functools.partial(NerfScene, **load("sds-nerf").scene.options),
    "triplane step": functools.partial(TriplaneScene, **load("sds-triplane").scene.options),
}


def seconds(run: Callable, repeats: int = 5) -> float:
    """The fastest of some runs after a warm-up."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def main(names: Sequence[str]) -> None:
    values = {}
    for name, make in KERNELS.items():
        if not names or name in names:
            fast, plain = seconds(make("numba")), seconds(make("torch"), 2)
            values[name] = {"numba": fast, "torch": plain, "ratio": plain / fast}
            print(
                f"{name:14s} {1e3 * fast:8.1f} ms  torch {1e3 * plain:8.1f} ms  {plain / fast:5.1f}x"
            )
    for name, make in SCENES.items():
        if not names or name in names:
            values[name] = {"seconds": seconds(scene_step(make), 16)}
            print(f"{name:14s} {1e3 * values[name]['seconds']:8.1f} ms")
    keep("kernels", values)


if __name__ == "__main__":
    main(sys.argv[1:])
