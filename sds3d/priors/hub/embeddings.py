"""Embeddings of prompts on disk, so that a text encoder is loaded only for prompts that are new."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from sds3d.diffusion.cond import Embedding, cat_embeddings
from sds3d.errors import PriorError
from sds3d.files import write
from sds3d.priors.hub.text import TextEncoder

PARTS = ("embedding", "pooled", "mask")


def folder() -> Path:
    """The user's folder of embeddings."""
    return Path.home() / ".cache" / "sds3d" / "embeddings"


class KeptText:
    """A text encoder that remembers on disk what it has encoded.

    identity: everything that the embeddings depend on beside the text (the files of the encoders and tokenizers
    by hash, dtype, device, versions).  A file is named by the hash of that and of the text; one that cannot be
    read is made again, and a disk that cannot be written is not an error.
    """

    def __init__(self, encoder: TextEncoder, identity: Mapping[str, str]) -> None:
        self.encoder = encoder
        self._identity = json.dumps(dict(identity), sort_keys=True)

    def __call__(self, texts: Sequence[str], *, negative: bool = False) -> Embedding:
        return cat_embeddings([self._one(text, negative) for text in texts])

    def unread(self, text: str) -> str:
        """As the encoder's."""
        return self.encoder.unread(text)

    def release(self) -> None:
        self.encoder.release()

    def _one(self, text: str, negative: bool) -> Embedding:
        key = json.dumps([self._identity, text, negative])
        file = folder() / f"{sha256(key.encode()).hexdigest()}.safetensors"
        found = _read(file)
        if found is None:
            found = self.encoder([text], negative=negative)
            _write(file, found)
        return found


def _read(file: Path) -> Embedding | None:
    try:
        parts = load_file(file)
    except (OSError, SafetensorError):
        return None
    if "embedding" not in parts or not parts.keys() <= set(PARTS):
        return None
    return Embedding(parts["embedding"], parts.get("pooled"), mask=parts.get("mask"))


def _write(file: Path, embedding: Embedding) -> None:
    tensors = {name: getattr(embedding, name) for name in PARTS}
    kept = {name: x.cpu().contiguous() for name, x in tensors.items() if x is not None}
    with suppress(PriorError, OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, save(kept), PriorError)
