"""A prompt taken apart: the words of the object, and what is said of it after 'with', 'is', 'in', ..."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sds3d.words.lexicon import plain
from sds3d.words.palette import FINISHES, SHADES, VIVID

# words about the picture, not about the object
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
PICTURE = r"(photo|photograph|picture|image|render|rendering|shot|view|drawing|illustration|scan|close up)"
SHAPE = r"(model|mesh|asset|object|statue|statuette|sculpture|figurine|figure|replica|miniature|depiction)"
AMOUNT = r"(pair|piece|slice|kind|type|sort|set|bunch|bit|loaf|sprig|stack|scoop|wedge)"
WISHING = r"(please|i|want|would|like|need|to|see|give|me|make|create|generate|show|build|model|draw|design|us)"
ARTICLE = {
    "a",
    "an",
    "the",
    "some",
    "one",
    "my",
    "your",
    "his",
    "her",
    "its",
    "their",
    "this",
    "these",
    "very",
}
ARTICLE |= {"single", "quite", "rather", "just", "so", "really", "both", "all", "own"}
WITH = {
    "with",
    "having",
    "has",
    "have",
    "featuring",
    "wearing",
    "holding",
    "carrying",
    "whose",
    "showing",
}
WITHOUT = {"without", "no", "not", "minus", "lacking", "never", "except"}
IS = {
    "is",
    "are",
    "painted",
    "colored",
    "coloured",
    "colour",
    "color",
    "colours",
    "colors",
    "being",
    "was",
}
MADE = {
    "made",
    "built",
    "carved",
    "crafted",
    "constructed",
    "cast",
    "sculpted",
    "woven",
    "knitted",
    "fashioned",
}
PLACE = {
    "in",
    "on",
    "at",
    "under",
    "over",
    "behind",
    "near",
    "beside",
    "by",
    "from",
    "inside",
    "into",
    "against",
}
PLACE |= {
    "above",
    "below",
    "between",
    "among",
    "to",
    "for",
    "like",
    "next",
    "through",
    "around",
    "while",
    "out",
}
PLACE |= {
    "across",
    "along",
    "atop",
    "outside",
    "during",
    "off",
    "up",
    "down",
    "covered",
    "filled",
    "full",
    "of",
}
PLACE |= {"surrounded", "standing", "lying"}
JOIN = {"and", ",", "&", "plus", ";", ".", "or", "!", "?", ":", "+"}
PASSED = {
    "that",
    "which",
    "it",
    "there",
    "who",
    "also",
    "entirely",
    "completely",
    "fully",
    "all",
    "mostly",
}
GRAMMAR = (
    ARTICLE | WITH | WITHOUT | IS | MADE | PLACE | PASSED | set(SHADES) | set(VIVID) | set(FINISHES)
)


@dataclass
class Clause:
    """Words of one kind: head, with, without, is, made, place.

    joined: it follows an 'and' or ','.  anew: it begins with an article.
    """

    kind: str
    words: list[str]
    joined: bool = False
    anew: bool = False


def tokens(text: str) -> list[str]:
    """The prompt's words and stops in lower case, without what is said about the picture."""
    text = plain(text)
    for pattern in ABOUT_THE_PICTURE:
        text = re.sub(pattern, " ", text)
    text = re.sub(r"'s\b|'(?=\s|$)", "", text)
    text = re.sub(rf"\bin the style of\b.*|\b{WISHING}\b(?=.*\b(a|an|the)\b)", _unwished, text)
    found = re.findall(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b|[a-z0-9']+|[,;.&!?:+]", text)
    while found and not found[0][0].isalnum() and found[0][0] != "#":
        found = found[1:]
    return _without_frame(found)


def _unwished(match: re.Match[str]) -> str:
    """Nothing for the words of wishing that open the prompt; what was there for any later ones."""
    before = match.string[: match.start()]
    opening = re.fullmatch(rf"(\s|\b{WISHING}\b)*", before) is not None
    return "" if opening else match.group()


def _without_frame(words: list[str]) -> list[str]:
    """The words after 'photo of', 'model of', 'pair of', ..., as often as they stand at the front."""
    for i, word in enumerate(words[1:7], 1):
        if word in JOIN | WITH:
            break
        if word == "of" and re.fullmatch(f"({PICTURE}|{SHAPE}|{AMOUNT})s?", words[i - 1]):
            return _without_frame(words[i + 1 :])
    return words


def clauses(words: Sequence[str], named: Callable[[str], bool]) -> list[Clause]:
    """The prompt in clauses, articles left out.

    named: whether a row of words is the name of something, so that 'chest of drawers' and 'rocking chair'
    are not taken apart.
    """
    out = [Clause("head", [])]
    i = 0
    while i < len(words):
        n = _name_length(words, i, named)
        if n:
            out[-1].words.append(" ".join(words[i : i + n]))
            i += n
            continue
        word = words[i]
        begins = _begins(words, i, bool(out[-1].words), named)
        if word in JOIN:
            if out[-1].words:
                out.append(Clause(out[-1].kind, [], joined=True))
        elif begins:
            out.append(Clause(begins, [], word in {"whose"}))
            if word.endswith("ing") and begins == "place" and word not in PLACE:
                out[-1].words.append(word)
            if (
                word in MADE
                and i + 1 < len(words)
                and words[i + 1] in {"of", "from", "out", "in", "with"}
            ):
                i += 1 + (words[i + 1] == "out")
        elif word in ARTICLE:
            out[-1].anew = out[-1].anew or not out[-1].words
        elif word not in PASSED:
            out[-1].words.append(word)
        i += 1
    return [c for c in out if c.words]


def _name_length(words: Sequence[str], i: int, named: Callable[[str], bool]) -> int:
    """How many words from i on are a name that grammar would cut: 'chest of drawers', 'rocking chair'."""
    for n in (5, 4, 3, 2):
        row = words[i : i + n]
        cut = any(w in PLACE | WITH | IS | MADE or w == "and" or w.endswith("ing") for w in row)
        if len(row) == n and cut and not set(row) & {",", ".", ";"} and named(" ".join(row)):
            return n
    return 0


def _begins(words: Sequence[str], i: int, after_words: bool, named: Callable[[str], bool]) -> str:
    """The kind of clause that word i begins, '' if it begins none."""
    word = words[i]
    for kind, starts in (
        ("with", WITH),
        ("without", WITHOUT),
        ("is", IS),
        ("made", MADE),
        ("place", PLACE),
    ):
        if word in starts:
            return kind
    follows = words[i + 1] if i + 1 < len(words) else ""
    verb = word.endswith("ing") and len(word) > 5 and not named(word)
    ends = follows == "" or follows in ARTICLE | PLACE | JOIN or follows.endswith("ly")
    return "place" if verb and after_words and ends else ""
