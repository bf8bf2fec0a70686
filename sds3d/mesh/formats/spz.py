"""3D Gaussians as an .spz file, version 2: fixed-point numbers, column after column, compressed with gzip.

Source: Niantic's spz, https://github.com/nianticlabs/spz, README and `packGaussians` of load-spz.cc.  Readers
of later versions read version 2.
"""

from __future__ import annotations

import gzip
import math
import struct

import numpy as np

from sds3d.errors import ExportError
from sds3d.kernels.harmonics import SH_0
from sds3d.mesh.gaussians import Gaussians

MAGIC = 0x5053474E  # "NGSP"
VERSION = 2
FRACTION = 12  # bits after the point of a position, of 24 with the sign; the reference's
STEPS = 13  # the largest coordinate has at least 2^13 of the least steps
COLOR = 0.15  # f_dc becomes 255 (0.15 f_dc + 1/2)


def spz(gaussians: Gaussians) -> bytes:
    """The bytes of an .spz file of N Gaussians, in the frame that it has by default, which is `Gaussians`' own.

    Before compression a Gaussian has 19 bytes, and 3 more for each harmonic:

        position  3 x 24 bits  round(2^bits x); `bits` is 12, and more for objects below 2 m
        opacity   u8           round(255 opacity)
        colour    3 x u8       round(255 (0.15 f_dc + 1/2)),  f_dc = (color - 1/2) / SH_0
        scale     3 x u8       round(16 (ln s + 10)), s from e^-10 to e^5.9 m
        rotation  3 x u8       round(127.5 (q + 1)) of x, y, z of the unit quaternion with w >= 0
        harmonics K x 3 x u8   round(128 h + 128), red, green, blue of the first, then of the second, ...

    The reference's writer rounds harmonics to 4 or 5 bits; all 8 are kept here.  Raises ExportError for an
    object that is larger than 24 bits allow, 8388 km.
    """
    count = len(gaussians.means)
    bits = _fraction(float(np.abs(gaussians.means).max()))
    fixed = np.rint(gaussians.means.astype(np.float64) * 2.0**bits).astype("<i4")
    positions = fixed.reshape(-1, 1).view("u1").reshape(count, 3, 4)[..., :3]
    quats = np.where(gaussians.unit_quats[:, :1] < 0, -1, 1) * gaussians.unit_quats
    f_dc = (gaussians.colors - 0.5) / SH_0
    varying = gaussians.varying
    columns = [
        positions,
        _byte(255 * gaussians.opacities),
        _byte(255 * (COLOR * f_dc + 0.5)),
        _byte(16 * (np.log(gaussians.scales) + 10)),
        _byte(127.5 * (quats[:, 1:] + 1)),
        _byte(128 * varying + 128),
    ]
    degree = math.isqrt(varying.shape[1] + 1) - 1
    header = struct.pack("<3I4B", MAGIC, VERSION, count, degree, bits, 0, 0)
    return gzip.compress(header + b"".join(column.tobytes() for column in columns), mtime=0)


def _fraction(largest: float) -> int:
    """The bits after the point of positions of at most `largest` metres."""
    room = math.floor(math.log2((2**23 - 1) / max(largest, 1.0)))
    if room < 0:
        raise ExportError("the object is too large for an .spz file", "give a smaller --height")
    wanted = max(FRACTION, STEPS - math.floor(math.log2(max(largest, 1e-3))))
    return min(room, wanted)


def _byte(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)
