"""What a prior is told about the rows of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Cond:
    """What the prior is told about each of the R rows of a batch.

    text: (R, ...) the row's prompt.  null: (R, ...) what guidance steers away from (the negative prompt,
    or nothing).  camera: (R, 16) flattened c2w, zeros when dropped.  views: the prior's own data, shared by
    every branch made from this one; rows are taken modulo its length.  empty: (R, ...) the empty prompt, where
    it is not `null`.  image: (R, ...) the row's prompt together with an image prompt.  away: Perp-Neg's further
    prompts and their weights (R,).  rescale: how far guidance keeps the deviation of the conditional branch.
    """

    text: Tensor
    null: Tensor
    camera: Tensor
    views: Any = None
    empty: Tensor | None = None
    image: Tensor | None = None
    away: tuple[tuple[Tensor, Tensor], ...] = ()
    rescale: float = 0.0

    def __len__(self) -> int:
        return self.text.shape[0]

    def unconditional(self) -> Cond:
        """The branch that guidance steers away from."""
        return replace(self, text=self.null)

    def without_prompt(self) -> Cond:
        """The branch of the empty prompt."""
        return replace(self, text=self.null if self.empty is None else self.empty)

    def without_camera(self) -> Cond:
        """The same rows with the camera dropped (sixteen zeros)."""
        return replace(self, camera=torch.zeros_like(self.camera))


def cat(conds: Sequence[Cond]) -> Cond:
    """Branches of one batch as the rows of one larger batch, each with its own `text` and `camera`."""
    first = conds[0]
    assert all(c.views is first.views for c in conds), "branches of different batches"
    return Cond(
        torch.cat([c.text for c in conds]),
        torch.cat([c.null for c in conds]),
        torch.cat([c.camera for c in conds]),
        first.views,
    )
