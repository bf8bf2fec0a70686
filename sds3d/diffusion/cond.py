"""What a prior is conditioned on: the prompt, the camera and the background of each row of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Embedding:
    """A prompt as the prior reads it, for R rows.

    embedding: (R, ...) token embeddings of a network, or ln p_i of the exact prior's members.
    pooled: (R, P) one vector for the whole prompt, for networks that take one beside the tokens.
    mask: (R, T) 1 for tokens and 0 for padding, for networks that take one.
    spread: (R,) standard deviation of the exact prior's members on this branch, in units of z.
    """

    embedding: Tensor
    pooled: Tensor | None = None
    spread: Tensor | None = None
    mask: Tensor | None = None

    def __len__(self) -> int:
        return len(self.embedding)

    def map(self, function: Callable[[Tensor], Tensor]) -> Embedding:
        """The embedding with the function of each of its tensors."""
        rest = (self.pooled, self.spread, self.mask)
        return Embedding(function(self.embedding), *(x if x is None else function(x) for x in rest))


@dataclass(frozen=True)
class Cond:
    """What the prior is conditioned on, for the R rows of a batch.

    text: the prompt of each row.  null: what guidance steers away from (the negative prompt, or the empty
    one).  camera: (R, 16) flattened camera-to-world matrices, zeros when dropped.  plain: the prompt without
    words about the side of a view, where `text` has some; students read it.  empty: the empty prompt,
    where it differs from `null`.  image: the prompt together with an image prompt.  away: Perp-Neg's further
    prompts, each with its weights (R,).  rescale: CFG rescale in [0, 1], 0 is off.  background: (B, 3) colour
    in [0, 1] behind the object, for priors that are conditioned on it.  views: data of the prior's own about
    the B views of the batch, shared by all branches made from this one.  Where R > B, row r is view r mod B.
    """

    text: Embedding
    null: Embedding
    camera: Tensor
    plain: Embedding | None = None
    empty: Embedding | None = None
    image: Embedding | None = None
    away: tuple[tuple[Embedding, Tensor], ...] = ()
    rescale: float = 0.0
    background: Tensor | None = None
    views: Any = None

    def __len__(self) -> int:
        return len(self.text)

    def unconditional(self) -> Cond:
        """The branch that guidance steers away from."""
        return replace(self, text=self.null)

    def without_prompt(self) -> Cond:
        """The branch of the empty prompt."""
        return replace(self, text=self.null if self.empty is None else self.empty)

    def with_image(self) -> Cond | None:
        """The branch of the prompt together with its image; None without an image prompt."""
        return None if self.image is None else replace(self, text=self.image)

    def without_directions(self) -> Cond:
        """The branch of the prompt without words about the side that a view shows."""
        return self if self.plain is None else replace(self, text=self.plain)

    def without_camera(self) -> Cond:
        """The same rows with the camera dropped (sixteen zeros)."""
        return replace(self, camera=torch.zeros_like(self.camera))


def cat(conds: Sequence[Cond]) -> Cond:
    """Branches of one batch as the rows of one larger batch, every field kept.

    Raises ValueError for branches of different batches (other views, background, or rescale), and for branches
    of which only some have a field.
    """
    first = conds[0]
    for c in conds:
        if c.views is not first.views or c.rescale != first.rescale:
            raise ValueError("branches of different batches")
    aways = zip(*(c.away for c in conds), strict=True)
    return Cond(
        text=cat_embeddings([c.text for c in conds]),
        null=cat_embeddings([c.null for c in conds]),
        camera=torch.cat([c.camera for c in conds]),
        plain=_optional([c.plain for c in conds]),
        empty=_optional([c.empty for c in conds]),
        image=_optional([c.image for c in conds]),
        away=tuple(
            (cat_embeddings([e for e, _ in way]), torch.cat([w for _, w in way])) for way in aways
        ),
        rescale=first.rescale,
        background=first.background,
        views=first.views,
    )


def _optional(embeddings: Sequence[Embedding | None]) -> Embedding | None:
    present = [e for e in embeddings if e is not None]
    if not present:
        return None
    if len(present) < len(embeddings):
        raise ValueError("only some of the branches have this embedding")
    return cat_embeddings(present)


def cat_embeddings(embeddings: Sequence[Embedding]) -> Embedding:
    """The rows of all embeddings.  Raises ValueError when only some have a part."""

    def joined(parts: Sequence[Tensor | None]) -> Tensor | None:
        present = [p for p in parts if p is not None]
        if present and len(present) < len(parts):
            raise ValueError("only some of the embeddings have this part")
        return torch.cat(present) if present else None

    return Embedding(
        torch.cat([e.embedding for e in embeddings]),
        joined([e.pooled for e in embeddings]),
        joined([e.spread for e in embeddings]),
        joined([e.mask for e in embeddings]),
    )
