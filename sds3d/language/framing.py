"""Separates the words of a prompt about the object from those about the image, the request or the amount."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sds3d.language.surfaces import describes
from sds3d.language.words import STOPS as MARKS
from sds3d.language.words import Fate, Use, Word, split, word_set

# phrases about the image, which describe no property of the object
ABOUT_THE_PICTURE = (
    r"\b(zoomed|zooming|zoom) (out|in)( view)?( of)?\b",
    r"\b(highly|very|extremely|intricately|super|ultra|richly|finely|hyper) (detailed|realistic)\b",
    r"\b(high|ultra|low|best|good) (quality|resolution|res|detail|details|definition|poly|def)\b",
    r"\b(dslr|detailed|hd|uhd|fhd|[248]k|photorealistic|hyperrealistic|photoreal|realistic|lowpoly|3d|cgi)\b",
    r"\b(masterpiece|award winning|trending on \w+|unreal engine( \d)?|octane( render)?|blender|raytraced)\b",
    r"\b(wide angle|close up|closeup|full body|studio|professional|cinematic|isometric|product) "
    r"(lighting|shot|photo|photograph|photography|picture|view|image|render|rendering)\b",
    r"\b(front|side|back|overhead) view\b",
    r"\b(studio|soft|natural) (lighting|light)\b",
    r"\b(centered|textured|sharp focus|high fidelity|game ready|game asset|white background)\b",
)
STYLE = r"\bin the style of [^,;.]*"
PICTURE = "photo|photograph|picture|image|render|rendering|shot|view|drawing|illustration|scan"
PICTURE += "|painting|sketch|close up"
# the result is a model of the object anyway, so these ask for nothing more
MODEL = "model|mesh|asset|object|replica|depiction|figurine|figure|miniature|representation"
# these ask for a material, which the words before them may name
STATUE = "statue|statuette|sculpture|carving|bust|casting"
SORT = "kind|type|sort|style"
AMOUNT = (
    "pair|piece|slice|set|bunch|bit|loaf|sprig|stack|scoop|wedge|pile|heap|group|row|dozen|couple"
)
AMOUNT += "|lot|number|collection|bouquet|flock|herd|crowd|handful|collection|basketful"
WISHES = word_set(
    "please i want would like need to see give me us make create generate show build model"
)
WISHES |= word_set("draw design can could you let have get")
ARTICLES = frozenset(("a", "an", "the"))
STOPS = MARKS | {"with", "having", "wearing", "holding", "and", "in", "on"}
FRAME = 7  # words in a frame ("a highly polished bronze statue of"), at most
ONE = "one is made"
WHOLE = "a whole one is made"
STATUE_OF = "made in the object's own material"


def framed(
    words: Sequence[Word], named: Callable[[str], bool] = lambda _: False
) -> tuple[list[Word], dict[int, Fate]]:
    """The words about the object, and the fates of the others by position.

    Words before 'statue of', 'model of' or 'pair of' are kept: a golden statue of a horse is a golden horse.
    Words before 'photo of' are about the photo.  named: whether a phrase is the name of something, so that
    'loaf of bread' and 'pair of scissors' are kept together.
    """
    fates = _phrases(words)
    left = [w for w in words if w.place not in fates]
    rest = _without_wishes(left, fates)
    while rest and rest[0].is_mark and rest[0].text[0] != "#":
        fates[rest[0].place] = Fate(rest[0].written, Use.PUNCTUATION)
        rest = rest[1:]
    return _without_frames(rest, fates, named), fates


def tokens(text: str) -> list[str]:
    """The words and marks of a text that are about the object, in the form that is looked up."""
    left, _ = framed(split(text))
    return [w.text for w in left if not w.is_mark or w.text in MARKS]


def _phrases(words: Sequence[Word]) -> dict[int, Fate]:
    """The fates of the words about the image and its style."""
    line = " ".join(w.text for w in words)
    at = [i for i, w in enumerate(words) for _ in range(len(w.text) + 1)]
    fates: dict[int, Fate] = {}
    for pattern, use, why in (
        *((p, Use.PICTURE, "") for p in ABOUT_THE_PICTURE),
        (STYLE, Use.NOT_MADE, "style"),
    ):
        for match in re.finditer(pattern, line):
            for word in words[at[match.start()] : at[match.end() - 1] + 1]:
                grammar = why and word.text in ("in", "the", "style", "of", "a", "an")
                fate = Fate(
                    word.written, Use.FUNCTION if grammar else use, why="" if grammar else why
                )
                fates.setdefault(word.place, fate)
    return fates


def _without_wishes(words: list[Word], fates: dict[int, Fate]) -> list[Word]:
    """The words without a leading request ('please make me'), if an article introduces the object."""
    count = next((i for i, w in enumerate(words) if w.text not in WISHES), len(words))
    if not any(w.text in ARTICLES for w in words[count:]):
        return words
    for w in words[:count]:
        fates[w.place] = Fate(w.written, Use.FUNCTION)
    return words[count:]


def _without_frames(
    words: list[Word], fates: dict[int, Fate], named: Callable[[str], bool]
) -> list[Word]:
    """The words without leading frames: 'a photo of', 'a statue of', 'a pair of', one or several."""
    for i, word in enumerate(words[1:FRAME], 1):
        if word.text in STOPS and not (word.text == "and" and describes([words[i - 1].text])):
            return words
        noun, before = words[i - 1], words[: i - 1]
        use = _frame(noun.text) if word.text == "of" else None
        if use is None:
            continue
        after = [w.text for w in words[i + 1 : i + 3] if w.text not in ARTICLES]
        if any(named(" ".join((noun.text, "of", *after[:n]))) for n in (1, 2)):
            return words
        fates[word.place] = Fate(word.written, Use.FUNCTION)
        fates[noun.place] = Fate(noun.written, *use)
        kept = []
        for w in before:
            if w.text in ARTICLES:
                fates[w.place] = Fate(w.written, Use.FUNCTION)
            elif use[0] is Use.PICTURE:
                fates[w.place] = Fate(w.written, Use.PICTURE)
            else:
                kept.append(w)
        return _without_frames([*kept, *words[i + 1 :]], fates, named)
    return words


def _frame(noun: str) -> tuple[Use, str, str, str] | None:
    """(use, read, corrected, why) of the noun before 'of'; None if it does not form a frame."""
    if re.fullmatch(f"({PICTURE})s?", noun):
        return Use.PICTURE, "", "", ""
    if re.fullmatch(f"({MODEL}|{SORT})s?", noun):
        return Use.FUNCTION, "", "", ""
    if re.fullmatch(f"({STATUE})s?", noun):
        return Use.NOT_MADE, "", "", STATUE_OF
    if re.fullmatch(r"(piece|slice|bit|scoop|wedge|sprig)s?", noun):
        return Use.NOT_MADE, "", "", WHOLE
    if re.fullmatch(f"({AMOUNT})s?", noun) or noun in ("loaves", "bunches"):
        return Use.NOT_MADE, "", "", ONE
    return None
