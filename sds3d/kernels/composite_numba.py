"""CPU kernels of ray marching and compositing; rays are split between threads."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sds3d.kernels.threads import parallel_for

OPTIONS = {"nogil": True, "cache": True, "fastmath": {"contract"}, "error_model": "numpy"}


@njit(**OPTIONS)
def _march(start, stop, thickness, origin, direction, jitter, step, deepest, offsets, out):
    """Counts the samples of each ray when `out` is empty, writes (x, y, z, distance) otherwise."""
    side = thickness.shape[0]
    scale = 0.5 * side
    for r in range(start, stop):
        ox, oy, oz = origin[r, 0], origin[r, 1], origin[r, 2]
        dx, dy, dz = direction[r, 0], direction[r, 1], direction[r, 2]
        middle = -(ox * dx + oy * dy + oz * dz)
        inside = 1 - (ox * ox + oy * oy + oz * oz) + middle * middle
        count = 0
        if inside > 0:
            near = max(middle - math.sqrt(inside), 0.0)
            steps = int((middle + math.sqrt(inside) - near) / step)
            depth = 0.0
            for k in range(steps):
                distance = near + (k + jitter[r]) * step
                x, y, z = ox + distance * dx, oy + distance * dy, oz + distance * dz
                ix = min(max(int((x + 1) * scale), 0), side - 1)
                iy = min(max(int((y + 1) * scale), 0), side - 1)
                iz = min(max(int((z + 1) * scale), 0), side - 1)
                cell = thickness[ix, iy, iz]
                if cell < 0:
                    continue
                if out.shape[0]:
                    row = offsets[r] + count
                    out[row, 0], out[row, 1], out[row, 2], out[row, 3] = x, y, z, distance
                count += 1
                depth += cell * step
                if depth > deepest:
                    break
        if not out.shape[0]:
            offsets[r + 1] = count


@njit(**OPTIONS)
def _forward(start, stop, density, rgb, dist, delta, offsets, least, out):
    """out (R, 5): rgb, alpha, depth."""
    for r in range(start, stop):
        through = 1.0
        red = green = blue = depth = 0.0
        for i in range(offsets[r], offsets[r + 1]):
            after = through * math.exp(-density[i] * delta[i])
            weight = through - after
            red += weight * rgb[i, 0]
            green += weight * rgb[i, 1]
            blue += weight * rgb[i, 2]
            depth += weight * dist[i]
            through = after
            if through < least:
                break
        out[r, 0], out[r, 1], out[r, 2], out[r, 3], out[r, 4] = red, green, blue, 1 - through, depth


@njit(**OPTIONS)
def _backward(start, stop, density, rgb, dist, delta, offsets, least, out, grad, grad_samples):
    """grad_samples (N, 6): density, rgb, dist, delta.

    With q_i = dL/dw_i,  dL/d(density_i delta_i) = T_(i+1) q_i - sum over j > i of w_j q_j.
    """
    for r in range(start, stop):
        red, green, blue, alpha, depth = grad[r, 0], grad[r, 1], grad[r, 2], grad[r, 3], grad[r, 4]
        behind = red * out[r, 0] + green * out[r, 1] + blue * out[r, 2]
        behind += alpha * out[r, 3] + depth * out[r, 4]
        through = 1.0
        for i in range(offsets[r], offsets[r + 1]):
            after = through * math.exp(-density[i] * delta[i])
            weight = through - after
            q = red * rgb[i, 0] + green * rgb[i, 1] + blue * rgb[i, 2] + alpha + depth * dist[i]
            behind -= weight * q
            slope = after * q - behind
            grad_samples[i, 0] = slope * delta[i]
            grad_samples[i, 1] = weight * red
            grad_samples[i, 2] = weight * green
            grad_samples[i, 3] = weight * blue
            grad_samples[i, 4] = weight * depth
            grad_samples[i, 5] = slope * density[i]
            through = after
            if through < least:
                break


def march(
    thickness: np.ndarray,
    origin: np.ndarray,
    direction: np.ndarray,
    jitter: np.ndarray,
    step: float,
    deepest: float,
) -> tuple[np.ndarray, np.ndarray]:
    """(samples (N, 4), offsets (R + 1,)); see `composite.march`."""
    rays = len(origin)
    offsets = np.zeros(rays + 1, np.int64)
    common = (thickness, origin, direction, jitter, step, deepest, offsets)
    parallel_for(_march, rays, *common, np.empty((0, 4), origin.dtype))
    offsets = np.cumsum(offsets)
    out = np.empty((offsets[-1], 4), origin.dtype)
    if len(out):
        parallel_for(_march, rays, *common[:-1], offsets, out)
    return out, offsets


def forward(*inputs: np.ndarray | float) -> np.ndarray:
    """(R, 5) of (density, rgb, dist, delta, offsets, least): rgb, alpha, depth."""
    density, offsets = inputs[0], inputs[4]
    out = np.empty((len(offsets) - 1, 5), density.dtype)
    parallel_for(_forward, len(out), *inputs, out)
    return out


def backward(*inputs: np.ndarray | float) -> np.ndarray:
    """(N, 6) of (density, rgb, dist, delta, offsets, least, out, grad): see `_backward`."""
    density, offsets = inputs[0], inputs[4]
    grad = np.zeros((len(density), 6), density.dtype)
    parallel_for(_backward, len(offsets) - 1, *inputs, grad)
    return grad
