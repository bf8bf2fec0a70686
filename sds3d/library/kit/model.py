"""Objects made of named, coloured parts, and how a wish for colours and materials is applied to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:  # a prompt is read without the libraries that draw
    from sds3d.kernels.textures import Skin
    from sds3d.mesh.shape import Shape

RADIUS = 0.85  # of the bounding sphere of every model, in scene units; the scene is the unit ball


@dataclass(frozen=True)
class Look:
    """A surface: sRGB colour in [0, 1], metallic and roughness in [0, 1]."""

    color: tuple[float, float, float]
    metallic: float = 0.0
    roughness: float = 0.7


@dataclass(frozen=True)
class Part:
    """One solid of an object.

    vertices (V, 3), faces (F, 3) counter-clockwise from outside, normals (V, 3) unit (vertices are doubled
    where an edge is sharp).  name: what a person calls it ("legs", "seat").  main: whether the object's colour
    is this part's ("a red car" paints the body, not the tyres).
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    look: Look
    main: bool = False


@dataclass(frozen=True)
class Wish:
    """What a prompt asks of the surfaces: `None` and absent names keep the object's own.

    A colour without a material keeps the part's metallic and roughness; a material without a colour brings
    its own colour ("wooden").
    """

    color: tuple[float, float, float] | None = None
    material: Look | None = None
    parts: Mapping[str, Wish] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A library member: one mesh with a value per vertex, in the ball of RADIUS, y up, front +Z.

    vertices, normals, colors (V, 3) float32; colors sRGB in [0, 1].  faces (F, 3) int32.
    metallic, roughness (V,) float32.  skin: the textures of a user's mesh, which multiply the colours.
    longest: the longest side of the object's bounding box, in metres, or the units of
    a user's file.
    """

    caption: str
    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    metallic: np.ndarray
    roughness: np.ndarray
    skin: Skin | None = None
    longest: float = 1.0


def paint(parts: Sequence[Part], wish: Wish) -> list[Part]:
    """The parts in the wished colours and materials.

    The object's wish goes to its main parts, a part's wish to the parts of that name.
    """

    def wished(look: Look, w: Wish) -> Look:
        look = w.material or look
        return replace(look, color=w.color) if w.color is not None else look

    out = []
    for part in parts:
        look = wished(part.look, wish) if part.main else part.look
        if part.name in wish.parts:
            look = wished(look, wish.parts[part.name])
        out.append(replace(part, look=look))
    return out


def assemble(parts: Sequence[Part], caption: str, longest: float | None = None) -> Model:
    """The parts as one model, its bounding box centred and its bounding sphere scaled to RADIUS.

    longest: the longest side of its bounding box, in metres, where the parts are not in metres.
    """
    vertices = np.concatenate([p.vertices for p in parts])
    low, high = vertices.min(0), vertices.max(0)
    center = (low + high) / 2
    vertices = vertices - center
    vertices = vertices * (RADIUS / np.linalg.norm(vertices, axis=1).max())
    offsets = np.cumsum([0] + [len(p.vertices) for p in parts[:-1]])

    def per_vertex(value: Callable[[Look], ArrayLike]) -> np.ndarray:
        rows = [
            np.broadcast_to(
                np.asarray(value(p.look), np.float32), (len(p.vertices), *np.shape(value(p.look)))
            )
            for p in parts
        ]
        return np.concatenate(rows)

    return Model(
        caption,
        vertices.astype(np.float32),
        np.concatenate([p.faces + o for p, o in zip(parts, offsets, strict=True)]).astype(np.int32),
        np.concatenate([p.normals for p in parts]).astype(np.float32),
        per_vertex(lambda look: look.color),
        per_vertex(lambda look: look.metallic),
        per_vertex(lambda look: look.roughness),
        longest=longest or float((high - low).max()),
    )


def member(shape: Shape, caption: str) -> Model:
    """A shape as a library member, its bounding box centred and its bounding sphere scaled to RADIUS."""
    from sds3d.mesh.shape import fitted

    longest = float(np.ptp(shape.vertices, axis=0).max())
    return Model(caption=caption, longest=longest, **vars(fitted(shape, RADIUS)))
