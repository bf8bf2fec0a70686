"""Objects made of named, coloured parts, and how a wish for colours and materials is applied to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from sds3d.errors import PriorError

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
    """A library member: one triangle soup with a value per vertex, in the ball of RADIUS, y up, front +Z.

    vertices, normals, colors (V, 3) float32; colors sRGB in [0, 1].  faces (F, 3) int32.
    metallic, roughness (V,) float32.
    """

    caption: str
    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    metallic: np.ndarray
    roughness: np.ndarray


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


def assemble(parts: Sequence[Part], caption: str) -> Model:
    """The parts as one model, its bounding box centred and its bounding sphere scaled to RADIUS."""
    vertices = np.concatenate([p.vertices for p in parts])
    center = (vertices.min(0) + vertices.max(0)) / 2
    vertices = vertices - center
    vertices = vertices * (RADIUS / np.linalg.norm(vertices, axis=1).max())
    offsets = np.cumsum([0] + [len(p.vertices) for p in parts[:-1]])

    def per_vertex(value: object) -> np.ndarray:
        rows = [
            np.broadcast_to(np.float32(value(p.look)), (len(p.vertices), *np.shape(value(p.look))))
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
    )


def from_mesh(path: Path, caption: str) -> Model:
    """A member read from a mesh file, its texture taken to vertex colours; centred and scaled to RADIUS.

    The file's frame must be glTF's: y up, front +Z.  Raises PriorError when it holds no triangles.
    """
    import trimesh

    try:
        mesh = trimesh.load(path, force="mesh")
    except (ValueError, OSError, KeyError, IndexError) as error:
        raise PriorError(
            f"cannot read '{path}': {error}", "export it again as GLB or OBJ"
        ) from error
    if len(mesh.faces) == 0:
        raise PriorError(f"'{path}' holds no triangles", "export it again as GLB or OBJ")
    visual = mesh.visual.to_color() if mesh.visual.kind == "texture" else mesh.visual
    colors = np.asarray(visual.vertex_colors, np.float32)[:, :3] / 255
    vertices = mesh.vertices - mesh.bounds.mean(0)
    vertices = vertices * (RADIUS / np.linalg.norm(vertices, axis=1).max())
    flat = np.zeros(len(vertices), np.float32)
    return Model(
        caption,
        vertices.astype(np.float32),
        mesh.faces.astype(np.int32),
        mesh.vertex_normals.astype(np.float32),
        colors,
        flat,
        flat + 0.7,
    )
