"""3D Gaussians as a .splat file: 32 bytes each, without a header, for viewers on the web.

Source: antimatter15/splat, https://github.com/antimatter15/splat, `process_ply_to_splat` of its convert.py.
"""

from __future__ import annotations

import numpy as np

from sds3d.mesh.gaussians import Gaussians

RECORD = np.dtype([("mean", "<f4", 3), ("scale", "<f4", 3), ("rgba", "u1", 4), ("quat", "u1", 4)])


def splat(gaussians: Gaussians) -> bytes:
    """The bytes of a .splat file, in the frame of the .ply (x right, y down, z forward).

    A record: mean and standard deviations as float32; sRGB and opacity, round(255 v); the unit quaternion wxyz,
    round(128 q + 128), cut to 255.  The largest and most opaque come first (volume times opacity), as viewers
    show a file while it loads.  There is no place for harmonics: a colour is the same from all sides.
    """
    turned = gaussians.turned()
    records = np.empty(len(turned.means), RECORD)
    records["mean"] = turned.means
    records["scale"] = turned.scales
    rgba = np.column_stack([turned.colors, turned.opacities])
    records["rgba"] = np.rint(255 * rgba.clip(0, 1))
    records["quat"] = np.rint(128 * turned.quats + 128).clip(0, 255)
    size = turned.scales.astype(np.float64).prod(1) * turned.opacities
    return records[np.argsort(-size, kind="stable")].tobytes()
