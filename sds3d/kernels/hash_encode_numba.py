"""CPU kernels of the hash encoding, compiled for each number of features so that loops unroll.

A block of points at a time goes through one level.  `_axis` has no branches and reads one coordinate after the
other, so it compiles to vector instructions; what is left for each point is to combine three terms to eight
rows, and to fetch these from a table that stays in the second cache, because only one level is in use.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numba import njit

from sds3d.kernels.threads import parallel_for

ONE = np.uint32(1)
PRIME_Y = np.uint32(2654435761)
PRIME_Z = np.uint32(805459861)
BLOCK = 1024  # points; their fractions and terms stay in the first cache
OPTIONS = {"nogil": True, "cache": True, "fastmath": {"contract"}, "error_model": "numpy"}


@njit(**OPTIONS)
def _axis(x, resolution, step, fraction, term):
    """(fraction, term) of one coordinate of a block of points: their place in the cell, and cell * step.

    x is clamped to [0, 1].  `one` is 1 in the array's type: other literals would promote to float64.
    """
    one = x.dtype.type(1)
    cells = one * resolution
    last = one * (resolution - 1)
    for n in range(len(x)):
        position = min(max(x[n], one - one), one) * cells
        cell = min(np.floor(position), last)
        fraction[n] = position - cell
        term[n] = np.uint32(np.int32(cell)) * step


@njit(inline="always", **OPTIONS)
def _steps(resolution, rows):
    """(dense, steps): whether all lattice points have rows of their own, and the factors of their coordinates.

    The row is the sum of the terms where it is dense, else their xor, modulo the number of rows.
    """
    side = np.int64(resolution) + 1
    if side * side * side <= rows:
        return True, (ONE, np.uint32(side), np.uint32(side * side))
    return False, (ONE, PRIME_Y, PRIME_Z)


@njit(inline="always", **OPTIONS)
def _rows(terms, n, steps, dense, mask):
    """The table rows of the eight corners of the cell of point n; x changes fastest, then y."""
    x0, y0, z0 = terms[0, n], terms[1, n], terms[2, n]
    x1 = np.uint32(x0 + steps[0])
    y1 = np.uint32(y0 + steps[1])
    z1 = np.uint32(z0 + steps[2])
    if dense:
        a, b = np.uint32(y0 + z0), np.uint32(y1 + z0)
        c, d = np.uint32(y0 + z1), np.uint32(y1 + z1)
        return (
            np.uint32(x0 + a),
            np.uint32(x1 + a),
            np.uint32(x0 + b),
            np.uint32(x1 + b),
            np.uint32(x0 + c),
            np.uint32(x1 + c),
            np.uint32(x0 + d),
            np.uint32(x1 + d),
        )
    a, b, c, d = y0 ^ z0, y1 ^ z0, y0 ^ z1, y1 ^ z1
    return (
        (x0 ^ a) & mask,
        (x1 ^ a) & mask,
        (x0 ^ b) & mask,
        (x1 ^ b) & mask,
        (x0 ^ c) & mask,
        (x1 ^ c) & mask,
        (x0 ^ d) & mask,
        (x1 ^ d) & mask,
    )


@njit(inline="always", **OPTIONS)
def _weights(fractions, n, one):
    """The trilinear weights of the same corners."""
    x1, y1, z1 = fractions[0, n], fractions[1, n], fractions[2, n]
    x0, y0, z0 = one - x1, one - y1, one - z1
    a, b, c, d = x0 * y0, x1 * y0, x0 * y1, x1 * y1
    return (a * z0, b * z0, c * z0, d * z0, a * z1, b * z1, c * z1, d * z1)


@njit(inline="always", **OPTIONS)
def _cells(x, start, stop, resolution, steps, fractions, terms):
    """Fills `fractions` and `terms` (3, BLOCK) for the points start to stop of x (3, N)."""
    count = stop - start
    for axis in range(3):
        points = x[axis, start:stop]
        _axis(points, resolution, steps[axis], fractions[axis, :count], terms[axis, :count])


@cache
def kernels(features: int) -> tuple[Callable, Callable, Callable]:
    """(forward, backward to the table, backward to x) for tables of `features` columns.

    Points, encodings and their gradients are transposed: (3, N), (L F, N).
    """

    @njit(**OPTIONS)
    def gather(start, stop, table, column, fractions, terms, dense, steps, out):
        one = table.dtype.type(1)
        mask = np.uint32(table.shape[0] - 1)
        for n in range(stop - start):
            rows = _rows(terms, n, steps, dense, mask)
            weights = _weights(fractions, n, one)
            for f in range(features):
                value = weights[0] * table[rows[0], f]
                for corner in range(1, 8):
                    value += weights[corner] * table[rows[corner], f]
                out[column + f, start + n] = value

    @njit(**OPTIONS)
    def scatter(start, stop, grad_table, column, fractions, terms, dense, steps, grad):
        one = grad_table.dtype.type(1)
        mask = np.uint32(grad_table.shape[0] - 1)
        for n in range(stop - start):
            rows = _rows(terms, n, steps, dense, mask)
            weights = _weights(fractions, n, one)
            for f in range(features):
                g = grad[column + f, start + n]
                for corner in range(8):
                    grad_table[rows[corner], f] += weights[corner] * g

    @njit(**OPTIONS)
    def slope(start, stop, table, column, fractions, terms, dense, steps, scale, grad, grad_x):
        one = table.dtype.type(1)
        mask = np.uint32(table.shape[0] - 1)
        for n in range(stop - start):
            rows = _rows(terms, n, steps, dense, mask)
            for corner in range(8):
                value = one - one
                for f in range(features):
                    value += table[rows[corner], f] * grad[column + f, start + n]
                value *= scale
                x, y, z = fractions[0, n], fractions[1, n], fractions[2, n]
                x = x if corner & 1 else one - x
                y = y if corner & 2 else one - y
                z = z if corner & 4 else one - z
                grad_x[start + n, 0] += (value if corner & 1 else -value) * y * z
                grad_x[start + n, 1] += (value if corner & 2 else -value) * x * z
                grad_x[start + n, 2] += (value if corner & 4 else -value) * x * y

    @njit(**OPTIONS)
    def forward(start, stop, x, table, resolutions, out):
        fractions = np.empty((3, BLOCK), x.dtype)
        terms = np.empty((3, BLOCK), np.uint32)
        for level in range(table.shape[0]):
            dense, steps = _steps(resolutions[level], table.shape[1])
            for a in range(start, stop, BLOCK):
                b = min(a + BLOCK, stop)
                _cells(x, a, b, resolutions[level], steps, fractions, terms)
                column = level * features
                gather(a, b, table[level], column, fractions, terms, dense, steps, out)

    @njit(**OPTIONS)
    def backward_table(start, stop, x, resolutions, order, grad, grad_table):
        fractions = np.empty((3, BLOCK), x.dtype)
        terms = np.empty((3, BLOCK), np.uint32)
        for turn in range(start, stop):
            level = order[turn]
            dense, steps = _steps(resolutions[level], grad_table.shape[1])
            for a in range(0, x.shape[1], BLOCK):
                b = min(a + BLOCK, x.shape[1])
                _cells(x, a, b, resolutions[level], steps, fractions, terms)
                column = level * features
                scatter(a, b, grad_table[level], column, fractions, terms, dense, steps, grad)

    @njit(**OPTIONS)
    def backward_x(start, stop, x, table, resolutions, grad, grad_x):
        fractions = np.empty((3, BLOCK), x.dtype)
        terms = np.empty((3, BLOCK), np.uint32)
        for level in range(table.shape[0]):
            dense, steps = _steps(resolutions[level], table.shape[1])
            scale = x.dtype.type(resolutions[level])
            for a in range(start, stop, BLOCK):
                b = min(a + BLOCK, stop)
                _cells(x, a, b, resolutions[level], steps, fractions, terms)
                column = level * features
                slope(
                    a, b, table[level], column, fractions, terms, dense, steps, scale, grad, grad_x
                )

    return forward, backward_table, backward_x


def forward(x: np.ndarray, table: np.ndarray, resolutions: np.ndarray) -> np.ndarray:
    """The encoding, transposed: (L F, N)."""
    levels, _, features = table.shape
    out = np.empty((levels * features, len(x)), x.dtype)
    parallel_for(kernels(features)[0], len(x), transposed(x), table, resolutions, out)
    return out


def backward_table(
    x: np.ndarray, rows: int, features: int, resolutions: np.ndarray, grad: np.ndarray
) -> np.ndarray:
    """The gradient with respect to the table, (L, T, F), from that of the encoding (L F, N).

    Each level belongs to one thread, so no element is written by two and the sums have one order.
    """
    levels = len(resolutions)
    grad_table = np.zeros((levels, rows, features), x.dtype)
    # Coarse levels stay in cache and are faster, so each of two threads gets every other level.
    order = np.concatenate([np.arange(0, levels, 2), np.arange(1, levels, 2)])
    kernel = kernels(features)[1]
    parallel_for(kernel, levels, transposed(x), resolutions, order, grad, grad_table)
    return grad_table


def backward_x(
    x: np.ndarray, table: np.ndarray, resolutions: np.ndarray, grad: np.ndarray
) -> np.ndarray:
    """The gradient with respect to the points, (N, 3), from that of the encoding (L F, N).

    It is not set to zero outside [0, 1].
    """
    grad_x = np.zeros_like(x)
    kernel = kernels(table.shape[2])[2]
    parallel_for(kernel, len(x), transposed(x), table, resolutions, grad, grad_x)
    return grad_x


def transposed(x: np.ndarray) -> np.ndarray:
    """The points (N, 3) as (3, N), contiguous."""
    return np.ascontiguousarray(x.T)
