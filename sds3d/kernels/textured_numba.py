"""CPU kernels that draw textured triangles without light, and that smooth the normals of bare ones."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sds3d.kernels.rasterize_numba import NEAR, OPTIONS, _edges, _span
from sds3d.kernels.textures import CLAMP, DECODED, MIRROR, REPEAT

OPAQUE = 0.5  # texels with less coverage are holes
CROWD = 1000  # where more corners meet, as at the tip of a fan, each keeps its face's normal


@njit(inline="always", **OPTIONS)
def _folded(x, mode):
    """A texture coordinate within [0, 1] for repeated and mirrored textures; as it is for clamped ones."""
    if mode == CLAMP:
        return min(max(x, -1.0), 2.0)
    if mode == MIRROR:
        x = x - 2.0 * math.floor(0.5 * x)
        return 2.0 - x if x > 1.0 else x
    return x - math.floor(x)


@njit(inline="always", **OPTIONS)
def _inside(i, size, mode):
    """The index of a texel beside the edge: round the corner, or the edge's own."""
    if mode != REPEAT:
        return min(max(i, 0), size - 1)
    return i % size


@njit(inline="always", **OPTIONS)
def _texel(pool, place, mode, u, v):
    """Linear light and coverage in [0, 1] at (u, v) of one level, v downwards.

    Bilinear, colours weighed by coverage; or the nearest texel.
    """
    first, height, width = place[0], place[1], place[2]
    x, y = _folded(u, mode[0]) * width - 0.5, _folded(v, mode[1]) * height - 0.5
    if mode[2] == 1:
        x, y = math.floor(x + 0.5), math.floor(y + 0.5)
    left, top = math.floor(x), math.floor(y)
    red = green = blue = alpha = 0.0
    for i in range(2):
        for j in range(2):
            share = (1 - abs(y - (top + i))) * (1 - abs(x - (left + j)))
            if share > 0:
                row = _inside(int(top + i), height, mode[1])
                col = _inside(int(left + j), width, mode[0])
                texel = pool[first + row * width + col]
                weight = share * texel[3] / 255
                red += weight * DECODED[texel[0]]
                green += weight * DECODED[texel[1]]
                blue += weight * DECODED[texel[2]]
                alpha += weight
    scale = 1 / alpha if alpha > 0 else 0.0
    return red * scale, green * scale, blue * scale, alpha


@njit(inline="always", **OPTIONS)
def _encoded(x):
    """sRGB of linear light, clipped to [0, 1]."""
    x = min(max(x, 0.0), 1.0)
    return x * 12.92 if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055


@njit(inline="always", **OPTIONS)
def _level(uv, i, j, k, a, b, c, places):
    """The level of a texture whose texels are nearest in size to the pixels of a triangle.

    i, j, k: the triangle's vertices; a, b, c: their x and y on the screen.
    """
    pixels = abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]))
    u1, v1 = uv[j, 0] - uv[i, 0], uv[j, 1] - uv[i, 1]
    u2, v2 = uv[k, 0] - uv[i, 0], uv[k, 1] - uv[i, 1]
    texels = abs(u1 * v2 - u2 * v1) * places[0, 1] * places[0, 2]
    if not texels > pixels or pixels == 0:
        return 0
    level = int(min(math.floor(0.5 * math.log2(texels / pixels) + 0.5), len(places) - 1))
    while places[level, 1] == 0:
        level -= 1
    return level


