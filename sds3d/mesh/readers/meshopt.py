"""EXT_meshopt_compression, decoded by the `meshoptimizer` package where it is installed."""

from __future__ import annotations

from sds3d.errors import MeshError


def decode(data: bytes, count: int, stride: int, mode: str, filter_name: str) -> bytes:
    """`count` elements of `stride` bytes."""
    raise MeshError("it is compressed with EXT_meshopt_compression", "export without it")
