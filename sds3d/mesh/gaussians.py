"""The Gaussians that a scene of splats exports and every writer of splats reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sds3d.errors import ExportError
from sds3d.kernels.harmonics import ORDERS


@dataclass(frozen=True)
class Gaussians:
    """N 3D Gaussians in glTF's frame: +Y up, front +Z, metres.

    means: (N, 3), centres.  quats: (N, 4) wxyz, any length.  scales: (N, 3) > 0, standard deviations along the
    rotated axes.  opacities: (N,) in [0, 1].  colors: (N, 3) sRGB in [0, 1], the part that is the same from all
    sides.  harmonics: (N, K, 3), what `kernels.harmonics.view_colors` adds to them, or None.
    Raises ExportError when there are none or a value is not finite.
    """

    means: np.ndarray
    quats: np.ndarray
    scales: np.ndarray
    opacities: np.ndarray
    colors: np.ndarray
    harmonics: np.ndarray | None = None

    def __post_init__(self) -> None:
        if len(self.means) == 0:
            raise ExportError("there are no Gaussians", "run more --steps")
        values = (self.means, self.unit_quats, np.log(self.scales), self.opacities, self.colors)
        rest = () if self.harmonics is None else (self.harmonics,)
        if not all(np.isfinite(value).all() for value in (*values, *rest)):
            raise ExportError("a Gaussian is not finite", "lower the learning rates in [lr]")

    @cached_property
    def unit_quats(self) -> np.ndarray:
        """The rotations (N, 4) wxyz, of length 1."""
        return self.quats / np.linalg.norm(self.quats, axis=1, keepdims=True)

    @cached_property
    def varying(self) -> np.ndarray:
        """The harmonics (N, K, 3); K is 0 where there are none."""
        return np.zeros((len(self.means), 0, 3)) if self.harmonics is None else self.harmonics

    def turned(self) -> Gaussians:
        """The same object after half a turn around x: y down, front -Z, as files of 3D Gaussian splatting.

        (x, y, z) becomes (x, -y, -z), a rotation q becomes (0, 1, 0, 0) q.
        """
        w, x, y, z = self.unit_quats.T
        return replace(
            self,
            means=self.means * [1, -1, -1],
            quats=np.stack([-x, w, -z, y], 1),
            harmonics=self.varying * half_turn(self.varying.shape[1])[:, None],
        )


def half_turn(count: int) -> np.ndarray:
    """The signs (K,) that the harmonics of degree 1 and above get when the frame turns by 180 degrees around x.

    Y_lm(x, -y, -z) is (-1)^(l + m) Y_lm(x, y, z) for m >= 0, and its negative for m < 0.
    """
    return np.array([(-1.0) ** (l + m + (m < 0)) for l, m in ORDERS[1 : count + 1]])  # noqa: E741 l as in Y_lm
