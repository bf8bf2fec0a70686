"""What a student is."""

from __future__ import annotations

import abc

from torch import Tensor, nn

from sds3d.diffusion.cond import Cond


class Student(nn.Module, abc.ABC):
    """A denoiser that is trained on the scene's renders while the scene is optimised."""

    @abc.abstractmethod
    def predict_noise(self, z_t: Tensor, t: Tensor, cond: Cond) -> Tensor:
        """eps_hat (R, C, h, w) of z_t under the distribution of the scene's renders."""

    @abc.abstractmethod
    def loss(self, z: Tensor, t: Tensor, eps: Tensor, cond: Cond) -> Tensor:
        """The denoising loss on renders z (B, C, h, w), which are detached; a scalar."""
