"""CPU kernels that decode EXT_meshopt_compression: vertex blocks, triangle lists, index sequences."""

from __future__ import annotations

import numpy as np
from numba import njit

from sds3d.kernels.rasterize_numba import OPTIONS

VERTEX, TRIANGLE, SEQUENCE = 0xA0, 0xE1, 0xD1  # the first byte of each kind of data
BLOCK_BYTES, BLOCK_MOST, GROUP, TAIL = 8192, 256, 16, 32


@njit(**OPTIONS)
def vertices(data, out):
    """Fills out (N, S) with the vertices of `data`; False when the data are damaged.

    Blocks of vertices; within a block each byte of the stride stands by itself, as zigzag differences from
    the vertex before, in groups of 16 of 0, 2, 4 or 8 bits.
    """
    count, stride = out.shape
    tail = max(stride, TAIL)
    if len(data) < 1 + tail or data[0] != VERTEX:
        return False
    last = data[len(data) - stride :].copy()
    end = len(data) - tail
    block = min((BLOCK_BYTES // stride) & ~(GROUP - 1), BLOCK_MOST)
    place = 1
    group = np.empty(GROUP, np.uint8)
    start = 0
    while start < count:
        size = min(block, count - start)
        groups = (size + GROUP - 1) // GROUP
        for k in range(stride):
            header = place
            place += (groups + 3) // 4
            if place > end:
                return False
            value = last[k]
            for g in range(groups):
                bits = (data[header + g // 4] >> (2 * (g % 4))) & 3
                place = _group(data, place, end, bits, group)
                if place < 0:
                    return False
                for i in range(min(GROUP, size - g * GROUP)):
                    delta = group[i]
                    step = (delta >> 1) ^ (0 - (delta & 1))
                    value = np.uint8((value + step) & 255)
                    out[start + g * GROUP + i, k] = value
            last[k] = value
        start += size
    return place == end


@njit(**OPTIONS)
def _group(data, place, end, bits, out):
    """Decodes 16 bytes of 0, 2, 4 or 8 bits; the place behind them, -1 when the data end.

    A value of all ones stands for a byte that follows the packed ones.
    """
    if bits == 0:
        out[:] = 0
        return place
    if bits == 3:
        if place + GROUP > end:
            return -1
        out[:] = data[place : place + GROUP]
        return place + GROUP
    width = 2 * bits
    packed = 2 * width  # bytes of 16 values
    if place + packed > end:
        return -1
    more = place + packed
    full = (1 << width) - 1
    per_byte = 8 // width
    for i in range(GROUP):
        shift = 8 - width * (i % per_byte + 1)
        value = (data[place + i // per_byte] >> shift) & full
        if value == full:
            if more >= end:
                return -1
            value = data[more]
            more += 1
        out[i] = value
    return more


@njit(**OPTIONS)
def _varint(data, place, end):
    """(number, place behind it) of 7 bits a byte, the lowest first; place -1 when the data end."""
    value = np.uint32(0)
    for i in range(5):
        if place >= end:
            return value, -1
        byte = data[place]
        place += 1
        value |= np.uint32(byte & 127) << np.uint32(7 * i)
        if byte < 128:
            return value, place
    return value, -1


@njit(**OPTIONS)
def _unzigzag(value):
    """The difference, modulo 2^32, of a number whose lowest bit is its sign."""
    return (value >> np.uint32(1)) ^ np.uint32(-np.int64(value & np.uint32(1)) & 0xFFFFFFFF)


@njit(**OPTIONS)
def _near(last, data, place, end):
    """(an index written as a zigzag difference from `last`, place behind it); place -1 when the data end."""
    if place < 0:
        return last, -1
    value, after = _varint(data, place, end)
    return np.uint32(last + _unzigzag(value)), after


@njit(**OPTIONS)
def sequence(data, out):
    """Fills out (N,) with a sequence of indices; False when the data are damaged.

    Each is a zigzag difference from the last index of one of two baselines, which its lowest bit chooses.
    """
    if len(data) < 1 + 4 or data[0] != SEQUENCE:
        return False
    end = len(data) - 4
    place = 1
    last = np.zeros(2, np.uint32)
    for i in range(len(out)):
        value, place = _varint(data, place, end)
        if place < 0:
            return False
        which = value & np.uint32(1)
        last[which] = np.uint32(last[which] + _unzigzag(value >> np.uint32(1)))
        out[i] = last[which]
    return place == end


@njit(**OPTIONS)
def triangles(data, out):
    """Fills out (3 F,) with the indices of triangles; False when the data are damaged.

    One code byte a triangle refers to the last 16 edges and vertices, to a vertex never seen, or to an index
    written in full.
    """
    faces = len(out) // 3
    if len(data) < 1 + faces + 16 or data[0] != TRIANGLE:
        return False
    codes = 1
    place = 1 + faces
    end = len(data) - 16
    edges = np.full((16, 2), 0xFFFFFFFF, np.uint32)
    vertex = np.full(16, 0xFFFFFFFF, np.uint32)
    edge_at = vertex_at = 0
    fresh = np.uint32(0)
    last = np.uint32(0)
    for f in range(faces):
        code = data[codes + f]
        if code < 0xF0:
            edge = edges[(edge_at - 1 - (code >> 4)) & 15]
            a, b = edge[0], edge[1]
            low = code & 15
            if low < 13:
                if low == 0:
                    c = fresh
                    fresh += np.uint32(1)
                else:
                    c = vertex[(vertex_at - 1 - low) & 15]
                pushed = low == 0
            else:
                if low == 15:
                    c, place = _near(last, data, place, end)
                else:
                    c = np.uint32(last + np.uint32(low * 2 - 27))  # 13 is one less, 14 one more
                last = c
                pushed = True
            if pushed:
                vertex[vertex_at] = c
                vertex_at = (vertex_at + 1) & 15
            edges[edge_at, 0], edges[edge_at, 1] = c, b
            edge_at = (edge_at + 1) & 15
            edges[edge_at, 0], edges[edge_at, 1] = a, c
            edge_at = (edge_at + 1) & 15
        else:
            if code < 0xFE:
                aux = data[end + (code & 15)]
                first = 0
            else:
                if place >= end:
                    return False
                aux = data[place]
                place += 1
                first = 0 if code == 0xFE else 15
                if aux == 0:
                    fresh = np.uint32(0)
            which_b, which_c = aux >> 4, aux & 15
            if first == 0:
                a = fresh
                fresh += np.uint32(1)
            else:
                a = np.uint32(0)
            if which_b == 0:
                b = fresh
                fresh += np.uint32(1)
            else:
                b = vertex[(vertex_at - which_b) & 15]
            if which_c == 0:
                c = fresh
                fresh += np.uint32(1)
            else:
                c = vertex[(vertex_at - which_c) & 15]
            if first == 15:
                a, place = _near(last, data, place, end)
                last = a
            if which_b == 15:
                b, place = _near(last, data, place, end)
                last = b
            if which_c == 15:
                c, place = _near(last, data, place, end)
                last = c
            vertex[vertex_at] = a
            vertex_at = (vertex_at + 1) & 15
            if which_b in (0, 15):
                vertex[vertex_at] = b
                vertex_at = (vertex_at + 1) & 15
            if which_c in (0, 15):
                vertex[vertex_at] = c
                vertex_at = (vertex_at + 1) & 15
            edges[edge_at, 0], edges[edge_at, 1] = b, a
            edge_at = (edge_at + 1) & 15
            edges[edge_at, 0], edges[edge_at, 1] = c, b
            edge_at = (edge_at + 1) & 15
            edges[edge_at, 0], edges[edge_at, 1] = a, c
            edge_at = (edge_at + 1) & 15
        if place < 0:
            return False
        out[3 * f], out[3 * f + 1], out[3 * f + 2] = a, b, c
    return place == end
