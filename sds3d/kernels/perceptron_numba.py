"""CPU kernels of the perceptron.  A block of points at a time stays in cache through all layers.

Points are the last axis of every array.  The matrix products of a block are BLAS's, through numba; they are
small enough that it takes one thread for each.  A block that is not full is filled up with zeros, whose
gradients are zero.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sds3d.kernels.threads import parallel_for

BLOCK = 256  # points; 16 features, 32 hidden units and their gradients fill less than 100 KB
PIECES = 8  # of the points in the backward, each with its own sums, for any number of threads
OPTIONS = {"nogil": True, "cache": True, "fastmath": {"contract"}, "error_model": "numpy"}


@njit(**OPTIONS)
def _fill(block, x, first, last):
    """block[i, k] = x[i, first + k] for the rows of x, 0 from `last` on; further rows stay as they are."""
    for i in range(len(x)):
        row = block[i]
        row[: last - first] = x[i, first:last]
        row[last - first :] = 0


@njit(**OPTIONS)
def _relu(x):
    """x = max(0, x), and nan where it is nan."""
    zero = x.dtype.type(0)
    for k in range(len(x)):
        x[k] = zero if x[k] < zero else x[k]


@njit(**OPTIONS)
def _mask(g, active):
    """g = 0 where active is not above 0."""
    zero = g.dtype.type(0)
    for k in range(len(g)):
        g[k] = g[k] if active[k] > zero else zero


@njit(**OPTIONS)
def _with_one(rows, dtype_of):
    """(rows + 1, BLOCK) whose last row is 1: the input that a bias weighs."""
    block = np.empty((rows + 1, BLOCK), dtype_of.dtype)
    block[rows] = 1
    return block


@njit(**OPTIONS)
def _forward(start, stop, x, weight, head, out):
    units = len(weight)
    block = _with_one(len(x), x)
    hidden = _with_one(units, x)
    result = np.empty((len(head), BLOCK), x.dtype)
    for first in range(start, stop, BLOCK):
        last = min(first + BLOCK, stop)
        _fill(block, x, first, last)
        np.dot(weight, block, hidden[:units])
        _relu(hidden[:units].reshape(-1))
        np.dot(head, hidden, result)
        for o in range(len(head)):
            out[o, first:last] = result[o, : last - first]


@njit(**OPTIONS)
def _backward(start, stop, x, weight, head, head_t, weight_t, grad, g_x, g_weight, g_head):
    """Pieces start to stop of the points; the sums of a piece are its own.

    head_t, weight_t: transposed, without the biases.
    """
    points = x.shape[1]
    units = len(weight)
    block = _with_one(len(x), x)
    hidden = _with_one(units, x)
    g_hidden = np.empty((units, BLOCK), x.dtype)
    g_out = np.empty((len(head), BLOCK), x.dtype)
    g_block = np.empty((len(x), BLOCK), x.dtype)
    for piece in range(start, stop):
        begin = points * piece // PIECES
        end = points * (piece + 1) // PIECES
        for first in range(begin, end, BLOCK):
            last = min(first + BLOCK, end)
            _fill(block, x, first, last)
            _fill(g_out, grad, first, last)
            np.dot(weight, block, hidden[:units])
            _relu(hidden[:units].reshape(-1))
            g_head[piece] += np.dot(g_out, hidden.T)
            np.dot(head_t, g_out, g_hidden)
            _mask(g_hidden.reshape(-1), hidden[:units].reshape(-1))
            g_weight[piece] += np.dot(g_hidden, block.T)
            np.dot(weight_t, g_hidden, g_block)
            for i in range(len(x)):
                g_x[i, first:last] = g_block[i, : last - first]


def forward(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, head: np.ndarray, head_bias: np.ndarray
) -> np.ndarray:
    """(O, N) of x (C, N)."""
    out = np.empty((len(head), x.shape[1]), x.dtype)
    arrays = (x, np.column_stack([weight, bias]), np.column_stack([head, head_bias]), out)
    parallel_for(_forward, x.shape[1], *arrays)
    return out


def backward(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    head: np.ndarray,
    head_bias: np.ndarray,
    grad: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """The gradients of x (C, N), weight, bias, head and its bias, from grad (O, N)."""
    both = np.column_stack([weight, bias]), np.column_stack([head, head_bias])
    transposed = np.ascontiguousarray(head.T), np.ascontiguousarray(weight.T)
    g_x = np.empty_like(x)
    sums = [np.zeros((PIECES, *w.shape), x.dtype) for w in both]
    parallel_for(_backward, PIECES, x, *both, *transposed, grad, g_x, *sums)
    g_weight, g_head = (total.sum(0) for total in sums)
    return g_x, g_weight[:, :-1], g_weight[:, -1], g_head[:, :-1], g_head[:, -1]
