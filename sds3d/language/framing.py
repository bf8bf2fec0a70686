"""The words of a prompt, without what is said about the picture ("a DSLR photo of ...") and the wishing."""

from __future__ import annotations

import re

from sds3d.language.lexicon import plain

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
STOPS = {"with", "having", "wearing", "holding", "and", "in", "on", ",", ";", "."}


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
        if word in STOPS:
            break
        if word == "of" and re.fullmatch(f"({PICTURE}|{SHAPE}|{AMOUNT})s?", words[i - 1]):
            return _without_frame(words[i + 1 :])
    return words
