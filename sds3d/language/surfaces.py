"""Reads colours and materials from a sequence of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sds3d.language.palette import COLORS, FINISHES, MATERIALS, SAME_MATERIAL, SHADES, VIVID, Rgb
from sds3d.language.words import Use
from sds3d.library.kit.model import Look


@dataclass(frozen=True)
class Surface:
    """The surface that words describe: colours in order, and a material, each with its words."""

    colors: tuple[Rgb, ...] = ()
    color_words: tuple[str, ...] = ()
    material: Look | None = None
    material_words: str = ""

    def __add__(self, more: Surface) -> Surface:
        """Both together; the first material wins."""
        made = self if self.material else more
        return Surface(
            self.colors + more.colors,
            self.color_words + more.color_words,
            made.material,
            made.material_words,
        )

    def __bool__(self) -> bool:
        """Whether there is a colour or a material."""
        return bool(self.colors) or self.material is not None

    def __str__(self) -> str:
        """The words: 'black and white', 'dark red velvet'."""
        return " ".join(x for x in (" and ".join(self.color_words), self.material_words) if x)

    def only(self, count: int) -> Surface:
        """The same without the colours after the first `count`."""
        return replace(self, colors=self.colors[:count], color_words=self.color_words[:count])


def shade(color: Rgb, word: str) -> Rgb:
    """The colour modified by 'light', 'dark', 'bright', ..."""
    if word in VIVID:
        grey = sum(color) / 3
        return _rgb(min(0.98, max(0.03, grey + VIVID[word] * (c - grey))) for c in color)
    target, share = SHADES[word]
    return _rgb((1 - share) * c + share * t for c, t in zip(color, target, strict=True))


def _rgb(channels: Iterable[float]) -> Rgb:
    red, green, blue = channels
    return red, green, blue


def color_at(words: Sequence[str], i: int) -> tuple[Rgb, int] | None:
    """The colour that starts at word i, and how many words it takes; None if there is none.

    '#ff8800', 'red', 'reddish', 'sky blue', 'dark green', 'light sky blue'.
    """
    word = words[i]
    if re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", word):
        digits = word[1:] if len(word) == 7 else "".join(2 * d for d in word[1:])
        return _rgb(int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)), 1
    if word in SHADES or word in VIVID:
        below = color_at(words, i + 1) if i + 1 < len(words) else None
        return None if below is None else (shade(below[0], word), below[1] + 1)
    if " ".join(words[i : i + 2]) in COLORS and len(words) > i + 1:
        return COLORS[" ".join(words[i : i + 2])], 2
    stem = word.removesuffix("ish")
    for name in (word, stem, stem[:-1], stem + "e", word.removesuffix("en")):
        if name in COLORS and (name == word or word.endswith("ish")):
            return COLORS[name], 1
    return None


def material_at(words: Sequence[str], i: int) -> tuple[Look, int] | None:
    """The material that starts at word i, and how many words it takes; None if there is none."""
    for n in (2, 1):
        name = " ".join(words[i : i + n])
        name = SAME_MATERIAL.get(name, name)
        if len(words) >= i + n and name in MATERIALS:
            return MATERIALS[name], n
    return None


@dataclass(frozen=True)
class Ask:
    """The colour, material or finish that `count` words from `start` on name."""

    use: Use
    start: int
    count: int = 1


def surface(words: Sequence[str]) -> tuple[Surface, list[Ask]]:
    """The surface that the words describe, and which words describe it.

    A colour next to a material tints it; a finish ('shiny') counts only together with a colour or material.
    """
    asked = Surface()
    finish = ""
    asks: list[Ask] = []
    i = 0
    while i < len(words):
        color = color_at(words, i)
        material = material_at(words, i)
        count = 1
        if color:
            count = color[1]
            asked += Surface((color[0],), (" ".join(words[i : i + count]),))
            asks.append(Ask(Use.COLOR, i, count))
        elif material:
            count = material[1]
            asked += Surface((), (), material[0], " ".join(words[i : i + count]))
            asks.append(Ask(Use.MATERIAL, i, count))
        elif words[i] in FINISHES:
            finish = words[i]
        i += count
    if finish and asked:
        asks += [Ask(Use.FINISH, i) for i, word in enumerate(words) if word == finish]
        asked = _finished(asked, finish)
    return asked, asks


def _finished(asked: Surface, finish: str) -> Surface:
    """The surface with the roughness of the finish."""
    look = replace(asked.material or Look(asked.colors[0]), roughness=FINISHES[finish])
    if asked.colors:
        words = (f"{finish} {asked.color_words[0]}", *asked.color_words[1:])
        return replace(asked, color_words=words, material=look)
    return replace(asked, material=look, material_words=f"{finish} {asked.material_words}")


def describes(words: Sequence[str]) -> bool:
    """Whether every word is part of a colour, material or finish."""
    return sum(ask.count for ask in surface(words)[1]) == len(words)
