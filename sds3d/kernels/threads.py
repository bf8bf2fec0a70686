"""Runs numba kernels on several threads.

Kernels are `@njit(nogil=True, cache=True)` functions of (start, stop, *arrays) over one axis.  They compile
several times faster than in numba's own parallel mode, need no OpenMP beside torch's, and split the work the
same way every time, so sums are reproducible.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import torch


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="sds3d")


def parallel_for(kernel: Callable, count: int, *args: object, threads: int | None = None) -> None:
    """Calls kernel(start, stop, *args) for contiguous pieces that together cover range(count).

    threads: how many pieces; torch's number of threads if not given.  Returns when all pieces are done, and
    raises the first exception of one.
    """
    pieces = min(threads or torch.get_num_threads(), count)
    if pieces <= 1:
        if count:
            kernel(0, count, *args)
        return
    edges = [count * i // pieces for i in range(pieces + 1)]
    pool = _pool(pieces)
    jobs = [pool.submit(kernel, edges[i], edges[i + 1], *args) for i in range(1, pieces)]
    kernel(edges[0], edges[1], *args)
    for job in jobs:
        job.result()


def bands_of(images: int) -> int:
    """Into how many bands of rows each of `images` images is cut, so that the jobs make two equal halves.

    It depends on the number of images alone: sums over bands then have one order on every machine.
    """
    return 2 if images % 2 else 1
