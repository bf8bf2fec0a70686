"""3D Gaussians as the .ply file that splat viewers read.

Source: Kerbl et al. 2023, https://arxiv.org/abs/2308.04079, `save_ply` of the authors' code.
"""

from __future__ import annotations

import numpy as np

from sds3d.errors import ExportError
from sds3d.kernels.harmonics import ORDERS, SH_0


def splat_ply(
    means: np.ndarray,
    quats: np.ndarray,
    scales: np.ndarray,
    opacities: np.ndarray,
    colors: np.ndarray,
    harmonics: np.ndarray | None = None,
) -> bytes:
    """The bytes of a .ply file of N Gaussians, 68 bytes each; 248 with harmonics of degree 3.

    means (N, 3) world; scales (N, 3) > 0, standard deviations, world units; quats (N, 4) wxyz, any length;
    opacities (N,) in [0, 1]; colors (N, 3) sRGB in [0, 1]; harmonics (N, K, 3), what
    `kernels.harmonics.view_colors` adds to them.  The file has the frame that viewers expect (x right, y down,
    z forward) and stores ln scale, logit opacity, (color - 1/2) / SH_0, and the harmonics as f_rest: all of
    red, then green, then blue.
    Raises ExportError when there are no Gaussians or a value is not finite.
    """
    if len(means) == 0:
        raise ExportError("there are no Gaussians", "run more --steps")
    unit = quats / np.linalg.norm(quats, axis=1, keepdims=True)
    w, x, y, z = unit.T
    opacities = opacities.clip(1e-6, 1 - 1e-6)
    if harmonics is None:
        harmonics = np.zeros((len(means), 0, 3))
    count = harmonics.shape[1]
    rest = (harmonics * half_turn(count)[:, None]).transpose(0, 2, 1).reshape(len(means), -1)
    columns = np.column_stack(
        [
            means * [1, -1, -1],  # half a turn around x, as for the rotations below
            np.zeros_like(means),
            (colors - 0.5) / SH_0,
            rest,
            np.log(opacities / (1 - opacities)),
            np.log(scales),
            np.stack([-x, w, -z, y], 1),
        ]
    ).astype("<f4")
    if not np.isfinite(columns).all():
        raise ExportError("a Gaussian is not finite", "lower the learning rates in [lr]")
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(columns)}"]
    header += [*(f"property float {name}" for name in _fields(3 * count)), "end_header"]
    return ("\n".join(header) + "\n").encode() + columns.tobytes()


def half_turn(count: int) -> np.ndarray:
    """The signs (K,) that the harmonics of degree 1 and above get when the frame turns by 180 degrees around x.

    Y_lm(x, -y, -z) is (-1)^(l + m) Y_lm(x, y, z) for m >= 0, and its negative for m < 0.
    """
    return np.array([(-1.0) ** (l + m + (m < 0)) for l, m in ORDERS[1 : count + 1]])  # noqa: E741 l as in Y_lm


def _fields(rest: int) -> list[str]:
    """The names of the numbers of a Gaussian, `rest` of them f_rest."""
    return [
        *("x", "y", "z", "nx", "ny", "nz"),
        *("f_dc_0", "f_dc_1", "f_dc_2"),
        *(f"f_rest_{i}" for i in range(rest)),
        "opacity",
        *("scale_0", "scale_1", "scale_2"),
        *("rot_0", "rot_1", "rot_2", "rot_3"),
    ]
