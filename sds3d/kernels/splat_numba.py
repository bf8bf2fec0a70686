"""CPU kernels of the splat rasteriser: Gaussians in order of depth, each over the pixels it can reach.

At 64 to 128 px the transmittance of an image stays in the first-level cache, so going Gaussian by Gaussian
needs neither tiles nor per-tile lists.  One job is a band of rows of one image.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": {"contract", "afn"}}
MIN_ALPHA = 1 / 255  # below, a Gaussian does not contribute to a pixel
MAX_ALPHA = 0.999  # above, alpha is cut
MIN_TRANSMITTANCE = 1e-4  # below, a pixel is finished


@njit(inline="always", **OPTIONS)
def _reach(conic, opacity):
    """Half the width and height, px, of the ellipse where opacity exp(-q) >= MIN_ALPHA; -1 if it is empty.

    conic: (xx, xy, yy) of the inverse covariance, px^-2.
    """
    if not opacity > MIN_ALPHA:
        return -1.0, -1.0
    xx, xy, yy = conic[0], conic[1], conic[2]
    determinant = xx * yy - xy * xy
    if not determinant > 0:
        return -1.0, -1.0
    twice_q = 2 * math.log(opacity / MIN_ALPHA)  # at the ellipse
    scale = twice_q / determinant
    return math.sqrt(scale * yy), math.sqrt(scale * xx)


@njit(inline="always", **OPTIONS)
def _pixels(center, half, low, high):
    """First and last pixel in [low, high) whose centre lies within `half` of `center`."""
    if not (center + half > low and center - half < high):
        return 0, -1
    first = max(low, math.ceil(center - half - 0.5))
    return first, min(high - 1, math.floor(center + half - 0.5))


@njit(**OPTIONS)
def forward(start, stop, center, conic, opacity, feature, order, bands, out, transmittance):
    """out += T alpha feature, front to back; `transmittance` is the T left at each pixel, 1 at first."""
    height = out.shape[1]
    width = out.shape[2]
    for job in range(start, stop):
        b = job // bands
        band = job % bands
        low = height * band // bands
        high = height * (band + 1) // bands
        for n in order[b]:
            half_x, half_y = _reach(conic[b, n], opacity[b, n])
            top, bottom = _pixels(center[b, n, 1], half_y, low, high)
            left, right = _pixels(center[b, n, 0], half_x, 0, width)
            if half_x < 0 or left > right:
                continue
            xx, xy, yy = conic[b, n, 0], conic[b, n, 1], conic[b, n, 2]
            for row in range(top, bottom + 1):
                dy = row + out.dtype.type(0.5) - center[b, n, 1]
                for col in range(left, right + 1):
                    T = transmittance[b, row, col]
                    if T < MIN_TRANSMITTANCE:
                        continue
                    dx = col + out.dtype.type(0.5) - center[b, n, 0]
                    q = (xx * dx * dx + yy * dy * dy) / 2 + xy * dx * dy
                    alpha = opacity[b, n] * math.exp(-q)
                    if alpha < MIN_ALPHA:
                        continue
                    alpha = min(alpha, out.dtype.type(MAX_ALPHA))
                    weight = T * alpha
                    for k in range(out.shape[3]):
                        out[b, row, col, k] += weight * feature[b, n, k]
                    transmittance[b, row, col] = T * (1 - alpha)


@njit(**OPTIONS)
def backward(
    start, stop, center, conic, opacity, feature, order, bands, out, g_out, transmittance, in_front,
    g_center, g_conic, g_opacity, g_feature,
):  # fmt: skip
    """Gradients of `forward`, front to back again.

    With g the gradient of a pixel, d_i = g . feature_i and w_i = T_i alpha_i,
    dL/dalpha_i = T_i d_i - (sum over j > i of w_j d_j) / (1 - alpha_i).  The sum is g . out minus `in_front`,
    the sum over j <= i of w_j d_j.  Each job adds to its own row of the gradients.
    """
    height = out.shape[1]
    width = out.shape[2]
    for job in range(start, stop):
        b = job // bands
        band = job % bands
        low = height * band // bands
        high = height * (band + 1) // bands
        for n in order[b]:
            half_x, half_y = _reach(conic[b, n], opacity[b, n])
            top, bottom = _pixels(center[b, n, 1], half_y, low, high)
            left, right = _pixels(center[b, n, 0], half_x, 0, width)
            if half_x < 0 or left > right:
                continue
            xx, xy, yy = conic[b, n, 0], conic[b, n, 1], conic[b, n, 2]
            for row in range(top, bottom + 1):
                dy = row + out.dtype.type(0.5) - center[b, n, 1]
                for col in range(left, right + 1):
                    T = transmittance[b, row, col]
                    if T < MIN_TRANSMITTANCE:
                        continue
                    dx = col + out.dtype.type(0.5) - center[b, n, 0]
                    q = (xx * dx * dx + yy * dy * dy) / 2 + xy * dx * dy
                    falloff = math.exp(-q)
                    alpha = opacity[b, n] * falloff
                    if alpha < MIN_ALPHA:
                        continue
                    is_cut = alpha > MAX_ALPHA
                    alpha = min(alpha, out.dtype.type(MAX_ALPHA))
                    weight = T * alpha
                    d = out.dtype.type(0)
                    total = out.dtype.type(0)
                    for k in range(out.shape[3]):
                        g = g_out[b, row, col, k]
                        g_feature[job, n, k] += weight * g
                        d += g * feature[b, n, k]
                        total += g * out[b, row, col, k]
                    in_front[b, row, col] += weight * d
                    transmittance[b, row, col] = T * (1 - alpha)
                    if is_cut:
                        continue
                    g_alpha = T * d - (total - in_front[b, row, col]) / (1 - alpha)
                    g_opacity[job, n] += g_alpha * falloff
                    g_q = -g_alpha * alpha
                    g_conic[job, n, 0] += g_q * dx * dx / 2
                    g_conic[job, n, 1] += g_q * dx * dy
                    g_conic[job, n, 2] += g_q * dy * dy / 2
                    g_center[job, n, 0] -= g_q * (xx * dx + xy * dy)
                    g_center[job, n, 1] -= g_q * (xy * dx + yy * dy)


@njit(**OPTIONS)
def fill(start, stop, mean, precision, opacity, color, reach, bound, volume):
    """volume[x, y, z] += (density, density * colour) for slabs x in [start, stop), over [-bound, bound]^3.

    density = sum_i opacity_i exp(-q_i / 2),  q_i = (p - mean_i)^T precision_i (p - mean_i),  over those i whose
    q_i <= 16 and whose mean is within `reach_i` of p on each axis.
    """
    size = volume.shape[1]
    spacing = 2 * bound / (size - 1)
    first = np.empty(3, np.int64)
    last = np.empty(3, np.int64)
    for n in range(mean.shape[0]):
        center = mean[n]
        P = precision[n]
        for k in range(3):
            first[k] = max(0, math.ceil((center[k] - reach[n] + bound) / spacing))
            last[k] = min(size - 1, math.floor((center[k] + reach[n] + bound) / spacing))
        for i in range(max(first[0], start), min(last[0], stop - 1) + 1):
            dx = i * spacing - bound - center[0]
            for j in range(first[1], last[1] + 1):
                dy = j * spacing - bound - center[1]
                for k in range(first[2], last[2] + 1):
                    dz = k * spacing - bound - center[2]
                    q = P[0, 0] * dx * dx + P[1, 1] * dy * dy + P[2, 2] * dz * dz
                    q += 2 * (P[0, 1] * dx * dy + P[0, 2] * dx * dz + P[1, 2] * dy * dz)
                    if q > 16:
                        continue
                    density = opacity[n] * math.exp(-q / 2)
                    volume[i, j, k, 0] += density
                    for c in range(3):
                        volume[i, j, k, 1 + c] += density * color[n, c]
