"""EXT_meshopt_compression: buffers as gltfpack writes them.

Specified, appendices A and B, at
https://github.com/KhronosGroup/glTF/tree/main/extensions/2.0/Vendor/EXT_meshopt_compression.  Decoded here,
because the Python package of the reference decoder has no wheels.
"""

from __future__ import annotations

import numpy as np

from sds3d.errors import MeshError

NAME = "EXT_meshopt_compression"
ATTRIBUTES, TRIANGLES, INDICES = "ATTRIBUTES", "TRIANGLES", "INDICES"
BLOCK_BYTES, BLOCK_MOST, GROUP = 8192, 256, 16
FIX = "export it without compression"


def decode(data: bytes, count: int, stride: int, mode: str, filter_name: str) -> bytes:
    """`count` elements of `stride` bytes each.  Raises MeshError for what the specification does not allow."""
    from sds3d.kernels import meshopt_numba as kernels

    source = np.frombuffer(data, np.uint8)
    if mode == ATTRIBUTES and stride % 4 == 0:
        out = np.zeros((count, stride), np.uint8)
        good = kernels.vertices(source, out)
    elif mode == TRIANGLES and stride in (2, 4) and count % 3 == 0:
        wide = np.zeros(count, np.uint32)
        good = kernels.triangles(source, wide)
        out = wide.astype(f"<u{stride}")
    elif mode == INDICES and stride in (2, 4):
        wide = np.zeros(count, np.uint32)
        good = kernels.sequence(source, wide)
        out = wide.astype(f"<u{stride}")
    else:
        raise MeshError(f"its {NAME} data have the unknown mode {mode[:20]}", FIX)
    if not good:
        raise MeshError(f"its {NAME} data are damaged", FIX)
    return _filtered(out, stride, filter_name).tobytes()


def _filtered(values: np.ndarray, stride: int, name: str) -> np.ndarray:
    if name == "NONE":
        return values
    if name == "OCTAHEDRAL" and stride in (4, 8):
        return _octahedral(values.view(f"<i{stride // 4}"))
    if name == "QUATERNION" and stride == 8:
        return _quaternion(values.view("<i2"))
    if name == "EXPONENTIAL" and stride % 4 == 0:
        bits = values.view("<i4")
        mantissa = (bits << 8) >> 8
        return np.ldexp(mantissa.astype(np.float32), bits >> 24).astype("<f4")
    raise MeshError(f"its {NAME} data have the unknown filter {name[:20]}", FIX)


def _octahedral(values: np.ndarray) -> np.ndarray:
    """Unit vectors (N, 4) as normalised integers, the fourth component as it was."""
    top = np.iinfo(values.dtype).max
    x, y, one, kept = values.astype(np.float64).T
    z = one - np.abs(x) - np.abs(y)
    fold = np.minimum(z, 0)
    x = x + np.where(x >= 0, fold, -fold)
    y = y + np.where(y >= 0, fold, -fold)
    vector = np.stack([x, y, z], 1)
    length = np.linalg.norm(vector, axis=1, keepdims=True)
    unit = np.round(vector * (top / np.where(length > 0, length, 1)))
    return np.concatenate([unit, kept[:, None]], 1).astype(values.dtype)


def _quaternion(values: np.ndarray) -> np.ndarray:
    """Unit quaternions (N, 4) as normalised int16; the largest component is left out of the data."""
    parts = values.astype(np.float64)
    largest = values[:, 3] & 3
    scale = (1 / np.sqrt(2)) / (values[:, 3] | 3).astype(np.float64)
    three = parts[:, :3] * scale[:, None]
    fourth = np.sqrt(np.maximum(1 - np.square(three).sum(1), 0))
    out = np.zeros_like(parts)
    rows = np.arange(len(parts))
    for k in range(3):
        out[rows, (largest + 1 + k) % 4] = three[:, k]
    out[rows, largest] = fourth
    return np.round(out * 32767).astype("<i2")
