"""CPU kernels of the splat rasteriser: Gaussians in order of depth, each over the pixels it can reach.

At 64 to 128 px a picture's transmittance stays in the first-level cache, so going Gaussian by Gaussian needs
neither tiles nor their lists.  One job is a band of rows of one picture.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": {"contract", "afn"}}
FAINTEST, DENSEST = 1 / 255, 0.999  # alpha below is nothing, above is cut
LEAST = 1e-4  # a pixel is finished when less light than this passes


@njit(inline="always", **OPTIONS)
def _reach(conic, opacity):
    """Half width and half height of the ellipse where opacity exp(-q) >= FAINTEST; -1 where it is empty."""
    if not opacity > FAINTEST:
        return -1.0, -1.0
    determinant = conic[0] * conic[2] - conic[1] * conic[1]
    if not determinant > 0:
        return -1.0, -1.0
    twice = 2 * math.log(opacity / FAINTEST) / determinant
    return math.sqrt(twice * conic[2]), math.sqrt(twice * conic[0])


@njit(inline="always", **OPTIONS)
def _pixels(center, half, low, high):
    """First and last pixel in [low, high) whose centre lies within `half` of `center`."""
    if not (center + half > low and center - half < high):
        return 0, -1
    first = max(low, math.ceil(center - half - 0.5))
    return first, min(high - 1, math.floor(center + half - 0.5))


@njit(**OPTIONS)
def forward(start, stop, center, conic, opacity, feature, order, bands, out, light):
    """out += T alpha feature, front to back; `light` is the transmittance T left at each pixel."""
    height, width = out.shape[1], out.shape[2]
    for job in range(start, stop):
        b, band = job // bands, job % bands
        low, high = height * band // bands, height * (band + 1) // bands
        for n in order[b]:
            half_x, half_y = _reach(conic[b, n], opacity[b, n])
            top, bottom = _pixels(center[b, n, 1], half_y, low, high)
            left, right = _pixels(center[b, n, 0], half_x, 0, width)
            if half_x < 0 or left > right:
                continue
            a, c, d = conic[b, n, 0], conic[b, n, 1], conic[b, n, 2]
            for row in range(top, bottom + 1):
                dy = row + out.dtype.type(0.5) - center[b, n, 1]
                for col in range(left, right + 1):
                    passes = light[b, row, col]
                    if passes < LEAST:
                        continue
                    dx = col + out.dtype.type(0.5) - center[b, n, 0]
                    q = (a * dx * dx + d * dy * dy) / 2 + c * dx * dy
                    alpha = opacity[b, n] * math.exp(-q)
                    if alpha < FAINTEST:
                        continue
                    alpha = min(alpha, out.dtype.type(DENSEST))
                    weight = passes * alpha
                    for k in range(out.shape[3]):
                        out[b, row, col, k] += weight * feature[b, n, k]
                    light[b, row, col] = passes * (1 - alpha)


@njit(**OPTIONS)
def backward(
    start, stop, center, conic, opacity, feature, order, bands, out, g_out, light, done,
    g_center, g_conic, g_opacity, g_feature,
):  # fmt: skip
    """Gradients of `forward`, front to back again.

    With g the gradient of a pixel, d_i = g . feature_i and w_i = T_i alpha_i,
    dL/dalpha_i = T_i d_i - (sum over j > i of w_j d_j) / (1 - alpha_i); the sum is g . out less what has
    been passed (`done`).  Gradients go to the job's own rows.
    """
    height, width = out.shape[1], out.shape[2]
    for job in range(start, stop):
        b, band = job // bands, job % bands
        low, high = height * band // bands, height * (band + 1) // bands
        for n in order[b]:
            half_x, half_y = _reach(conic[b, n], opacity[b, n])
            top, bottom = _pixels(center[b, n, 1], half_y, low, high)
            left, right = _pixels(center[b, n, 0], half_x, 0, width)
            if half_x < 0 or left > right:
                continue
            a, c, d = conic[b, n, 0], conic[b, n, 1], conic[b, n, 2]
            for row in range(top, bottom + 1):
                dy = row + out.dtype.type(0.5) - center[b, n, 1]
                for col in range(left, right + 1):
                    passes = light[b, row, col]
                    if passes < LEAST:
                        continue
                    dx = col + out.dtype.type(0.5) - center[b, n, 0]
                    q = (a * dx * dx + d * dy * dy) / 2 + c * dx * dy
                    falloff = math.exp(-q)
                    alpha = opacity[b, n] * falloff
                    if alpha < FAINTEST:
                        continue
                    cut = alpha > DENSEST
                    alpha = min(alpha, out.dtype.type(DENSEST))
                    weight = passes * alpha
                    along = total = out.dtype.type(0)
                    for k in range(out.shape[3]):
                        g = g_out[b, row, col, k]
                        g_feature[job, n, k] += weight * g
                        along += g * feature[b, n, k]
                        total += g * out[b, row, col, k]
                    done[b, row, col] += weight * along
                    light[b, row, col] = passes * (1 - alpha)
                    if cut:
                        continue
                    g_alpha = passes * along - (total - done[b, row, col]) / (1 - alpha)
                    g_opacity[job, n] += g_alpha * falloff
                    g_q = -g_alpha * alpha
                    g_conic[job, n, 0] += g_q * dx * dx / 2
                    g_conic[job, n, 1] += g_q * dx * dy
                    g_conic[job, n, 2] += g_q * dy * dy / 2
                    g_center[job, n, 0] -= g_q * (a * dx + c * dy)
                    g_center[job, n, 1] -= g_q * (c * dx + d * dy)


@njit(**OPTIONS)
def fill(start, stop, mean, precision, opacity, color, reach, bound, volume):
    """volume[x, y, z] += (density, density * colour) for slabs x in [start, stop).

    density = sum_i opacity_i exp(-(p - mean_i)^T precision_i (p - mean_i) / 2), within `reach_i` of the mean.
    """
    size = volume.shape[1]
    spacing = 2 * bound / (size - 1)
    for n in range(mean.shape[0]):
        m, r, s = mean[n], reach[n], precision[n]
        first, last = np.empty(3, np.int64), np.empty(3, np.int64)
        for k in range(3):
            first[k] = max(0, math.ceil((m[k] - r + bound) / spacing))
            last[k] = min(size - 1, math.floor((m[k] + r + bound) / spacing))
        for i in range(max(first[0], start), min(last[0], stop - 1) + 1):
            dx = i * spacing - bound - m[0]
            for j in range(first[1], last[1] + 1):
                dy = j * spacing - bound - m[1]
                for k in range(first[2], last[2] + 1):
                    dz = k * spacing - bound - m[2]
                    q = s[0, 0] * dx * dx + s[1, 1] * dy * dy + s[2, 2] * dz * dz
                    q += 2 * (s[0, 1] * dx * dy + s[0, 2] * dx * dz + s[1, 2] * dy * dz)
                    if q > 16:
                        continue
                    density = opacity[n] * math.exp(-q / 2)
                    volume[i, j, k, 0] += density
                    for c in range(3):
                        volume[i, j, k, 1 + c] += density * color[n, c]
