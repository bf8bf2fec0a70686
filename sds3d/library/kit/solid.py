"""Closed triangle solids with normals, and the operations that place, copy and join them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sds3d.library.kit.model import Look, Part

AXES = "xyz"


@dataclass(frozen=True)
class Solid:
    """One or more closed surfaces: vertices (V, 3), faces (F, 3) outward, normals (V, 3) unit.

    Every method returns a new Solid; they chain:  `box(1, 0.1, 1).move(y=0.5).turn("y", 45)`.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray

    def __add__(self, other: Solid) -> Solid:
        return group(self, other)

    def move(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Solid:
        """The solid moved by (x, y, z)."""
        return Solid(self.vertices + np.array([x, y, z]), self.faces, self.normals)

    def scale(self, x: float, y: float | None = None, z: float | None = None) -> Solid:
        """The solid scaled about the origin by positive factors; one number scales all axes."""
        factor = np.array([x, x if y is None else y, x if z is None else z])
        normals = self.normals / factor
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return Solid(self.vertices * factor, self.faces, normals)

    def turn(self, axis: str, deg: float, about: Sequence[float] = (0.0, 0.0, 0.0)) -> Solid:
        """The solid rotated right-handed by `deg` about the line through `about` along 'x', 'y' or 'z'.

        A positive angle about x takes y towards z, about y takes z towards x, about z takes x towards y.
        """
        rotation = _rotation(axis, deg)
        center = np.asarray(about, float)
        vertices = (self.vertices - center) @ rotation.T + center
        return Solid(vertices, self.faces, self.normals @ rotation.T)

    def mirror(self, axis: str = "x") -> Solid:
        """The mirror image across the plane where `axis` is 0, with faces flipped to stay outward."""
        flip = np.ones(3)
        flip[AXES.index(axis)] = -1
        return Solid(self.vertices * flip, self.faces[:, ::-1], self.normals * flip)

    def both(self, axis: str = "x") -> Solid:
        """The solid and its mirror image: two arms, two ears."""
        return group(self, self.mirror(axis))

    def four(self) -> Solid:
        """The solid mirrored across x and z: four legs from one."""
        return self.both("x").both("z")

    def around(self, copies: int, axis: str = "y", start_deg: float = 0.0) -> Solid:
        """`copies` of the solid at equal angles around an axis through the origin."""
        turns = (start_deg + 360.0 * k / copies for k in range(copies))
        return group(*(self.turn(axis, deg) for deg in turns))

    def part(self, name: str, look: Look, main: bool = False) -> Part:
        """The solid as a named part with a surface; `main` parts take the object's colour."""
        return Part(name, self.vertices, self.faces, self.normals, look, main)


def group(*solids: Solid) -> Solid:
    """Several solids as one."""
    offsets = np.cumsum([0] + [len(s.vertices) for s in solids[:-1]])
    return Solid(
        np.concatenate([s.vertices for s in solids]),
        np.concatenate([s.faces + o for s, o in zip(solids, offsets, strict=True)]),
        np.concatenate([s.normals for s in solids]),
    )


def turn_part(part: Part, axis: str, deg: float) -> Part:
    """The part turned as `Solid.turn` turns a solid, with its name, look and role."""
    solid = Solid(part.vertices, part.faces, part.normals).turn(axis, deg)
    return solid.part(part.name, part.look, part.main)


def close(vertices: np.ndarray, faces: np.ndarray, crease_deg: float = 40.0) -> Solid:
    """A solid from one closed, welded, consistently wound surface; faces that all point inward are flipped.

    Edges sharper than `crease_deg` stay hard.
    """
    vertices, faces = np.asarray(vertices, float), np.asarray(faces, int)
    if volume(vertices, faces) < 0:
        faces = faces[:, ::-1]
    corner, normals = _corner_normals(vertices, faces, crease_deg)
    key = np.concatenate([corner[:, None], np.round(normals * 1e4).astype(int)], 1)
    order = np.lexsort(key.T)
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(key[order], axis=0) != 0).any(1)
    index = np.empty(len(order), int)
    index[order] = np.cumsum(new) - 1
    kept = order[new]
    return Solid(vertices[corner[kept]], index.reshape(-1, 3), normals[kept])


def cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """u x v over the last axis, several times faster than NumPy's for small arrays."""
    a, b, c = u[..., 0], u[..., 1], u[..., 2]
    x, y, z = v[..., 0], v[..., 1], v[..., 2]
    return np.stack([b * z - c * y, c * x - a * z, a * y - b * x], -1)


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Signed volume, sum of a.(b x c)/6 over the faces: positive when they face outward."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return float(np.einsum("fi,fi->", a, cross(b, c))) / 6


def _rotation(axis: str, deg: float) -> np.ndarray:
    cosine, sine = math.cos(math.radians(deg)), math.sin(math.radians(deg))
    k = AXES.index(axis)
    i, j = (k + 1) % 3, (k + 2) % 3
    rotation = np.eye(3)
    rotation[i, i] = rotation[j, j] = cosine
    rotation[j, i], rotation[i, j] = sine, -sine
    return rotation


def _corner_normals(
    vertices: np.ndarray, faces: np.ndarray, crease_deg: float
) -> tuple[np.ndarray, np.ndarray]:
    """The vertex and the normal of each of the 3F corners.

    A corner's normal is the mean of the faces around its vertex that bend less than the crease, weighted
    by area and corner angle, so that large flat faces stay flat beside their bevels.
    """
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    face = cross(b - a, c - a)
    area = np.linalg.norm(face, axis=1, keepdims=True)
    unit = face / area.clip(1e-12)

    sides = (b - a, c - a), (c - b, a - b), (a - c, b - c)
    angles = np.stack([np.arctan2(area[:, 0], (u * v).sum(1)) for u, v in sides], 1)
    weight = (angles * area).ravel()
    corner = faces.ravel()
    owner = np.repeat(np.arange(len(faces)), 3)
    order = np.argsort(corner, kind="stable")
    counts = np.bincount(corner, minlength=len(vertices))
    starts = np.cumsum(counts) - counts
    size = counts[corner[order]]
    left = np.repeat(order, size)
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    right = order[np.repeat(starts[corner[order]], size) + within]
    smooth = (unit[owner[left]] * unit[owner[right]]).sum(1) > math.cos(math.radians(crease_deg))
    smooth |= owner[left] == owner[right]
    # a face without area has no normal to keep apart
    smooth |= area[owner[left], 0] <= 1e-12
    left, right = left[smooth], right[smooth]
    share = weight[right, None] * unit[owner[right]]
    normals = np.stack([np.bincount(left, share[:, k], len(corner)) for k in range(3)], 1)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return corner, np.where(length > 1e-12, normals / length.clip(1e-12), unit[owner])
