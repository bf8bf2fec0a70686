"""CPU kernels of the interpolation.  Job n is band n % bands of the rows of image n // bands."""

from __future__ import annotations

from numba import njit

from sds3d.kernels.rasterize_numba import OPTIONS, _weights


@njit(**OPTIONS)
def forward(start, stop, attributes, barycentrics, faces, face, bands, out):
    """out = sum_i l_i a_i.  attributes (B, V, C), or (1, V, C) for all images."""
    height, width = face.shape[1], face.shape[2]
    for job in range(start, stop):
        b, band = job // bands, job % bands
        a = attributes[b if len(attributes) > 1 else 0]
        for row in range(height * band // bands, height * (band + 1) // bands):
            for col in range(width):
                f = face[b, row, col]
                if f < 0:
                    continue
                i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
                w = barycentrics[b, row, col]
                for c in range(out.shape[3]):
                    out[b, row, col, c] = w[0] * a[i, c] + w[1] * a[j, c] + w[2] * a[k, c]


@njit(**OPTIONS)
def backward(
    start, stop, attributes, barycentrics, faces, face, bands, g_out, g_attributes, g_barycentrics
):
    """dL/da_i = l_i g and dL/dl_i = g . a_i.  Each job adds to its own row of g_attributes (jobs, V, C)."""
    height, width = face.shape[1], face.shape[2]
    for job in range(start, stop):
        b, band = job // bands, job % bands
        a, g_a = attributes[b if len(attributes) > 1 else 0], g_attributes[job]
        for row in range(height * band // bands, height * (band + 1) // bands):
            for col in range(width):
                f = face[b, row, col]
                if f < 0:
                    continue
                i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
                w, g_w = barycentrics[b, row, col], g_barycentrics[b, row, col]
                for c in range(g_out.shape[3]):
                    g = g_out[b, row, col, c]
                    g_a[i, c] += w[0] * g
                    g_a[j, c] += w[1] * g
                    g_a[k, c] += w[2] * g
                    g_w[0] += g * a[i, c]
                    g_w[1] += g * a[j, c]
                    g_w[2] += g * a[k, c]


@njit(**OPTIONS)
def derivatives(start, stop, attributes, faces, screen, screen_faces, face, bands, out):
    """d(sum_i l_i a_i) / dx and / dy at every covered pixel, out (B, H, W, C, 2)."""
    height, width = face.shape[1], face.shape[2]
    for job in range(start, stop):
        b, band = job // bands, job % bands
        s = screen[b]
        for row in range(height * band // bands, height * (band + 1) // bands):
            for col in range(width):
                f = face[b, row, col]
                if f < 0:
                    continue
                i, j, k = screen_faces[f, 0], screen_faces[f, 1], screen_faces[f, 2]
                _, _, _, q0, q1, q2, q, area = _weights(s, i, j, k, col + 0.5, row + 0.5)
                l0, l1, l2 = q0 / q, q1 / q, q2 / q
                z0, z1, z2 = area * s[i, 2], area * s[j, 2], area * s[k, 2]
                x0, x1, x2 = (
                    (s[j, 1] - s[k, 1]) / z0,
                    (s[k, 1] - s[i, 1]) / z1,
                    (s[i, 1] - s[j, 1]) / z2,
                )
                y0, y1, y2 = (
                    (s[k, 0] - s[j, 0]) / z0,
                    (s[i, 0] - s[k, 0]) / z1,
                    (s[j, 0] - s[i, 0]) / z2,
                )
                x, y = x0 + x1 + x2, y0 + y1 + y2
                i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
                for c in range(out.shape[3]):
                    a0, a1, a2 = attributes[i, c], attributes[j, c], attributes[k, c]
                    out[b, row, col, c, 0] = (
                        (x0 - l0 * x) * a0 + (x1 - l1 * x) * a1 + (x2 - l2 * x) * a2
                    ) / q
                    out[b, row, col, c, 1] = (
                        (y0 - l0 * y) * a0 + (y1 - l1 * y) * a1 + (y2 - l2 * y) * a2
                    ) / q
