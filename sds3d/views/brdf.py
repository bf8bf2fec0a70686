"""The metallic-roughness surface of glTF 2.0 and its integral over directions.

    f = (1 - F) (1 - m) albedo / pi + F D V,     F = F0 + (1 - F0) (1 - v . h)^5,
    F0 = 0.04 (1 - m) + m albedo,   D = a^2 / (pi ((n . h)^2 (a^2 - 1) + 1)^2),   a = roughness^2,
    V = 1 / (2 (n.l sqrt((n.v)^2 (1 - a^2) + a^2) + n.v sqrt((n.l)^2 (1 - a^2) + a^2))).

h = (l + v) / |l + v|; D is GGX's distribution of normals, V the height-correlated visibility of Smith.
Sources: Khronos, glTF 2.0 specification, appendix B; Walter et al. 2007, "Microfacet Models for Refraction";
Heitz 2014, "Understanding the Masking-Shadowing Function", eq. 99; Schlick 1994.  All light is linear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

DIELECTRIC = 0.04  # reflectance of what is not metal, straight on
SMOOTHEST = 0.03  # the least roughness: a mirror has no density that could be evaluated
TABLE = 64  # entries of the table along n . v and along roughness
SAMPLES = 1024  # directions for each of its entries


def reflectance(albedo: Tensor, metallic: Tensor) -> Tensor:
    """F0 (..., 3): what is reflected straight on.  albedo: (..., 3) linear; metallic: (...)."""
    m = metallic[..., None]
    return DIELECTRIC * (1 - m) + m * albedo


def schlick(cosine: Tensor) -> Tensor:
    """(1 - cosine)^5, the weight of the light that is reflected at grazing angles."""
    return (1 - cosine.clamp(0, 1)) ** 5


def ggx(n_h: Tensor, a: Tensor) -> Tensor:
    """D, the density of microfacets whose normal is h, per steradian."""
    return a**2 / (math.pi * (n_h**2 * (a**2 - 1) + 1) ** 2)


def smith(n_l: Tensor, n_v: Tensor, a: Tensor) -> Tensor:
    """V = G / (4 n.l n.v), the share of them that is neither shadowed nor masked."""
    out = n_l * (n_v**2 * (1 - a**2) + a**2).sqrt()
    back = n_v * (n_l**2 * (1 - a**2) + a**2).sqrt()
    return 0.5 / (out + back).clamp_min(1e-7)


def brdf(
    normal: Tensor,
    to_camera: Tensor,
    to_light: Tensor,
    albedo: Tensor,
    metallic: Tensor,
    roughness: Tensor,
) -> Tensor:
    """f (..., 3), per steradian; 0 for a light below the surface.

    normal, to_camera, to_light: (..., 3), unit.  albedo: (..., 3) linear; metallic, roughness: (...).
    """
    half = F.normalize(to_camera + to_light, dim=-1)
    n_l, n_v, n_h, v_h = (
        (p * q).sum(-1).clamp_min(0)
        for p, q in ((normal, to_light), (normal, to_camera), (normal, half), (to_camera, half))
    )
    a = roughness.clamp_min(SMOOTHEST) ** 2
    f0 = reflectance(albedo, metallic)
    fresnel = f0 + (1 - f0) * schlick(v_h)[..., None]
    diffuse = (1 - fresnel) * (1 - metallic)[..., None] * albedo / math.pi
    specular = fresnel * (ggx(n_h, a) * smith(n_l, n_v, a))[..., None]
    return (diffuse + specular) * (n_l > 0)[..., None]


def half_vectors(uniform: Tensor, a: Tensor) -> Tensor:
    """Unit half-vectors (..., 3) around z with density D cos, of uniform numbers (..., 2) in [0, 1)."""
    cosine = ((1 - uniform[..., 0]) / (1 + (a**2 - 1) * uniform[..., 0])).clamp(0, 1).sqrt()
    sine = (1 - cosine**2).clamp_min(0).sqrt()
    angle = 2 * math.pi * uniform[..., 1]
    return torch.stack([sine * angle.cos(), sine * angle.sin(), cosine], -1)


def lattice(count: int) -> Tensor:
    """(count, 2) points that cover the unit square evenly: the additive recurrence R2 of Roberts 2018."""
    steps = torch.tensor([0.7548776662466927, 0.5698402909980532], dtype=torch.float64)
    return ((0.5 + steps * torch.arange(1, count + 1)[:, None]) % 1).float()


@dataclass(frozen=True)
class Lobe:
    """Integrals of the BRDF for N pairs of n . v and roughness, each (N,).

        integral of F D V (n . l) dl = F0 a + b,     integral of (1 - F) / pi (n . l) dl = (1 - F0) c.

    The mean of l under D V (n . l) has the direction  ahead ((n . v) n - v) + up n,  the mirrored one where
    ahead = 1 and up = n . v.  width: the roughness at which a surface that is seen straight on scatters as
    widely around n, as the length of that mean tells.
    """

    a: Tensor
    b: Tensor
    c: Tensor
    ahead: Tensor
    up: Tensor
    width: Tensor


def lobe(n_v: Tensor, roughness: Tensor) -> Lobe:
    """From tables; differentiable in both."""
    at = torch.stack([n_v.clamp(0, 1), roughness.clamp(0, 1)], -1) * 2 - 1
    image = _table().to(at)[None]
    found = F.grid_sample(image, at[None, None], padding_mode="border", align_corners=True)
    return Lobe(*found[0, :, 0])


@lru_cache(maxsize=1)
def _table() -> Tensor:
    """(6, TABLE, TABLE): the fields of `Lobe` by roughness (rows) and n . v (columns), both from 0 to 1.

    a and b: Karis 2013, "Real Shading in Unreal Engine 4"; c does not depend on roughness.
    """
    n_v = torch.linspace(0, 1, TABLE).clamp(1e-3, 0.9995)
    roughness = torch.linspace(0, 1, TABLE)
    v = torch.stack([(1 - n_v**2).sqrt(), torch.zeros_like(n_v), n_v], -1)
    uniform = lattice(SAMPLES)
    grazing, means = [], []
    for r in roughness:
        to_light, weight, v_h = _specular(v, r, uniform)
        grazing.append(torch.stack([(weight * (1 - x)).mean(1) for x in (0, schlick(v_h))]))
        means.append((weight[..., None] * to_light).mean(1) / weight.mean(1, keepdim=True))
    whole, a = torch.stack(grazing, 1)
    mean = torch.stack(means)  # (roughness, n_v, 3)
    length = mean.norm(dim=-1)
    ahead, up = -mean[..., 0] / length / v[:, 0], mean[..., 2] / length
    straight = length[:, -1]  # falls with roughness
    width = torch.from_numpy(np.interp(-length.numpy(), -straight.numpy(), roughness.numpy())).to(
        length
    )

    cosine, angle = (1 - uniform[:, 0]).sqrt(), 2 * math.pi * uniform[:, 1]
    sine = (1 - cosine**2).sqrt()
    around = torch.stack([sine * angle.cos(), sine * angle.sin(), cosine], -1)  # density cos / pi
    half = F.normalize(v[:, None] + around, dim=-1)
    c = (1 - schlick((v[:, None] * half).sum(-1))).mean(1).expand_as(a)
    return torch.stack([a, whole - a, c, ahead, up, width])


def _specular(v: Tensor, roughness: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(l (V, S, 3), D V (n . l) / density (V, S), v . h): samples of the lobes of V directions v around z."""
    a = roughness.clamp_min(SMOOTHEST) ** 2
    half = half_vectors(uniform, a)
    v_h = (v[:, None] * half).sum(-1)
    to_light = 2 * v_h[..., None] * half - v[:, None]
    n_l = to_light[..., 2]
    weight = smith(n_l.clamp_min(0), v[:, None, 2], a) * n_l * 4 * v_h / half[:, 2].clamp_min(1e-4)
    return to_light, weight * ((n_l > 0) & (v_h > 0)), v_h
