"""CPU kernels of ray marching and compositing; threads share out the rays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from sds3d.kernels.threads import parallel_for

OPTIONS = {"nogil": True, "cache": True, "fastmath": {"contract"}, "error_model": "numpy"}


@njit(**OPTIONS)
def _march(
    start, stop, density_floor, origin, direction, jitter, step, max_optical_depth, offsets, out
):  # fmt: skip
    """Counts the samples of each ray where `out` is empty; otherwise writes (x, y, z, distance)."""
    side = density_floor.shape[0]
    scale = 0.5 * side
    for r in range(start, stop):
        ox, oy, oz = origin[r, 0], origin[r, 1], origin[r, 2]
        dx, dy, dz = direction[r, 0], direction[r, 1], direction[r, 2]
        middle = -(ox * dx + oy * dy + oz * dz)  # distance of the chord's middle
        discriminant = 1 - (ox * ox + oy * oy + oz * oz) + middle * middle
        count = 0
        if discriminant > 0:
            near = max(middle - math.sqrt(discriminant), 0.0)
            steps = int((middle + math.sqrt(discriminant) - near) / step)
            optical_depth = 0.0
            for k in range(steps):
                distance = near + (k + jitter[r]) * step
                x, y, z = ox + distance * dx, oy + distance * dy, oz + distance * dz
                ix = min(max(int((x + 1) * scale), 0), side - 1)
                iy = min(max(int((y + 1) * scale), 0), side - 1)
                iz = min(max(int((z + 1) * scale), 0), side - 1)
                floor = density_floor[ix, iy, iz]
                if floor < 0:
                    continue
                if out.shape[0]:
                    row = offsets[r] + count
                    out[row, 0] = x
                    out[row, 1] = y
                    out[row, 2] = z
                    out[row, 3] = distance
                count += 1
                optical_depth += floor * step
                if optical_depth > max_optical_depth:
                    break
        if not out.shape[0]:
            offsets[r + 1] = count


@njit(**OPTIONS)
def _forward(start, stop, density, rgb, dist, delta, offsets, min_transmittance, out):
    """out (R, 5): rgb, alpha, depth."""
    for r in range(start, stop):
        transmittance = 1.0
        red = 0.0
        green = 0.0
        blue = 0.0
        depth = 0.0
        for i in range(offsets[r], offsets[r + 1]):
            after = transmittance * math.exp(-density[i] * delta[i])
            weight = transmittance - after
            red += weight * rgb[i, 0]
            green += weight * rgb[i, 1]
            blue += weight * rgb[i, 2]
            depth += weight * dist[i]
            transmittance = after
            if transmittance < min_transmittance:
                break
        out[r, 0] = red
        out[r, 1] = green
        out[r, 2] = blue
        out[r, 3] = 1 - transmittance
        out[r, 4] = depth


@njit(**OPTIONS)
def _backward(
    start, stop, density, rgb, dist, delta, offsets, min_transmittance, out, g_out, g_samples
):  # fmt: skip
    """g_samples (N, 6): the gradients of density, rgb, dist, delta, from g_out (R, 5).

    With q_i = dL/dw_i,  dL/d(density_i delta_i) = T_(i+1) q_i - sum over j > i of w_j q_j.
    """
    for r in range(start, stop):
        g_red, g_green, g_blue = g_out[r, 0], g_out[r, 1], g_out[r, 2]
        g_alpha = g_out[r, 3]
        g_depth = g_out[r, 4]
        behind = g_red * out[r, 0] + g_green * out[r, 1] + g_blue * out[r, 2]
        behind += g_alpha * out[r, 3] + g_depth * out[r, 4]  # sum over all j of w_j q_j
        transmittance = 1.0
        for i in range(offsets[r], offsets[r + 1]):
            after = transmittance * math.exp(-density[i] * delta[i])
            weight = transmittance - after
            q = (
                g_red * rgb[i, 0]
                + g_green * rgb[i, 1]
                + g_blue * rgb[i, 2]
                + g_alpha
                + g_depth * dist[i]
            )
            behind -= weight * q
            g_optical_depth = after * q - behind
            g_samples[i, 0] = g_optical_depth * delta[i]
            g_samples[i, 1] = weight * g_red
            g_samples[i, 2] = weight * g_green
            g_samples[i, 3] = weight * g_blue
            g_samples[i, 4] = weight * g_depth
            g_samples[i, 5] = g_optical_depth * density[i]
            transmittance = after
            if transmittance < min_transmittance:
                break


def march(
    density_floor: np.ndarray,
    origin: np.ndarray,
    direction: np.ndarray,
    jitter: np.ndarray,
    step: float,
    max_optical_depth: float,
) -> tuple[np.ndarray, np.ndarray]:
    """(samples (N, 4), offsets (R + 1,)); see `composite.march`."""
    rays = len(origin)
    offsets = np.zeros(rays + 1, np.int64)
    common = (density_floor, origin, direction, jitter, step, max_optical_depth, offsets)
    parallel_for(_march, rays, *common, np.empty((0, 4), origin.dtype))
    offsets = np.cumsum(offsets)
    out = np.empty((offsets[-1], 4), origin.dtype)
    if len(out):
        parallel_for(_march, rays, *common[:-1], offsets, out)
    return out, offsets


def forward(*inputs: Any) -> np.ndarray:
    """(R, 5) of (density, rgb, dist, delta, offsets, min_transmittance): rgb, alpha, depth."""
    density, _, _, _, offsets, _ = inputs
    out = np.empty((len(offsets) - 1, 5), density.dtype)
    parallel_for(_forward, len(out), *inputs, out)
    return out


def backward(*inputs: Any) -> np.ndarray:
    """(N, 6) of (density, rgb, dist, delta, offsets, min_transmittance, out, g_out): see `_backward`."""
    density, _, _, _, offsets, *_ = inputs
    g_samples = np.zeros((len(density), 6), density.dtype)
    parallel_for(_backward, len(offsets) - 1, *inputs, g_samples)
    return g_samples
