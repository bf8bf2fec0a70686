"""glTF 2.0 and GLB: the triangles of the default scene at rest, in world coordinates.

The container is read here, not by trimesh or pygltflib: the first keeps one of factor, texture and vertex
colours, drops texture transforms, second UV sets, morph weights and instances, and opens whatever path a file
names; the second gives the JSON as objects and leaves accessors to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sds3d.errors import MeshError
from sds3d.mesh.material import Piece
from sds3d.mesh.readers import draco
from sds3d.mesh.readers.document import (
    AGAIN,
    Document,
    Entry,
    child,
    integer,
    items,
    normalized,
    numbers,
)
from sds3d.mesh.readers.files import Files
from sds3d.mesh.readers.gltf_material import Materials

DRACO, MESHOPT, INSTANCING = (
    "KHR_draco_mesh_compression",
    "EXT_meshopt_compression",
    "EXT_mesh_gpu_instancing",
)
READ = {DRACO, MESHOPT, INSTANCING, "KHR_mesh_quantization"}
INSTEAD = {"KHR_meshopt_compression": "compress it with EXT_meshopt_compression or not at all"}
# Extensions that change how a surface looks or moves, never where it is.
HARMLESS = re.compile(r"[A-Z0-9]+_(materials|texture|lights|light|animation|xmp|audio|node)_?\w*")
TRIANGLES, STRIP, FAN = 4, 5, 6
MOST_TRIANGLES = 20_000_000


@dataclass(frozen=True)
class Placed:
    """A mesh of the document where a node puts it: `world` (4, 4)."""

    mesh: int
    world: np.ndarray
    node: Entry


def read(
    data: bytes, files: Files, longest: int | None, *, maps: bool = False
) -> tuple[list[Piece], list[str]]:
    """(pieces, notes) of a .glb or .gltf file's bytes; textures no longer than `longest` pixels.

    maps: also read normal maps and occlusion.

    Raises MeshError when it is not as the specification says, or needs an extension that cannot be read.
    """
    document = Document(data, files)
    required = [str(name) for name in items(document.root, "extensionsRequired")]
    for name in required:
        if name not in READ and not HARMLESS.fullmatch(name):
            fix = INSTEAD.get(name, "export it without that extension")
            raise MeshError(f"it needs the extension {name}", fix)
    materials = Materials(document, files, longest, maps=maps)
    pieces: list[Piece] = []
    total = 0
    for placed in _placed(document):
        mesh = document.entry("meshes", placed.mesh)
        for primitive in items(mesh, "primitives"):
            if not isinstance(primitive, dict):
                raise MeshError("a primitive is not an object", AGAIN)
            piece = _piece(document, materials, mesh, primitive, placed.node)
            if piece is None:
                continue
            for world in _instances(document, placed):
                total += len(piece.faces)
                if total > MOST_TRIANGLES:
                    raise MeshError(
                        f"it has more than {MOST_TRIANGLES:,} triangles", "simplify it first"
                    )
                pieces.append(_moved(document, piece, world, placed))
    return pieces, materials.notes


def _placed(document: Document) -> Iterator[Placed]:
    """Every mesh of the default scene, else the first, else of all nodes that are nobody's children."""
    if document.count("scenes"):
        roots = items(document.entry("scenes", document.root.get("scene", 0)), "nodes")
    else:
        roots = _roots(document)
    for index, node, world in _walk(document, roots):
        if "mesh" in node:
            mesh = node["mesh"]
            document.entry("meshes", mesh)
            yield Placed(mesh, world, node | {"index": index})


def _walk(document: Document, roots: list[Any]) -> Iterator[tuple[int, Entry, np.ndarray]]:
    """(index, node, world matrix) of the roots and all below them.  Raises MeshError for a loop."""
    stack = [(root, np.eye(4)) for root in reversed(roots)]
    visited: set[int] = set()
    while stack:
        index, above = stack.pop()
        node = document.entry("nodes", index)
        if index in visited:
            raise MeshError(f"nodes[{index}] is in the scene twice", AGAIN)
        visited.add(index)
        world = above @ _matrix(node)
        yield index, node, world
        stack += [(below, world) for below in reversed(items(node, "children"))]


