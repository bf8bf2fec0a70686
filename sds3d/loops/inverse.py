"""An inverse problem: a scene from images of an object that is known, instead of from a prior's idea of it.

It is a step like every other: the prior is the exact one over a single object, and the objective is the
residual of its images, so that no noise is added and nothing is denoised.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.prior import Prior
from sds3d.library.kit.model import Model
from sds3d.objectives.context import StepContext
from sds3d.priors.exact.prior import ExactPrior, Members


def only(model: Model, supersample: int = 2) -> ExactPrior:
    """The prior that makes of every prompt this one object."""
    certain = np.ones(1)
    return ExactPrior(lambda prompt: Members((model,), certain, certain), supersample=supersample)


def residual(
    prior: Prior, z: Tensor, t: Tensor, eps: Tensor, cond: Cond, context: StepContext
) -> Tensor:
    """z - z_1, the gradient of ||z - z_1||^2 / 2, with z_1 the object of `only` at the same cameras."""
    del prior, t, eps, context
    return z - cond.views.z[:, 0].view_as(z)
