"""CPU kernels of the texture lookup.  A pool holds all levels of a texture, (P, C), level after level."""

from __future__ import annotations

import math

from numba import njit

from sds3d.kernels.rasterize_numba import OPTIONS
from sds3d.kernels.textures import CLAMP, REPEAT


@njit(**OPTIONS)
def halve(places, pool):
    """Fills every level but the first with the means of 2 x 2 texels of the one before."""
    for n in range(1, len(places)):
        fine, rows, cols = places[n - 1]
        first, height, width = places[n]
        below, right = (cols if rows > 1 else 0), (1 if cols > 1 else 0)
        for row in range(height):
            for col in range(width):
                i = fine + 2 * row * cols + 2 * col if rows > 1 else fine + 2 * col
                o = first + row * width + col
                for c in range(pool.shape[1]):
                    top = pool[i, c] + pool[i + right, c]
                    pool[o, c] = (top + pool[i + below, c] + pool[i + below + right, c]) / 4


@njit(**OPTIONS)
def spread(places, g_pool):
    """Adds the gradients of every level to those of the texels that it is the mean of."""
    for n in range(len(places) - 1, 0, -1):
        fine, rows, cols = places[n - 1]
        first, height, width = places[n]
        below, right = (cols if rows > 1 else 0), (1 if cols > 1 else 0)
        for row in range(height):
            for col in range(width):
                i = fine + 2 * row * cols + 2 * col if rows > 1 else fine + 2 * col
                for c in range(g_pool.shape[1]):
                    g = g_pool[first + row * width + col, c] / 4
                    g_pool[i, c] += g
                    g_pool[i + right, c] += g
                    g_pool[i + below, c] += g
                    g_pool[i + below + right, c] += g


@njit(inline="always", **OPTIONS)
def _wrapped(i, size, mode):
    """The index of a texel beyond the edge: from the other side, the edge's own, or mirrored."""
    if mode == REPEAT:
        return i % size
    if mode == CLAMP:
        return min(max(i, 0), size - 1)
    i = i % (2 * size)
    return 2 * size - 1 - i if i >= size else i


@njit(inline="always", **OPTIONS)
def _level(level, levels):
    """The finer of the two levels to read; 0 for what is not a number, which the weights then carry on."""
    return int(min(level, levels - 1)) if level > 0 else 0


@njit(inline="always", **OPTIONS)
def _corners(place, modes, u, v):
    """(four texels, row by row; fractions along x and y; size) of a bilinear sample of one level."""
    first, height, width = place[0], place[1], place[2]
    x, y = u * width - 0.5, v * height - 0.5
    left, top = math.floor(x), math.floor(y)
    col, row = int(left), int(top)
    c0, c1 = _wrapped(col, width, modes[0]), _wrapped(col + 1, width, modes[0])
    r0, r1 = _wrapped(row, height, modes[1]) * width, _wrapped(row + 1, height, modes[1]) * width
    r0, r1 = first + r0, first + r1
    return r0 + c0, r0 + c1, r1 + c0, r1 + c1, x - left, y - top, width, height


@njit(**OPTIONS)
def forward(start, stop, pool, places, modes, uv, level, out):
    """out (N, C), linear between the two levels that `level` (N,) lies between."""
    for n in range(start, stop):
        fine = _level(level[n], len(places))
        share = level[n] - fine
        for c in range(out.shape[1]):
            out[n, c] = 0
        for step in range(2):
            weight = share if step else 1 - share
            if weight == 0:
                continue
            i, j, k, m, fx, fy, _, _ = _corners(
                places[min(fine + step, len(places) - 1)], modes, uv[n, 0], uv[n, 1]
            )
            w_i, w_j = weight * (1 - fx) * (1 - fy), weight * fx * (1 - fy)
            w_k, w_m = weight * (1 - fx) * fy, weight * fx * fy
            for c in range(out.shape[1]):
                out[n, c] += (
                    w_i * pool[i, c] + w_j * pool[j, c] + w_k * pool[k, c] + w_m * pool[m, c]
                )


@njit(**OPTIONS)
def backward(start, stop, jobs, pool, places, modes, uv, level, g_out, g_pool, g_uv):
    """Gradients of `forward`; job j has the j-th part of the samples and its own row of g_pool (jobs, P, C)."""
    for job in range(start, stop):
        g_p = g_pool[job]
        for n in range(len(uv) * job // jobs, len(uv) * (job + 1) // jobs):
            fine = _level(level[n], len(places))
            share = level[n] - fine
            for step in range(2):
                weight = share if step else 1 - share
                if weight == 0:
                    continue
                place = places[min(fine + step, len(places) - 1)]
                i, j, k, m, fx, fy, width, height = _corners(place, modes, uv[n, 0], uv[n, 1])
                w_i, w_j = weight * (1 - fx) * (1 - fy), weight * fx * (1 - fy)
                w_k, w_m = weight * (1 - fx) * fy, weight * fx * fy
                g_x = g_y = 0.0
                for c in range(g_out.shape[1]):
                    g = g_out[n, c]
                    g_p[i, c] += w_i * g
                    g_p[j, c] += w_j * g
                    g_p[k, c] += w_k * g
                    g_p[m, c] += w_m * g
                    p_i, p_j, p_k, p_m = pool[i, c], pool[j, c], pool[k, c], pool[m, c]
                    g_x += g * ((1 - fy) * (p_j - p_i) + fy * (p_m - p_k))
                    g_y += g * ((1 - fx) * (p_k - p_i) + fx * (p_m - p_j))
                g_uv[n, 0] += weight * g_x * width
                g_uv[n, 1] += weight * g_y * height
