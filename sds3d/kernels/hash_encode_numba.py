"""CPU kernels of the hash encoding, compiled for each number of features so that loops unroll."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numba import njit

from sds3d.kernels.threads import parallel_for

PRIME_Y = np.uint32(2654435761)
PRIME_Z = np.uint32(805459861)
OPTIONS = {"nogil": True, "cache": True, "fastmath": {"contract"}, "error_model": "numpy"}


@njit(inline="always", **OPTIONS)
def _cell(x, resolution, one):
    """(cell, fraction) of one coordinate, clamped to [0, 1].

    `one` is 1 in the array's type: other literals would promote the result to float64.
    """
    position = min(max(x, one - one), one) * (one * resolution)
    cell = min(np.floor(position), one * (resolution - 1))
    return int(cell), position - cell


@njit(inline="always", **OPTIONS)
def _row(ix, iy, iz, resolution, rows):
    """The table row of a lattice point: its linear index where all points fit, else its hash."""
    side = resolution + 1
    if side * side * side <= rows:
        return ix + side * (iy + side * iz)
    hashed = np.uint32(ix) ^ (np.uint32(iy) * PRIME_Y) ^ (np.uint32(iz) * PRIME_Z)
    return np.int64(hashed & np.uint32(rows - 1))


@cache
def kernels(features: int) -> tuple[Callable, Callable, Callable]:
    """(forward, backward to the table, backward to x) for tables of `features` columns."""

    @njit(**OPTIONS)
    def forward(start, stop, x, table, resolutions, out):
        levels = table.shape[0]
        rows = table.shape[1]
        one = x.dtype.type(1)
        for n in range(start, stop):
            for level in range(levels):
                resolution = resolutions[level]
                ix, fx = _cell(x[n, 0], resolution, one)
                iy, fy = _cell(x[n, 1], resolution, one)
                iz, fz = _cell(x[n, 2], resolution, one)
                for f in range(features):
                    out[n, level * features + f] = 0
                for corner in range(8):
                    cx, cy, cz = corner & 1, (corner >> 1) & 1, corner >> 2
                    weight = fx if cx else one - fx
                    weight *= fy if cy else one - fy
                    weight *= fz if cz else one - fz
                    row = _row(ix + cx, iy + cy, iz + cz, resolution, rows)
                    for f in range(features):
                        out[n, level * features + f] += weight * table[level, row, f]

    @njit(**OPTIONS)
    def backward_table(start, stop, x, resolutions, order, grad, grad_table):
        rows = grad_table.shape[1]
        one = x.dtype.type(1)
        for turn in range(start, stop):
            level = order[turn]
            resolution = resolutions[level]
            for n in range(x.shape[0]):
                ix, fx = _cell(x[n, 0], resolution, one)
                iy, fy = _cell(x[n, 1], resolution, one)
                iz, fz = _cell(x[n, 2], resolution, one)
                for corner in range(8):
                    cx, cy, cz = corner & 1, (corner >> 1) & 1, corner >> 2
                    weight = fx if cx else one - fx
                    weight *= fy if cy else one - fy
                    weight *= fz if cz else one - fz
                    row = _row(ix + cx, iy + cy, iz + cz, resolution, rows)
                    for f in range(features):
                        grad_table[level, row, f] += weight * grad[n, level * features + f]

    @njit(**OPTIONS)
    def backward_x(start, stop, x, table, resolutions, grad, grad_x):
        levels = table.shape[0]
        rows = table.shape[1]
        one = x.dtype.type(1)
        for n in range(start, stop):
            for level in range(levels):
                resolution = resolutions[level]
                ix, fx = _cell(x[n, 0], resolution, one)
                iy, fy = _cell(x[n, 1], resolution, one)
                iz, fz = _cell(x[n, 2], resolution, one)
                for corner in range(8):
                    cx, cy, cz = corner & 1, (corner >> 1) & 1, corner >> 2
                    row = _row(ix + cx, iy + cy, iz + cz, resolution, rows)
                    value = one - one
                    for f in range(features):
                        value += table[level, row, f] * grad[n, level * features + f]
                    value *= one * resolution
                    wx = fx if cx else one - fx
                    wy = fy if cy else one - fy
                    wz = fz if cz else one - fz
                    grad_x[n, 0] += (value if cx else -value) * wy * wz
                    grad_x[n, 1] += (value if cy else -value) * wx * wz
                    grad_x[n, 2] += (value if cz else -value) * wx * wy

    return forward, backward_table, backward_x


def forward(x: np.ndarray, table: np.ndarray, resolutions: np.ndarray) -> np.ndarray:
    """The encoding, (N, L F)."""
    levels, _, features = table.shape
    out = np.empty((len(x), levels * features), x.dtype)
    parallel_for(kernels(features)[0], len(x), x, table, resolutions, out)
    return out


def backward_table(
    x: np.ndarray, rows: int, features: int, resolutions: np.ndarray, grad: np.ndarray
) -> np.ndarray:
    """The gradient with respect to the table, (L, T, F).

    Each level belongs to one thread, so no element is written by two and the sums have one order.
    """
    levels = len(resolutions)
    grad_table = np.zeros((levels, rows, features), x.dtype)
    # Coarse levels stay in cache and are faster, so each of two threads gets every other level.
    order = np.concatenate([np.arange(0, levels, 2), np.arange(1, levels, 2)])
    kernel = kernels(features)[1]
    parallel_for(kernel, levels, x, resolutions, order, grad, grad_table)
    return grad_table


def backward_x(
    x: np.ndarray, table: np.ndarray, resolutions: np.ndarray, grad: np.ndarray
) -> np.ndarray:
    """The gradient with respect to the points, (N, 3).  It is not set to zero outside [0, 1]."""
    grad_x = np.zeros_like(x)
    kernel = kernels(table.shape[2])[2]
    parallel_for(kernel, len(x), x, table, resolutions, grad, grad_x)
    return grad_x
