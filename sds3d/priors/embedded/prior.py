"""The embedded prior: a small multi-view diffusion model of images, conditioned on word vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sds3d.diffusion.cond import Cond, Embedding
from sds3d.diffusion.schedule import TRAINING_STEPS, alpha_bar
from sds3d.errors import PriorError
from sds3d.files import digest
from sds3d.language.embedding import LENGTH, embed, spans
from sds3d.language.lexicon import assets, vector
from sds3d.language.prompt import Prompt
from sds3d.priors.embedded.multiview import WEIGHTS, MultiviewTransformer
from sds3d.priors.hub.headers import count_tensors
from sds3d.priors.hub.layout import LOADING_ERRORS
from sds3d.priors.hub.prior import DiffusionPrior
from sds3d.views.cameras import Cameras
from sds3d.views.directions import Directions

TRAINING = "training.json"  # the network's data and cost, and the hash of its weights
CONCEPTS = "concepts.txt"  # what the network was trained on, a name a line
PACKAGED = Path(str(assets())) / "prior"
NEAR = 0.6  # cosine between a prompt's word and a concept from which on the concept counts as known
SHOWN = 5


class WordEncoder:
    """The network's text encoder: a fixed vector for each word."""

    def __call__(self, texts: Sequence[str], *, negative: bool = False) -> Embedding:
        del negative
        return Embedding(torch.from_numpy(embed(texts)))

    def unread(self, text: str) -> str:
        """The words beyond the encoder's length."""
        return " ".join(spans(text)[LENGTH:])

    def release(self) -> None:
        """There is nothing to free."""


class EmbeddedPrior(DiffusionPrior):
    """A DiffusionPrior over images, conditioned on the background too, that lists its concepts.

    concepts: the names it was trained on.
    """

    def __init__(
        self, network: MultiviewTransformer, concepts: Sequence[str], name: str, sha256: str
    ) -> None:
        super().__init__(
            network,
            WordEncoder(),
            prediction="sample",
            log_alpha_bar=alpha_bar().log(),
            steps=TRAINING_STEPS,
            size=network.config.sample_size,
            name=name,
            weights={WEIGHTS: sha256},
        )
        self.network = network
        self._concepts = tuple(concepts)

    def describe(self, prompt: Prompt) -> str:
        """The concept nearest to the prompt, or that none is near and which are nearest."""
        if not self._concepts:
            return f"{self.name}: a network without a list of concepts"
        ranked = self.nearest(prompt.text)
        best, similarity = ranked[0] if ranked else ("", 0.0)
        if similarity >= NEAR:
            return f"{self.name}: '{best}', one of {len(self._concepts)} concepts"
        names = ", ".join(name for name, _ in ranked[:SHOWN])
        near = f"its nearest concepts are {names}" if names else "it knows none of the words"
        return (
            f"{self.name} was not trained on '{prompt.text}'; {near}; "
            "for anything else use a large model, --prior diffusers:MODEL"
        )

    def nearest(self, text: str) -> list[tuple[str, float]]:
        """(concept, largest cosine to a word of the text), nearest first."""
        words = [v for v in map(vector, spans(text)) if v is not None]
        known = [(name, vector(name)) for name in self._concepts]
        if not words:
            return []
        rows = np.stack(words)
        pairs = [(name, float((rows @ v).max())) for name, v in known if v is not None]
        return sorted(pairs, key=lambda pair: -pair[1])

    def condition(
        self,
        prompt: Prompt,
        cameras: Cameras,
        background: Tensor,
        directions: Directions | None = None,
    ) -> Cond:
        """As DiffusionPrior's, with the background."""
        cond = super().condition(prompt, cameras, background, directions)
        return replace(cond, background=background)

    def _arguments(self, z_t: Tensor, t: Tensor, cond: Cond) -> dict[str, Any]:
        if cond.background is None:
            raise ValueError(
                "this prior is conditioned on the background: make cond by `condition`"
            )
        rgb = 2 * cond.background - 1
        flagged = torch.cat([rgb, torch.ones_like(rgb[:, :1])], -1)  # 1: the background is given
        rows = flagged.repeat(len(z_t) // len(flagged), 1).to(cond.camera).to(self.dtype)
        return super()._arguments(z_t, t, cond) | {"background": rows}


def embedded_prior(source: str, *, seed: int, device: torch.device) -> EmbeddedPrior:
    """The prior in the folder `source`, or the packaged one when it is empty, as `load_embedded`."""
    del seed
    return load_embedded(Path(source or PACKAGED), device)


def load_embedded(folder: Path, where: torch.device, *, name: str = "embedded") -> EmbeddedPrior:
    """The prior in a folder written by `sds3d prior train`.

    Raises PriorError when there is no network, it is damaged, or it is not the one that was written.
    """
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise PriorError(
            f"'{folder}' contains no trained network ({WEIGHTS})",
            "use --prior exact, or train one: sds3d prior data, then sds3d prior train",
        )
    sha256 = digest(weights)
    if (folder / TRAINING).is_file() and read_training(folder).get("sha256") != sha256:
        raise PriorError(
            f"'{weights}' does not match the hash in {TRAINING}",
            "copy or download the folder again; a clone without Git LFS has only stubs",
        )
    count_tensors([weights])
    try:
        network = MultiviewTransformer.from_pretrained(folder).to(where)
        listed = folder / CONCEPTS
        concepts = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    except LOADING_ERRORS as error:
        reason = " ".join(str(error).split())[:200]
        raise PriorError(f"cannot load '{folder}': {reason}", "train the network again") from error
    return EmbeddedPrior(network, concepts, name, sha256)


def read_training(folder: Path) -> dict[str, Any]:
    """The record of a network's training in its folder.  Raises PriorError when it cannot be read."""
    file = folder / TRAINING
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PriorError(f"cannot read '{file}'", "train the network again") from error
    if not isinstance(record, dict):
        raise PriorError(f"'{file}' is not a JSON object", "train the network again")
    return record
