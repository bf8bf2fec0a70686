"""3D Gaussians as the .ply file that splat viewers read.

Source: Kerbl et al. 2023, https://arxiv.org/abs/2308.04079, `save_ply` of the authors' code.
"""

from __future__ import annotations

import numpy as np

from sds3d.kernels.harmonics import SH_0
from sds3d.mesh.gaussians import Gaussians


def splat_ply(gaussians: Gaussians) -> bytes:
    """The bytes of a .ply file of N Gaussians, 68 bytes each; 248 with harmonics of degree 3.

    The file has the frame that viewers expect (x right, y down, z forward) and stores ln scale, logit opacity,
    (color - 1/2) / SH_0, and the harmonics as f_rest: all of red, then green, then blue.
    """
    turned = gaussians.turned()
    opacities = turned.opacities.clip(1e-6, 1 - 1e-6)
    rest = turned.varying.transpose(0, 2, 1).reshape(len(turned.means), -1)
    columns = np.column_stack(
        [
            turned.means,
            np.zeros_like(turned.means),
            (turned.colors - 0.5) / SH_0,
            rest,
            np.log(opacities / (1 - opacities)),
            np.log(turned.scales),
            turned.quats,
        ]
    ).astype("<f4")
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(columns)}"]
    header += [*(f"property float {name}" for name in _fields(rest.shape[1])), "end_header"]
    return ("\n".join(header) + "\n").encode() + columns.tobytes()


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
