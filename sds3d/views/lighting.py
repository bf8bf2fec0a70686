"""The library's light: one soft light, fixed to the object, that every built-in object is drawn under.  And the
light of a look at a mesh, which moves with the camera.

The exact prior renders its library in it, the embedded prior is trained on images in it, and exported
textures have it divided out.
"""

from __future__ import annotations

import math

import numpy as np

# Ambient term, then the change per unit of the normal's x, y and z: shade(n) lies in [0.46, 0.94].
LIGHT = np.array([0.70, 0.08, 0.20, 0.11], np.float32)
AMBIENT = 0.5  # terms of `headlight`
SKY = 0.15
HEADLIGHT = 0.4


def shade(normals: np.ndarray) -> np.ndarray:
    """The factor by which the light scales a surface's colour, shape (...):  LIGHT[0] + n . LIGHT[1:].

    normals: (..., 3), unit length, in the object's frame (y up, front +Z).
    """
    return LIGHT[0] + normals @ LIGHT[1:]


def shaded(colors: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Surface colours (..., 3) under the light, clipped to [0, 1].

    colors: (..., 3) sRGB in [0, 1], scaled as displayed.  normals: (..., 3), unit length.
    """
    return np.clip(colors * shade(normals)[..., None], 0, 1)


def headlight(normals: np.ndarray, to_camera: np.ndarray) -> np.ndarray:
    """The factor by which a light at the camera and a little sky scale a surface's colour, shape (...):

    AMBIENT + SKY n_y + HEADLIGHT max(n . to_camera, 0).

    normals, to_camera: (..., 3), unit length, in the object's frame.
    """
    facing = np.maximum(np.einsum("...c,...c->...", normals, to_camera), 0)
    return AMBIENT + SKY * normals[..., 1] + HEADLIGHT * facing


def mean_shade(elevation_deg: float) -> float:
    """The mean of `shade` over the visible half of a ball, over all azimuths at one elevation.

    A ball seen from the direction d has the mean normal 2/3 d, and the horizontal part of d averages out
    over the azimuths:  LIGHT[0] + 2/3 sin(elevation) LIGHT[2].
    """
    return float(LIGHT[0] + 2 / 3 * math.sin(math.radians(elevation_deg)) * LIGHT[2])
