"""The files that a mesh file names: its buffers, materials and textures.  None outside the folder is opened."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import unquote_to_bytes

from sds3d.errors import MeshError


class Files(Protocol):
    """Where a mesh file's neighbours are read from."""

    def read(self, name: str) -> bytes | None:
        """The bytes of the file that `name` means, None when it is missing or outside the folder."""
        ...


class Folder:
    """The files at and below `root`, named relative to `base`; a file's hash is kept when it is read.

    Names are tried as written, then with the slashes and the case of the file system, then by their last part
    beside the mesh: exporters write "C:\\\\Users\\\\me\\\\t.png" and "T.PNG".
    """

    def __init__(self, base: Path, root: Path | None = None) -> None:
        self.base = base
        self.root = (root or base).resolve()
        self.hashes: dict[str, str] = {}

    def read(self, name: str) -> bytes | None:
        """The bytes of the file that `name` means, None when it is missing or outside the root."""
        path = self.find(name)
        if path is None:
            return None
        data = path.read_bytes()
        key = path.resolve().relative_to(self.root).as_posix()
        self.hashes[key] = hashlib.sha256(data).hexdigest()
        return data

    def find(self, name: str) -> Path | None:
        """The file that a name means, None when it is missing or outside the root."""
        if not name or "\0" in name:
            return None
        plain = name.replace("\\", "/")
        outside = plain.startswith("/") or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", plain)
        last = PurePosixPath(plain).name
        for wanted in ([] if outside else [plain]) + [last]:
            path = self._at(wanted)
            if path is not None:
                return path
        return None

    def _at(self, name: str) -> Path | None:
        """The file at a relative name, in any case; None outside the root."""
        place = self.base
        for part in PurePosixPath(name).parts:
            step = place / part
            try:
                if part != ".." and not step.exists():
                    inside = place.is_dir() and place.resolve().is_relative_to(self.root)
                    entries = sorted(place.iterdir()) if inside else []
                    step = next((p for p in entries if p.name.lower() == part.lower()), step)
                place = step
            except OSError:  # a name that is too long, a folder that may not be listed
                return None
        try:
            known = place.is_file() and place.resolve().is_relative_to(self.root)
        except OSError:
            return None
        return place if known else None


class Archive:
    """Files that are already in memory, by their name; used for meshes in a zip."""

    def __init__(self, files: Mapping[str, bytes], folder: str = "") -> None:
        self.files = {name.lower(): data for name, data in files.items()}
        self.folder = folder.lower()
        self.hashes: dict[str, str] = {}

    def read(self, name: str) -> bytes | None:
        """The bytes of the file of that name, None when there is none."""
        plain = PurePosixPath(name.replace("\\", "/").lower())
        tries = (PurePosixPath(self.folder) / plain, PurePosixPath(self.folder) / plain.name, plain)
        return next((self.files[str(p)] for p in tries if str(p) in self.files), None)


def uri_bytes(uri: str, files: Files, what: str) -> bytes | None:
    """The content of a URI in a glTF file: a data URI's payload, or a file's bytes; None when it is missing.

    Raises MeshError for a data URI that cannot be decoded.
    """
    if not uri.lower().startswith("data:"):
        decoded = unquote_to_bytes(uri).decode("utf-8", "replace")
        data = files.read(decoded)
        return data if data is not None else files.read(uri)
    head, comma, payload = uri.partition(",")
    raw = unquote_to_bytes(payload)
    if not comma:
        raise MeshError(f"{what} is a data URI without data", "export the mesh again")
    if not head.lower().rstrip().endswith(";base64"):
        return raw
    raw = bytes(raw.translate(None, b" \t\r\n"))
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError) as error:
        raise MeshError(
            f"{what} is a data URI that is not base64", "export the mesh again"
        ) from error
