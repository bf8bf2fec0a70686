"""CPU kernels that draw textured triangles without light, and that smooth the normals of bare ones."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sds3d.kernels.rasterize_numba import NEAR, OPTIONS, _edges, _span

OPAQUE = 0.5  # texels with less coverage are holes


@njit(inline="always", **OPTIONS)
def _texel(pool, place, u, v):
    """Colour and coverage in [0, 1] at (u, v) of one level: bilinear, repeated, colours weighed by coverage."""
    first, height, width = place[0], place[1], place[2]
    x, y = (u - math.floor(u)) * width - 0.5, (math.floor(v) + 1 - v) * height - 0.5
    left, top = math.floor(x), math.floor(y)
    red = green = blue = alpha = 0.0
    for i in range(2):
        for j in range(2):
            row, col = int(top + i) % height, int(left + j) % width
            share = (1 - abs(y - (top + i))) * (1 - abs(x - (left + j)))
            texel = pool[first + row * width + col]
            weight = share * texel[3] / 255
            red += weight * texel[0]
            green += weight * texel[1]
            blue += weight * texel[2]
            alpha += weight
    scale = 1 / (255 * alpha) if alpha > 0 else 0.0
    return red * scale, green * scale, blue * scale, alpha


@njit(inline="always", **OPTIONS)
def _level(uv, x0, y0, x1, y1, x2, y2, places):
    """The level of a texture whose texels are nearest in size to the pixels of a triangle."""
    pixels = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
    u1, v1, u2, v2 = (
        uv[1, 0] - uv[0, 0],
        uv[1, 1] - uv[0, 1],
        uv[2, 0] - uv[0, 0],
        uv[2, 1] - uv[0, 1],
    )
    texels = abs(u1 * v2 - u2 * v1) * places[0, 1] * places[0, 2]
    if not texels > pixels:
        return 0
    level = math.floor(0.5 * math.log2(texels / pixels) + 0.5)
    while places[min(level, len(places) - 1), 1] == 0:
        level -= 1
    return min(level, len(places) - 1)


@njit(**OPTIONS)
def draw(
    start, stop, points, normals, colors, uv, texture, cutout, pool, places, w2c, K, factor, out
):
    """Views b of a soup of F triangles, averaged over factor^2 samples a pixel: out (B, H, W, 8).

    out: premultiplied colour, coverage, the sum of the unit normals turned to the camera, depth times
    coverage.  points, normals, colors (F, 3, 3), uv (F, 3, 2): per corner.  texture (F,): its row in `places`
    (T, L, 3), which has first texel in `pool`, height and width of each level (height 0: no such level); -1
    for none.  cutout (F,): whether its holes are looked for.
    """
    height, width = out.shape[1], out.shape[2]
    rows, cols = height * factor, width * factor
    share = np.float32(1.0 / (factor * factor))
    corner = np.empty((3, 3))
    inverse_z = np.empty((rows, cols), np.float32)
    face = np.empty((rows, cols), np.int32)
    where = np.empty((rows, cols, 3), np.float32)
    for b in range(start, stop):
        c, k = w2c[b], K[b]
        inverse_z[:] = 0
        face[:] = -1
        for f in range(len(points)):
            behind = False
            for q in range(3):
                p = points[f, q]
                z = c[2, 0] * p[0] + c[2, 1] * p[1] + c[2, 2] * p[2] + c[2, 3]
                behind = behind or z <= NEAR
                x = c[0, 0] * p[0] + c[0, 1] * p[1] + c[0, 2] * p[2] + c[0, 3]
                y = c[1, 0] * p[0] + c[1, 1] * p[1] + c[1, 2] * p[2] + c[1, 3]
                corner[q, 0] = (k[0, 0] * x / z + k[0, 2]) * factor
                corner[q, 1] = (k[1, 1] * y / z + k[1, 2]) * factor
                corner[q, 2] = 1 / z
            x0, y0, x1, y1, x2, y2 = (
                corner[0, 0],
                corner[0, 1],
                corner[1, 0],
                corner[1, 1],
                corner[2, 0],
                corner[2, 1],
            )
            area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
            if behind or area == 0:
                continue
            left, right = _span(x0, x1, x2, cols)
            top, bottom = _span(y0, y1, y2, rows)
            level = 0
            if cutout[f]:
                level = _level(uv[f], x0, y0, x1, y1, x2, y2, places[texture[f]])
            for row in range(top, bottom + 1):
                for col in range(left, right + 1):
                    e0, e1, e2 = _edges(x0, y0, x1, y1, x2, y2, col + 0.5, row + 0.5)
                    inside = (e0 >= 0 and e1 >= 0 and e2 >= 0) or (e0 <= 0 and e1 <= 0 and e2 <= 0)
                    if not inside:
                        continue
                    q0, q1, q2 = (
                        e0 / area * corner[0, 2],
                        e1 / area * corner[1, 2],
                        e2 / area * corner[2, 2],
                    )
                    near = q0 + q1 + q2
                    if near <= inverse_z[row, col]:
                        continue
                    l0, l1, l2 = q0 / near, q1 / near, q2 / near
                    if cutout[f]:
                        u = l0 * uv[f, 0, 0] + l1 * uv[f, 1, 0] + l2 * uv[f, 2, 0]
                        v = l0 * uv[f, 0, 1] + l1 * uv[f, 1, 1] + l2 * uv[f, 2, 1]
                        if _texel(pool, places[texture[f], level], u, v)[3] < OPAQUE:
                            continue
                    inverse_z[row, col] = near
                    face[row, col] = f
                    where[row, col, 0], where[row, col, 1], where[row, col, 2] = l0, l1, l2
        for row in range(rows):
            for col in range(cols):
                f = face[row, col]
                if f >= 0:
                    _shade(
                        out[b, row // factor, col // factor],
                        share,
                        where[row, col],
                        1 / inverse_z[row, col],
                        points[f],
                        normals[f],
                        colors[f],
                        uv[f],
                        texture[f],
                        pool,
                        places,
                        c,
                        k,
                        factor,
                    )


@njit(**OPTIONS)
def _shade(
    pixel, share, where, z, points, normals, colors, uv, texture, pool, places, c, k, factor
):
    """Adds one sample of a face to its pixel; the normal is turned with the side that is seen."""
    l0, l1, l2 = where[0], where[1], where[2]
    tint = (np.float32(1), np.float32(1), np.float32(1))
    if texture >= 0:
        flat = np.empty((3, 2))
        for q in range(3):
            p = points[q]
            depth = c[2, 0] * p[0] + c[2, 1] * p[1] + c[2, 2] * p[2] + c[2, 3]
            x = c[0, 0] * p[0] + c[0, 1] * p[1] + c[0, 2] * p[2] + c[0, 3]
            y = c[1, 0] * p[0] + c[1, 1] * p[1] + c[1, 2] * p[2] + c[1, 3]
            flat[q, 0], flat[q, 1] = k[0, 0] * x / depth * factor, k[1, 1] * y / depth * factor
        level = _level(
            uv,
            flat[0, 0],
            flat[0, 1],
            flat[1, 0],
            flat[1, 1],
            flat[2, 0],
            flat[2, 1],
            places[texture],
        )
        u = l0 * uv[0, 0] + l1 * uv[1, 0] + l2 * uv[2, 0]
        v = l0 * uv[0, 1] + l1 * uv[1, 1] + l2 * uv[2, 1]
        red, green, blue, _ = _texel(pool, places[texture, level], u, v)
        tint = (np.float32(red), np.float32(green), np.float32(blue))
    for q in range(3):
        color = l0 * colors[0, q] + l1 * colors[1, q] + l2 * colors[2, q]
        pixel[q] += share * color * tint[q]
    pixel[3] += share
    pixel[7] += share * z
    ax, ay, az = points[1] - points[0]
    bx, by, bz = points[2] - points[0]
    gx, gy, gz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    toward = 0.0  # g . (camera - p), the camera at -R^T t
    for q in range(3):
        eye = -(c[0, q] * c[0, 3] + c[1, q] * c[1, 3] + c[2, q] * c[2, 3])
        toward += (gx, gy, gz)[q] * (eye - points[0, q])
    sign = share if toward >= 0 else -share
    nx = l0 * normals[0, 0] + l1 * normals[1, 0] + l2 * normals[2, 0]
    ny = l0 * normals[0, 1] + l1 * normals[1, 1] + l2 * normals[2, 1]
    nz = l0 * normals[0, 2] + l1 * normals[1, 2] + l2 * normals[2, 2]
    length = math.sqrt(nx * nx + ny * ny + nz * nz)
    if length > 0:
        pixel[4] += sign * nx / length
        pixel[5] += sign * ny / length
        pixel[6] += sign * nz / length


@njit(**OPTIONS)
def crease(start, stop, unit, area, corner, first, position, limit, out):
    """Corner normals (F, 3, 3): the area-weighted mean of the faces at a corner that bend less than the limit.

    unit (F, 3), area (F,): the faces' normals and sizes.  corner[first[p] : first[p + 1]]: the corners (3 f +
    q) at position p.  limit: the cosine of the largest bend; neighbours wound the other way count turned.
    """
    for f in range(start, stop):
        for q in range(3):
            p = position[3 * f + q]
            x = y = z = 0.0
            for i in range(first[p], first[p + 1]):
                g = corner[i] // 3
                cosine = unit[f, 0] * unit[g, 0] + unit[f, 1] * unit[g, 1] + unit[f, 2] * unit[g, 2]
                if abs(cosine) >= limit:
                    weight = area[g] if cosine > 0 else -area[g]
                    x += weight * unit[g, 0]
                    y += weight * unit[g, 1]
                    z += weight * unit[g, 2]
            length = math.sqrt(x * x + y * y + z * z)
            for n, value in enumerate((x, y, z)):
                out[f, q, n] = value / length if length > 0 else unit[f, n]
