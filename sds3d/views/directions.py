"""View-dependent prompting: the words about the side that a view sees, and Perp-Neg's weights."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp

import torch
from torch import Tensor

from sds3d.views.cameras import Cameras

Blend = dict[str, float]
"""Direction word -> share: the mixture of prompts that a view is conditioned on.  Empty: no word."""


@dataclass(frozen=True)
class Directions:
    """The direction words of the B views of a batch.

    blends: one per view.
    away: Perp-Neg's negative prompts, each (blends, one per view; weights (B,), at most 0).
    dropped: per view, the words and phrases to be removed from the prompt; empty if none are anywhere.
    """

    blends: tuple[Blend, ...]
    away: tuple[tuple[tuple[Blend, ...], Tensor], ...] = ()
    dropped: tuple[tuple[str, ...], ...] = ()

    def texts(self, text: str) -> list[str]:
        """The prompt of each view, without its dropped words."""
        return [without(text, words) for words in self.dropped or ((),) * len(self.blends)]


def word(azimuth_deg: float, elevation_deg: float, sector_deg: float, overhead_deg: float) -> str:
    """The word for the side that a camera sees: "overhead" above `overhead_deg` of elevation, otherwise "front"
    within `sector_deg` of azimuth 0, "back" within it of 180, else "side".

    Source: Poole et al. 2022, DreamFusion, https://arxiv.org/abs/2209.14988, section 3.2; sectors as in
    threestudio.
    """
    if elevation_deg > overhead_deg:
        return "overhead"
    away = abs((azimuth_deg + 180) % 360 - 180)
    if away < sector_deg:
        return "front"
    return "back" if away > 180 - sector_deg else "side"


def sides(blends: Sequence[Blend], cameras: Cameras, turns: int) -> Tensor:
    """The probability that each view's words give to each of `turns` azimuths of the object, (B, turns).

    Column k is the object turned so that the camera stands 360 k / turns degrees further around it.  Rows sum
    to one.  Front and back reach 45 degrees to either side; "overhead" fits every azimuth.
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
    """A policy that gives each view one word."""

    def directions(cameras: Cameras) -> Directions:
        angles = zip(cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), strict=True)
        return Directions(tuple({word(a, e, sector_deg, overhead_deg): 1.0} for a, e in angles))

    return directions


def perp_neg(scale: float, overhead_deg: float) -> Callable[[Cameras], Directions]:
    """A policy that mixes the words of the two nearest sides and pushes away from wrong ones (Perp-Neg).

    scale: factor on the negative weights.
    Source: Armandpour et al. 2023, https://arxiv.org/abs/2304.04968; the curves are threestudio's.
    """

    def directions(cameras: Cameras) -> Directions:
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

    return directions


def _perp_neg_row(
    azimuth_deg: float, elevation_deg: float, overhead_deg: float
) -> tuple[Blend, Sequence[tuple[Blend, float]]]:
    """(blend, its two negatives with their weights) of one view."""
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
    policy: Callable[[Cameras], Directions | None],
    allowed: Mapping[str, Sequence[str]],
    sector_deg: float,
    overhead_deg: float,
) -> Callable[[Cameras], Directions]:
    """`policy`, with some words of the prompt dropped in the views where they cannot be seen.

    allowed: word or phrase of the prompt -> the sides from which it is kept ("smiling": front, side).
    Source: Hong et al. 2023, Debiasing Scores and Prompts, https://arxiv.org/abs/2303.15413, section 4.2, where
    a language model finds the words; here they are given.
    """

    def directions(cameras: Cameras) -> Directions:
        angles = zip(cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), strict=True)
        views = [word(a, e, sector_deg, overhead_deg) for a, e in angles]
        dropped = tuple(
            tuple(phrase for phrase, sides in allowed.items() if view not in sides)
            for view in views
        )
        return replace(policy(cameras) or Directions(({},) * len(views)), dropped=dropped)

    return directions


def without(text: str, words: Sequence[str]) -> str:
    """The text without these whole words or phrases, in any case; unchanged if nothing would be left."""
    rest = text
    for phrase in words:
        rest = re.sub(rf"\b{re.escape(phrase)}\b", " ", rest, flags=re.IGNORECASE)
    return re.sub(r"\s+([,.;])", r"\1", " ".join(rest.split())).strip(" ,;") or text


def fall(a: float, r: float, c: float = -2.426) -> float:
    """a exp(-r / 2) + c: threestudio's curve of Perp-Neg's weights."""
    return a * exp(-0.5 * r) + c
