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
Curve = tuple[float, float, float, float]
"""(a, b, c, cut) of a weight a exp(-b x) + c that is 0 beyond x = cut."""


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


def side_word(azimuth_deg: float, *, left_right: bool) -> str:
    """The word for a view of a side: "side", or with `left_right` the object's own left (+X) or right side."""
    if not left_right:
        return "side"
    return "left side" if azimuth_deg % 360 < 180 else "right side"


def sides(blends: Sequence[Blend], cameras: Cameras, turns: int) -> Tensor:
    """The probability that each view's words give to each of `turns` azimuths of the object, (B, turns).

    Column k is the object turned so that the camera stands 360 k / turns degrees further around it.  Rows sum
    to one.  Front and back reach 45 degrees to either side; "overhead" fits every azimuth.
    """
    out = torch.zeros(len(cameras), turns)
    angles = zip(cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), strict=True)
    for row, (blend, (azimuth, elevation)) in enumerate(zip(blends, angles, strict=True)):
        turned = [azimuth + 360 / turns * k for k in range(turns)]
        words = [word(a, elevation, 45, 90) for a in turned]
        fitting = [
            (w, "overhead", side_word(a, left_right=True) if w == "side" else w)
            for a, w in zip(turned, words, strict=True)
        ]
        for name, share in blend.items():
            named = torch.tensor([float(name in names) for names in fitting])
            out[row] += share * named / named.sum().clamp_min(1)
    return out / out.sum(1, keepdim=True)


def plain(
    sector_deg: float, overhead_deg: float, *, left_right: bool = False
) -> Callable[[Cameras], Directions]:
    """A policy that gives each view one word.  left_right: the sides have words of their own."""

    def said(azimuth_deg: float, elevation_deg: float) -> str:
        name = word(azimuth_deg, elevation_deg, sector_deg, overhead_deg)
        return side_word(azimuth_deg, left_right=left_right) if name == "side" else name

    def directions(cameras: Cameras) -> Directions:
        angles = zip(cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), strict=True)
        return Directions(tuple({said(a, e): 1.0} for a, e in angles))

    return directions


def mixed(overhead_deg: float, *, left_right: bool = False) -> Callable[[Cameras], Directions]:
    """A policy that mixes the words of the two nearest sides: Perp-Neg without its negatives.

    The shares are linear in azimuth: all front at 0, all side at 90, all back at 180 degrees.
    """

    def directions(cameras: Cameras) -> Directions:
        angles = zip(cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), strict=True)
        return Directions(tuple(_mixture(a, e, overhead_deg, left_right) for a, e in angles))

    return directions


def perp_neg(
    scale: float, overhead_deg: float, curves: Sequence[Curve], *, left_right: bool = False
) -> Callable[[Cameras], Directions]:
    """A policy that mixes the words of the two nearest sides and pushes away from wrong ones (Perp-Neg).

    scale: factor on the negative weights.  curves: the four of `Prompting.perp_neg_curves`.
    Source: Armandpour et al. 2023, https://arxiv.org/abs/2304.04968; the form of the curves is threestudio's
    and LucidDreamer's.
    """

    def directions(cameras: Cameras) -> Directions:
        angles = zip(cameras.azimuth_deg.tolist(), cameras.elevation_deg.tolist(), strict=True)
        rows = [
            (
                _mixture(a, e, overhead_deg, left_right),
                _negatives(a, e, overhead_deg, curves, left_right),
            )
            for a, e in angles
        ]
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


def _mixture(
    azimuth_deg: float, elevation_deg: float, overhead_deg: float, left_right: bool
) -> Blend:
    """The words of the two sides that are nearest to a view, with their shares."""
    if elevation_deg > overhead_deg:
        return {"overhead": 1.0}
    side = side_word(azimuth_deg, left_right=left_right)
    r, facing = _nearness(azimuth_deg)
    return {"front": r, side: 1 - r} if facing else {side: r, "back": 1 - r}


def _nearness(azimuth_deg: float) -> tuple[float, bool]:
    """(r, whether the front half is seen): r falls from 1 to 0 from the front to the side, and to the back.

    azimuth_deg: in (-180, 180].
    """
    away = abs(azimuth_deg)
    return (1 - away / 90, True) if away < 90 else (2 - away / 90, False)


def _negatives(
    azimuth_deg: float,
    elevation_deg: float,
    overhead_deg: float,
    curves: Sequence[Curve],
    left_right: bool,
) -> list[tuple[Blend, float]]:
    """The two words that a view is pushed away from, with their weights, at most 0."""
    if elevation_deg > overhead_deg:
        nothing = ({"overhead": 1.0}, 0.0)
        return [nothing, nothing]
    side = side_word(azimuth_deg, left_right=left_right)
    r, facing = _nearness(azimuth_deg)
    front, side_in_front, side_behind, front_behind = curves
    if facing:
        return [({"front": 1.0}, -fall(front, r)), ({side: 1.0}, -fall(side_in_front, 1 - r))]
    return [({side: 1.0}, -fall(side_behind, r)), ({"front": 1.0}, -fall(front_behind, r))]


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


def fall(curve: Curve, x: float) -> float:
    """a exp(-b x) + c up to x = cut, 0 beyond, with (a, b, c, cut) the curve of a weight of Perp-Neg."""
    a, b, c, cut = curve
    return a * exp(-b * x) + c if x <= cut else 0.0