def _is_index(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _matrix(node: Entry) -> np.ndarray:
    if "matrix" in node:
        return np.array(numbers(node, "matrix", (0.0,) * 16)).reshape(4, 4).T
    translation = np.array(numbers(node, "translation", (0.0, 0.0, 0.0)))
    rotation = np.array(numbers(node, "rotation", (0.0, 0.0, 0.0, 1.0)))
    scale = np.array(numbers(node, "scale", (1.0, 1.0, 1.0)))
    return transforms(translation[None], rotation[None], scale[None])[0]


def transforms(translation: np.ndarray, rotation: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Matrices (N, 4, 4) of translations (N, 3), unit quaternions x y z w (N, 4) and scales (N, 3)."""
    length = np.linalg.norm(rotation, axis=1, keepdims=True)
    unit = np.where(length > 0, rotation / np.where(length > 0, length, 1), [0.0, 0.0, 0.0, 1.0])
    x, y, z, w = unit.T
    turn = np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], -1),
            np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], -1),
            np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], -1),
        ],
        1,
    )
    out = np.tile(np.eye(4), (len(translation), 1, 1))
    out[:, :3, :3] = turn * scale[:, None, :]
    out[:, :3, 3] = translation
    return out


def _instances(document: Document, placed: Placed) -> np.ndarray:
    """World matrices (N, 4, 4) of a node's mesh: its own, or those of EXT_mesh_gpu_instancing."""
    extension = child(child(placed.node, "extensions"), INSTANCING)
    attributes = child(extension, "attributes")
    if not attributes:
        return placed.world[None]
    columns = {"TRANSLATION": 3, "ROTATION": 4, "SCALE": 3}
    rows = {
        name: _floats(document.accessor(attributes[name], width))
        for name, width in columns.items()
        if name in attributes
    }
    count = len(next(iter(rows.values()))) if rows else 1
    if any(len(values) != count for values in rows.values()):
        raise MeshError(f"{INSTANCING} has attributes of different lengths", AGAIN)
    local = transforms(
        rows.get("TRANSLATION", np.zeros((count, 3))),
        rows.get("ROTATION", np.tile([0.0, 0.0, 0.0, 1.0], (count, 1))),
        rows.get("SCALE", np.ones((count, 3))),
    )
    return placed.world @ local


def _floats(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64)


def _piece(
    document: Document,
    materials: Materials,
    mesh: Entry,
    primitive: Entry,
    node: Entry,
) -> Piece | None:
    """The triangles of a primitive in the mesh's own coordinates, None when it holds none."""
    mode = integer(primitive, "mode", TRIANGLES)
    if mode not in (TRIANGLES, STRIP, FAN):
        return None
    arrays, indices = _attributes(document, primitive)
    if "POSITION" not in arrays:
        return None
    points = _floats(arrays["POSITION"])
    if indices is None:
        indices = np.arange(len(points))
    normals = arrays.get("NORMAL")
    normals = None if normals is None else _floats(normals)
    points, normals = _morphed(document, mesh, primitive, node, points, normals)
    faces = corners(indices.astype(np.int64), mode)
    material, slots = materials.of(primitive)
    uv = {}
    for name, slot in slots.items():
        values = arrays.get(f"TEXCOORD_{slot.channel}")
        if values is not None:
            uv[name] = slot.place(_floats(values))
    piece = Piece(
        points,
        faces,
        material,
        normals,
        _colors(arrays.get("COLOR_0")),
        {name: np.asarray(values, np.float32) for name, values in uv.items()},
        smooth=False,
    )
    return _skinned(document, node, arrays, piece)


def _attributes(
    document: Document, primitive: Entry
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """(attributes by name, indices) of a primitive, unpacked where it is compressed with Draco."""
    names = child(primitive, "attributes")
    packed = child(child(primitive, "extensions"), DRACO)
    arrays: dict[str, np.ndarray] = {}
    indices = None
    if packed:
        arrays, indices = draco.decode(
            document.view(packed.get("bufferView")), child(packed, "attributes")
        )
        for name, values in arrays.items():
            entry = document.entry("accessors", names.get(name))
            if entry.get("normalized") and values.dtype.kind != "f":
                arrays[name] = normalized(values)
    for name, width in (
        ("POSITION", 3),
        ("NORMAL", 3),
        ("COLOR_0", None),
        ("JOINTS_0", 4),
        ("WEIGHTS_0", 4),
    ):
        if name in names and name not in arrays:
            arrays[name] = document.accessor(names[name], width)
    for name in names:
        if name.startswith("TEXCOORD_") and name not in arrays:
            arrays[name] = document.accessor(names[name], 2)
    if indices is None and "indices" in primitive:
        indices = document.accessor(primitive["indices"], 1)[:, 0]
        if indices.dtype.kind == "f":
            raise MeshError("its indices are not whole numbers", AGAIN)
    count = len(arrays.get("POSITION", ()))
    for name, values in arrays.items():
        if len(values) != count:
            raise MeshError(f"{name} has {len(values)} elements for {count} vertices", AGAIN)
    return arrays, indices


def corners(indices: np.ndarray, mode: int) -> np.ndarray:
    """Triangles (F, 3) of a list, a strip or a fan of indices."""
    if mode == TRIANGLES:
        return indices[: len(indices) // 3 * 3].reshape(-1, 3)
    if len(indices) < 3:
        return np.zeros((0, 3), np.int64)
    if mode == FAN:
        first = np.full(len(indices) - 2, indices[0])
        return np.stack([indices[1:-1], indices[2:], first], 1)
    odd = np.arange(len(indices) - 2) % 2 == 1
    a, b, c = indices[:-2], indices[1:-1], indices[2:]
    return np.stack([a, np.where(odd, c, b), np.where(odd, b, c)], 1)


def _colors(values: np.ndarray | None) -> np.ndarray | None:
    """COLOR_0 as linear light and alpha (V, 4); integers are fractions, flagged or not."""
    if values is None:
        return None
    if values.shape[1] not in (3, 4):
        raise MeshError(f"COLOR_0 has {values.shape[1]} channels", AGAIN)
    values = normalized(values) if values.dtype.kind != "f" else values
    out = np.ones((len(values), 4), np.float32)
    out[:, : values.shape[1]] = np.clip(values, 0, 1)
    if not np.isfinite(out).all():
        raise MeshError("COLOR_0 has values that are not finite", AGAIN)
    return out


def _morphed(
    document: Document,
    mesh: Entry,
    primitive: Entry,
    node: Entry,
    points: np.ndarray,
    normals: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Positions and normals with the morph targets added at the weights of the node, else of the mesh."""
    targets = items(primitive, "targets")
    weights = items(node if "weights" in node else mesh, "weights")
    for k, target in enumerate(targets[: len(weights)]):
        (weight,) = numbers({"weight": weights[k]}, "weight", (0.0,))
        if weight == 0 or not isinstance(target, dict):
            continue
        if "POSITION" in target:
            points = points + weight * _shift(document, target["POSITION"], len(points))
        if normals is not None and "NORMAL" in target:
            normals = normals + weight * _shift(document, target["NORMAL"], len(points))
    return points, normals


def _shift(document: Document, index: object, count: int) -> np.ndarray:
    values = _floats(document.accessor(index, 3))
    if len(values) != count:
        raise MeshError("a morph target has another number of vertices", AGAIN)
    return values


def _skinned(document: Document, node: Entry, arrays: dict[str, np.ndarray], piece: Piece) -> Piece:
    """The piece with each vertex where its joints hold it at rest, in world coordinates."""
    if "skin" not in node or "JOINTS_0" not in arrays or "WEIGHTS_0" not in arrays:
        return piece
    skin = document.entry("skins", node["skin"])
    joints = items(skin, "joints")
    world = {index: matrix for index, _, matrix in _walk(document, _roots(document))}
    if not joints or any(joint not in world for joint in joints if _is_index(joint)):
        raise MeshError("a skin names joints that do not exist", AGAIN)
    pose = np.array([world[joint] for joint in joints])
    if "inverseBindMatrices" in skin:
        inverse = _floats(document.accessor(skin["inverseBindMatrices"], 16)).reshape(-1, 4, 4)
        if len(inverse) < len(joints):
            raise MeshError("a skin has too few inverse bind matrices", AGAIN)
        pose = pose @ inverse[: len(joints)].transpose(0, 2, 1)
    which = arrays["JOINTS_0"].astype(np.int64)
    weights = _floats(arrays["WEIGHTS_0"])
    weights = normalized(arrays["WEIGHTS_0"]) if arrays["WEIGHTS_0"].dtype.kind != "f" else weights
    total = weights.sum(1)
    if which.max(initial=0) >= len(pose) or not np.isfinite(total).all() or (total <= 0).any():
        return piece
    matrices = np.einsum("vk,vkij->vij", weights / total[:, None], pose[which])
    points = np.einsum("vij,vj->vi", matrices[:, :3, :3], piece.vertices) + matrices[:, :3, 3]
    normals = piece.normals
    if normals is not None:
        normals = np.einsum("vij,vj->vi", matrices[:, :3, :3], normals)
    return Piece(points, piece.faces, piece.material, normals, piece.colors, piece.uv, piece.smooth)


def _roots(document: Document) -> list[int]:
    nodes = [document.entry("nodes", i) for i in range(document.count("nodes"))]
    inner = {c for node in nodes for c in items(node, "children") if _is_index(c)}
    return [i for i in range(len(nodes)) if i not in inner]


def _moved(document: Document, piece: Piece, world: np.ndarray, placed: Placed) -> Piece:
    """The piece in world coordinates; a mirroring transform turns its faces round."""
    skinned = "skin" in placed.node and document.count("skins") > 0
    if skinned:
        world = np.eye(4)
    linear = world[:3, :3]
    points = piece.vertices @ linear.T + world[:3, 3]
    normals = piece.normals
    if normals is not None:
        # The cofactor matrix keeps normals upright under uneven scales, and under flat ones.
        cofactor = np.cross(linear[:, [1, 2, 0]].T, linear[:, [2, 0, 1]].T).T
        normals = normals @ cofactor.T
    faces = piece.faces
    if np.linalg.det(linear) < 0:
        faces = faces[:, ::-1]
        normals = None if normals is None else -normals
    return Piece(points, faces, piece.material, normals, piece.colors, piece.uv, piece.smooth)
