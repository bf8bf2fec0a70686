"""CPU and CUDA kernels, one function an operation."""

from sds3d.kernels import cache

cache.choose()  # before the first kernel is decorated
