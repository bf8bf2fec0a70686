"""CPU kernels that find silhouettes between pixels and blend them.

A pair of pixels is P = (row, col) and its right (axis 0) or lower (axis 1) neighbour Q.  u is the coordinate
along the pair and v the one across.  Job n is band n % bands of the rows of image n // bands.
"""

from __future__ import annotations

from numba import njit

from sds3d.kernels.rasterize_numba import NEAR, OPTIONS

FACES = 64  # that are crossed on the way from one pixel to the next before the search ends


@njit(inline="always", **OPTIONS)
def _ends(faces, f, k):
    """The vertices of edge k of face f: those that are not its corner k."""
    return faces[f, (k + 1) % 3], faces[f, (k + 2) % 3]


@njit(inline="always", **OPTIONS)
def _crossing(s, i, j, axis, v):
    """Where the edge from vertex i to vertex j crosses the line at v."""
    t = (v - s[i, 1 - axis]) / (s[j, 1 - axis] - s[i, 1 - axis])
    return s[i, axis] + t * (s[j, axis] - s[i, axis])


@njit(**OPTIONS)
def _way_out(s, faces, f, entered, axis, v, sign):
    """(edge, crossing) by which the line at v leaves face f in direction `sign`; edge -1 if it does not.

    entered: the edge by which it came in, or -1.
    """
    edge, furthest = -1, 0.0
    for k in range(3):
        i, j = _ends(faces, f, k)
        if k == entered or (s[i, 1 - axis] <= v) == (s[j, 1 - axis] <= v):
            continue
        u = _crossing(s, i, j, axis, v)
        if edge < 0 or sign * (u - furthest) > 0:
            edge, furthest = k, u
    return edge, furthest


@njit(**OPTIONS)
def _silhouette(s, faces, links, f, other, axis, start, v, sign):
    """3 f + k of the silhouette that the line at v meets from `start`, in face f, to the next pixel's centre.

    -1 if the surface goes on to the face `other` that is seen there, or if the edge is to be blended along the
    other axis.
    """
    k, u = _way_out(s, faces, f, -1, axis, v, sign)
    for _ in range(FACES):
        if k < 0 or sign * (u - start) > 1:
            return -1
        link = links[f, k]
        if link >= 0:
            g, entered = link // 3, link % 3
            if g == other:
                return -1
            if min(s[faces[g, 0], 2], s[faces[g, 1], 2], s[faces[g, 2], 2]) > NEAR:
                m, beyond = _way_out(s, faces, g, entered, axis, v, sign)
                if sign * (beyond - u) >= 0:  # the surface does not fold back
                    f, k, u = g, m, beyond
                    continue
        i, j = _ends(faces, f, k)
        along, across = abs(s[j, axis] - s[i, axis]), abs(s[j, 1 - axis] - s[i, 1 - axis])
        if across > along or (across == along and axis == 0):
            return 3 * f + k
        return -1
    return -1


