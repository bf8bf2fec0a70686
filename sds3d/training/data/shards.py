"""The files of a training set: views as WebP atlases in safetensors.

Reading needs only torch, numpy, pillow and safetensors, for machines that only train.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import Tensor

from sds3d import files
from sds3d.errors import PriorError
from sds3d.training.data.items import Item, from_json, to_json

SUFFIX = ".safetensors"
KEY = "corpus"  # key of the metadata: settings, plan and objects as JSON
# Measured on 50 objects of 12 views: lossless albedo takes 4.2 KB per object; at quality 80, 4.1 KB and 31 dB.
# Lossless normals take 12.7 KB; in steps of 5, 9.8 KB at 0.9 degrees (52 dB after shading); as three grey
# planes at quality 90, 11.3 KB at 1.0 degrees; as RGB at quality 90, 6.1 KB at 8.7 degrees.
NORMAL_STEP = 5
COLUMNS = 4  # views per row of an atlas


@dataclass(frozen=True)
class Record:
    """One object's views: albedo (V, H, W, 4), normals (V, H, W, 3), uint8; depth (V, H, W) or None.

    c2w: (V, 4, 4) float32.  fov_deg: (V,) float32, vertical.
    """

    item: Item
    albedo: np.ndarray
    normals: np.ndarray
    depth: np.ndarray | None
    c2w: np.ndarray
    fov_deg: np.ndarray


@dataclass(frozen=True)
class Corpus:
    """A training set: N objects with V views each.

    albedo (N, V, H, W, 4) uint8: unlit straight sRGB and coverage.  normals (N, V, H, W, 3) uint8:
    n = value / 127.5 - 1 in the object's frame, only approximately unit length.  c2w (N, V, 4, 4) float32,
    OpenCV axes.  fov_deg (N, V), vertical.  depth (N, V, H, W) uint8 if the set has it.
    """

    objects: tuple[Item, ...]
    albedo: Tensor
    normals: Tensor
    c2w: Tensor
    fov_deg: Tensor
    depth: Tensor | None = None


def pack(records: Sequence[Record], header: dict[str, object]) -> bytes:
    """The bytes of a shard: concatenated atlases with offsets, cameras, and the header as JSON."""
    tensors: dict[str, np.ndarray] = {
        "c2w": np.stack([r.c2w for r in records]).astype(np.float32),
        "fov_deg": np.stack([r.fov_deg for r in records]).astype(np.float32),
    }
    streams = {
        "albedo": [_webp(_visible(r.albedo)) for r in records],
        "normals": [_webp(coarse(r.normals)) for r in records],
    }
    depths = [r.depth for r in records if r.depth is not None]
    if depths:
        streams["depth"] = [_webp(depth) for depth in depths]
    for name, blobs in streams.items():
        tensors[name] = np.frombuffer(b"".join(blobs), np.uint8)
        tensors[f"{name}_offsets"] = np.cumsum([0, *map(len, blobs)], dtype=np.int64)
    objects = [to_json(r.item) for r in records]
    return save(tensors, {KEY: json.dumps({**header, "objects": objects})})


def header_of(path: Path) -> dict[str, Any]:
    """A shard's header: settings, plan, objects.  Raises PriorError when the file is not a shard."""
    try:
        with safe_open(path, "np") as shard:
            return json.loads(shard.metadata()[KEY])
    except (SafetensorError, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise PriorError(f"'{path}' is not a shard of a training set", "delete it") from error


def load_training_set(folder: Path) -> Corpus:
    """The training set in `folder`, its shards in the order of their names.

    Raises PriorError when there are no shards, one cannot be read, or they differ in views or size.
    """
    paths = sorted(Path(folder).glob(f"*{SUFFIX}"))
    if not paths:
        raise PriorError(
            f"no training set in '{folder}'", "make one: sds3d prior data builtin --out DIR"
        )
    shards = [_unpacked(path) for path in paths]
    if len({tensors["albedo"].shape[1:] for _, tensors in shards}) > 1:
        raise PriorError(f"the shards in '{folder}' differ in views or size", "make the set again")
    names = set.intersection(*(set(tensors) for _, tensors in shards))
    joined = {name: torch.cat([tensors[name] for _, tensors in shards]) for name in names}
    return Corpus(tuple(item for items, _ in shards for item in items), **joined)


def items_of(path: Path) -> tuple[Item, ...]:
    """The metadata of a shard's objects, without their views."""
    return tuple(from_json(row) for row in header_of(path)["objects"])


def _unpacked(path: Path) -> tuple[tuple[Item, ...], dict[str, Tensor]]:
    size = int(header_of(path)["size"])
    with safe_open(path, "np") as shard:
        arrays = {name: shard.get_tensor(name) for name in shard.keys()}  # noqa: SIM118
    out = {name: torch.from_numpy(arrays[name]) for name in ("c2w", "fov_deg")}
    views = out["c2w"].shape[1]
    for name, mode in (("albedo", "RGBA"), ("normals", "RGB"), ("depth", "L")):
        if name in arrays:
            offsets, data = arrays[f"{name}_offsets"], arrays[name]
            pairs = itertools.pairwise(offsets)
            atlases = [_image(data[a:b].tobytes(), mode) for a, b in pairs]
            out[name] = torch.from_numpy(np.stack([_tiles(x, views, size) for x in atlases]))
    return items_of(path), out


def coarse(normals: np.ndarray) -> np.ndarray:
    """Normals as stored: each component rounded to a multiple of NORMAL_STEP."""
    steps = np.round(normals.astype(np.float32) / NORMAL_STEP)
    return (steps * NORMAL_STEP).astype(np.uint8)


def _visible(albedo: np.ndarray) -> np.ndarray:
    return np.where(albedo[..., 3:] > 0, albedo, 0).astype(np.uint8)


def _webp(views: np.ndarray) -> bytes:
    """The views as one lossless WebP atlas, COLUMNS in a row."""
    count, size = views.shape[:2]
    grid = views.reshape(count // COLUMNS, COLUMNS, size, size, *views.shape[3:]).swapaxes(1, 2)
    grid = grid.reshape(count // COLUMNS * size, COLUMNS * size, *views.shape[3:])
    stream = io.BytesIO()
    Image.fromarray(grid).save(stream, "WEBP", lossless=True, quality=80, method=4, exact=True)
    return stream.getvalue()


def _image(data: bytes, mode: str) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert(mode))


def _tiles(atlas: np.ndarray, views: int, size: int) -> np.ndarray:
    rest = atlas.shape[2:]
    grid = atlas.reshape(views // COLUMNS, size, COLUMNS, size, *rest).swapaxes(1, 2)
    return grid.reshape(views, size, size, *rest)


def write_file(path: Path, data: bytes) -> None:
    """Writes a file atomically.  Raises PriorError when it cannot be written."""
    with files.writing(path, PriorError):
        path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, data, PriorError)
