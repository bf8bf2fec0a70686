"""CPU kernels of the triangle rasteriser: visibility, where in its face a pixel lies, and the fused path."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy"}
NEAR = 1e-3  # faces with a corner nearer than this are not drawn


@njit(inline="always", **OPTIONS)
def _edges(x0, y0, x1, y1, x2, y2, px, py):
    """The edge functions of a triangle at a point; their sum is twice its signed area."""
    e0 = (x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)
    e1 = (x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)
    e2 = (x0 - px) * (y1 - py) - (x1 - px) * (y0 - py)
    return e0, e1, e2


@njit(inline="always", **OPTIONS)
def _span(a, b, c, size):
    """First and last pixel whose centre may lie between the smallest and the largest of three."""
    low, high = min(a, b, c), max(a, b, c)
    if not (high > 0 and low < size):
        return 0, -1
    return max(0, math.ceil(max(low, -1.0) - 0.5)), min(
        size - 1, math.floor(min(high, size + 1.0) - 0.5)
    )


@njit(inline="always", **OPTIONS)
def _owns(e, rightward, downward, closed):
    """Whether a sample with edge function e lies inside the edge, or on it and it is a left or level top edge.

    rightward, downward: how e grows along x and along y.  closed: every sample on the edge counts.
    """
    return e > 0 or (e == 0 and (closed or rightward > 0 or (rightward == 0 and downward > 0)))


@njit(**OPTIONS)
def visibility(start, stop, screen, faces, bands, closed, face, depth):
    """The nearest face and its depth at every pixel; of equal depths the first face wins.

    Job n is band n % bands of the rows of image n // bands.  The two faces at an edge compute the same edge
    function with opposite signs, and a sample on the edge is that of one: none is missed and none is in both.
    closed: faces own all of their edges.
    """
    height, width = face.shape[1], face.shape[2]
    for job in range(start, stop):
        b, band = job // bands, job % bands
        first, last = height * band // bands, height * (band + 1) // bands - 1
        s = screen[b]
        for f in range(faces.shape[0]):
            i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
            z0, z1, z2 = s[i, 2], s[j, 2], s[k, 2]
            if not (z0 > NEAR and z1 > NEAR and z2 > NEAR):
                continue
            x0, x1, x2 = np.float64(s[i, 0]), np.float64(s[j, 0]), np.float64(s[k, 0])
            y0, y1, y2 = np.float64(s[i, 1]), np.float64(s[j, 1]), np.float64(s[k, 1])
            left, right = _span(x0, x1, x2, width)
            top, bottom = _span(y0, y1, y2, height)
            sign = 1.0 if (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0) > 0 else -1.0
            right0, right1, right2 = sign * (y1 - y2), sign * (y2 - y0), sign * (y0 - y1)
            down0, down1, down2 = sign * (x2 - x1), sign * (x0 - x2), sign * (x1 - x0)
            for row in range(max(top, first), min(bottom, last) + 1):
                for col in range(left, right + 1):
                    e0, e1, e2 = _edges(x0, y0, x1, y1, x2, y2, col + 0.5, row + 0.5)
                    inside = _owns(sign * e0, right0, down0, closed)
                    inside = inside and _owns(sign * e1, right1, down1, closed)
                    area = e0 + e1 + e2
                    if not inside or not _owns(sign * e2, right2, down2, closed) or area == 0:
                        continue
                    z = area / (e0 / z0 + e1 / z1 + e2 / z2)
                    if face[b, row, col] < 0 or z < depth[b, row, col]:
                        face[b, row, col] = f
                        depth[b, row, col] = z


@njit(inline="always", **OPTIONS)
def _weights(s, i, j, k, px, py):
    """(screen barycentrics b, q = b / z, sum of q, twice the area) of a pixel in its face."""
    e0, e1, e2 = _edges(s[i, 0], s[i, 1], s[j, 0], s[j, 1], s[k, 0], s[k, 1], px, py)
    area = e0 + e1 + e2
    b0, b1, b2 = e0 / area, e1 / area, e2 / area
    q0, q1, q2 = b0 / s[i, 2], b1 / s[j, 2], b2 / s[k, 2]
    return b0, b1, b2, q0, q1, q2, q0 + q1 + q2, area


@njit(**OPTIONS)
def interpolate(start, stop, screen, faces, attributes, face, values):
    """values = sum l_i a_i with l_i = (b_i / z_i) / sum_j (b_j / z_j) at every covered pixel."""
    for b in range(start, stop):
        for row in range(face.shape[1]):
            for col in range(face.shape[2]):
                f = face[b, row, col]
                if f < 0:
                    continue
                i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
                _, _, _, q0, q1, q2, q, _ = _weights(screen[b], i, j, k, col + 0.5, row + 0.5)
                for c in range(values.shape[3]):
                    values[b, row, col, c] = (
                        q0 * attributes[b, i, c]
                        + q1 * attributes[b, j, c]
                        + q2 * attributes[b, k, c]
                    ) / q


@njit(**OPTIONS)
def barycentrics(start, stop, screen, faces, face, bands, out):
    """l_i = (b_i / z_i) / sum_j (b_j / z_j) of every covered pixel in its face."""
    height, width = face.shape[1], face.shape[2]
    for job in range(start, stop):
        b, band = job // bands, job % bands
        for row in range(height * band // bands, height * (band + 1) // bands):
            for col in range(width):
                f = face[b, row, col]
                if f < 0:
                    continue
                i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
                _, _, _, q0, q1, q2, q, _ = _weights(screen[b], i, j, k, col + 0.5, row + 0.5)
                out[b, row, col, 0] = q0 / q
                out[b, row, col, 1] = q1 / q
                out[b, row, col, 2] = q2 / q


@njit(**OPTIONS)
def barycentrics_backward(start, stop, screen, faces, face, bands, g_l, g_depth, g_screen):
    """Gradients of l_i = q_i / q and depth = 1 / q, q_i = b_i / z_i, with the visibility held.

    g_l (B, H, W, 3), g_depth (B, H, W).  Each job adds to its own row of g_screen (jobs, V, 3).
    """
    height, width = face.shape[1], face.shape[2]
    for job in range(start, stop):
        b, band = job // bands, job % bands
        s, gs = screen[b], g_screen[job]
        for row in range(height * band // bands, height * (band + 1) // bands):
            for col in range(width):
                f = face[b, row, col]
                if f < 0:
                    continue
                i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
                px, py = col + 0.5, row + 0.5
                b0, b1, b2, q0, q1, q2, q, area = _weights(s, i, j, k, px, py)
                g = g_l[b, row, col]
                mean = (q0 * g[0] + q1 * g[1] + q2 * g[2]) / q
                shared = g_depth[b, row, col] / (q * q)
                d0 = ((g[0] - mean) / q - shared) / s[i, 2]
                d1 = ((g[1] - mean) / q - shared) / s[j, 2]
                d2 = ((g[2] - mean) / q - shared) / s[k, 2]
                gs[i, 2] -= d0 * q0
                gs[j, 2] -= d1 * q1
                gs[k, 2] -= d2 * q2
                mean = b0 * d0 + b1 * d1 + b2 * d2
                d0, d1, d2 = (d0 - mean) / area, (d1 - mean) / area, (d2 - mean) / area
                gs[i, 0] += d1 * -(s[k, 1] - py) + d2 * (s[j, 1] - py)
                gs[i, 1] += d1 * (s[k, 0] - px) - d2 * (s[j, 0] - px)
                gs[j, 0] += d2 * -(s[i, 1] - py) + d0 * (s[k, 1] - py)
                gs[j, 1] += d2 * (s[i, 0] - px) - d0 * (s[k, 0] - px)
                gs[k, 0] += d0 * -(s[j, 1] - py) + d1 * (s[i, 1] - py)
                gs[k, 1] += d0 * (s[j, 0] - px) - d1 * (s[i, 0] - px)


@njit(**OPTIONS)
def draw(start, stop, vertices, faces, colors, v_offset, f_offset, closed, w2c, K, factor, out):
    """Images (M, B, H, W, 4) of M models in B views: job n is model n % M in view n // M.

    Premultiplied colour and coverage, averaged over factor^2 samples a pixel.  Colours are divided by z at
    the corners and interpolated on the screen, which is exact in perspective.  Of a closed model only the
    faces turned to the camera are drawn (negative area: counter-clockwise with y down).
    """
    models, height, width = out.shape[0], out.shape[2], out.shape[3]
    rows, cols = height * factor, width * factor
    largest = 0
    for m in range(models):
        largest = max(largest, v_offset[m + 1] - v_offset[m])
    corner = np.empty((largest, 6), np.float32)  # x, y, 1 / z, colour / z
    inverse_z = np.empty((rows, cols), np.float32)
    shade = np.empty((rows, cols, 3), np.float32)
    share = np.float32(1.0 / (factor * factor))
    for n in range(start, stop):
        m, b = n % models, n // models
        c, k = w2c[b], K[b]
        for v in range(v_offset[m + 1] - v_offset[m]):
            p = vertices[v_offset[m] + v]
            z = c[2, 0] * p[0] + c[2, 1] * p[1] + c[2, 2] * p[2] + c[2, 3]
            r = np.float32(1) / z if z > NEAR else np.float32(-1)
            x = c[0, 0] * p[0] + c[0, 1] * p[1] + c[0, 2] * p[2] + c[0, 3]
            y = c[1, 0] * p[0] + c[1, 1] * p[1] + c[1, 2] * p[2] + c[1, 3]
            corner[v, 0] = (k[0, 0] * x * r + k[0, 2]) * factor
            corner[v, 1] = (k[1, 1] * y * r + k[1, 2]) * factor
            corner[v, 2] = r
            for q in range(3):
                corner[v, 3 + q] = colors[v_offset[m] + v, q] * r
        inverse_z[:] = 0
        for f in range(f_offset[m], f_offset[m + 1]):
            c0, c1, c2 = corner[faces[f, 0]], corner[faces[f, 1]], corner[faces[f, 2]]
            x0, y0, x1, y1, x2, y2 = c0[0], c0[1], c1[0], c1[1], c2[0], c2[1]
            area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
            if area == 0 or (closed[m] and area > 0) or min(c0[2], c1[2], c2[2]) <= 0:
                continue
            left, right = _span(x0, x1, x2, cols)
            top, bottom = _span(y0, y1, y2, rows)
            if left > right:
                continue
            over = np.float32(1) / area
            px, py = np.float32(left + 0.5), np.float32(top + 0.5)
            e0, e1, _ = _edges(x0, y0, x1, y1, x2, y2, px, py)
            w0_row, w1_row = e0 * over, e1 * over
            w0_x, w1_x = (y1 - y2) * over, (y2 - y0) * over
            w0_y, w1_y = (x2 - x1) * over, (x0 - x2) * over
            for row in range(top, bottom + 1):
                w0, w1 = w0_row, w1_row
                for col in range(left, right + 1):
                    w2 = np.float32(1) - w0 - w1
                    if w0 >= 0 and w1 >= 0 and w2 >= 0:
                        r = w0 * c0[2] + w1 * c1[2] + w2 * c2[2]
                        if r > inverse_z[row, col]:
                            inverse_z[row, col] = r
                            z = np.float32(1) / r
                            for q in range(3):
                                shade[row, col, q] = z * (
                                    w0 * c0[3 + q] + w1 * c1[3 + q] + w2 * c2[3 + q]
                                )
                    w0 += w0_x
                    w1 += w1_x
                w0_row += w0_y
                w1_row += w1_y
        for row in range(rows):
            for col in range(cols):
                if inverse_z[row, col] > 0:
                    pixel = out[m, b, row // factor, col // factor]
                    for q in range(3):
                        pixel[q] += share * shade[row, col, q]
                    pixel[3] += share