@njit(**OPTIONS)
def silhouettes(start, stop, screen, faces, links, face, depth, bands, edges):
    """edges (B, H, W, 2): 3 f + k of the silhouette between each pixel and its right and lower neighbour."""
    height, width = face.shape[1], face.shape[2]
    for job in range(start, stop):
        b, band = job // bands, job % bands
        s = screen[b]
        for row in range(height * band // bands, height * (band + 1) // bands):
            for col in range(width):
                p = face[b, row, col]
                for axis in range(2):
                    below, right = row + axis, col + 1 - axis
                    if below == height or right == width:
                        continue
                    q = face[b, below, right]
                    if p == q:
                        continue
                    u, v = (row + 0.5, col + 0.5) if axis else (col + 0.5, row + 0.5)
                    if q < 0 or (p >= 0 and depth[b, row, col] <= depth[b, below, right]):
                        edge = _silhouette(s, faces, links, p, q, axis, u, v, 1)
                    else:
                        edge = _silhouette(s, faces, links, q, p, axis, u + 1, v, -1)
                    edges[b, row, col, axis] = edge


@njit(**OPTIONS)
def _weight(s, faces, edge, axis, row, col):
    """w of a pair: where the edge is, from the middle between P and Q.

    Q += w (P - Q) where w > 0,  P += -w (Q - P) elsewhere.
    """
    i, j = _ends(faces, edge // 3, edge % 3)
    u, v = (row + 0.5, col + 0.5) if axis else (col + 0.5, row + 0.5)
    return min(max(_crossing(s, i, j, axis, v) - (u + 0.5), -0.5), 0.5)


@njit(**OPTIONS)
def forward(start, stop, image, screen, faces, edges, bands, out):
    """Adds to `out`, a copy of the image, what each pixel takes from its four neighbours."""
    height, width = image.shape[1], image.shape[2]
    for job in range(start, stop):
        b, band = job // bands, job % bands
        for row in range(height * band // bands, height * (band + 1) // bands):
            for col in range(width):
                for axis in range(2):
                    edge = edges[b, row, col, axis]
                    if edge >= 0:  # this pixel is P
                        w = _weight(screen[b], faces, edge, axis, row, col)
                        if w < 0:
                            q = image[b, row + axis, col + 1 - axis]
                            for c in range(image.shape[3]):
                                out[b, row, col, c] -= w * (q[c] - image[b, row, col, c])
                    above, left = row - axis, col - 1 + axis
                    if above < 0 or left < 0:
                        continue
                    edge = edges[b, above, left, axis]
                    if edge >= 0:  # this pixel is Q
                        w = _weight(screen[b], faces, edge, axis, above, left)
                        if w > 0:
                            p = image[b, above, left]
                            for c in range(image.shape[3]):
                                out[b, row, col, c] += w * (p[c] - image[b, row, col, c])


@njit(**OPTIONS)
def backward(start, stop, image, screen, faces, edges, bands, g_out, g_image, g_screen):
    """Gradients of `forward`; g_image is a copy of g_out at first.

    dL/dw = g . (P - Q) with g of the pixel that is changed, and w moves with the crossing u of the edge.  Each
    job adds to its own row of g_screen (jobs, V, 3).
    """
    height, width = image.shape[1], image.shape[2]
    for job in range(start, stop):
        b, band = job // bands, job % bands
        s, gs = screen[b], g_screen[job]
        for row in range(height * band // bands, height * (band + 1) // bands):
            for col in range(width):
                for axis in range(2):
                    edge = edges[b, row, col, axis]
                    if edge >= 0:
                        w = _weight(s, faces, edge, axis, row, col)
                        below, right = row + axis, col + 1 - axis
                        g = g_out[b, below, right] if w > 0 else g_out[b, row, col]
                        g_w = w * 0
                        for c in range(image.shape[3]):
                            g_image[b, row, col, c] += w * g[c]
                            g_w += g[c] * (image[b, row, col, c] - image[b, below, right, c])
                        _move(s, faces, edge, axis, (col if axis else row) + 0.5, g_w, gs)
                    above, left = row - axis, col - 1 + axis
                    if above < 0 or left < 0:
                        continue
                    edge = edges[b, above, left, axis]
                    if edge >= 0:
                        w = _weight(s, faces, edge, axis, above, left)
                        g = g_out[b, row, col] if w > 0 else g_out[b, above, left]
                        for c in range(image.shape[3]):
                            g_image[b, row, col, c] -= w * g[c]


@njit(**OPTIONS)
def _move(s, faces, edge, axis, v, g, gs):
    """Adds the gradient of g times the crossing of an edge with the line at v to its two vertices."""
    i, j = _ends(faces, edge // 3, edge % 3)
    run, rise = s[j, axis] - s[i, axis], s[j, 1 - axis] - s[i, 1 - axis]
    t = (v - s[i, 1 - axis]) / rise
    gs[i, axis] += g * (1 - t)
    gs[j, axis] += g * t
    gs[i, 1 - axis] -= g * (1 - t) * run / rise
    gs[j, 1 - axis] -= g * t * run / rise
