"""The one reader of mesh files: GLB, glTF, OBJ with MTL, PLY and STL, as triangles with materials."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from sds3d.errors import MeshError, nearest
from sds3d.mesh.material import MeshFile, Piece
from sds3d.mesh.readers.files import Files, Folder

SUFFIXES = (".glb", ".gltf", ".obj", ".ply", ".stl")
UP = {
    "y": np.eye(3),
    "z": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
}  # (x, y, z) -> (x, z, -y)
AGAIN = "export it again as GLB or OBJ"


def read(
    path: Path,
    *,
    up: str = "y",
    root: Path | None = None,
    longest: int | None = None,
    maps: bool = False,
) -> MeshFile:
    """The triangles and materials of a mesh file, y up and front +Z.

    up: the file's own axis; "z" turns (x, y, z) to (x, z, -y), so that what faces -Y, as in Blender, faces the
    camera.  root: files that the mesh names are opened at and below it; the mesh's folder if not given.
    longest: textures are halved until they are no longer than this, in pixels.  maps: also read normal maps,
    occlusion, and an MTL's maps of roughness and metallic.

    Raises MeshError, which names the file, when it cannot be read or has no surface.
    """
    if up not in UP:
        raise MeshError(f"up is '{up}'{nearest(up, UP)}", "use y or z")
    files = Folder(path.parent, root)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MeshError(f"cannot read '{path}': {error.strerror}", "correct the name") from error
    try:
        found = read_bytes(data, path.name, files, longest=longest, maps=maps)
    except MeshError as error:
        raise MeshError(f"cannot read '{path}': {error.message}", error.fix) from error
    hashes = {_relative(path, files): hashlib.sha256(data).hexdigest()} | files.hashes
    pieces = tuple(turned(piece, UP[up]) for piece in found.pieces) if up != "y" else found.pieces
    return MeshFile(pieces, tuple(f"{path.name}: {note}" for note in found.notes), hashes)


def _relative(path: Path, files: Folder) -> str:
    resolved = path.resolve()
    inside = resolved.is_relative_to(files.root)
    return resolved.relative_to(files.root).as_posix() if inside else path.name


def read_bytes(
    data: bytes, name: str, files: Files, *, longest: int | None = None, maps: bool = False
) -> MeshFile:
    """The same for bytes, whose format is detected from their start, else from the suffix of `name`.

    Raises MeshError, which does not name the file.
    """
    from sds3d.mesh.readers import gltf, obj, ply, stl

    kind = _kind(data, name)
    notes: list[str] = []
    with np.errstate(all="ignore"):  # what is not finite is refused below
        if kind in (".glb", ".gltf"):
            pieces, notes = gltf.read(data, files, longest, maps=maps)
        elif kind == ".obj":
            pieces, notes = obj.read(data, files, longest, maps=maps)
        elif kind == ".ply":
            pieces, notes = ply.read(data, files, longest)
        else:
            pieces = stl.read(data)
        tidy = [tidied(piece) for piece in pieces if len(piece.faces)]
    if not tidy:
        raise MeshError("it has no triangles", AGAIN)
    whole = tuple(piece for piece in tidy if len(piece.faces))
    if not whole:
        raise MeshError("all its triangles have zero area", AGAIN)
    return MeshFile(whole, tuple(dict.fromkeys(notes)))


def _kind(data: bytes, name: str) -> str:
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not data.strip(b"\0 \t\r\n"):
        raise MeshError("it is empty", "copy the file again")
    if start.startswith(b"version https://git-lfs"):
        raise MeshError("it is a Git LFS pointer, not the file itself", "run: git lfs pull")
    if start[:9].lower() in (b"<!doctype", b"<html><he") or start[:5].lower() == b"<html":
        raise MeshError("it is a web page", "download the mesh itself")
    suffix = Path(name).suffix.lower()
    if data[:4] == b"glTF":
        return ".glb"
    if start[:1] == b"{" and suffix in (".glb", ".gltf"):
        return ".gltf"
    if data[:3] == b"ply" and data[3:4] in (b"\n", b"\r"):
        return ".ply"
    if suffix not in SUFFIXES:
        raise MeshError(
            f"'{suffix or name}' is not a format that is read", f"use {', '.join(SUFFIXES)}"
        )
    if suffix == ".glb":
        raise MeshError("it is not a GLB file", AGAIN)
    if suffix == ".ply":
        raise MeshError("it is not a PLY file", AGAIN)
    return suffix


def tidied(piece: Piece) -> Piece:
    """The piece without vertices that no face uses and without faces of zero area; normals of unit length.

    Raises MeshError for indices out of range and for used vertices that are not finite.
    """
    faces, count = np.asarray(piece.faces), len(piece.vertices)
    if faces.min() < 0 or faces.max() >= count:
        raise MeshError("a face refers to a vertex that does not exist", AGAIN)
    corners = piece.vertices[faces]
    if not np.isfinite(corners).all():
        raise MeshError("it has vertices that are not finite (NaN or infinite)", AGAIN)
    size = np.abs(corners).max()
    scaled = corners / size if size > 0 else corners  # no overflow in the squares
    a, b, c = scaled.transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    faces = faces[area > 1e-12 * area.max(initial=0)]
    used = np.zeros(count, bool)
    used[faces] = True
    place = np.cumsum(used) - 1
    uv = {name: values[used] for name, values in piece.uv.items() if len(values) == count}
    return Piece(
        piece.vertices[used],
        place[faces].astype(np.int32),
        piece.material,
        _unit(piece.normals[used]) if piece.normals is not None else None,
        piece.colors[used] if piece.colors is not None else None,
        {name: values for name, values in uv.items() if np.isfinite(values).all()},
        piece.smooth,
    )


def _unit(normals: np.ndarray) -> np.ndarray | None:
    """Normals of length one, float32; None when one of them has no direction."""
    largest = np.abs(normals).max(1, keepdims=True)
    scaled = normals / np.where(largest > 0, largest, 1)
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    if not np.isfinite(scaled).all() or (length < 1e-6).any():
        return None
    return (scaled / length).astype(np.float32)


def turned(piece: Piece, rotation: np.ndarray) -> Piece:
    """The piece turned by a rotation (3, 3)."""
    normals = piece.normals
    return Piece(
        piece.vertices @ rotation.T,
        piece.faces,
        piece.material,
        None if normals is None else (normals @ rotation.T).astype(np.float32),
        piece.colors,
        piece.uv,
        piece.smooth,
    )
