"""View-dependent prompting: which words about the side a prompt gets in which view, and Perp-Neg's weights."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp

import torch
from torch import Tensor

from sds3d.views.cameras import Cameras

Blend = dict[str, float]  # word -> share, a row's mixture of prompts


@dataclass(frozen=True)
class Directions:
    """What the rows of a batch are told about their side.

    blends: for each row; an empty one says nothing of a side.  away: Perp-Neg's further prompts, each (blends
    for each row, weights (B,)).  dropped: the words that a row's prompt goes without.
    """

    blends: tuple[Blend, ...]
    away: tuple[tuple[tuple[Blend, ...], Tensor], ...] = ()
    dropped: tuple[tuple[str, ...], ...] = ()

    def texts(self, text: str) -> list[str]:
        """The prompt as each row has it."""
        return [without(text, words) for words in self.dropped or ((),) * len(self.blends)]


def word(azimuth_deg: float, elevation_deg: float, sector_deg: float, overhead_deg: float) -> str:
    """front within `sector_deg` of azimuth 0, back within it of 180, overhead above, else side.

    Poole et al. 2022, DreamFusion, https://arxiv.org/abs/2209.14988, section 3.2; threestudio's sectors.
    """
    if elevation_deg > overhead_deg:
        return "overhead"
    away = abs((azimuth_deg + 180) % 360 - 180)
    if away < sector_deg:
        return "front"
    return "back" if away > 180 - sector_deg else "side"


def sides(blends: Sequence[Blend], cameras: Cameras, turns: int) -> Tensor:
    """How much of each row's prompt is about each of `turns` sides of the object, (B, turns).

    Rows sum to one.  Front and back reach 45 degrees to either side; "overhead" names every side.
    """
    out = torch.zeros(len(cameras), turns)
    angles = zip(cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), strict=True)
    for row, (blend, (azimuth, elevation)) in enumerate(zip(blends, angles, strict=True)):
        words = [word(azimuth + 360 / turns * k, elevation, 45, 90) for k in range(turns)]
        for name, share in blend.items():
            named = torch.tensor([float(name in (w, "overhead")) for w in words])
            out[row] += share * named / named.sum().clamp_min(1)
    return out / out.sum(1, keepdim=True)


def plain(sector_deg: float, overhead_deg: float) -> Callable[[Cameras], Directions]:
    """One word a view."""

    def of(cameras: Cameras) -> Directions:
        angles = zip(cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), strict=True)
        return Directions(tuple({word(a, e, sector_deg, overhead_deg): 1.0} for a, e in angles))

    return of


def perp_neg(scale: float, overhead_deg: float) -> Callable[[Cameras], Directions]:
    """The words of the two nearest sides mixed, and both again with negative weights, times `scale`.

    Armandpour et al. 2023, https://arxiv.org/abs/2304.04968; the curves are threestudio's.
    """

    def of(cameras: Cameras) -> Directions:
        angles = zip(cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), strict=True)
        rows = [_perp_neg_row(a, e, overhead_deg) for a, e in angles]
        return Directions(
            tuple(blend for blend, _ in rows),
            tuple(
                (
                    tuple(negatives[k][0] for _, negatives in rows),
                    cameras.c2w.new_tensor([scale * negatives[k][1] for _, negatives in rows]),
                )
                for k in range(2)
            ),
        )

    return of


def _perp_neg_row(
    azimuth_deg: float, elevation_deg: float, overhead_deg: float
) -> tuple[Blend, Sequence[tuple[Blend, float]]]:
    """(the row's prompt, its two negatives with their weights)."""
    if elevation_deg > overhead_deg:
        return {"overhead": 1.0}, [({"overhead": 1.0}, 0.0)] * 2
    away = abs((azimuth_deg + 180) % 360 - 180)
    if away < 90:
        r = 1 - away / 90
        negatives = [({"front": 1.0}, -fall(4, r)), ({"side": 1.0}, -fall(4, 1 - r))]
        return {"front": r, "side": 1 - r}, negatives
    r = 2 - away / 90
    negatives = [({"side": 1.0}, -fall(1, r, -0.606)), ({"front": 1.0}, -fall(1, r, 0.967))]
    return {"side": r, "back": 1 - r}, negatives


def debiased(
    told: Callable[[Cameras], Directions | None],
    sides: Mapping[str, Sequence[str]],
    sector_deg: float,
    overhead_deg: float,
) -> Callable[[Cameras], Directions]:
    """What `told` says, each word of `sides` only in the views from its sides ("smiling": front, side).

    Hong et al. 2023, Debiasing Scores and Prompts, https://arxiv.org/abs/2303.15413, section 4.2, where a
    language model finds the words; here they are listed.
    """

    def of(cameras: Cameras) -> Directions:
        angles = zip(cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), strict=True)
        seen = [word(a, e, sector_deg, overhead_deg) for a, e in angles]
        dropped = tuple(tuple(w for w, of in sides.items() if side not in of) for side in seen)
        return replace(told(cameras) or Directions(({},) * len(seen)), dropped=dropped)

    return of


def without(text: str, words: Sequence[str]) -> str:
    """The text without these words or phrases, whatever their case; itself if nothing would be left."""
    kept = text
    for phrase in words:
        kept = re.sub(rf"\b{re.escape(phrase)}\b", " ", kept, flags=re.IGNORECASE)
    return re.sub(r"\s+([,.;])", r"\1", " ".join(kept.split())).strip(" ,;") or text


def fall(a: float, r: float, c: float = -2.426) -> float:
    """a exp(-r / 2) + c."""
    return a * exp(-0.5 * r) + c
