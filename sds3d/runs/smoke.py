"""Every kernel of a device on a small input, against the kernel that the CPU uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sds3d.kernels.backends import problem
from sds3d.kernels.composite import composite, march
from sds3d.kernels.hash_encode import hash_encode
from sds3d.kernels.plane_encode import plane_encode
from sds3d.kernels.splat import splat
from sds3d.views.cameras import orbit

Toy = Callable[[torch.device, str, int], list[Tensor]]
"""(device, backend, size) -> results and gradients; size: a factor on the numbers of samples, Gaussians and
pixels a side."""

CPU = torch.device("cpu")
TOLERANCE = 0.02  # of the largest value; gsplat's sums and cuts differ by up to that
TINY = 1e-12


@dataclass(frozen=True)
class Check:
    """One kernel on one backend.  error: relative to the largest value; nan where it did not run.

    why: the reason, where it did not run or failed.  installed: whether it could be tried at all.
    """

    kernel: str
    backend: str
    passed: bool
    error: float = float("nan")
    milliseconds: float = float("nan")
    why: str = ""
    installed: bool = True

    @property
    def text(self) -> str:
        """The check in a few words."""
        if not self.installed:
            return f"left out: {self.why}"
        if self.why:
            return f"FAIL: {self.why}"
        measured = f"{self.milliseconds:.2f} ms, error {self.error:.0e}"
        return f"{'pass' if self.passed else 'FAIL'}, {measured}"


def marching(device: torch.device, backend: str, size: int) -> list[Tensor]:
    """Samples of two views through a ball of cells; how many there are, and their mean distance."""
    line = (torch.arange(16) + 0.5) / 8 - 1
    radius = torch.cartesian_prod(line, line, line).norm(dim=-1).view(16, 16, 16)
    density_floor = torch.where(radius < 0.6, 2.0, -1.0).to(device)
    origins, directions = (v.reshape(-1, 3).to(device) for v in orbit(2, 16 * size).rays())
    found = march(density_floor, origins, directions, step=0.05, backend=backend)
    return [torch.tensor(float(len(found.dist))), found.dist.mean()]


def compositing(device: torch.device, backend: str, size: int) -> list[Tensor]:
    """Rays of twenty samples, most of which end before their last."""
    rng = torch.Generator().manual_seed(0)
    count = 2000 * size
    offsets = torch.arange(0, count + 1, 20, device=device)
    density = (20 * torch.rand(count, generator=rng)).to(device).requires_grad_()
    rgb = torch.rand(count, 3, generator=rng).to(device).requires_grad_()
    dist = (2 + 0.03 * torch.arange(20)).repeat(count // 20).to(device)
    delta = torch.full_like(dist, 0.03)
    out = composite(density, rgb, dist, delta, offsets, min_transmittance=1e-4, backend=backend)
    return with_gradients(list(out), [density, rgb])


def hash_encoding(device: torch.device, backend: str, size: int) -> list[Tensor]:
    """Points in a dense and a hashed level."""
    rng = torch.Generator().manual_seed(0)
    x = torch.rand(1000 * size, 3, generator=rng).to(device)
    resolutions = torch.tensor([8, 100], dtype=torch.int32, device=device)
    table = torch.randn(2, 2**12, 2, generator=rng).to(device).requires_grad_()
    return with_gradients([hash_encode(x, table, resolutions, backend=backend)], [table])


def plane_encoding(device: torch.device, backend: str, size: int) -> list[Tensor]:
    """Points on three planes."""
    rng = torch.Generator().manual_seed(0)
    x = torch.rand(1000 * size, 3, generator=rng).to(device)
    planes = torch.randn(3, 32, 32, 4, generator=rng).to(device).requires_grad_()
    return with_gradients([plane_encode(x, planes, backend=backend)], [planes])


def splatting(device: torch.device, backend: str, size: int) -> list[Tensor]:
    """Gaussians of one colour from all sides."""
    return _splats(device, backend, size, 0)


def harmonic_splatting(device: torch.device, backend: str, size: int) -> list[Tensor]:
    """Gaussians with spherical harmonics of degree 3."""
    return _splats(device, backend, size, 15)


def _splats(device: torch.device, backend: str, size: int, count: int) -> list[Tensor]:
    rng = torch.Generator().manual_seed(0)
    number = 100 * size
    drawn = [
        torch.rand(number, 3, generator=rng) - 0.5,
        torch.rand(number, 4, generator=rng) - 0.5,
        0.05 + 0.1 * torch.rand(number, 3, generator=rng),
        0.1 + 0.8 * torch.rand(number, generator=rng),
        torch.rand(number, 3, generator=rng),
        0.2 * torch.rand(number, count, 3, generator=rng),
    ]
    leaves = [v.to(device).requires_grad_() for v in drawn]
    means, quats, scales, opacities, colors, harmonics = leaves
    rgb, alpha, depth, _ = splat(
        means,
        quats,
        scales,
        opacities,
        colors,
        orbit(2, 16 * size).to(device),
        harmonics=harmonics if count else None,
        backend=backend,
    )
    return with_gradients([rgb, alpha, depth], leaves[3:] if count else leaves[3:5])


def with_gradients(results: list[Tensor], leaves: list[Tensor]) -> list[Tensor]:
    """The results, and the gradients of their sum of squares with respect to the leaves."""
    loss = torch.stack([v.square().sum() for v in results]).sum()
    return [*(v.detach() for v in results), *torch.autograd.grad(loss, leaves)]


TOYS: Mapping[str, Toy] = {
    "march": marching,
    "composite": compositing,
    "hash encoding": hash_encoding,
    "plane encoding": plane_encoding,
    "splats": splatting,
    "splats, harmonics": harmonic_splatting,
}
CUDA: Mapping[str, Sequence[str]] = {
    "march": ("torch",),
    "composite": ("nerfacc", "torch"),
    "hash encoding": ("tinycudann", "torch"),
    "plane encoding": ("torch",),
    "splats": ("gsplat", "torch"),
    "splats, harmonics": ("gsplat", "torch"),
}  # the backends of each kernel on CUDA


def smoke(
    device: torch.device,
    backends: Mapping[str, Sequence[str]] = CUDA,
    toys: Mapping[str, Toy] = TOYS,
    *,
    size: int = 1,
    why_not: Callable[[str], str] = problem,
) -> list[Check]:
    """A check of each backend of each kernel: its values and gradients against those of the CPU's kernel.

    why_not: backend -> why it cannot be used, "" if it can.
    """
    checks = []
    for kernel, names in backends.items():
        expected = toys[kernel](CPU, "auto", size)
        for name in names:
            if why := why_not(name):
                checks.append(Check(kernel, name, passed=False, why=why, installed=False))
            else:
                checks.append(_check(kernel, name, device, toys[kernel], expected, size))
    return checks


def _check(
    kernel: str, backend: str, device: torch.device, toy: Toy, expected: list[Tensor], size: int
) -> Check:
    try:
        toy(device, backend, size)  # compiles, and fills caches
        _wait(device)
        start = time.perf_counter()
        found = toy(device, backend, size)
        _wait(device)
        seconds = time.perf_counter() - start
    except (RuntimeError, ImportError, OSError, TypeError, ValueError, AssertionError) as error:
        why = next(iter(str(error).strip().splitlines()), type(error).__name__)
        return Check(kernel, backend, passed=False, why=why)
    error = max(difference(a, b) for a, b in zip(found, expected, strict=True))
    return Check(kernel, backend, error <= TOLERANCE, error, 1e3 * seconds)


def difference(found: Tensor, expected: Tensor) -> float:
    """The largest difference, relative to the largest expected value; infinite where a value is not finite."""
    found, expected = found.detach().cpu().double(), expected.detach().double()
    if found.shape != expected.shape or not torch.isfinite(found).all():
        return float("inf")
    return ((found - expected).abs().max() / expected.abs().max().clamp_min(TINY)).item()


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def lines(device: torch.device | None) -> dict[str, str]:
    """The checks for `sds3d doctor`, by kernel and backend; one line where there is no device."""
    if device is None:
        return {"gpu test": "not run: there is no CUDA device"}
    return {f"{check.kernel} ({check.backend})": check.text for check in smoke(device)}
