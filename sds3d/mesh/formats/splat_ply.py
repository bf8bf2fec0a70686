"""3D Gaussians as the .ply file that splat viewers read.

Source: Kerbl et al. 2023, https://arxiv.org/abs/2308.04079, `save_ply` of the authors' code.
"""

from __future__ import annotations

import numpy as np

from sds3d.errors import ExportError

SH_0 = 0.28209479177387814  # the constant spherical harmonic, 1 / (2 sqrt(pi))
FIELDS = (
    *("x", "y", "z", "nx", "ny", "nz"),
    *("f_dc_0", "f_dc_1", "f_dc_2"),
    "opacity",
    *("scale_0", "scale_1", "scale_2"),
    *("rot_0", "rot_1", "rot_2", "rot_3"),
)


def splat_ply(
    means: np.ndarray,
    quats: np.ndarray,
    scales: np.ndarray,
    opacities: np.ndarray,
    colors: np.ndarray,
) -> bytes:
    """The bytes of a .ply file of N Gaussians, 68 bytes each.

    means (N, 3) world; scales (N, 3) > 0, standard deviations, world units; quats (N, 4) wxyz, any length;
    opacities (N,) in [0, 1]; colors (N, 3) sRGB in [0, 1].  The file has the frame that viewers expect
    (x right, y down, z forward) and stores ln scale, logit opacity, and (color - 1/2) / SH_0.
    Raises ExportError when there are no Gaussians or a value is not finite.
    """
    if len(means) == 0:
        raise ExportError("there are no Gaussians", "run more --steps")
    unit = quats / np.linalg.norm(quats, axis=1, keepdims=True)
    w, x, y, z = unit.T
    opacities = opacities.clip(1e-6, 1 - 1e-6)
    columns = np.column_stack(
        [
            means * [1, -1, -1],  # half a turn around x, as for the rotations below
            np.zeros_like(means),
            (colors - 0.5) / SH_0,
            np.log(opacities / (1 - opacities)),
            np.log(scales),
            np.stack([-x, w, -z, y], 1),
        ]
    ).astype("<f4")
    if not np.isfinite(columns).all():
        raise ExportError("a Gaussian is not finite", "lower the learning rates in [lr]")
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(columns)}"]
    header += [*(f"property float {name}" for name in FIELDS), "end_header"]
    return ("\n".join(header) + "\n").encode() + columns.tobytes()
