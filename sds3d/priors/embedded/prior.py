"""The embedded prior: a small multi-view diffusion model of pictures, and its words, in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sds3d.diffusion.cond import Cond
from sds3d.diffusion.schedule import TRAINING_STEPS, alpha_bar
from sds3d.errors import PriorError
from sds3d.language.embedding import LENGTH, embed, spans
from sds3d.language.lexicon import assets, vector
from sds3d.language.prompt import Prompt
from sds3d.priors.embedded.multiview import WEIGHTS, MultiviewTransformer
from sds3d.priors.hub.layout import digest
from sds3d.priors.hub.prior import DiffusionPrior
from sds3d.views.cameras import Cameras
from sds3d.views.directions import Directions

TRAINING = "training.json"  # what the network was made of, and the hash of its weights
CONCEPTS = "concepts.txt"  # a name a line, what the network was trained on
PACKAGED = Path(str(assets())) / "prior"
NEAR = 0.6  # cosine of a prompt's word and a concept below which the word is none of the concepts
SHOWN = 5


class Words:
    """The network's text encoder: a row for each word, no network."""

    pooled = 0

    def __call__(self, texts: Sequence[str]) -> Tensor:
        return torch.from_numpy(embed(texts))

    def unread(self, text: str) -> str:
        """The words after the last that is read."""
        return " ".join(spans(text)[LENGTH:])


class EmbeddedPrior(DiffusionPrior):
    """A DiffusionPrior over pictures that also knows the background, and says what it has learned.

    concepts: names of the things it was trained on.
    """

    def __init__(
        self, network: MultiviewTransformer, concepts: Sequence[str], name: str, digest: str
    ) -> None:
        super().__init__(
            network,
            Words(),
            prediction="sample",
            log_alpha_bar=alpha_bar().log(),
            steps=TRAINING_STEPS,
            size=network.config.sample_size,
            name=name,
            weights={WEIGHTS: digest},
        )
        self._concepts = tuple(concepts)

    def describe(self, prompt: Prompt) -> str:
        """The concept nearest to the prompt; where none is near, that, and the nearest."""
        if not self._concepts:
            return f"{self.name}: a network that does not say what it has learned"
        found = self.nearest(prompt.text)
        best, likeness = found[0] if found else ("", 0.0)
        if likeness >= NEAR:
            return f"{self.name}: '{best}', of {len(self._concepts)} things that it has learned"
        near = ", ".join(name for name, _ in found[:SHOWN]) or "none"
        return (
            f"{self.name} has not learned '{prompt.text}'; nearest of what it has: {near} (expect something "
            "between them, or take a big prior: --prior diffusers:MODEL)"
        )

    def nearest(self, text: str) -> list[tuple[str, float]]:
        """(concept, cosine to the likest word of the text), the nearest first."""
        said = [v for v in map(vector, spans(text)) if v is not None]
        known = [(name, vector(name)) for name in self._concepts]
        if not said:
            return []
        rows = np.stack(said)
        found = [(name, float((rows @ v).max())) for name, v in known if v is not None]
        return sorted(found, key=lambda pair: -pair[1])

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
        rgb = 2 * cond.background - 1
        known = torch.cat([rgb, torch.ones_like(rgb[:, :1])], -1)  # the fourth: it is known
        rows = known.repeat(len(z_t) // len(known), 1).to(cond.camera).to(self.dtype)
        return super()._arguments(z_t, t, cond) | {"background": rows}


def embedded_prior(source: str, *, seed: int, device: torch.device) -> EmbeddedPrior:
    """The prior in the folder `source`, or the packaged one when it is empty, as `load`."""
    del seed
    return load(Path(source or PACKAGED), device)


def load(folder: Path, where: torch.device, *, name: str = "embedded") -> EmbeddedPrior:
    """The prior of a folder written by `sds3d prior train`.

    Raises PriorError when there is none, or when its weights are not those that were written.
    """
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise PriorError(
            f"'{folder}' holds no trained network ({WEIGHTS})",
            "use --prior exact, or train one: sds3d prior data, then sds3d prior train",
        )
    found, told = digest(weights), folder / TRAINING
    if told.is_file() and json.loads(told.read_text(encoding="utf-8"))["sha256"] != found:
        raise PriorError(
            f"'{weights}' is not the file that {TRAINING} tells of",
            "get the folder again; a clone without its large files leaves stubs",
        )
    network = MultiviewTransformer.from_pretrained(folder).to(where)
    listed = folder / CONCEPTS
    concepts = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    return EmbeddedPrior(network, concepts, name, found)
