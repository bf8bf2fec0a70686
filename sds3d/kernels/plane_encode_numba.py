"""CPU kernels of the plane encoding, compiled for each number of channels so that loops unroll."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numba import njit

from sds3d.kernels.threads import parallel_for

OPTIONS = {"nogil": True, "cache": True, "fastmath": {"contract"}, "error_model": "numpy"}
PIECES = 4  # of the points in the backward, each with its own buffer, for any number of threads


@njit(inline="always", **OPTIONS)
def _cell(x, side, one):
    """(cell, fraction) of one coordinate, clamped to [0, 1]; `one` is 1 in the array's type."""
    position = min(max(x, one - one), one) * (one * (side - 1))
    cell = min(np.floor(position), one * (side - 2))
    return int(cell), position - cell


@cache
def kernels(channels: int) -> tuple[Callable, Callable]:
    """(forward, backward to the planes) for planes of `channels` channels."""

    @njit(**OPTIONS)
    def forward(start, stop, x, planes, out):
        side = planes.shape[1]
        one = x.dtype.type(1)
        for n in range(start, stop):
            for p in range(3):
                j, u = _cell(x[n, 0 if p < 2 else 1], side, one)
                i, v = _cell(x[n, 1 if p == 0 else 2], side, one)
                for c in range(channels):
                    upper = (one - u) * planes[p, i, j, c] + u * planes[p, i, j + 1, c]
                    lower = (one - u) * planes[p, i + 1, j, c] + u * planes[p, i + 1, j + 1, c]
                    out[p * channels + c, n] = (one - v) * upper + v * lower

    @njit(**OPTIONS)
    def backward(start, stop, x, grad, grad_planes):
        pieces = grad_planes.shape[0]
        side = grad_planes.shape[2]
        one = x.dtype.type(1)
        for piece in range(start, stop):
            first = len(x) * piece // pieces
            last = len(x) * (piece + 1) // pieces
            for n in range(first, last):
                for p in range(3):
                    j, u = _cell(x[n, 0 if p < 2 else 1], side, one)
                    i, v = _cell(x[n, 1 if p == 0 else 2], side, one)
                    for c in range(channels):
                        g = grad[p * channels + c, n]
                        grad_planes[piece, p, i, j, c] += (one - v) * (one - u) * g
                        grad_planes[piece, p, i, j + 1, c] += (one - v) * u * g
                        grad_planes[piece, p, i + 1, j, c] += v * (one - u) * g
                        grad_planes[piece, p, i + 1, j + 1, c] += v * u * g

    return forward, backward


def forward(x: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """The encoding, transposed: (3 C, N)."""
    channels = planes.shape[3]
    out = np.empty((3 * channels, len(x)), x.dtype)
    parallel_for(kernels(channels)[0], len(x), x, planes, out)
    return out


def backward(x: np.ndarray, shape: tuple[int, ...], grad: np.ndarray) -> np.ndarray:
    """The gradient with respect to the planes, summed in one order for any number of threads."""
    buffers = np.zeros((PIECES, *shape), x.dtype)
    parallel_for(kernels(shape[3])[1], PIECES, x, grad, buffers)
    return buffers.sum(0)
