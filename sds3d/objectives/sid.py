"""SiD, a loss of a generator:  <z_T - z_S, (z_T - z) - alpha (z_T - z_S)> / mean |z - z_T|.

z is what the generator made, z_T and z_S are the clean estimates of the prior and of a student of the
generator, both at the same noisy z_t.  Where the objectives of scenes leave the Jacobian of the network out,
this loss is differentiated through both predictions.  With the perfect student the numerator is expected to
be (1 - alpha) E ||z_T - z_S||^2, since the error z_S - z is orthogonal to every function of z_t.

Zhou et al. 2024, Score identity Distillation, https://arxiv.org/abs/2404.04057, and the authors' code.
"""

from __future__ import annotations

from torch import Tensor

ALPHA = 1.2  # authors
TINY = 1e-5  # the least normaliser: authors


def loss(
    z: Tensor, z_teacher: Tensor, z_student: Tensor, *, alpha: float, normalize: bool
) -> Tensor:
    """The loss, summed over each image and averaged over the batch; a scalar.

    z, z_teacher, z_student: (B, C, h, w), all with their gradients; the student's own weights are held.
    alpha: ALPHA is the authors'.  normalize: divides by each image's mean |z - z_T|, without its gradient.
    """
    difference = z_teacher - z_student
    product = difference * ((z_teacher - z) - alpha * difference)
    if normalize:
        distance = (z - z_teacher).detach().abs().mean((1, 2, 3), keepdim=True)
        product = product / distance.clamp_min(TINY)
    return product.sum() / len(z)