@njit(**OPTIONS)
def draw(
    start,
    stop,
    vertices,
    faces,
    normals,
    colors,
    uv,
    tint,
    texture,
    cutout,
    pool,
    places,
    modes,
    w2c,
    K,
    factor,
    out,
):
    """Views b of a mesh of V vertices and F triangles, averaged over factor^2 samples a pixel.

    out (B, H, W, 8): premultiplied colour, coverage, the sum of the unit normals turned to the camera, depth
    times coverage.  normals, colors, tint (V, 3), uv (V, 2).  texture (F,): its row in `places` (T, L, 3) and
    `modes` (T, 3) of the pool of texels, -1 for none.  cutout (F,): whether its holes are looked for.  A
    sample's colour is colors, times sRGB(texel tint) where there is a texture.
    """
    height, width = out.shape[1], out.shape[2]
    rows, cols = height * factor, width * factor
    share = np.float32(1.0 / (factor * factor))
    corner = np.empty((len(vertices), 3))  # x, y, 1 / z; 0 behind the camera
    inverse_z = np.empty((rows, cols), np.float32)
    face = np.empty((rows, cols), np.int32)
    where = np.empty((rows, cols, 3), np.float32)
    for b in range(start, stop):
        c, k = w2c[b], K[b]
        for n in range(len(vertices)):
            p = vertices[n]
            z = c[2, 0] * p[0] + c[2, 1] * p[1] + c[2, 2] * p[2] + c[2, 3]
            x = c[0, 0] * p[0] + c[0, 1] * p[1] + c[0, 2] * p[2] + c[0, 3]
            y = c[1, 0] * p[0] + c[1, 1] * p[1] + c[1, 2] * p[2] + c[1, 3]
            r = 1 / z if z > NEAR else 0.0
            corner[n, 0] = (k[0, 0] * x * r + k[0, 2]) * factor
            corner[n, 1] = (k[1, 1] * y * r + k[1, 2]) * factor
            corner[n, 2] = r
        inverse_z[:] = 0
        face[:] = -1
        for f in range(len(faces)):
            i, j, m = faces[f, 0], faces[f, 1], faces[f, 2]
            p0, p1, p2 = corner[i], corner[j], corner[m]
            x0, y0, x1, y1, x2, y2 = p0[0], p0[1], p1[0], p1[1], p2[0], p2[1]
            area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
            if area == 0 or min(p0[2], p1[2], p2[2]) <= 0:
                continue
            left, right = _span(x0, x1, x2, cols)
            top, bottom = _span(y0, y1, y2, rows)
            level = 0
            t = texture[f]
            if cutout[f]:
                level = _level(uv, i, j, m, p0, p1, p2, places[t])
            for row in range(top, bottom + 1):
                for col in range(left, right + 1):
                    e0, e1, e2 = _edges(x0, y0, x1, y1, x2, y2, col + 0.5, row + 0.5)
                    inside = (e0 >= 0 and e1 >= 0 and e2 >= 0) or (e0 <= 0 and e1 <= 0 and e2 <= 0)
                    if not inside:
                        continue
                    q0, q1, q2 = e0 / area * p0[2], e1 / area * p1[2], e2 / area * p2[2]
                    near = q0 + q1 + q2
                    if near <= inverse_z[row, col]:
                        continue
                    l0, l1, l2 = q0 / near, q1 / near, q2 / near
                    if cutout[f]:
                        u = l0 * uv[i, 0] + l1 * uv[j, 0] + l2 * uv[m, 0]
                        v = l0 * uv[i, 1] + l1 * uv[j, 1] + l2 * uv[m, 1]
                        if _texel(pool, places[t, level], modes[t], u, v)[3] < OPAQUE:
                            continue
                    inverse_z[row, col] = near
                    face[row, col] = f
                    where[row, col, 0], where[row, col, 1], where[row, col, 2] = l0, l1, l2
        for row in range(rows):
            for col in range(cols):
                f = face[row, col]
                if f < 0:
                    continue
                i, j, m = faces[f, 0], faces[f, 1], faces[f, 2]
                l0, l1, l2 = where[row, col, 0], where[row, col, 1], where[row, col, 2]
                pixel = out[b, row // factor, col // factor]
                red = green = blue = 1.0
                t = texture[f]
                if t >= 0:
                    level = _level(uv, i, j, m, corner[i], corner[j], corner[m], places[t])
                    u = l0 * uv[i, 0] + l1 * uv[j, 0] + l2 * uv[m, 0]
                    v = l0 * uv[i, 1] + l1 * uv[j, 1] + l2 * uv[m, 1]
                    red, green, blue, _ = _texel(pool, places[t, level], modes[t], u, v)
                    red *= l0 * tint[i, 0] + l1 * tint[j, 0] + l2 * tint[m, 0]
                    green *= l0 * tint[i, 1] + l1 * tint[j, 1] + l2 * tint[m, 1]
                    blue *= l0 * tint[i, 2] + l1 * tint[j, 2] + l2 * tint[m, 2]
                    red, green, blue = _encoded(red), _encoded(green), _encoded(blue)
                for q, texel in enumerate((red, green, blue)):
                    color = l0 * colors[i, q] + l1 * colors[j, q] + l2 * colors[m, q]
                    pixel[q] += share * color * texel
                pixel[3] += share
                pixel[7] += share / inverse_z[row, col]
                _add_normal(pixel, share, l0, l1, l2, i, j, m, vertices, normals, c)


@njit(inline="always", **OPTIONS)
def _add_normal(pixel, share, l0, l1, l2, i, j, m, vertices, normals, c):
    """Adds the unit normal of a sample to its pixel, turned to the side that the camera sees."""
    ax, ay, az = vertices[j] - vertices[i]
    bx, by, bz = vertices[m] - vertices[i]
    geometric = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    toward = 0.0  # geometric . (camera - p), the camera at -R^T t
    for q in range(3):
        eye = -(c[0, q] * c[0, 3] + c[1, q] * c[1, 3] + c[2, q] * c[2, 3])
        toward += geometric[q] * (eye - vertices[i, q])
    sign = share if toward >= 0 else -share
    nx = l0 * normals[i, 0] + l1 * normals[j, 0] + l2 * normals[m, 0]
    ny = l0 * normals[i, 1] + l1 * normals[j, 1] + l2 * normals[m, 1]
    nz = l0 * normals[i, 2] + l1 * normals[j, 2] + l2 * normals[m, 2]
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
            if first[p + 1] - first[p] > CROWD:
                out[f, q] = unit[f]
                continue
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
