"""The real spherical harmonics by SciPy's associated Legendre functions."""

import math

import numpy as np
from scipy.special import lpmv


def real_harmonic(degree, order, directions):
    """Values (...) at unit directions (..., 3), in the sign convention of 3D Gaussian splatting."""
    x, y, z = np.moveaxis(directions, -1, 0)
    m = abs(order)
    scale = (2 * degree + 1) / (4 * math.pi)
    scale *= math.factorial(degree - m) / math.factorial(degree + m)
    value = math.sqrt(scale) * lpmv(m, degree, z) * np.exp(1j * m * np.arctan2(y, x))
    if order == 0:
        return value.real
    return math.sqrt(2) * (value.real if order > 0 else value.imag)
