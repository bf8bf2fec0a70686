"""Runs numba kernels on several threads.

Kernels are `@njit(nogil=True, cache=True)` functions of (start, stop, *arrays) over one axis. This compiles
several times faster than numba's own parallel mode, needs no OpenMP next to torch's, and splits the work the
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
    """Calls kernel(start, stop, *args) for contiguous pieces that cover range(count)."""
    threads = min(threads or torch.get_num_threads(), count)
    if threads <= 1:
        if count:
            kernel(0, count, *args)
        return
    edges = [count * i // threads for i in range(threads + 1)]
    jobs = [_pool(threads).submit(kernel, edges[i], edges[i + 1], *args) for i in range(1, threads)]
    kernel(edges[0], edges[1], *args)
    for job in jobs:
        job.result()
